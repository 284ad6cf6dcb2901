// hooks/teller.hpp - the thread "webhooks": tells receivers over HTTPS what happened.
//
// For each hook it reads the stream of events (store/event_rows.hpp) from where the hook stands,
// sends the next that the hook wants, and notes in the store what came of it before it sends
// another: in order, and at least once, whatever ends this process. Only a 2xx means taken; what
// was not taken is sent again (retry.hpp). A hook has one request under way, and there is room for
// one of each, so that none waits for another.
//
// Standards Standard Webhooks 1.0.0 (signature.hpp); RFC 9110 section 15.5.11 (410 Gone).
// Threads   Its own. All member functions from any thread.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "store/committer.hpp"

namespace hairpin::hooks {

/// So many web-hooks there may be.
inline constexpr std::size_t kMostWebhooks = 100;
/// Tests under way at a time.
inline constexpr std::size_t kMostTests = 8;

struct TellerOptions {
    std::string database_path;         // For a read-only connection of its own.
    std::vector<Prefix> also_allowed;  // Special-purpose addresses that may be told.
    std::string ca_file;               // PEM trust for receivers; empty: the system's.
    std::string user_agent = "hairpin";
    Milliseconds timeout{15'000};  // Of one attempt, in all.
};

/// Relaxed: for metrics.
struct TellerCounters {
    std::atomic<std::uint64_t> delivered{0};  // Events.
    std::atomic<std::uint64_t> failed{0};     // Attempts.
    std::atomic<std::uint64_t> given_up{0};   // Hooks.
    std::atomic<std::uint64_t> enabled{0};    // Hooks: a gauge.
    std::atomic<std::uint64_t> failing{0};    // Enabled hooks whose last attempt failed: a gauge.
    /// Events that enabled hooks have still to be told of, or to pass over: a gauge.
    std::atomic<std::uint64_t> pending{0};
};

struct TestOutcome {
    int status = 0;     // 0: there was no answer.
    std::string error;  // Why it was not taken; empty: it was.
    Milliseconds took{0};
};

class Teller {
public:
    /// Opens a reader and starts the thread. References outlive this. Errors: as Reader::open;
    /// Unavailable.
    [[nodiscard]] static Result<std::unique_ptr<Teller>> start(TellerOptions options,
                                                               const Clock& clock,
                                                               store::Committer& committer,
                                                               const Sealer& sealer);
    /// Stops.
    ~Teller();
    Teller(const Teller&) = delete;
    Teller& operator=(const Teller&) = delete;

    /// There are new events.
    void wake();
    /// Web-hooks were made, changed or removed.
    void look_at_hooks();

    using Tested = std::function<void(Result<TestOutcome>)>;
    /// Sends one event of the type webhook.test now, whatever the hook's state; it is not of the
    /// stream. `done` runs on the thread "webhooks", or not at all when that ends.
    /// Errors: NotFound; Limit too many tests are under way; those of the store.
    void test(std::int64_t webhook_id, Tested done);

    [[nodiscard]] const TellerCounters& counters() const noexcept;
    /// What was under way is sent again by the next run. Twice is no harm.
    void stop();

private:
    class Impl;
    explicit Teller(std::shared_ptr<Impl> impl) noexcept;
    std::shared_ptr<Impl> impl_;
};

}  // namespace hairpin::hooks
