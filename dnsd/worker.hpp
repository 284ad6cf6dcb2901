// dnsd/worker.hpp - what the sockets of one DNS thread share.
//
// Threads   One: everything here belongs to the thread that runs `loop`.

#pragma once

#include "core/published.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/response.hpp"
#include "dnsd/transfer_limits.hpp"
#include "dnsd/transfer_policy.hpp"
#include "net/loop.hpp"
#include "zones/history.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

using PublishedZones = Published<zones::ZoneTable>;

/// What outgoing zone transfers need.
struct TransferDesk {
    PublishedTransferPolicy::Reader& policy;  // Online and offline as Worker::zones.
    zones::HistorySource* history;            // Null: whole zones only.
    TransferSlots& slots;                     // Of all workers.
    const TransferLimits& limits;
};

/// References to what outlives the sockets.
struct Worker {
    net::Loop& loop;
    PublishedZones::Reader& zones;  // Online while callbacks run, offline while the loop waits.
    const Identity& identity;
    Counters& counters;
    TransferDesk transfers;

    /// For one batch of messages; void after quiescent().
    [[nodiscard]] Engine engine() const noexcept { return {*zones.get(), identity, counters}; }
    /// Nothing of a snapshot is held any more.
    void quiescent() const noexcept {
        zones.quiescent();
        transfers.policy.quiescent();
    }
};

}  // namespace hairpin::dnsd
