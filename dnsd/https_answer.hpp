// dnsd/https_answer.hpp - DNS over HTTPS: an HTTP request in, its response out.
//
// What the request holds is answered as any other message (dnsd/answer.hpp); here is only what HTTP
// makes of it: the resource, the two ways to ask, the status codes, how long a cache may keep the
// answer. A DNS error is an answer like any other and travels with 200; what is no DNS query at all
// is the client's mistake. Zones are not transferred this way: RFC 8484 knows answers of one
// message (AXFR and IXFR are REFUSED). It knows no sockets (dnsd/https_server.hpp).
//
// Standards RFC 8484 sections 4.1, 4.2, 5.1 and 6; RFC 9110 sections 8.3, 12.5.1 and 15; RFC 9111
//           section 5.2.2; RFC 2308 section 5.
// Threads   Any number, each with its own counters and room.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/octets.hpp"
#include "dnsd/answer.hpp"
#include "net/http.hpp"

namespace hairpin::dnsd {

inline constexpr std::string_view kDnsMessageType = "application/dns-message";
/// The resource that answers (RFC 8484 leaves the path to the server; all others use this one).
inline constexpr std::string_view kDnsQueryPath = "/dns-query";

/// Answers one request, whatever it is.
/// @param room  kMaxMessageOctets at least, for the DNS message.
[[nodiscard]] net::Response answer_https(const Engine& engine, const net::Request& request,
                                         std::span<std::uint8_t> room);

/// The DNS message that a request holds, for who looks on; nullopt: none.
[[nodiscard]] std::optional<Octets> message_of(const net::Request& request);

/// How many seconds a cache may keep a response of ours: the least TTL of its answer section and of
/// the SOA that proves a denial. Nullopt: not at all, for it is neither data nor a denial.
[[nodiscard]] std::optional<std::uint32_t> freshness(OctetView message) noexcept;

}  // namespace hairpin::dnsd
