// dnsd/notifier.hpp - tells secondaries that zones have changed.
//
// A thread of its own with a socket for each address family: a storm of changes, or secondaries
// that are gone, never cost the answer path anything. What goes to whom and when is
// dnsd/notify_schedule.hpp's; this sends, listens for the answers, and keeps a bound on how many
// NOTIFYs leave in a second. The SOA that goes along is the published one at that moment.
//
// Standards RFC 1996.
// Threads   Its own, named "notify". changed(), changed_all(), set_secondaries(), results() and
//           counters() on any; start() and stop() on one.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/ip_address.hpp"
#include "core/published.hpp"
#include "core/result.hpp"
#include "dnsd/notify_schedule.hpp"
#include "zones/change.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

struct NotifierOptions {
    std::vector<Endpoint> secondaries;  // Of every zone.
    NotifyPolicy policy;
    std::size_t per_second = 500;  // All together.
};

/// Relaxed: for metrics.
struct NotifyCounters {
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> acknowledged{0};
    std::atomic<std::uint64_t> refused{0};   // Answered with another RCODE than NOERROR.
    std::atomic<std::uint64_t> given_up{0};  // Not answered, the last repetition included.
    std::atomic<std::uint64_t> not_sent{0};  // The kernel would not.
    std::atomic<std::uint64_t> strange{0};   // Datagrams that answer nothing of ours.
};

struct NotifyReport {
    Endpoint secondary;
    NotifyStanding entry;
};

class Notifier {
    struct Key {};  // Only start() makes one.

public:
    Notifier(Key, NotifierOptions options, Published<zones::ZoneTable>& zones);
    /// `zones` outlives it. Errors: Io, Unavailable: no socket, no thread.
    [[nodiscard]] static Result<std::unique_ptr<Notifier>> start(
        NotifierOptions options, Published<zones::ZoneTable>& zones);
    /// Stops.
    ~Notifier();
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;

    /// Zones that were changed, made or dropped, after that was published.
    void changed(const std::vector<zones::ZoneReceipt>& receipts);
    /// Every zone to every secondary: at the start, for what was not told before a crash.
    void changed_all();
    /// From here on these are told, of every zone; what was to be told to others is not any more.
    void set_secondaries(std::vector<Endpoint> secondaries);
    /// What came of the NOTIFYs of one zone, a report for each secondary that was to be told.
    [[nodiscard]] std::vector<NotifyReport> results(const zones::Name& apex) const;
    [[nodiscard]] const NotifyCounters& counters() const noexcept;

    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hairpin::dnsd
