// store/row_reading.hpp - columns into the structs of records.hpp: for this folder's sources only.
//
// Each kRow's column list and its function stay side by side; `first` is the column at which the
// list begins, so that a join can hold several.
//
// Threads   As the Statement given.

#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/records.hpp"
#include "store/statement.hpp"

namespace hairpin::store {

/// The value whose to_string() is `text`. Errors: Corrupt; the schema's CHECK forbids others.
template <typename Enum, std::size_t count>
[[nodiscard]] Result<Enum> parse_state(std::string_view text,
                                       const std::array<Enum, count>& values) {
    for (const Enum value : values)
        if (to_string(value) == text) return value;
    return fail(Error{ErrorCode::Corrupt, std::string(text), "is not a state this program knows"});
}

/// Which database it is. Errors: Corrupt it does not say.
[[nodiscard]] Result<Octets> read_identity(Database& database);
[[nodiscard]] Result<zones::Name> parse_apex(std::string_view text);
[[nodiscard]] Result<zones::ZoneKind> parse_zone_kind(std::string_view text);
/// 32 octets; all zero when the column has another size, which the schema's CHECK forbids.
[[nodiscard]] Sha256 read_sha256(const Statement& row, int column);
/// Addresses separated by one space.
[[nodiscard]] std::string addresses_text(std::span<const IpAddress> addresses);
[[nodiscard]] Result<std::vector<IpAddress>> parse_addresses(std::string_view text);
[[nodiscard]] std::string prefixes_text(std::span<const Prefix> prefixes);
[[nodiscard]] Result<std::vector<Prefix>> parse_prefixes(std::string_view text);

inline constexpr std::string_view kLicenceColumns =
    "l.name, l.zone_apex, l.plan, l.state, l.expires_at, l.created_at, l.version, "
    "l.certificate_profile";
inline constexpr int kLicenceColumnCount = 8;
[[nodiscard]] Result<LicenceRow> read_licence(const Statement& row, int first = 0);

inline constexpr std::string_view kServerColumns =
    "s.id, s.licence, s.label, s.port, s.state, s.created_at, s.version, s.machine, s.boot, "
    "s.agent, s.internal_name, s.observed, s.public_mode, s.public_addresses, "
    "s.private_addresses, s.certificate_sha256, s.last_seen_at, s.online";
inline constexpr int kServerColumnCount = 18;
[[nodiscard]] Result<ServerRow> read_server(const Statement& row, int first = 0);

inline constexpr std::string_view kCredentialColumns =
    "c.id, c.kind, c.token_hash, c.server_id, c.label, c.created_at, c.expires_at, c.revoked_at, "
    "c.last_used_at, c.tsig_name, c.tsig_algorithm, c.tsig_sealed, c.weak_allowed, c.licence, "
    "c.login, c.sources, c.per_minute";
inline constexpr int kCredentialColumnCount = 17;
[[nodiscard]] Result<CredentialRow> read_credential(const Statement& row, int first = 0);

inline constexpr std::string_view kZoneColumns =
    "id, apex, kind, serial, created_at, catalog_group";
[[nodiscard]] Result<ZoneRow> read_zone(const Statement& row);

inline constexpr std::string_view kJournalColumns =
    "id, zone_apex, action, serial_before, serial_after, part, at, actor_kind, actor_id, source, "
    "door, credential, reason, difference, ";
/// Behind kJournalColumns: of a row of the journal itself, and of one of the merged history.
inline constexpr std::string_view kSingleChange = "id AS first_id, at AS began_at, 1 AS changes";
inline constexpr std::string_view kMergedChanges = "first_id, began_at, changes";
[[nodiscard]] Result<JournalRow> read_journal(const Statement& row);

inline constexpr std::string_view kAuditColumns =
    "id, at, actor_kind, actor_id, source, door, credential, action, subject, outcome, reason";
[[nodiscard]] Result<AuditRow> read_audit(const Statement& row);

}  // namespace hairpin::store
