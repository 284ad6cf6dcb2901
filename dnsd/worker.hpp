// dnsd/worker.hpp - what the sockets of one DNS thread share.
//
// Threads   One: everything here belongs to the thread that runs `loop`.

#pragma once

#include "core/clock.hpp"
#include "core/published.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/rate_limit.hpp"
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
    const Clock& clock;
    const CookiePolicy& cookies;
    RateLimiter& limiter;

    /// For one batch of messages, which share its time; void after zones.quiescent().
    [[nodiscard]] Engine engine() const noexcept {
        const auto now = static_cast<std::uint64_t>(to_unix_seconds(clock.now()));
        return {*zones.get(), identity, counters, &cookies, now};
    }
};

}  // namespace hairpin::dnsd
