// tests/simulation/fleet.hpp - many servers and their certificates in simulated time.
//
// What decides is acme/'s own: the state machine and its ladder (attempt.hpp), the schedule, the
// gate with its budget and its line, the limits of a server (pacing.hpp, order_log.hpp), windows
// and times of renewal, verdicts. What the engine does between these (its store, its requests, its
// thread) is done here in a few lines each, in the same order; what a CA does is
// simulated_ca.hpp's.
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
#include "acme/gate.hpp"
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

class Fleet {
public:
    /// `ca` outlives this. @param directory  Whose preset holds.
    Fleet(SimulatedCa& ca, std::string directory, WallTime begin, std::uint32_t seed);

    /// A server that asks now. Its id.
    std::int64_t add_server(const std::string& profile);
    /// Makes `what` happen at that time.
    void at(WallTime time, std::function<void()> what);
    void run_until(WallTime end);

    void set_limit(const acme::LimitChange& change) { gate_->change(change, now_); }
    [[nodiscard]] acme::QueueView view() const { return gate_->view(now_); }
    [[nodiscard]] WallTime now() const noexcept { return now_; }
    [[nodiscard]] acme::Budget budget() const { return gate_->view(now_).budget; }

    /// Servers with a certificate that is good now, by id.
    [[nodiscard]] std::vector<std::int64_t> served() const;
    /// The one that it has; it has one.
    [[nodiscard]] const SimulatedCertificate& certificate_of(std::int64_t server) const {
        return ca_.certificate(server_of(server).held->number);
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
    [[nodiscard]] std::size_t waiting() const noexcept { return gate_->waiting(); }

private:
    struct Held {
        std::size_t number = 0;  // At the CA.
        acme::RenewalFacts facts;
        WallTime renew_at{};
        store::RenewalRow row;  // As the store would have it.
    };
    struct Server {
        std::string profile;
        std::string public_name;
        std::optional<Held> held;
        std::vector<WallTime> issued;  // Within the last week, newest first.
    };
    /// An attempt with what the engine's job knows of it.
    struct Job {
        acme::Attempt attempt;
        bool is_sent = false;  // Of Ordering: its request is on the way.
        bool may_have_ordered = false;
        acme::WorkClass work = acme::WorkClass::First;
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
    [[nodiscard]] bool advance(Job& job, acme::Event event);
    [[nodiscard]] bool fail(Job& job, const acme::Verdict& verdict);
    [[nodiscard]] bool unreachable(Job& job, std::string_view doing);
    void note_loss(std::int64_t server_id, const Held& before, std::optional<WallTime> followed);
    [[nodiscard]] Server& server_of(std::int64_t id) {
        return servers_.at(static_cast<std::size_t>(id - 1));
    }
    [[nodiscard]] const Server& server_of(std::int64_t id) const {
        return servers_.at(static_cast<std::size_t>(id - 1));
    }
    [[nodiscard]] std::int64_t add_attempt(std::int64_t server_id, store::AttemptCause cause);
    [[nodiscard]] WallTime known_at(const Held& held) const;
    [[nodiscard]] std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }

    SimulatedCa& ca_;
    const std::string domain_ = "example.net";
    const WallTime began_;
    WallTime now_;
    std::mt19937 random_;
    acme::Ladder ladder_;
    std::optional<acme::Gate> gate_;
    acme::Schedule schedule_;
    acme::OrderLog orders_;
    std::deque<Server> servers_;                  // By id, from 1 on.
    std::unordered_map<std::int64_t, Job> jobs_;  // By attempt, settled ones too.
    std::unordered_set<std::int64_t> live_;
    std::multimap<WallTime, std::function<void()>> events_;
    std::int64_t last_attempt_ = 0;
    std::map<std::int64_t, WallTime> first_admissions_;
    std::vector<int> by_hour_;
    std::vector<Loss> losses_;
    std::vector<std::string> mistakes_;
};

}  // namespace hairpin::tests
