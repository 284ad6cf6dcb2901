// dnsd/notifier.hpp - tells secondaries that zones have changed.
//
// A thread of its own with a socket for each address family: a storm of changes, or secondaries
// that are gone, never cost the answer path anything. What goes to whom and when is
// dnsd/notify_schedule.hpp's; this sends, listens for the answers, and keeps a bound on how many
// NOTIFYs leave in a second. The SOA that goes along is the published one at that moment, and so
// are the secondary's key and address. What is signed has to be answered signed
// (dnsd/signed_notify.hpp): any other answer is none.
//
// Standards RFC 1996; RFC 8945 sections 5.1 and 5.4.
// Threads   Its own, named "notify". changed(), followed(), changed_all(), results() and counters()
//           on any; start() and stop() on one.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/ip_address.hpp"
#include "core/published.hpp"
#include "core/result.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/notify_schedule.hpp"
#include "dnsd/transfer_policy.hpp"
#include "zones/change.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

struct NotifierOptions {
    NotifyPolicy policy;
    std::size_t per_second = 500;  // All together.
};

/// What a NOTIFY is made of; all of it outlives the notifier.
struct NotifySources {
    Published<zones::ZoneTable>& zones;
    PublishedTransferPolicy& policy;  // Who follows which zone.
    PublishedKeys* keys = nullptr;    // Null: there are none.
};

/// Relaxed: for metrics.
struct NotifyCounters {
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> acknowledged{0};
    std::atomic<std::uint64_t> refused{0};     // Answered with another RCODE than NOERROR.
    std::atomic<std::uint64_t> given_up{0};    // Not answered, the last repetition included.
    std::atomic<std::uint64_t> not_sent{0};    // The kernel would not.
    std::atomic<std::uint64_t> strange{0};     // Datagrams that answer nothing of ours.
    std::atomic<std::uint64_t> unverified{0};  // Answers whose TSIG is not what it should be.
};

struct NotifyReport {
    Secondary secondary;
    NotifyStanding entry;  // As made where it was never told.
};

class Notifier {
    struct Key {};  // Only start() makes one.

public:
    Notifier(Key, const NotifierOptions& options, const NotifySources& sources);
    /// Errors: Io, Unavailable: no socket, no thread.
    [[nodiscard]] static Result<std::unique_ptr<Notifier>> start(const NotifierOptions& options,
                                                                 const NotifySources& sources);
    /// Stops.
    ~Notifier();
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;

    /// Zones that were changed, made or dropped, after that was published.
    void changed(const std::vector<zones::ZoneReceipt>& receipts);
    /// Zones that others follow than before, or whose secondaries' keys are others, after that was
    /// published: they are told at once. Who does not follow any more is forgotten.
    void followed(const std::vector<zones::Name>& apexes);
    /// The same of every zone. At the start: for what was not told before a crash.
    void changed_all();
    /// What came of the NOTIFYs of one zone, a report for each secondary that it has.
    [[nodiscard]] std::vector<NotifyReport> results(const zones::Name& apex) const;
    [[nodiscard]] const NotifyCounters& counters() const noexcept;

    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hairpin::dnsd
