#include "store/acme_rows.hpp"

#include <algorithm>
#include <array>

#include "core/assert.hpp"
#include "store/elsewhere_rows.hpp"
#include "store/row_reading.hpp"
#include "store/rows.hpp"
#include "store/telling.hpp"

namespace hairpin::store {
namespace {

constexpr std::array<std::string_view, kAttemptStates> kStateTexts = {
    "wanted",     "admitted", "ordering",   "open",       "txt-staged", "txt-live",
    "challenged", "ready",    "finalizing", "processing", "fetched",    "checked",
    "offered",    "deployed", "backoff",    "blocked",    "superseded", "cancelled",
};
constexpr std::array<std::string_view, 4> kCauseTexts = {"first", "renewal", "new-key", "again"};
constexpr std::array<std::string_view, 2> kOriginTexts = {"device", "managed"};
constexpr std::array<std::string_view, 3> kRehearsalTexts = {"none", "due", "passed"};

/// The enum value whose text it is. The schema's CHECKs allow no other text.
template <typename Enum, std::size_t size>
Result<Enum> from_text(const std::array<std::string_view, size>& texts, std::string_view text) {
    const auto found = std::find(texts.begin(), texts.end(), text);
    if (found == texts.end())
        return fail(Error{ErrorCode::Corrupt, "acme row", "unknown word " + std::string(text)});
    return static_cast<Enum>(found - texts.begin());
}

Result<Sha256> sha256_column(const Statement& row, int column) {
    const OctetView octets = row.octets(column);
    if (octets.size() != Sha256().size())
        return fail(Error{ErrorCode::Corrupt, "acme row", "a hash is not of 32 octets"});
    Sha256 hash;
    std::copy(octets.begin(), octets.end(), hash.begin());
    return hash;
}

Result<zones::Name> name_column(const Statement& row, int column) {
    const auto name = zones::Name::parse(row.text(column));
    if (!name) return fail(Error{ErrorCode::Corrupt, row.string(column), "is not a name"});
    return *name;
}

/// What stands in the column `server_id`: NULL for ourselves. Compared with IS.
std::optional<std::int64_t> subject_value(std::int64_t server_id) {
    return server_id == kOurselves ? std::nullopt : std::optional(server_id);
}
std::int64_t subject_column(const Statement& row, int column) {
    return row.is_null(column) ? kOurselves : row.integer(column);
}

std::string joined_names(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : " ") + name;
    return text;
}
std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find(' '), text.size());
        names.emplace_back(text.substr(0, size));
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return names;
}

constexpr std::string_view kAttemptColumns =
    "SELECT id, server_id, state, next_at, deadline_at, cause, created_at, changed_at, failures, "
    "problem_type, problem, zone_apex, public_name, internal_name, key_origin, csr, key_sealed, "
    "key_sha256, order_url, finalize_url, certificate_url, chain, certificate_sha256, "
    "other_names, exempt, incident, replaces, without_profile, directory, account, failed_there, "
    "rehearsal, canary, name_alone FROM acme_attempts ";

Result<AcmeAttemptRow> read_attempt(const Statement& row) {
    AcmeAttemptRow attempt;
    attempt.id = row.integer(0);
    attempt.server_id = subject_column(row, 1);
    attempt.state = TRY((from_text<AttemptState>(kStateTexts, row.text(2))));
    attempt.next_at = row.optional_time(3);
    attempt.deadline_at = row.optional_time(4);
    attempt.cause = TRY((from_text<AttemptCause>(kCauseTexts, row.text(5))));
    attempt.created_at = row.time(6);
    attempt.changed_at = row.time(7);
    attempt.failures = row.integer(8);
    attempt.problem_type = row.string(9);
    attempt.problem = row.string(10);
    attempt.zone_apex = TRY(name_column(row, 11));
    attempt.public_name = row.string(12);
    attempt.internal_name = row.string(13);
    attempt.key_origin = TRY((from_text<KeyOrigin>(kOriginTexts, row.text(14))));
    attempt.csr = row.copy_octets(15);
    attempt.key_sealed = row.copy_octets(16);
    attempt.key_sha256 = TRY(sha256_column(row, 17));
    attempt.order_url = row.string(18);
    attempt.finalize_url = row.string(19);
    attempt.certificate_url = row.string(20);
    attempt.chain = row.string(21);
    if (!row.is_null(22)) attempt.certificate_sha256 = TRY(sha256_column(row, 22));
    attempt.other_names = split_names(row.text(23));
    attempt.exempt = row.integer(24) != 0;
    attempt.incident = row.integer(25) != 0;
    attempt.replaces = row.string(26);
    attempt.without_profile = row.integer(27) != 0;
    attempt.directory = row.string(28);
    attempt.account = row.string(29);
    attempt.failed_there = row.integer(30);
    attempt.rehearsal = TRY((from_text<Rehearsal>(kRehearsalTexts, row.text(31))));
    attempt.canary = row.string(32);
    attempt.name_alone = row.string(33);
    return attempt;
}

Result<std::vector<AcmeAuthorizationRow>> read_authorizations(Database& database,
                                                              std::int64_t attempt_id) {
    Statement rows = TRY(database.statement(
        "SELECT url, name, challenge_url, txt_value, txt_owner, txt_apex, stays, "
        "elsewhere FROM acme_authorizations WHERE attempt_id = ?1 ORDER BY position"));
    rows.bind(attempt_id);
    std::vector<AcmeAuthorizationRow> authorizations;
    while (TRY(rows.step()))
        authorizations.push_back({rows.string(0), rows.string(1), rows.string(2), rows.string(3),
                                  rows.string(4), rows.string(5), rows.integer(6) != 0,
                                  rows.integer(7) != 0});
    return authorizations;
}

/// Before it is put there, so that it is found again whatever becomes of the attempt.
Result<void> note_place_elsewhere(Writer& writer, std::int64_t attempt_id,
                                  const AcmeAuthorizationRow& row) {
    return note_elsewhere(writer, {TRY(parse_apex(row.txt_owner)), row.txt_value,
                                   TRY(parse_apex(row.txt_apex)), attempt_id, writer.now()});
}

Result<void> write_authorizations(Writer& writer, const AcmeAttemptRow& row) {
    Database& database = writer.database();
    Statement clear =
        TRY(database.statement("DELETE FROM acme_authorizations WHERE attempt_id = ?1"));
    TRY(clear.bind(row.id).run());
    std::int64_t position = 0;
    for (const AcmeAuthorizationRow& each : row.authorizations) {
        Statement insert = TRY(
            database.statement("INSERT INTO acme_authorizations (attempt_id, position, url, name, "
                               "challenge_url, txt_value, txt_owner, txt_apex, stays, elsewhere) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"));
        TRY(insert
                .bind(row.id, position++, each.url, each.name, each.challenge_url, each.txt_value,
                      each.txt_owner, each.txt_apex, static_cast<std::int64_t>(each.stays),
                      static_cast<std::int64_t>(each.elsewhere))
                .run());
        if (each.elsewhere) TRY(note_place_elsewhere(writer, row.id, each));
    }
    return {};
}

constexpr std::string_view kCertificateColumns =
    "SELECT id, server_id, sha256, key_sha256, key_origin, not_before, not_after, issued_at, "
    "renew_at, deployed_at, chain, csr, key_sealed, name_alone FROM certificates ";

Result<CertificateRow> read_certificate(const Statement& row) {
    CertificateRow certificate;
    certificate.id = row.integer(0);
    certificate.server_id = subject_column(row, 1);
    certificate.sha256 = TRY(sha256_column(row, 2));
    certificate.key_sha256 = TRY(sha256_column(row, 3));
    certificate.key_origin = TRY((from_text<KeyOrigin>(kOriginTexts, row.text(4))));
    certificate.not_before = row.time(5);
    certificate.not_after = row.time(6);
    certificate.issued_at = row.time(7);
    certificate.renew_at = row.time(8);
    certificate.deployed_at = row.optional_time(9);
    certificate.chain = row.string(10);
    certificate.csr = row.copy_octets(11);
    certificate.key_sealed = row.copy_octets(12);
    certificate.name_alone = row.string(13);
    return certificate;
}
Result<std::optional<CertificateRow>> one_certificate(Statement& row) {
    if (!TRY(row.step())) return std::optional<CertificateRow>();
    return std::optional(TRY(read_certificate(row)));
}

Error gone(std::string_view what, std::int64_t id) {
    return Error{ErrorCode::NotFound, std::string(what) + " " + std::to_string(id), "is gone"};
}

}  // namespace

std::string subject_text(std::int64_t server_id) {
    return server_id == kOurselves ? "hairpind" : "server " + std::to_string(server_id);
}

std::string_view to_string(AttemptState state) noexcept {
    return kStateTexts[static_cast<std::size_t>(state)];
}
std::string_view to_string(AttemptCause cause) noexcept {
    return kCauseTexts[static_cast<std::size_t>(cause)];
}
std::string_view to_string(KeyOrigin origin) noexcept {
    return kOriginTexts[static_cast<std::size_t>(origin)];
}

std::string_view to_string(Rehearsal rehearsal) noexcept {
    return kRehearsalTexts[static_cast<std::size_t>(rehearsal)];
}

std::optional<AttemptState> attempt_state_from_text(std::string_view text) noexcept {
    const auto found = std::find(kStateTexts.begin(), kStateTexts.end(), text);
    if (found == kStateTexts.end()) return std::nullopt;
    return static_cast<AttemptState>(found - kStateTexts.begin());
}

bool is_under_way(AttemptState state) noexcept {
    return state != AttemptState::Offered && state != AttemptState::Deployed &&
           state != AttemptState::Superseded && state != AttemptState::Cancelled;
}

std::string managed_key_context(std::int64_t server_id, const Sha256& key_sha256) {
    return "managed-key:" + std::to_string(server_id) + ":" + to_hex(key_sha256);
}

Result<std::optional<AcmeAttemptRow>> AcmeQueries::one_attempt(Statement statement) {
    if (!TRY(statement.step())) return std::optional<AcmeAttemptRow>();
    AcmeAttemptRow attempt = TRY(read_attempt(statement));
    attempt.authorizations = TRY(read_authorizations(database_, attempt.id));
    return std::optional(std::move(attempt));
}

Result<std::optional<AcmeAttemptRow>> AcmeQueries::attempt(std::int64_t id) {
    Statement row = TRY(database_.statement(std::string(kAttemptColumns) + "WHERE id = ?1"));
    row.bind(id);
    return one_attempt(std::move(row));
}

Result<std::optional<AcmeAttemptRow>> AcmeQueries::live_attempt(const Subject& subject) {
    Statement row = TRY(database_.statement(
        std::string(kAttemptColumns) +
        "WHERE server_id IS ?1 AND name_alone = ?2 AND canary = '' AND state NOT IN ('offered', "
        "'deployed', 'superseded', 'cancelled')"));
    row.bind(subject_value(subject.server_id), subject.name_alone);
    return one_attempt(std::move(row));
}

Result<std::optional<AcmeAttemptRow>> AcmeQueries::live_canary(std::string_view directory) {
    Statement row = TRY(database_.statement(
        std::string(kAttemptColumns) +
        "WHERE server_id IS NULL AND canary = ?1 AND state NOT IN ('offered', 'deployed', "
        "'superseded', 'cancelled')"));
    row.bind(directory);
    return one_attempt(std::move(row));
}

Result<std::vector<AcmeQueries::Due>> AcmeQueries::scheduled(std::size_t limit,
                                                             std::int64_t after_id) {
    Statement rows =
        TRY(database_.statement("SELECT id, next_at FROM acme_attempts "
                                "WHERE next_at IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2"));
    rows.bind(after_id, static_cast<std::int64_t>(limit));
    std::vector<Due> due;
    while (TRY(rows.step()))
        due.push_back({rows.integer(0), rows.time(1)});
    return due;
}

Result<std::vector<AcmeAttemptRow>> AcmeQueries::settled_attempts(const Subject& subject) {
    Statement rows = TRY(database_.statement(
        std::string(kAttemptColumns) +
        "WHERE server_id IS ?1 AND name_alone = ?2 AND state IN ('offered', 'deployed') "
        "ORDER BY id"));
    rows.bind(subject_value(subject.server_id), subject.name_alone);
    std::vector<AcmeAttemptRow> attempts;
    while (TRY(rows.step()))
        attempts.push_back(TRY(read_attempt(rows)));
    return attempts;
}

Result<std::optional<CertificateRow>> AcmeQueries::current_certificate(const Subject& subject,
                                                                       WallTime now) {
    auto newest = TRY(current_certificates(subject, now, 1));
    if (newest.empty()) return std::optional<CertificateRow>();
    return std::optional(std::move(newest.front()));
}

Result<std::vector<CertificateRow>> AcmeQueries::current_certificates(const Subject& subject,
                                                                      WallTime now,
                                                                      std::size_t limit) {
    Statement rows = TRY(database_.statement(
        std::string(kCertificateColumns) +
        "WHERE server_id IS ?1 AND name_alone = ?2 AND not_after > ?3 "
        "AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.sha256 = certificates.sha256) "
        "ORDER BY issued_at DESC, id DESC LIMIT ?4"));
    rows.bind(subject_value(subject.server_id), subject.name_alone, now,
              static_cast<std::int64_t>(limit));
    std::vector<CertificateRow> certificates;
    while (TRY(rows.step()))
        certificates.push_back(TRY(read_certificate(rows)));
    return certificates;
}

Result<std::optional<CertificateRow>> AcmeQueries::newest_certificate(const Subject& subject,
                                                                      WallTime now) {
    Statement row = TRY(database_.statement(
        std::string(kCertificateColumns) +
        "WHERE server_id IS ?1 AND name_alone = ?2 "
        "AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.sha256 = certificates.sha256) "
        "ORDER BY not_after > ?3 DESC, issued_at DESC, id DESC LIMIT 1"));
    row.bind(subject_value(subject.server_id), subject.name_alone, now);
    return one_certificate(row);
}

Result<std::optional<CertificateRow>> AcmeQueries::certificate(std::int64_t server_id,
                                                               const Sha256& sha256) {
    Statement row = TRY(database_.statement(std::string(kCertificateColumns) +
                                            "WHERE server_id IS ?1 AND sha256 = ?2"));
    row.bind(subject_value(server_id), sha256);
    return one_certificate(row);
}

Result<std::vector<std::string>> AcmeQueries::names_alone(std::int64_t server_id) {
    return all_rows<std::string>(
        database_,
        "SELECT name_alone FROM certificates WHERE server_id = ?1 AND name_alone <> '' "
        "UNION SELECT name_alone FROM acme_attempts WHERE server_id = ?1 AND name_alone <> '' "
        "ORDER BY name_alone",
        [](auto& row) -> Result<std::string> { return row.string(0); }, server_id);
}

Result<std::vector<WallTime>> AcmeQueries::issues_since(const Subject& subject, WallTime since,
                                                        std::size_t limit) {
    Statement rows = TRY(database_.statement(
        "SELECT issued_at FROM certificates WHERE server_id IS ?1 AND name_alone = ?2 "
        "AND issued_at >= ?3 ORDER BY issued_at DESC LIMIT ?4"));
    rows.bind(subject_value(subject.server_id), subject.name_alone, since,
              static_cast<std::int64_t>(limit));
    std::vector<WallTime> times;
    while (TRY(rows.step()))
        times.push_back(rows.time(0));
    return times;
}

Result<std::vector<WallTime>> AcmeQueries::attempts_since(const Subject& subject, WallTime since,
                                                          std::size_t limit) {
    Statement rows = TRY(database_.statement(
        "SELECT created_at FROM acme_attempts WHERE server_id IS ?1 AND name_alone = ?2 "
        "AND canary = '' AND created_at >= ?3 "
        "AND (failures > 0 OR state NOT IN ('wanted', 'admitted')) "
        "ORDER BY created_at DESC LIMIT ?4"));
    rows.bind(subject_value(subject.server_id), subject.name_alone, since,
              static_cast<std::int64_t>(limit));
    std::vector<WallTime> times;
    while (TRY(rows.step()))
        times.push_back(rows.time(0));
    return times;
}

Result<bool> AcmeQueries::is_key_of_others(std::int64_t server_id, const Sha256& key_sha256) {
    // IS NOT: what belongs to no server belongs to another one than this.
    Statement rows = TRY(database_.statement(
        "SELECT 1 FROM (SELECT server_id FROM certificates WHERE key_sha256 = ?2 "
        "UNION SELECT server_id FROM acme_attempts WHERE key_sha256 = ?2) AS holders "
        "LEFT JOIN servers ON servers.id = holders.server_id "
        "WHERE servers.licence IS NOT (SELECT licence FROM servers WHERE id = ?1) LIMIT 1"));
    rows.bind(server_id, key_sha256);
    return rows.step();
}

Result<std::vector<std::int64_t>> AcmeQueries::attempts_by_state() {
    Statement rows =
        TRY(database_.statement("SELECT state, count(*) FROM acme_attempts GROUP BY state"));
    std::vector<std::int64_t> counts(kAttemptStates, 0);
    while (TRY(rows.step())) {
        const AttemptState state = TRY((from_text<AttemptState>(kStateTexts, rows.text(0))));
        counts[static_cast<std::size_t>(state)] = rows.integer(1);
    }
    return counts;
}

Result<std::int64_t> insert_attempt(Writer& writer, const AcmeAttemptRow& row) {
    Database& database = writer.database();
    Statement insert = TRY(database.statement(
        "INSERT INTO acme_attempts (server_id, state, next_at, deadline_at, cause, created_at, "
        "changed_at, failures, problem_type, problem, zone_apex, public_name, internal_name, "
        "key_origin, csr, key_sealed, key_sha256, order_url, finalize_url, certificate_url, chain, "
        "certificate_sha256, exempt, incident, replaces, without_profile, other_names, directory, "
        "account, failed_there, rehearsal, canary, name_alone) VALUES (?1, "
        "?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
        "?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)"));
    const std::string apex = row.zone_apex.lower().text();
    TRY(insert
            .bind(subject_value(row.server_id), to_string(row.state), row.next_at, row.deadline_at,
                  to_string(row.cause), writer.now(), row.failures, row.problem_type, row.problem,
                  apex, row.public_name, row.internal_name, to_string(row.key_origin), row.csr,
                  row.key_sealed, row.key_sha256, row.order_url, row.finalize_url,
                  row.certificate_url, row.chain, row.certificate_sha256, std::int64_t{row.exempt},
                  std::int64_t{row.incident}, row.replaces, std::int64_t{row.without_profile},
                  joined_names(row.other_names), row.directory, row.account, row.failed_there,
                  to_string(row.rehearsal), row.canary, row.name_alone)
            .run());
    AcmeAttemptRow inserted = row;
    inserted.id = database.last_insert_id();
    TRY(write_authorizations(writer, inserted));
    return inserted.id;
}

Result<void> update_attempt(Writer& writer, const AcmeAttemptRow& row, AttemptState expected) {
    Database& database = writer.database();
    Statement update = TRY(database.statement(
        "UPDATE acme_attempts SET state = ?3, next_at = ?4, deadline_at = ?5, changed_at = ?6, "
        "failures = ?7, problem_type = ?8, problem = ?9, csr = ?10, key_sealed = ?11, "
        "key_sha256 = ?12, order_url = ?13, finalize_url = ?14, certificate_url = ?15, "
        "chain = ?16, certificate_sha256 = ?17, exempt = ?18, incident = ?19, replaces = ?20, "
        "without_profile = ?21, directory = ?22, account = ?23, failed_there = ?24, "
        "rehearsal = ?25 WHERE id = ?1 AND state = ?2"));
    TRY(update
            .bind(row.id, to_string(expected), to_string(row.state), row.next_at, row.deadline_at,
                  writer.now(), row.failures, row.problem_type, row.problem, row.csr,
                  row.key_sealed, row.key_sha256, row.order_url, row.finalize_url,
                  row.certificate_url, row.chain, row.certificate_sha256, std::int64_t{row.exempt},
                  std::int64_t{row.incident}, row.replaces, std::int64_t{row.without_profile},
                  row.directory, row.account, row.failed_there, to_string(row.rehearsal))
            .run());
    if (database.changed_rows() == 0) {
        Statement find = TRY(database.statement("SELECT state FROM acme_attempts WHERE id = ?1"));
        find.bind(row.id);
        if (!TRY(find.step())) return fail(gone("attempt", row.id));
        return fail(
            Error{ErrorCode::Conflict, "attempt " + std::to_string(row.id),
                  "is " + find.string(0) + " by now, not " + std::string(to_string(expected))});
    }
    TRY(write_authorizations(writer, row));
    return tell_of_failure(writer, row, expected);
}

Result<std::int64_t> insert_certificate(Writer& writer, const CertificateRow& row) {
    TRY(tell_of_issue(writer, row));
    Statement insert = TRY(writer.database().statement(
        "INSERT INTO certificates (server_id, sha256, key_sha256, key_origin, not_before, "
        "not_after, issued_at, renew_at, deployed_at, chain, csr, key_sealed, name_alone) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"));
    TRY(insert
            .bind(subject_value(row.server_id), row.sha256, row.key_sha256,
                  to_string(row.key_origin), row.not_before, row.not_after, row.issued_at,
                  row.renew_at, row.deployed_at, row.chain, row.csr, row.key_sealed, row.name_alone)
            .run());
    return writer.database().last_insert_id();
}

Result<void> set_served(Writer& writer, std::int64_t server_id, const Sha256& certificate) {
    return writer.database().run("UPDATE servers SET certificate_sha256 = ?2 WHERE id = ?1",
                                 server_id, certificate);
}

Result<void> set_deployed(Writer& writer, std::int64_t certificate_id) {
    TRY(tell_of_deployment(writer, certificate_id));
    Statement update = TRY(writer.database().statement(
        "UPDATE certificates SET deployed_at = coalesce(deployed_at, ?2) WHERE id = ?1"));
    TRY(update.bind(certificate_id, writer.now()).run());
    if (writer.database().changed_rows() == 0) return fail(gone("certificate", certificate_id));
    return {};
}

Result<void> erase_managed_key(Writer& writer, std::int64_t certificate_id) {
    Statement update =
        TRY(writer.database().statement("UPDATE certificates SET key_sealed = x'' WHERE id = ?1"));
    TRY(update.bind(certificate_id).run());
    if (writer.database().changed_rows() == 0) return fail(gone("certificate", certificate_id));
    return {};
}

Result<void> erase_deployed_keys(Writer& writer) {
    return writer.database().run(
        "UPDATE certificates SET key_sealed = x'' WHERE server_id IS NOT NULL"
        " AND deployed_at IS NOT NULL AND length(key_sealed) > 0");
}

Result<void> prune_acme(Writer& writer, const Subject& subject, WallTime before) {
    Statement attempts = TRY(writer.database().statement(
        "DELETE FROM acme_attempts WHERE server_id IS ?1 AND name_alone = ?2 "
        "AND state IN ('superseded', 'cancelled') AND id NOT IN (SELECT id FROM acme_attempts "
        "WHERE server_id IS ?1 AND name_alone = ?2 ORDER BY id DESC LIMIT 10)"));
    TRY(attempts.bind(subject_value(subject.server_id), subject.name_alone).run());
    Statement certificates = TRY(writer.database().statement(
        "DELETE FROM certificates WHERE server_id IS ?1 AND not_after < ?2"));
    return certificates.bind(subject_value(subject.server_id), before).run();
}

}  // namespace hairpin::store
