// dnsd/worker.hpp - what the sockets of one DNS thread share.
//
// Threads   One: everything here belongs to the thread that runs `loop`.

#pragma once

#include "core/clock.hpp"
#include "core/published.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/rate_limit.hpp"
#include "dnsd/response.hpp"
#include "dnsd/tap.hpp"
#include "dnsd/transfer_limits.hpp"
#include "dnsd/transfer_policy.hpp"
#include "dnsd/transfer_witness.hpp"
#include "net/loop.hpp"
#include "zones/history.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

class UpdateDesk;

using PublishedZones = Published<zones::ZoneTable>;

/// What outgoing zone transfers need.
struct TransferDesk {
    PublishedTransferPolicy::Reader& policy;  // Online and offline as Worker::zones.
    zones::HistorySource* history;            // Null: whole zones only.
    TransferSlots& slots;                     // Of all workers.
    const TransferLimits& limits;
    TransferWitness* witness = nullptr;        // Null: nobody keeps it.
    zones::FollowerSink* followers = nullptr;  // Told what secondaries hold. Null: nobody.
};

/// References to what outlives the sockets.
struct Worker {
    net::Loop& loop;
    // Both online while callbacks run, offline while the loop waits.
    PublishedZones::Reader& zones;
    PublishedKeys::Reader& keys;
    const Identity& identity;
    Counters& counters;
    const Clock& clock;
    const CookiePolicy& cookies;
    RateLimiter& limiter;
    TransferDesk transfers;
    Tap& tap;
    UpdateDesk* updates = nullptr;  // Null: UPDATE is not implemented here.

    /// For one batch of messages, which share its time; void after quiescent().
    [[nodiscard]] Engine engine() const noexcept {
        const auto now = static_cast<TsigTime>(to_unix_seconds(clock.now()));
        return {*zones.get(), identity, counters, keys.get(), now, &cookies};
    }
    /// Nothing of an engine() or of another snapshot is held any more.
    void quiescent() const noexcept {
        zones.quiescent();
        keys.quiescent();
        transfers.policy.quiescent();
    }
};

}  // namespace hairpin::dnsd
