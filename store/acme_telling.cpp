// What is told of certificates: the second half of telling.hpp.

#include <optional>
#include <utility>

#include "store/rows.hpp"
#include "store/telling.hpp"

namespace hairpin::store {
namespace {

/// What is told of a certificate.
struct ToldCertificate {
    std::int64_t server_id = kOurselves;
    std::string sha256;  // In hexadecimal digits.
    WallTime not_before{};
    WallTime not_after{};
};

void add_certificate(JsonWriter& data, const ToldCertificate& certificate) {
    data.member("sha256", certificate.sha256);
    data.member("not_before", certificate.not_before);
    data.member("not_after", certificate.not_after);
}

Result<bool> has_certificates(Database& database, const Subject& subject) {
    const std::optional<std::int64_t> owner =
        subject.server_id == kOurselves ? std::nullopt : std::optional(subject.server_id);
    Statement find = TRY(database.statement(
        "SELECT 1 FROM certificates WHERE server_id IS ?1 AND name_alone = ?2 LIMIT 1"));
    find.bind(owner, subject.name_alone);
    return find.step();
}

}  // namespace

Result<void> tell_of_failure(Writer& writer, const AcmeAttemptRow& row, AttemptState before) {
    if (row.state == before) return {};
    const bool is_blocked = row.state == AttemptState::Blocked;
    if (!is_blocked && row.state != AttemptState::Backoff) return {};
    return tell_of_certificate(
        writer, is_blocked ? EventKind::CertificateBlocked : EventKind::CertificateFailed,
        row.server_id, [&](JsonWriter& data) {
            data.member("name", row.public_name);
            data.member("cause", to_string(row.cause));
            data.member("problem_type", row.problem_type);
            data.member("problem", row.problem);
            data.member("failures", row.failures);
            data.member("next_attempt", row.next_at);
        });
}

Result<void> tell_of_issue(Writer& writer, const CertificateRow& row) {
    const bool is_renewed = TRY(has_certificates(writer.database(), row.subject()));
    return tell_of_certificate(
        writer, is_renewed ? EventKind::CertificateRenewed : EventKind::CertificateIssued,
        row.server_id, [&](JsonWriter& data) {
            add_certificate(data,
                            {row.server_id, to_hex(row.sha256), row.not_before, row.not_after});
            data.member("renewal", row.renew_at);
            if (!row.name_alone.empty()) data.member("name", row.name_alone);
        });
}

Result<void> tell_of_deployment(Writer& writer, std::int64_t certificate_id) {
    const auto row = TRY(one_row<ToldCertificate>(
        writer.database(),
        "SELECT server_id, sha256, not_before, not_after FROM certificates"
        " WHERE id = ?1 AND deployed_at IS NULL",
        [](auto& found) -> Result<ToldCertificate> {
            return ToldCertificate{found.is_null(0) ? kOurselves : found.integer(0),
                                   to_hex(found.octets(1)), found.time(2), found.time(3)};
        },
        certificate_id));
    if (!row) return {};
    return tell_of_certificate(writer, EventKind::CertificateDeployed, row->server_id,
                               [&](JsonWriter& data) { add_certificate(data, *row); });
}

Result<void> tell_of_account(Writer& writer, const AcmeAccountRow& row) {
    if (row.url.empty() || !row.next_key_sealed.empty()) return {};
    Event event{EventKind::AcmeAccount, "", row.directory, {}};
    event.data.begin_object();
    event.data.member("directory", row.directory);
    event.data.member("account", row.url);
    event.data.member("role", to_string(row.role));
    event.data.end_object();
    return writer.tell(std::move(event));
}

// The server, and its licence, may be gone: what is known of them is the row's subject.
Result<void> tell_of_revocation(Writer& writer, const RevocationRow& row) {
    if (!row.done_at && row.next_at) return {};
    Event event;
    event.kind =
        row.done_at ? EventKind::CertificateRevoked : EventKind::CertificateRevocationFailed;
    event.licence = row.subject.substr(0, row.subject.find('/'));
    if (event.licence.size() == row.subject.size()) event.licence.clear();  // Our own.
    event.subject = row.subject;
    event.data.begin_object();
    event.data.member("sha256", to_hex(row.sha256));
    event.data.member("reason", std::int64_t{row.reason});
    event.data.member("asked", row.asked_at);
    if (!row.done_at) event.data.member("problem", row.problem);
    event.data.end_object();
    return writer.tell(std::move(event));
}

}  // namespace hairpin::store
