// observer/observer.hpp - who watches what the DNS workers answer: the thread between their rings
// and the sinks.
//
//   dns-0 --ring--\                      /--> dnstap: frames to a reader at a Unix socket
//   dns-1 --ring---> "observer", a thread
//   dns-n --ring--/                      |--> query log: lines to a file
//                                        \--> challenge log: what CAs asked, in memory
//
// Off until configured. The worker copies, this thread reads: zones, names, text, sockets and files
// are all touched here, and however long that takes, no answer waits. What comes faster than it is
// taken is dropped, and counted where that happens: at the ring (dnsd/counters.hpp) or at the sink.
//
// It looks into the rings every kIdleTick, every kBusyTick while there is something: to be woken
// would cost the worker a system call.
//
// Standards dnstap.info; see the parts.
// Threads   Its own, named "observer", from start() to stop(). configure() and those two on one;
//           what counts on any.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/clock.hpp"
#include "core/published.hpp"
#include "core/result.hpp"
#include "dnsd/exchange_ring.hpp"
#include "dnsd/tap.hpp"
#include "observer/challenge_log.hpp"
#include "observer/options.hpp"
#include "observer/sink_counters.hpp"
#include "zones/zone.hpp"

namespace hairpin::observer {

struct ObserverCounters {
    SinkCounters dnstap;     // Frames.
    Counter is_connected;    // 1: a dnstap reader is there.
    SinkCounters query_log;  // Lines.
};

class Observer {
    struct Key {};  // Only start() makes one.

public:
    static constexpr Milliseconds kIdleTick{10};
    static constexpr Milliseconds kBusyTick{1};

    using Rings = std::vector<std::shared_ptr<dnsd::ExchangeRing>>;

    /// Off. @param workers  How many rings there will be. `zones` outlives it.
    /// Errors: Unavailable the kernel gives no thread.
    [[nodiscard]] static Result<std::unique_ptr<Observer>> start(
        std::size_t workers, Published<zones::ZoneTable>& zones);
    Observer(Key, std::size_t workers, Published<zones::ZoneTable>& zones);
    /// Stops.
    ~Observer();
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    /// Watches that from now on; the file of the query log is opened anew in any case. Tell the
    /// workers next: dnsd::Server::watch(watch(), rings()).
    void configure(const Options& options);
    /// Whether questions that CAs ask are watched too (challenges()); not at first. Tell the
    /// workers next, as after configure().
    void attend_challenges(bool attends);
    [[nodiscard]] const ChallengeLog& challenges() const noexcept;
    /// What configure() needs of the workers.
    [[nodiscard]] const dnsd::Watch& watch() const noexcept { return watch_; }
    /// One for each worker, made when there is first something to watch; empty before.
    [[nodiscard]] const Rings& rings() const noexcept { return rings_; }
    [[nodiscard]] const ObserverCounters& counters() const noexcept;

    /// Takes what is in the rings, writes it and ends. The workers have stopped, or it may miss
    /// their last exchanges. Safe to call again.
    void stop();

private:
    class Impl;
    void make_rings();

    const std::size_t workers_;
    dnsd::Watch watch_;
    Rings rings_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hairpin::observer
