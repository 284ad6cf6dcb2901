// acme/challenge_place.hpp - where a TXT value for a CA goes: CNAMEs are followed among our zones.
//
// A CA follows a CNAME at `_acme-challenge.<name>`, so the value has to stand where the chain ends.
// Where that is not in a zone of ours there is nothing that we could write, and the error says what
// to do. A CNAME that a wildcard makes is not followed: the value takes its place.
//
// Standards RFC 8555 section 8.4, RFC 1034 section 3.6.2, RFC 4592 section 3.
// Threads   Pure; a ZoneTable is a snapshot.

#pragma once

#include "core/result.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::acme {

struct ChallengePlace {
    zones::Name owner;
    zones::Name apex;  // Of the zone that it is in.
    friend bool operator==(const ChallengePlace&, const ChallengePlace&) = default;
};

/// @param challenge  `_acme-challenge.<name>`, or another name that a CA asks for.
/// Errors: Invalid: a loop, a chain that is too long, one that leads out of our zones, or a name
/// that is delegated away or below a DNAME. The cause says what to do.
[[nodiscard]] Result<ChallengePlace> find_challenge_place(const zones::ZoneTable& table,
                                                          const zones::Name& challenge);

}  // namespace hairpin::acme
