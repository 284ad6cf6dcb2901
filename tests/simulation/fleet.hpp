// tests/simulation/fleet.hpp - many servers and their certificates in simulated time.
//
// What decides is acme/'s own: the state machine and its ladder (attempt.hpp), the schedule, the
// gate with its budget and its line, the limits of a server (pacing.hpp, order_log.hpp), windows
// and times of renewal, verdicts; of several CAs the choice, their breakers and their canaries
// (fleet_issuers.cpp). What the engine does between these (its store, its requests, its thread) is
// done here in a few lines each, in the same order; what a CA does is simulated_ca.hpp's.
//
// Threads   One.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "acme/attempt.hpp"
#include "acme/breaker.hpp"
#include "acme/canary_trial.hpp"
#include "acme/gate.hpp"
#include "acme/issuer_choice.hpp"
#include "acme/order_log.hpp"
#include "acme/pacing.hpp"
#include "acme/schedule.hpp"
#include "tests/simulation/simulated_ca.hpp"
#include "tests/support/store.hpp"

namespace hairpin::tests {

/// A certificate that was of no use any more before its successor was there.
struct Loss {
    std::int64_t server_id = 0;
    WallTime known_at{};  // When its renewal could have begun.
    WallTime ended_at{};
    std::optional<WallTime> followed_at;
};
[[nodiscard]] std::string text_of(const Loss& loss);
/// Empty where there is none.
[[nodiscard]] inline std::string first_of(const std::vector<std::string>& lines) {
    return lines.empty() ? "" : lines.front();
}

/// A CA that a fleet uses.
struct FleetCa {
    SimulatedCa* ca = nullptr;  // Outlives the fleet.
    std::string directory;      // Whose preset holds.
};

/// An order that was placed: at which CA, and since when that CA might have it.
struct PlacedOrder {
    std::size_t issuer = 0;
    std::int64_t server_id = 0;
    store::AttemptCause cause = store::AttemptCause::First;
    WallTime at{};
    WallTime urgent_at{};  // From when on it could not wait for a CA in trouble.
    bool is_canary = false;
};

class Fleet {
public:
    /// @param cas  In the order of the configuration; at least one.
    Fleet(const std::vector<FleetCa>& cas, WallTime begin, std::uint32_t seed);
    Fleet(SimulatedCa& ca, std::string directory, WallTime begin, std::uint32_t seed)
        : Fleet({{&ca, std::move(directory)}}, begin, seed) {}

    /// A server that asks now. Its id.
    std::int64_t add_server(const std::string& profile);
    /// Makes `what` happen at that time.
    void at(WallTime time, std::function<void()> what);
    void run_until(WallTime end);

    void set_limit(const acme::LimitChange& change, std::size_t issuer = 0) {
        issuers_[issuer].gate.change(change, now_);
    }
    /// Of the first CA, as the budget.
    [[nodiscard]] acme::QueueView view() const { return issuers_.front().gate.view(now_); }
    [[nodiscard]] WallTime now() const noexcept { return now_; }
    [[nodiscard]] acme::Budget budget() const { return view().budget; }

    /// Servers with a certificate that is good now, by id.
    [[nodiscard]] std::vector<std::int64_t> served() const;
    /// The one that it has; it has one.
    [[nodiscard]] const SimulatedCertificate& certificate_of(std::int64_t server) const {
        return certificate_of(*server_of(server).held);
    }
    /// Also those that nothing has followed yet.
    [[nodiscard]] std::vector<Loss> losses() const;
    /// When each server was let through the gate for the first time.
    [[nodiscard]] const std::map<std::int64_t, WallTime>& first_admissions() const noexcept {
        return first_admissions_;
    }
    /// Orders placed in each hour since the begin.
    [[nodiscard]] const std::vector<int>& orders_by_hour() const noexcept { return by_hour_; }
    [[nodiscard]] const std::string& domain() const noexcept { return domain_; }
    /// What must not happen at all, in words.
    [[nodiscard]] const std::vector<std::string>& mistakes() const noexcept { return mistakes_; }
    [[nodiscard]] std::size_t waiting() const noexcept;
    /// Of a fleet with several CAs; in the order of time.
    [[nodiscard]] const std::vector<PlacedOrder>& placed() const noexcept { return placed_; }
    /// When certificates were issued to each server, and by which CA.
    using Issues = std::vector<std::pair<WallTime, std::size_t>>;
    [[nodiscard]] const std::map<std::int64_t, Issues>& issues() const noexcept { return issues_; }
    [[nodiscard]] const acme::Breaker& breaker(std::size_t issuer) const {
        return issuers_[issuer].breaker;
    }
    /// How often an attempt that waited went to stand at another CA; the most of any attempt.
    [[nodiscard]] int most_moves() const noexcept { return most_moves_; }

private:
    struct Issuer {
        SimulatedCa* ca;
        std::string directory;
        std::string name;
        acme::Gate gate;
        acme::Breaker breaker = acme::Breaker();
        std::optional<WallTime> bad_at = {};  // When a request failed or was slow last.
        std::optional<store::CanaryRow> canary = {};
        bool is_tried = false;  // A canary is under way.
    };
    struct Held {
        std::size_t issuer = 0;
        std::size_t number = 0;  // At the CA.
        acme::RenewalFacts facts;
        WallTime renew_at{};
        store::RenewalRow row;  // As the store would have it.
    };
    struct Server {
        std::string profile;
        std::string public_name;
        std::optional<Held> held;
        std::vector<WallTime> issued;       // Within the last week, newest first.
        std::vector<WallTime> known_until;  // By CA: so long the store has a certificate of it.
    };
    /// An attempt with what the engine's job knows of it.
    struct Job {
        acme::Attempt attempt;
        bool is_sent = false;  // Of Ordering: its request is on the way.
        bool may_have_ordered = false;
        bool has_failed_validation = false;
        acme::WorkClass work = acme::WorkClass::First;
        std::optional<std::size_t> issuer;  // Where it stands, or its order is.
        int moves = 0;
        SimulatedOrder order;
    };

    void begin(std::int64_t id);
    void carry_out(std::int64_t id);
    /// One duty. False: nothing more is to be done now.
    [[nodiscard]] bool act(Job& job);
    [[nodiscard]] bool admit(Job& job);
    [[nodiscard]] bool place_order(Job& job);
    [[nodiscard]] bool refused(Job& job, const std::string& words);
    [[nodiscard]] bool await_order(Job& job);
    [[nodiscard]] bool offer(Job& job);
    [[nodiscard]] bool renew(Job& job);
    void ask_renewal_info(Held& held);
    void admit_waiting();
    void admit_from(std::size_t index);
    [[nodiscard]] bool advance(Job& job, acme::Event event);
    [[nodiscard]] bool fail(Job& job, const acme::Verdict& verdict);
    [[nodiscard]] bool unreachable(Job& job, std::string_view doing);

    // fleet_issuers.cpp
    [[nodiscard]] Issuer& issuer_of(const Job& job) { return issuers_[job.issuer.value_or(0)]; }
    /// A request to the CA. False: it came to nothing.
    [[nodiscard]] bool reach(Issuer& issuer);
    void breaker_changed(Issuer& issuer);
    void look_anew(Issuer& issuer);
    void attend();
    void attend_canary(Issuer& issuer);
    void end_canary(Job& job, const std::string& problem);
    /// When attend() is due; empty: all is well.
    [[nodiscard]] std::optional<WallTime> next_attend() const;
    [[nodiscard]] bool is_doubtful(const Issuer& issuer) const;
    /// When its gate may give somebody; empty: nobody waits, or it does not work.
    [[nodiscard]] std::optional<WallTime> next_admission(const Issuer& issuer) const;
    [[nodiscard]] MonotonicTime monotonic() const { return MonotonicTime(now_.time_since_epoch()); }
    void claim_at(acme::Attempt& attempt, std::size_t index) const;
    [[nodiscard]] acme::OrderFacts order_facts(const acme::Attempt& attempt) const;
    [[nodiscard]] acme::IssuerChoice choose(const Job& job, int more_failures);
    /// Puts it to the CA that gets its order. When to look again; empty: never.
    [[nodiscard]] std::optional<WallTime> assign(Job& job);
    [[nodiscard]] acme::Failed failure_of(Job& job, const acme::Verdict& verdict);
    void note_placed(const Job& job);

    [[nodiscard]] const SimulatedCertificate& certificate_of(const Held& held) const {
        return issuers_[held.issuer].ca->certificate(held.number);
    }
    void note_loss(std::int64_t server_id, const Held& before, std::optional<WallTime> followed);
    [[nodiscard]] Server& server_of(std::int64_t id) {
        return servers_.at(static_cast<std::size_t>(id));
    }
    [[nodiscard]] const Server& server_of(std::int64_t id) const {
        return servers_.at(static_cast<std::size_t>(id));
    }
    [[nodiscard]] std::int64_t count_servers() const noexcept {
        return static_cast<std::int64_t>(servers_.size()) - 1;
    }
    [[nodiscard]] Job& make_job(std::int64_t server_id, store::AttemptCause cause);
    [[nodiscard]] std::int64_t add_attempt(std::int64_t server_id, store::AttemptCause cause);
    [[nodiscard]] WallTime known_at(const Held& held) const;
    [[nodiscard]] std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }

    const std::string domain_ = "example.net";
    const WallTime began_;
    WallTime now_;
    std::mt19937 random_;
    acme::Ladder ladder_;
    std::vector<Issuer> issuers_;
    bool was_first_steady_ = true;
    std::optional<WallTime> attended_at_;
    acme::Schedule schedule_;
    acme::OrderLog orders_;
    std::deque<Server> servers_;                  // By id; the first are we ourselves.
    std::unordered_map<std::int64_t, Job> jobs_;  // By attempt, settled ones too.
    std::unordered_set<std::int64_t> live_;
    std::multimap<WallTime, std::function<void()>> events_;
    std::int64_t last_attempt_ = 0;
    std::map<std::int64_t, WallTime> first_admissions_;
    std::vector<int> by_hour_;
    std::vector<PlacedOrder> placed_;
    std::map<std::int64_t, Issues> issues_;
    int most_moves_ = 0;
    std::vector<Loss> losses_;
    std::vector<std::string> mistakes_;
};

}  // namespace hairpin::tests
