// admin/zone_content.hpp - what a new zone starts with, and what keeps a server's names in being.
//
// A new zone: SOA (negative answers live 60 seconds, RFC 2308) and NS from the configuration. CAA
// generated from the ACME accounts comes with the issue that builds it.
//
// Challenge names. Once a server exists, `_acme-challenge.nurN` and `_acme-challenge.i-nurN` must
// never answer NXDOMAIN: resolvers and CAs would remember that (RFC 8020, RFC 2308), and the next
// order would fail. So each holds a HINFO record that says what the name is for. It is not a TXT
// record, because then a client that replaces or empties the TXT RRset (lego over RFC 2136 does)
// would take the name away with it, and because TXT answers should hold running orders' values and
// nothing else. The twin names above it are thereby empty non-terminals and answer NODATA until the
// server reports.
//
// Standards RFC 1035 sections 3.3.2 (HINFO) and 3.3.13 (SOA); RFC 8555 section 8.4.
// Threads   Pure, but where said otherwise.

#pragma once

#include <vector>

#include "admin/context.hpp"
#include "admin/names.hpp"
#include "admin/problem.hpp"
#include "store/writer.hpp"
#include "zones/address_rules.hpp"
#include "zones/change.hpp"
#include "zones/zone.hpp"

namespace hairpin::admin {

/// SOA and NS. Errors: Unavailable where the configuration names no name server or hostmaster.
[[nodiscard]] Result<zones::ZoneChange, Problem> new_zone(const zones::Name& apex,
                                                          zones::ZoneKind kind,
                                                          const ApiOptions& options);
/// Refuses an apex at or below a twin name of a licence zone: its answers would take the place of
/// the twin's, with addresses that no rule has looked at. Errors: Conflict.
[[nodiscard]] Result<void, Problem> check_no_twin(const zones::ZoneTable& table,
                                                  const zones::Name& apex,
                                                  const zones::AddressRules& rules);
/// The edit that puts one challenge name in being.
[[nodiscard]] zones::Edit challenge_keeper(const zones::Name& owner);
/// The edits that put both challenge names of a server in being.
[[nodiscard]] std::vector<zones::Edit> challenge_keepers(const TwinNames& names);
/// Adds those of all servers of a licence's zone and of their aliases, which a zone that changes as
/// a whole holds too. On the commit thread.
[[nodiscard]] Result<void, Problem> keep_challenge_names(const ApiOptions& options,
                                                         store::Writer& writer,
                                                         const zones::Name& apex,
                                                         std::vector<zones::Edit>& edits);
/// The edits that remove a server: twin names and challenge names.
[[nodiscard]] std::vector<zones::Edit> server_removal(const TwinNames& names);
/// The edits that remove an alias, its CNAME first: what else somebody has put there stays.
[[nodiscard]] std::vector<zones::Edit> alias_removal(const zones::Name& alias);

}  // namespace hairpin::admin
