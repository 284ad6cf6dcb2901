// checkin/judge.hpp - what a datagram deserves: silence, or a challenge. The decision, without
// sockets.
//
//   malformed -> unknown -> forged -> suspended      silent: no stranger learns anything
//     -> out of time                                 challenged: the answer to a report has our
//     time
//     -> replayed                                    silent
//     -> another machine -> moved                    challenged
//     -> right                                       silent: it was heard, once for each time
//
// Time. A check-in carries our own time, as the server was told it with its last report. It counts
// from kBehind ago to kAhead from now, which bounds how long one may be held back on its way, and
// it has to be later than the last. After a restart nobody knows the last ones, but none that was
// taken before we started is later than that moment and kAhead: until then what is right is not
// counted.
//
// A time counts once as a sign of life, and only the latest. The same datagram may be judged again:
// a challenge that was lost is sent again, and who copies one and is faster does not keep the
// original from counting.
//
// Standards docs/protocols/check-in.md, with the table of threats; docs/adr/0011.
// Threads   As the Register given. Any snapshot of zones.
// Cost      A lookup and an HMAC; where that fits, a lookup in the zones.

#pragma once

#include "checkin/datagram.hpp"
#include "checkin/outcome.hpp"
#include "checkin/register.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "zones/zone.hpp"

namespace hairpin::checkin {

inline constexpr Milliseconds kBehind{60'000};
inline constexpr Milliseconds kAhead{10'000};
/// That a credential is used is said again after so long: servers check in each minute, and nobody
/// asks for the minute.
inline constexpr Milliseconds kUsedEvery{3'600'000};

struct Situation {
    const zones::ZoneTable& zones;
    WallTime now;
    WallTime started_at;
};

struct Judgement {
    Outcome outcome = Outcome::Malformed;
    std::uint64_t server = 0;    // Where it was read.
    DatagramOctets challenge{};  // Where is_challenged(outcome).
    std::int64_t used = 0;       // Of Right: the credential, where it is time to say so; else 0.
};

/// @param source  Where it came from, unmapped.
[[nodiscard]] Judgement judge(Register& known, const Situation& situation, OctetView octets,
                              const IpAddress& source);

}  // namespace hairpin::checkin
