// store/records.hpp - the rows of the store as plain values.
//
// One struct per table, fields named as the columns. Times are UTC in milliseconds. Enumerations
// are stored as the text that to_string() gives, with a CHECK in the schema. `version` starts at 1
// and grows by one with every update: the ETag of the resource. Certificates and ACME attempts have
// their own file (acme_rows.hpp).
//
// Secrets: a token is never here, only its SHA-256; a TSIG secret only sealed (core/crypto.hpp's
// Sealer).
//
// Threads   Values.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"

namespace hairpin::store {

enum class LicenceState : std::uint8_t { Active, Suspended };
/// Frozen: two machines alternated under one identity; held at the last agreed value.
enum class ServerState : std::uint8_t { Active, Suspended, Frozen };
enum class Online : std::uint8_t { Unknown, Online, Offline };
/// How the server asked for its public addresses: the observed one, or those it named.
enum class PublicMode : std::uint8_t { Auto, Fixed };
/// Operator: may do everything. Server: speaks for one server over every door. The others may do
/// what their grants say (store/grant_rows.hpp).
enum class CredentialKind : std::uint8_t {
    Operator,
    Server,
    Tsig,      // A key; no token belongs to it.
    Token,     // A bearer token of the REST API, and httpreq's password.
    Dyndns,    // User and password of dyndns2.
    AcmeDns,   // An account of acme-dns; `login` is its user name and its subdomain.
    PowerDns,  // An X-API-Key.
};
enum class Outcome : std::uint8_t { Done, Refused };

[[nodiscard]] std::string_view to_string(LicenceState state) noexcept;
[[nodiscard]] std::string_view to_string(ServerState state) noexcept;
[[nodiscard]] std::string_view to_string(Online online) noexcept;
[[nodiscard]] std::string_view to_string(PublicMode mode) noexcept;
[[nodiscard]] std::string_view to_string(CredentialKind kind) noexcept;
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;
[[nodiscard]] std::string_view to_string(zones::ZoneAction action) noexcept;
[[nodiscard]] std::string_view to_string(zones::ZoneKind kind) noexcept;

struct ZoneRow {
    std::int64_t id = 0;
    zones::Name apex;  // In lower case.
    zones::ZoneKind kind = zones::ZoneKind::Plain;
    std::uint32_t serial = 0;
    WallTime created_at{};
    std::string catalog_group;  // Empty: that of its kind (zones/catalog.hpp).
};

struct LicenceRow {
    std::string name;  // The key: "acme".
    zones::Name zone_apex;
    std::string plan;
    LicenceState state = LicenceState::Active;
    std::optional<WallTime> expires_at;
    WallTime created_at{};
    std::int64_t version = 1;
    std::string certificate_profile;  // Empty: the configuration's.
};

/// What a server last said about itself. All of it is its own claim but `observed`.
struct Report {
    std::string machine;
    std::string boot;
    std::string agent;
    std::string internal_name =
        "unknown";  // ok, filtered, nxdomain, servfail, timeout, wrong, unknown.
    std::optional<IpAddress> observed;  // The source address the report came from.
    PublicMode public_mode = PublicMode::Auto;
    std::vector<IpAddress> public_addresses;  // As reported, for PublicMode::Fixed.
    std::vector<IpAddress> private_addresses;
    std::optional<Sha256> certificate;  // The one it really serves.
    friend bool operator==(const Report&, const Report&) = default;
};

struct ServerRow {
    std::int64_t id = 0;
    std::string licence;
    std::string label;       // "nur1"; unique within the licence.
    std::uint16_t port = 0;  // Where it serves HTTPS; 0: not known.
    ServerState state = ServerState::Active;
    WallTime created_at{};
    std::int64_t version = 1;
    Report report;
    std::optional<WallTime> last_seen_at;
    Online online = Online::Unknown;
};

struct CredentialRow {
    std::int64_t id = 0;
    CredentialKind kind = CredentialKind::Server;
    Sha256 token_hash{};                    // Tsig: random, the hash of nobody's token.
    std::optional<std::int64_t> server_id;  // Its owner, where that is a server.
    std::string licence;                    // Its owner, where that is a licence; else empty.
    std::string login;                      // User name; empty: none.
    std::vector<Prefix> sources;            // Where it may be used from; empty: anywhere.
    std::int64_t per_minute = 0;            // Writes; 0: the door's own limit.
    std::string label;
    WallTime created_at{};
    std::optional<WallTime> expires_at;
    std::optional<WallTime> revoked_at;
    std::optional<WallTime> last_used_at;
    std::string tsig_name;       // Empty: no TSIG key.
    std::string tsig_algorithm;  // "hmac-sha256"
    Octets tsig_sealed;          // Sealed secret; empty: none.
    bool weak_allowed = false;   // The algorithm may be SHA-1 or MD5.
};

/// A credential with what it speaks for: all that the heartbeat needs, from one query.
struct Identity {
    CredentialRow credential;
    std::optional<ServerRow> server;
    std::optional<LicenceRow> licence;
};

struct AuditRow {
    std::int64_t id = 0;
    WallTime at{};
    zones::Actor actor;
    std::string action;   // "licence.create", "server.patch", "change"
    std::string subject;  // "acme/nur1"
    Outcome outcome = Outcome::Done;
    std::string reason;  // The caller's reason, or why it was refused.
};

/// One work's difference of one zone. Works that one commit put into the same serial share
/// (serial_before, serial_after) and follow one another by id; a difference over kJournalPartOctets
/// is cut into parts that do the same. Applied by id, from any serial the journal still holds, they
/// give the zone. Past store/retention.hpp's ages one row stands for many changes
/// (store/condensing.hpp).
struct JournalRow {
    std::int64_t id = 0;  // Of the newest change in it.
    zones::Name zone_apex;
    zones::ZoneAction action = zones::ZoneAction::Edit;
    std::uint32_t serial_before = 0;  // 0 for Create.
    std::uint32_t serial_after = 0;   // For Drop: the last serial that the zone had.
    std::uint32_t part = 0;           // 0, 1, ..: of one work's difference.
    WallTime at{};
    zones::Actor actor;
    std::string reason;
    Octets difference;          // Format: store/journal_format.hpp.
    std::int64_t first_id = 0;  // Of the oldest change in it, ..
    WallTime began_at{};        // .. and when that happened.
    std::int64_t changes = 1;   // Works in it; over 1: what it was in between is not known.
    [[nodiscard]] bool is_merged() const noexcept { return changes > 1; }
};

/// How far back the history of all zones goes.
struct HistoryBounds {
    std::optional<WallTime> lost_at;       // Nothing since then is missing; none: nothing ever.
    std::optional<WallTime> single_since;  // Of the oldest change that is kept singly, of any zone.
    std::int64_t newest_id = 0;            // That a change ever had.
};

struct IdempotencyRow {
    std::int64_t credential_id = 0;
    std::string key;  // As the client sent it, at most 255 octets.
    Sha256 request_sha256{};
    int status = 0;
    std::string headers;
    Octets body;  // A body that shows a secret is sealed by the caller.
    WallTime at{};
};

struct Counts {
    std::int64_t zones = 0;
    std::int64_t licences = 0;
    std::int64_t servers = 0;
    std::int64_t servers_online = 0;
    std::int64_t servers_offline = 0;
    std::int64_t journal_rows = 0;
};

}  // namespace hairpin::store
