// dnsd/chaos.hpp - who we say that we are, to questions of class CHAOS.
//
// The names are in no zone and the class has no other use: version.bind and version.server ask for
// the software, hostname.bind and id.server for the instance. What the operator has not set is not
// told. Not here: NSID, which asks the same by EDNS (dnsd/response.hpp).
//
// Standards RFC 4892 section 2; the names ending in .bind are older than any standard.
// Threads   Pure; no allocation.

#pragma once

#include "core/octets.hpp"
#include "dnsd/query.hpp"
#include "dnsd/response.hpp"

namespace hairpin::dnsd {

/// The text that a well-formed question of class CHAOS asks for; empty where there is none to tell:
/// another name, another type than TXT, a text that is not set. A view into `identity`.
[[nodiscard]] OctetView chaos_text(const Query& query, const Identity& identity) noexcept;

}  // namespace hairpin::dnsd
