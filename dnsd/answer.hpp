// dnsd/answer.hpp - a message in, an answer out: the whole of authoritative answering.
//
// From the octets of one message and a snapshot of all zones to the octets of the response, or to
// silence. It knows no sockets, threads or clocks, so that every rule is a table in a test. It does
// not decide what a zone says about a name (zones/lookup.hpp), read messages (dnsd/query.hpp) or
// lay out responses (dnsd/response.hpp).
//
// Standards RFC 1034 section 4.3.2; RFC 2308; RFC 3597; RFC 4035 section 3.1; RFC 4592; RFC 5936;
//           RFC 6604; RFC 6672; RFC 6891; RFC 8020; RFC 8482; RFC 8906; RFC 8914; RFC 8945; RFC
//           9471; RFC 9619. Where they leave room: docs/standards.md.
// Threads   Any number, each with its own counters.
// Cost      No allocation, lock, system call, log line or exception; but for OpenSSL's allocations
//           when a query is signed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/octets.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/requestor.hpp"
#include "dnsd/response.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

/// What an answer rests on; everything outlives the call.
struct Engine {
    const zones::ZoneTable& zones;
    const Identity& identity;
    Counters& counters;
    const KeyRing* keys = nullptr;  // Null: no key is known.
    TsigTime now = 0;               // Unix seconds: what signed requests are held against.
};

/// Answers one message.
///
/// @param message  As received: a datagram, or what follows a TCP length; any octets, 0..65535.
/// @param out      Room for the response: at least kMinUdpOctets, for Tcp kMaxMessageOctets to
/// never
///                 truncate. Does not overlap `message`.
/// @param who      Gets who asked; looks into `message`.
/// @return Octets of the response in `out`; 0 for silence.
[[nodiscard]] std::size_t answer(const Engine& engine, OctetView message, Transport transport,
                                 std::span<std::uint8_t> out, Requestor& who) noexcept;
/// The same for who does not need to know that.
[[nodiscard]] std::size_t answer(const Engine& engine, OctetView message, Transport transport,
                                 std::span<std::uint8_t> out) noexcept;

}  // namespace hairpin::dnsd
