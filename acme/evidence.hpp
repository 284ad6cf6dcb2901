// acme/evidence.hpp - what a CA asked our servers while it looked at a challenge, in one sentence.
//
// A CA's own words are "DNS problem: NXDOMAIN looking up TXT for ..". What our servers were asked,
// by whom, and what they answered says where the trouble is: at a node of ours, on the way, or in a
// delegation that leads elsewhere.
//
// Standards RFC 8555 section 8.4; RFC 8659 section 3 (CAA is looked for at every parent).
// Threads   Values and pure functions.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::acme {

/// One question that a server of ours got, and what it answered.
struct SeenQuery {
    WallTime at{};
    Endpoint client;
    Endpoint node;          // Which of our addresses was asked.
    std::string transport;  // "udp", "tcp", ..
    zones::Name owner;
    zones::RType type{};
    std::string rcode;        // Empty: no answer left.
    std::size_t records = 0;  // In the answer.
};
/// Those seen since then, oldest first; on the thread "acme".
using SeenQueries = std::function<std::vector<SeenQuery>(WallTime since)>;

/// Let's Encrypt looks from that many places at least (its primary and five remote ones, from
/// 2026-12-15); another CA may use fewer.
inline constexpr std::size_t kUsualPerspectives = 6;
/// Questions that a sentence spells out.
inline constexpr std::size_t kSpelledOut = 4;

/// About the challenge of `name` (without a final dot) and the CAA of it and of its parents, but
/// for questions from `own` addresses: "198.51.100.7 got NXDOMAIN from 192.0.2.53:53 at 12:00:03
/// ..". What was answered wrongly comes first.
[[nodiscard]] std::string evidence_of(std::string_view name, const std::vector<SeenQuery>& seen);

}  // namespace hairpin::acme
