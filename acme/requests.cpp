#include "acme/requests.hpp"

#include <algorithm>
#include <utility>

#include "acme/engine.hpp"
#include "store/acme_rows.hpp"

namespace hairpin::acme {
namespace {

using store::AcmeAttemptRow;
using store::AcmeQueries;
using store::CertificateRow;

std::string subject_of(std::int64_t server_id) {
    return "server " + std::to_string(server_id);
}

struct TwinNames {
    zones::Name apex;
    std::string public_name;
    std::string internal_name;
};

/// The names that this server's certificate is for, from the store alone.
Result<TwinNames> twin_names(store::Writer& writer, const CertificateRequest& request) {
    const auto server = TRY(writer.read().server(request.server_id));
    if (!server)
        return fail(
            Error{ErrorCode::NotFound, subject_of(request.server_id), "there is no such server"});
    const auto licence = TRY(writer.read().licence(server->licence));
    if (!licence)
        return fail(Error{ErrorCode::NotFound, server->licence, "there is no such licence"});
    const bool expired = licence->expires_at && *licence->expires_at <= writer.now();
    if (server->state == store::ServerState::Suspended ||
        licence->state == store::LicenceState::Suspended || expired)
        return fail(Error{ErrorCode::Denied, server->licence + "/" + server->label,
                          "the server or its licence is suspended or has expired"});
    const auto name = [&](const std::string& label) {
        return zones::Name::child(label, licence->zone_apex);
    };
    const auto outside = name(server->label);
    const auto inside = name(request.internal_prefix + server->label);
    // The longest owner we need must fit too.
    if (!outside || !inside || !challenge_name(inside->text()))
        return fail(Error{ErrorCode::Invalid, server->label, "its names are too long for DNS"});
    return TwinNames{licence->zone_apex, outside->lower().text_without_dot(),
                     inside->lower().text_without_dot()};
}

bool is_for(const CertificateRequest& request, store::KeyOrigin origin, const Sha256& key) {
    if (!request.csr) return origin == store::KeyOrigin::Managed;
    return origin == store::KeyOrigin::Device && key == request.csr->key_sha256;
}

/// Whether the certificate is the answer to the request. A managed key that was handed out cannot
/// be given again, so whoever asks for one has lost it.
bool answers(const CertificateRow& row, const CertificateRequest& request, WallTime now) {
    if (!is_for(request, row.key_origin, row.key_sha256)) return false;
    if (!request.csr && row.key_sealed.empty()) return false;
    return now - row.issued_at < request.young;
}

Result<void> supersede(store::Writer& writer, zones::Change& change, AcmeAttemptRow row,
                       const CertificateRequest& request) {
    const StateName was = row.state;
    const Attempt old = TRY(from_row(std::move(row)));
    const Step replaced = TRY(step(old, Replaced{}, writer.now(), request.ladder));
    // A zone that is not there any more has no values either.
    if (replaced.effect == ZoneEffect::RemoveTxt && writer.zones().find(old.zone_apex) != nullptr)
        change.zones.push_back(txt_zone_change(old.zone_apex, published(old.state),
                                               zones::EditKind::DeleteRecords, request.txt_ttl));
    return update_attempt(writer, to_row(replaced.next), was);
}

AcmeAttemptRow new_attempt(const CertificateRequest& request, const TwinNames& names,
                           const std::optional<CertificateRow>& current, WallTime now) {
    AcmeAttemptRow row;
    row.server_id = request.server_id;
    row.state = StateName::Wanted;
    row.next_at = now;
    row.cause = store::AttemptCause::First;
    if (current)
        row.cause = is_for(request, current->key_origin, current->key_sha256)
                        ? store::AttemptCause::Again
                        : store::AttemptCause::NewKey;
    row.zone_apex = names.apex;
    row.public_name = names.public_name;
    row.internal_name = names.internal_name;
    row.key_origin = request.csr ? store::KeyOrigin::Device : store::KeyOrigin::Managed;
    if (request.csr) {
        row.csr = request.csr->der;
        row.key_sha256 = request.csr->key_sha256;
    }
    return row;
}

}  // namespace

Result<CertificateState> take_request(store::Writer& writer, zones::Change& change,
                                      const CertificateRequest& request, std::int64_t& wake) {
    const TwinNames names = TRY(twin_names(writer, request));
    if (request.csr) TRY(check_names(*request.csr, names.public_name, names.internal_name));

    AcmeQueries queries(writer.database());
    const auto state = [&] {
        return certificate_state(writer.read(), request.server_id, writer.now());
    };
    auto live = TRY(queries.live_attempt(request.server_id));
    if (live && is_for(request, live->key_origin, live->key_sha256) &&
        live->public_name == names.public_name && live->internal_name == names.internal_name)
        return state();
    if (live) TRY(supersede(writer, change, std::move(*live), request));

    const auto current = TRY(queries.current_certificate(request.server_id, writer.now()));
    if (current && answers(*current, request, writer.now())) return state();
    wake = TRY(insert_attempt(writer, new_attempt(request, names, current, writer.now())));
    return state();
}

Result<void> take_deployed(store::Writer& writer, std::int64_t server_id, const Sha256& sha256,
                           const Ladder& ladder) {
    AcmeQueries queries(writer.database());
    const auto certificate = TRY(queries.certificate(server_id, sha256));
    if (!certificate)
        return fail(Error{ErrorCode::NotFound, to_hex(sha256),
                          "is not a certificate that this server was given"});
    TRY(set_deployed(writer, certificate->id));
    auto settled = TRY(queries.settled_attempts(server_id));
    for (AcmeAttemptRow& row : settled) {
        if (row.state != StateName::Offered || row.certificate_sha256 != sha256) continue;
        const Step deployed = TRY(step_row(std::move(row), Acknowledged{}, writer.now(), ladder));
        TRY(update_attempt(writer, to_row(deployed.next), StateName::Offered));
    }
    return {};
}

Result<std::string> hand_out_key(store::Writer& writer, std::int64_t server_id,
                                 const Sealer& sealer) {
    AcmeQueries queries(writer.database());
    const auto certificate = TRY(queries.current_certificate(server_id, writer.now()));
    if (!certificate || certificate->key_origin != store::KeyOrigin::Managed)
        return fail(Error{ErrorCode::NotFound, subject_of(server_id),
                          "has no certificate with a managed key"});
    if (certificate->key_sealed.empty())
        return fail(Error{ErrorCode::NotFound, subject_of(server_id),
                          "its managed key was handed out already; ask for a new certificate if "
                          "it was lost"});
    const Octets der = TRY(sealer.open(
        certificate->key_sealed, store::managed_key_context(server_id, certificate->key_sha256)));
    const SigningKey key = TRY(SigningKey::from_pkcs8(der));
    TRY(erase_managed_key(writer, certificate->id));
    return key.pem();
}

Result<std::int64_t> take_retry(store::Writer& writer, std::int64_t server_id,
                                const Ladder& ladder) {
    AcmeQueries queries(writer.database());
    auto live = TRY(queries.live_attempt(server_id));
    if (!live || (live->state != StateName::Backoff && live->state != StateName::Blocked))
        return fail(Error{ErrorCode::NotFound, subject_of(server_id),
                          "has no attempt that waits to be tried again"});
    const StateName was = live->state;
    const Step again = TRY(step_row(std::move(*live), PauseOver{}, writer.now(), ladder));
    TRY(update_attempt(writer, to_row(again.next), was));
    return again.next.id;
}

}  // namespace hairpin::acme
