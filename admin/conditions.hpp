// admin/conditions.hpp - ETag, If-Match and If-None-Match.
//
// Standards RFC 9110 sections 8.8.3 and 13.1. Our tags are strong.
// Threads   Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admin/problem.hpp"
#include "core/crypto.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "zones/rrset.hpp"

namespace hairpin::admin {

[[nodiscard]] std::string version_etag(std::int64_t version);  // "v3", quoted
[[nodiscard]] std::string serial_etag(std::uint32_t serial);   // "1795000000", quoted
/// Of a zone and who follows it: the serial, and a digest of `secondaries` unless that is empty.
[[nodiscard]] std::string zone_etag(std::uint32_t serial, std::string_view secondaries);
[[nodiscard]] std::string content_etag(const Sha256& sha256);     // its hex, quoted
[[nodiscard]] std::string rrset_etag(const zones::RRset& rrset);  // of type, TTL and records

/// The conditions of a write, apart from the request: they are judged on the commit thread, against
/// what the commit will meet.
struct WriteConditions {
    std::optional<std::string> if_match;
    bool if_absent = false;  // `If-None-Match: *`

    [[nodiscard]] static WriteConditions of(const net::Request& request);
    /// `etag` empty: nothing is there yet.
    /// Errors: PreconditionFailed; InvalidRequest the header is malformed.
    [[nodiscard]] Result<void, Problem> check(std::string_view etag) const;
    /// Against the content of a zone: a tag of the zone with its secondaries (zone_etag()) will do.
    [[nodiscard]] Result<void, Problem> check_serial(std::uint32_t serial) const;
};

/// Whether a read's If-None-Match names `etag`: answer 304.
[[nodiscard]] bool none_match_names(const net::Request& request, std::string_view etag);

}  // namespace hairpin::admin
