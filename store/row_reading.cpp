#include "store/row_reading.hpp"

#include <algorithm>

namespace hairpin::store {
namespace {

Error corrupt(std::string_view subject, std::string cause) {
    return {ErrorCode::Corrupt, std::string(subject), std::move(cause)};
}

zones::Actor read_actor(const Statement& row, int first) {
    return {row.string(first), row.string(first + 1), row.string(first + 2), row.string(first + 3),
            row.integer(first + 4)};
}

Result<Report> read_report(const Statement& row, int first) {
    Report report;
    report.machine = row.string(first);
    report.boot = row.string(first + 1);
    report.agent = row.string(first + 2);
    report.internal_name = row.string(first + 3);
    report.observed = IpAddress::parse(row.text(first + 4));
    report.public_mode =
        TRY(parse_state(row.text(first + 5), std::array{PublicMode::Auto, PublicMode::Fixed}));
    report.public_addresses = TRY(parse_addresses(row.text(first + 6)));
    report.private_addresses = TRY(parse_addresses(row.text(first + 7)));
    if (!row.is_null(first + 8)) report.certificate = read_sha256(row, first + 8);
    return report;
}

}  // namespace

Result<Octets> read_identity(Database& database) {
    Statement find = TRY(database.statement("SELECT id FROM identity"));
    const bool found = TRY(find.step());
    if (!found)
        return fail(Error{ErrorCode::Corrupt, database.path(),
                          "the row that says which database it is is missing: restore a backup"});
    return find.copy_octets(0);
}

Result<zones::Name> parse_apex(std::string_view text) {
    const auto apex = zones::Name::parse(text);
    if (!apex) return fail(corrupt(text, std::string(to_string(apex.error()))));
    return *apex;
}

Result<zones::ZoneKind> parse_zone_kind(std::string_view text) {
    return parse_state(text, std::array{zones::ZoneKind::Plain, zones::ZoneKind::Licence,
                                        zones::ZoneKind::Catalog});
}

Sha256 read_sha256(const Statement& row, int column) {
    Sha256 digest{};
    const OctetView octets = row.octets(column);
    if (octets.size() == digest.size()) std::copy(octets.begin(), octets.end(), digest.begin());
    return digest;
}

std::string addresses_text(std::span<const IpAddress> addresses) {
    std::string text;
    for (const IpAddress& address : addresses) {
        if (!text.empty()) text += ' ';
        text += address.text();
    }
    return text;
}

Result<std::vector<IpAddress>> parse_addresses(std::string_view text) {
    std::vector<IpAddress> addresses;
    while (!text.empty()) {
        const std::string_view first = text.substr(0, text.find(' '));
        const auto address = IpAddress::parse(first);
        if (!address) return fail(corrupt(first, "is not an address"));
        addresses.push_back(*address);
        text.remove_prefix(std::min(text.size(), first.size() + 1));
    }
    return addresses;
}

std::string prefixes_text(std::span<const Prefix> prefixes) {
    std::string text;
    for (const Prefix& prefix : prefixes) {
        if (!text.empty()) text += ' ';
        text += prefix.text();
    }
    return text;
}

Result<std::vector<Prefix>> parse_prefixes(std::string_view text) {
    std::vector<Prefix> prefixes;
    while (!text.empty()) {
        const std::string_view first = text.substr(0, text.find(' '));
        const auto prefix = Prefix::parse(first);
        if (!prefix) return fail(corrupt(first, "is not an address prefix"));
        prefixes.push_back(*prefix);
        text.remove_prefix(std::min(text.size(), first.size() + 1));
    }
    return prefixes;
}

Result<LicenceRow> read_licence(const Statement& row, int first) {
    LicenceRow licence;
    licence.name = row.string(first);
    licence.zone_apex = TRY(parse_apex(row.text(first + 1)));
    licence.plan = row.string(first + 2);
    licence.state = TRY(parse_state(row.text(first + 3),
                                    std::array{LicenceState::Active, LicenceState::Suspended}));
    licence.expires_at = row.optional_time(first + 4);
    licence.created_at = row.time(first + 5);
    licence.version = row.integer(first + 6);
    licence.certificate_profile = row.string(first + 7);
    return licence;
}

Result<ServerRow> read_server(const Statement& row, int first) {
    ServerRow server;
    server.id = row.integer(first);
    server.licence = row.string(first + 1);
    server.label = row.string(first + 2);
    server.port = static_cast<std::uint16_t>(row.integer(first + 3));
    server.state =
        TRY(parse_state(row.text(first + 4), std::array{ServerState::Active, ServerState::Suspended,
                                                        ServerState::Frozen}));
    server.created_at = row.time(first + 5);
    server.version = row.integer(first + 6);
    server.report = TRY(read_report(row, first + 7));
    server.last_seen_at = row.optional_time(first + 16);
    server.online = TRY(parse_state(row.text(first + 17),
                                    std::array{Online::Unknown, Online::Online, Online::Offline}));
    return server;
}

Result<CredentialRow> read_credential(const Statement& row, int first) {
    CredentialRow credential;
    credential.id = row.integer(first);
    credential.kind = TRY(
        parse_state(row.text(first + 1),
                    std::array{CredentialKind::Operator, CredentialKind::Server,
                               CredentialKind::Tsig, CredentialKind::Token, CredentialKind::Dyndns,
                               CredentialKind::AcmeDns, CredentialKind::PowerDns}));
    credential.token_hash = read_sha256(row, first + 2);
    if (!row.is_null(first + 3)) credential.server_id = row.integer(first + 3);
    credential.label = row.string(first + 4);
    credential.created_at = row.time(first + 5);
    credential.expires_at = row.optional_time(first + 6);
    credential.revoked_at = row.optional_time(first + 7);
    credential.last_used_at = row.optional_time(first + 8);
    credential.tsig_name = row.string(first + 9);
    credential.tsig_algorithm = row.string(first + 10);
    credential.tsig_sealed = row.copy_octets(first + 11);
    credential.weak_allowed = row.integer(first + 12) != 0;
    credential.licence = row.string(first + 13);
    credential.login = row.string(first + 14);
    credential.sources = TRY(parse_prefixes(row.text(first + 15)));
    credential.per_minute = row.integer(first + 16);
    return credential;
}

Result<ZoneRow> read_zone(const Statement& row) {
    ZoneRow zone;
    zone.id = row.integer(0);
    zone.apex = TRY(parse_apex(row.text(1)));
    zone.kind = TRY(parse_zone_kind(row.text(2)));
    zone.serial = static_cast<std::uint32_t>(row.integer(3));
    zone.created_at = row.time(4);
    zone.catalog_group = row.string(5);
    return zone;
}

Result<JournalRow> read_journal(const Statement& row) {
    using zones::ZoneAction;
    JournalRow journal;
    journal.id = row.integer(0);
    journal.zone_apex = TRY(parse_apex(row.text(1)));
    journal.action =
        TRY(parse_state(row.text(2), std::array{ZoneAction::Edit, ZoneAction::Create,
                                                ZoneAction::Replace, ZoneAction::Drop}));
    journal.serial_before = static_cast<std::uint32_t>(row.integer(3));
    journal.serial_after = static_cast<std::uint32_t>(row.integer(4));
    journal.part = static_cast<std::uint32_t>(row.integer(5));
    journal.at = row.time(6);
    journal.actor = read_actor(row, 7);
    journal.reason = row.string(12);
    journal.difference = row.copy_octets(13);
    journal.first_id = row.integer(14);
    journal.began_at = row.time(15);
    journal.changes = row.integer(16);
    return journal;
}

Result<AuditRow> read_audit(const Statement& row) {
    AuditRow audit;
    audit.id = row.integer(0);
    audit.at = row.time(1);
    audit.actor = read_actor(row, 2);
    audit.action = row.string(7);
    audit.subject = row.string(8);
    audit.outcome = TRY(parse_state(row.text(9), std::array{Outcome::Done, Outcome::Refused}));
    audit.reason = row.string(10);
    return audit;
}

}  // namespace hairpin::store
