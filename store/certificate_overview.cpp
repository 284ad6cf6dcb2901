#include "store/certificate_overview.hpp"

#include <algorithm>
#include <utility>

#include "store/rows.hpp"

namespace hairpin::store {
namespace {

constexpr const char* kOverview =
    "SELECT s.id, s.licence, s.label, s.certificate_sha256, "
    "c.id, c.sha256, c.key_sha256, c.not_before, c.not_after, c.issued_at, c.renew_at, "
    "c.deployed_at, a.state, a.next_at, a.problem "
    "FROM servers AS s "
    "LEFT JOIN certificates AS c ON c.id = "
    "(SELECT id FROM certificates WHERE server_id = s.id AND name_alone = '' "
    "AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.sha256 = certificates.sha256) "
    "ORDER BY not_after > ?1 DESC, issued_at DESC, id DESC LIMIT 1) "
    "LEFT JOIN acme_attempts AS a ON a.server_id = s.id AND a.name_alone = '' "
    "AND a.state NOT IN ('offered', 'deployed', 'superseded', 'cancelled') "
    "WHERE s.id > ?2 ORDER BY s.id LIMIT ?3";

constexpr int kServerAt = 0;
constexpr int kLicenceAt = 1;
constexpr int kLabelAt = 2;
constexpr int kServedAt = 3;
constexpr int kCertificateAt = 4;
constexpr int kSha256At = 5;
constexpr int kKeyAt = 6;
constexpr int kNotBeforeAt = 7;
constexpr int kNotAfterAt = 8;
constexpr int kIssuedAt = 9;
constexpr int kRenewAt = 10;
constexpr int kDeployedAt = 11;
constexpr int kStateAt = 12;
constexpr int kNextAt = 13;
constexpr int kProblemAt = 14;

Result<Sha256> digest_of(const Statement& row, int column) {
    const OctetView octets = row.octets(column);
    Sha256 digest{};
    if (octets.size() != digest.size())
        return fail(Error{ErrorCode::Corrupt, "servers", "a digest has another size"});
    std::copy(octets.begin(), octets.end(), digest.begin());
    return digest;
}

Result<CertificateOverview> read_overview(const Statement& row) {
    CertificateOverview overview;
    overview.server_id = row.integer(kServerAt);
    overview.licence = row.string(kLicenceAt);
    overview.label = row.string(kLabelAt);
    if (!row.is_null(kServedAt)) overview.served = TRY(digest_of(row, kServedAt));
    if (!row.is_null(kCertificateAt)) {
        CertificateRow certificate;
        certificate.id = row.integer(kCertificateAt);
        certificate.server_id = overview.server_id;
        certificate.sha256 = TRY(digest_of(row, kSha256At));
        certificate.key_sha256 = TRY(digest_of(row, kKeyAt));
        certificate.not_before = row.time(kNotBeforeAt);
        certificate.not_after = row.time(kNotAfterAt);
        certificate.issued_at = row.time(kIssuedAt);
        certificate.renew_at = row.time(kRenewAt);
        certificate.deployed_at = row.optional_time(kDeployedAt);
        overview.twin.certificate = std::move(certificate);
    }
    if (!row.is_null(kStateAt)) {
        AcmeAttemptRow live;
        const auto state = attempt_state_from_text(row.text(kStateAt));
        if (!state)
            return fail(Error{ErrorCode::Corrupt, "acme_attempts", "a state that is none of ours"});
        live.server_id = overview.server_id;
        live.state = *state;
        live.next_at = row.optional_time(kNextAt);
        live.problem = row.string(kProblemAt);
        overview.twin.live = std::move(live);
    }
    return overview;
}

/// Of those among `all`, which are in the order of their ids.
Result<void> add_names_alone(Database& database, WallTime now,
                             std::vector<CertificateOverview>& all) {
    if (all.empty()) return {};
    const auto servers = TRY(all_rows<std::int64_t>(
        database,
        "SELECT server_id FROM acme_attempts WHERE name_alone <> '' AND server_id BETWEEN ?1 AND ?2"
        " UNION SELECT server_id FROM certificates WHERE name_alone <> ''"
        " AND server_id BETWEEN ?1 AND ?2",
        [](auto& row) -> Result<std::int64_t> { return row.integer(0); }, all.front().server_id,
        all.back().server_id));
    AcmeQueries queries(database);
    for (const std::int64_t id : servers) {
        const auto found = std::lower_bound(
            all.begin(), all.end(), id, [](const CertificateOverview& each, std::int64_t wanted) {
                return each.server_id < wanted;
            });
        if (found == all.end() || found->server_id != id) continue;
        for (std::string& name : TRY(queries.names_alone(id))) {
            const Subject subject(id, name);
            Standing standing{TRY(queries.newest_certificate(subject, now)),
                              TRY(queries.live_attempt(subject))};
            if (standing.certificate || standing.live)
                found->alone.push_back({std::move(name), std::move(standing)});
        }
    }
    return {};
}

}  // namespace

Result<std::vector<CertificateOverview>> certificate_overview(Database& database, WallTime now,
                                                              std::size_t limit,
                                                              std::int64_t after_id) {
    Statement rows = TRY(database.statement(kOverview));
    rows.bind(now, after_id, static_cast<std::int64_t>(limit));
    std::vector<CertificateOverview> all;
    while (TRY(rows.step()))
        all.push_back(TRY(read_overview(rows)));
    TRY(add_names_alone(database, now, all));
    return all;
}

}  // namespace hairpin::store
