// dnsd/answer.hpp - a message in, an answer out: the whole of authoritative answering.
//
// From the octets of one message and a snapshot of all zones to the octets of the response, or to
// silence. It knows no sockets, threads or clocks, so that every rule is a table in a test. It does
// not decide what a zone says about a name (zones/lookup.hpp), read messages (dnsd/query.hpp) or
// lay out responses (dnsd/response.hpp).
//
// Standards RFC 1034 section 4.3.2; RFC 2308; RFC 3597; RFC 4035 section 3.1; RFC 4592; RFC 5936;
//           RFC 6604; RFC 6672; RFC 6891; RFC 7873; RFC 8020; RFC 8482; RFC 8906; RFC 8914; RFC
//           8945; RFC 9018; RFC 9471; RFC 9619. Where they leave room: docs/standards.md.
// Threads   Any number, each with its own counters.
// Cost      No allocation, lock, system call, log line or exception; but for OpenSSL's allocations
//           when a query is signed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "dnsd/cookies.hpp"
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
    const KeyRing* keys = nullptr;          // Null: no key is known.
    TsigTime now = 0;                       // Unix seconds: for signed requests and cookies.
    const CookiePolicy* cookies = nullptr;  // Null: cookies are off.
};

/// Where a message came from.
struct Source {
    Transport transport = Transport::Udp;
    IpAddress client;  // Unmapped.

    // What a cookie is worth needs the client; all else the transport alone.
    // NOLINTNEXTLINE(google-explicit-constructor): a transport is a source of nobody in particular.
    Source(Transport by, const IpAddress& from = {}) noexcept : transport(by), client(from) {}
};

/// What an answer was about, for who decides whether it is sent (dnsd/rate_limit.hpp).
struct Gist {
    Outcome outcome = Outcome::Refused;
    /// What all questions have in common that get this very answer: the QNAME, or the end of it
    /// that is a zone's apex or a zone cut. Empty when refused. Looks into the message.
    OctetView subject;
    CookieState cookie = CookieState::None;
    bool has_key = false;  // Signed with a key that we know.
    /// Of the OPT that ends the response (dnsd/response.hpp); 0: none does.
    std::size_t opt_octets = 0;
};

/// Ends an answer that is one message: counts it, closes the response, and signs it for who signed
/// the query. The outcome is gist's, the RCODE `wanted` where nothing had to be cut for a TSIG.
/// @return Octets of the response.
[[nodiscard]] std::size_t finish(const Engine& engine, const Requestor& who, Response& response,
                                 Gist& gist, Rcode wanted,
                                 ExtendedError error = ExtendedError::None) noexcept;

/// Answers one message.
///
/// @param message  As received: a datagram, or what follows a TCP length; any octets, 0..65535.
/// @param out      Room for the response: at least kMinUdpOctets, for Tcp kMaxMessageOctets to
/// never
///                 truncate. Does not overlap `message`.
/// @param gist     Gets what it was about, unless it is silence.
/// @return Octets of the response in `out`; 0 for silence.
[[nodiscard]] std::size_t answer(const Engine& engine, OctetView message, const Source& source,
                                 std::span<std::uint8_t> out, Gist& gist) noexcept;
/// The same for who sends it in any case.
[[nodiscard]] std::size_t answer(const Engine& engine, OctetView message, const Source& source,
                                 std::span<std::uint8_t> out) noexcept;

}  // namespace hairpin::dnsd
