// dnsd/worker.hpp - what the sockets of one DNS thread share.
//
// Threads   One: everything here belongs to the thread that runs `loop`.

#pragma once

#include "core/published.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/response.hpp"
#include "net/loop.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

using PublishedZones = Published<zones::ZoneTable>;

/// References to what outlives the sockets.
struct Worker {
    net::Loop& loop;
    PublishedZones::Reader& zones;  // Online while callbacks run, offline while the loop waits.
    const Identity& identity;
    Counters& counters;

    /// For one batch of messages; void after zones.quiescent().
    [[nodiscard]] Engine engine() const noexcept { return {*zones.get(), identity, counters}; }
};

}  // namespace hairpin::dnsd
