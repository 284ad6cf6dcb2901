// store/journal_format.hpp - RRsets and differences as octets: what the `rdata` and `difference`
// columns hold.
//
// RDATA of an RRset (rrsets.rdata, and below): for each record in canonical order
//     2 octets  RDLENGTH n, network order
//     n octets  RDATA, uncompressed
//
// Difference of one zone (journal.difference), all numbers in network order:
//     1 octet   version of this format: 1
//   then for each RRset that differs, the SOA among them, to the end:
//     1 octet   octets n of the owner, 0..254
//     n octets  owner relative to the apex, labels in wire form without the root label, in the case
//     as given; empty: the apex 2 octets  type side      before side      after
//   where a side is
//     4 octets  TTL; 0 where the RRset is absent
//     4 octets  octets m of the records; 0: the RRset is absent
//     m octets  records as above
//   At least one side is present, and they differ.
//
// IXFR sends `before` records as deleted and `after` records as added (a client applies what is in
// both to no effect, but the sender leaves them out). Undoing a difference is exchanging the sides.
//
// Threads   Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/edit.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"

namespace hairpin::store {

inline constexpr std::uint8_t kDifferenceVersion = 1;
/// A difference over this is cut into several rows (records.hpp's JournalRow::part); one RRset is
/// never cut.
inline constexpr std::size_t kJournalPartOctets = 1u << 20;

/// The absolute name of an owner column; nullopt where the octets are no labels in wire form, or
/// too many with `apex`.
[[nodiscard]] std::optional<zones::Name> absolute_owner(OctetView labels, const zones::Name& apex);

/// The `rdata` column.
[[nodiscard]] Octets encode_rdatas(const zones::RRset& rrset);
/// Errors: Corrupt the octets are not records, or there is none.
[[nodiscard]] Result<zones::RRsetRef> decode_rrset(zones::RType type, std::int64_t ttl,
                                                   OctetView records);

/// One or more `difference` columns, in order; none for an empty difference.
[[nodiscard]] std::vector<Octets> encode_difference(std::span<const zones::RRsetDifference> rrsets,
                                                    const zones::Name& apex);
/// Owners come back absolute. Errors: Corrupt.
[[nodiscard]] Result<std::vector<zones::RRsetDifference>> decode_difference(
    OctetView octets, const zones::Name& apex);

}  // namespace hairpin::store
