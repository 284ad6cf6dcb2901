// acme/queue_view.hpp - the waiting line as others see it: who waits, for what, until when.
//
// Made by the engine a moment after something moved (not for each move: it foretells the whole
// line), then published. Times in it are those of plan.hpp's foretell().
//
// Threads   Immutable once published.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "acme/budget.hpp"
#include "acme/certificates.hpp"
#include "acme/waiting_line.hpp"
#include "core/clock.hpp"
#include "store/acme_rows.hpp"

namespace hairpin::acme {

struct WaitingServer {
    std::int64_t server_id = 0;
    std::string public_name;
    WorkClass work = WorkClass::First;
    bool is_dead = false;  // It keeps failing, and stands behind the others.
    WallTime since{};
    std::optional<WallTime> eta;  // When it may order; empty: later than a year.
    std::size_t before = 0;       // So many go before it.
    std::string why;  // "the CA gives 50 certificates in 7 days for example.net"; empty: it goes
                      // next.
    std::string issuer = {};      // At which CA; empty: the first.
    std::string name_alone = {};  // As in store::Subject.
    [[nodiscard]] store::Subject subject() const { return {server_id, name_alone}; }
};

/// The limits of a CA that is not the first.
struct FallbackLimits {
    std::string issuer;
    std::string directory;
    std::string preset;
    Budget budget{Allowances{}};
    std::vector<WaitingLine::Parked> parked;
};

struct QueueView {
    WallTime at{};
    std::string directory;
    std::string preset;  // Whose limits hold where none were set: "Let's Encrypt".
    Budget budget{Allowances{}};
    std::vector<WaitingServer> waiting;                // In the order in which they go.
    std::map<store::Subject, std::size_t> by_subject;  // Places in `waiting`.
    std::array<std::size_t, kWorkClasses> by_class{};
    std::vector<WaitingLine::Parked> parked;
    /// "at 50 in 7 days the 412 that wait for example.net need 58 days: ..".
    std::vector<std::string> advice;
    std::vector<FallbackLimits> others;  // All above but `waiting` is of the first CA.

    /// Everybody waits until the CA works again; empty: it does.
    void hold(const std::string& why);
    /// Appends who waits at another CA.
    void add(const std::string& issuer, QueueView other);
    /// Empty: it does not wait.
    [[nodiscard]] const WaitingServer* find(const store::Subject& subject) const {
        const auto found = by_subject.find(subject);
        return found == by_subject.end() ? nullptr : &waiting[found->second];
    }
};

/// Foretells the line as it stands.
[[nodiscard]] QueueView look_at(const WaitingLine& line, const Budget& budget, WallTime now);
/// "gets its certificate about 2026-12-03 14:10 UTC; 412 wait before it: the CA takes ..".
[[nodiscard]] std::string sentence_of(const WaitingServer& entry);
/// What is waited for, put into what the store alone knows of a certificate.
void add_wait(CertificateState& state, const WaitingServer& entry);

}  // namespace hairpin::acme
