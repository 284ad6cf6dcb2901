#include "acme/requests.hpp"

#include <algorithm>
#include <utility>

#include "acme/engine.hpp"
#include "acme/renewal_window.hpp"
#include "core/assert.hpp"
#include "store/acme_rows.hpp"
#include "store/alias_rows.hpp"
#include "store/renewal_rows.hpp"
#include "store/revocation_rows.hpp"

namespace hairpin::acme {
namespace {

using store::AcmeAttemptRow;
using store::AcmeQueries;
using store::CertificateRow;

struct TwinNames {
    zones::Name apex;
    std::string public_name;
    std::string internal_name;
    std::vector<std::string> others;  // Aliases.
};

/// The names that this server's certificate is for, from the store alone.
Result<TwinNames> twin_names(store::Writer& writer, const CertificateRequest& request) {
    const auto server = TRY(writer.read().server(request.server_id));
    if (!server)
        return fail(Error{ErrorCode::NotFound, store::subject_text(request.server_id),
                          "there is no such server"});
    const auto licence = TRY(writer.read().licence(server->licence));
    if (!licence)
        return fail(Error{ErrorCode::NotFound, server->licence, "there is no such licence"});
    const bool expired = licence->expires_at && *licence->expires_at <= writer.now();
    if (server->state == store::ServerState::Suspended ||
        licence->state == store::LicenceState::Suspended || expired)
        return fail(Error{ErrorCode::Denied, server->licence + "/" + server->label,
                          "the server or its licence is suspended or has expired"});
    if (server->state == store::ServerState::Frozen)
        return fail(Error{ErrorCode::Denied, server->licence + "/" + server->label,
                          "two machines use the identity of this server: it gets no certificate "
                          "until an operator has made it active again"});
    const auto name = [&](const std::string& label) {
        return zones::Name::child(label, licence->zone_apex);
    };
    const auto outside = name(server->label);
    const auto inside = name(request.internal_prefix + server->label);
    // The longest owner we need must fit too.
    if (!outside || !inside || !challenge_name(inside->text()))
        return fail(Error{ErrorCode::Invalid, server->label, "its names are too long for DNS"});
    return TwinNames{licence->zone_apex, outside->lower().text_without_dot(),
                     inside->lower().text_without_dot(),
                     TRY(alias_names(writer.database(), request.server_id))};
}

/// Of the names that the server may have in its certificate those that are asked for.
Result<TwinNames> names_wanted(store::Writer& writer, const CertificateRequest& request) {
    TwinNames names = TRY(twin_names(writer, request));
    if (!request.csr) return names;
    TRY(check_names(*request.csr, names.public_name, names.internal_name, names.others));
    names.others = others_of(*request.csr, names.public_name, names.internal_name);
    return names;
}

bool is_for(const CertificateRequest& request, store::KeyOrigin origin, const Sha256& key) {
    if (!request.csr) return origin == store::KeyOrigin::Managed;
    return origin == store::KeyOrigin::Device && key == request.csr->key_sha256;
}

bool is_for_names(const AcmeAttemptRow& row, const TwinNames& names) {
    return row.public_name == names.public_name && row.internal_name == names.internal_name &&
           row.other_names == names.others;
}

/// The same of a certificate: it names what its CSR named (acme/chain.hpp sees to that).
bool is_for_names(const CertificateRow& row, const TwinNames& names) {
    if (row.csr.empty()) return names.others.empty();
    const auto csr = read_csr(row.csr);
    return csr && others_of(*csr, names.public_name, names.internal_name) == names.others;
}

/// Whether the certificate is the answer to the request. A managed key that was erased cannot be
/// given again, so whoever asks for one has lost it.
bool answers(const CertificateRow& row, const CertificateRequest& request, const TwinNames& names,
             WallTime now) {
    if (!is_for(request, row.key_origin, row.key_sha256)) return false;
    if (!request.csr && row.key_sealed.empty()) return false;
    return now - row.issued_at < request.young && is_for_names(row, names);
}

bool is_paused(const AcmeAttemptRow& row) {
    return row.state == StateName::Backoff || row.state == StateName::Blocked;
}

/// Whether a request may end the pause of an attempt that failed.
bool may_retry(const AcmeAttemptRow& row, Milliseconds retry_pause, WallTime now) {
    return is_paused(row) && is_mendable(row.problem_type) && now - row.changed_at >= retry_pause;
}

Result<void> end_pause(store::Writer& writer, AcmeAttemptRow row, const Ladder& ladder) {
    const StateName was = row.state;
    const Step again = TRY(step_row(std::move(row), PauseOver{}, writer.now(), ladder));
    return update_attempt(writer, to_row(again.next), was);
}

Result<void> supersede(store::Writer& writer, zones::Change& change, AcmeAttemptRow row,
                       std::uint32_t txt_ttl, const Ladder& ladder, EngineNews& news) {
    const StateName was = row.state;
    news.replaced = row.id;
    if (was <= StateName::Challenged) news.order_url = row.order_url;
    const Attempt old = TRY(from_row(std::move(row)));
    const Step replaced = TRY(step(old, Replaced{}, writer.now(), ladder));
    // A zone that is not there any more has no values either.
    if (replaced.effect == ZoneEffect::RemoveTxt)
        for (auto& each :
             txt_changes(old.zone_apex, published(old.state), TxtEffect::Remove, txt_ttl))
            if (writer.zones().find(each.apex) != nullptr) change.zones.push_back(std::move(each));
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
    row.other_names = names.others;
    row.key_origin = request.csr ? store::KeyOrigin::Device : store::KeyOrigin::Managed;
    if (request.csr) {
        row.csr = request.csr->der;
        row.key_sha256 = request.csr->key_sha256;
    }
    return row;
}

/// The attempt that offers this certificate, while it does.
Result<std::optional<AcmeAttemptRow>> offering_attempt(AcmeQueries& queries, std::int64_t server_id,
                                                       const Sha256& certificate) {
    auto settled = TRY(queries.settled_attempts(server_id));
    for (AcmeAttemptRow& row : settled)
        if (row.state == StateName::Offered && row.certificate_sha256 == certificate)
            return std::optional(std::move(row));
    return std::optional<AcmeAttemptRow>();
}

/// What failed, and how often, does not end with a key; but who was told to leave a name out, and
/// does, has mended it.
void inherit(AcmeAttemptRow& row, const AcmeAttemptRow& old, bool ends_pause) {
    if (old.problem_type == kAliasRemoved && row.other_names != old.other_names) return;
    row.failures = old.failures;
    if (old.failures == 0) return;
    row.problem_type = old.problem_type;
    row.problem = old.problem;
    if (!is_paused(old) || ends_pause) return;
    row.state = old.state;
    row.next_at = old.next_at;
}

bool asks_for(const AcmeAttemptRow& row, const OwnNames& names) {
    return own_names_of(row) == names;
}

/// Whether it waits for a limit of ours on renewals, which are in no hurry.
bool is_held_back(const AcmeAttemptRow& row) {
    return row.state == StateName::Wanted && row.problem_type == "postponed";
}

/// Whether a certificate for these names is there, and somebody sees to its renewal.
Result<bool> has_own(AcmeQueries& queries, const OwnNames& names, WallTime now) {
    const auto settled = TRY(queries.settled_attempts(store::kOurselves));
    for (const AcmeAttemptRow& row : settled) {
        if (!asks_for(row, names)) continue;
        const auto certificate =
            TRY(queries.certificate(store::kOurselves, row.certificate_sha256.value_or(Sha256())));
        if (certificate && certificate->not_after > now) return true;
    }
    return false;
}

}  // namespace

Result<CertificateState> take_request(store::Writer& writer, zones::Change& change,
                                      const CertificateRequest& request, EngineNews& news) {
    const TwinNames names = TRY(names_wanted(writer, request));
    AcmeQueries queries(writer.database());
    if (request.csr) {
        if (TRY(store::is_compromised_key(writer.database(), request.csr->key_sha256)))
            return fail(Error{ErrorCode::Invalid, "CSR",
                              "its key was revoked as compromised: make a new one"});
        // Not whose: whoever sends a public key that is in another's certificate learns nothing.
        if (TRY(queries.is_key_of_others(request.server_id, request.csr->key_sha256)))
            return fail(
                Error{ErrorCode::Invalid, "CSR",
                      "its key is in use at another customer: a key is made on each server, "
                      "and is in no image or backup that others get; make a new one"});
    }
    const auto state = [&] {
        return certificate_state(writer.read(), request.server_id, writer.now());
    };
    const auto live = TRY(queries.live_attempt(request.server_id));
    const bool ends_pause = live && may_retry(*live, request.retry_pause, writer.now());
    if (live && is_for(request, live->key_origin, live->key_sha256) && is_for_names(*live, names)) {
        if (!ends_pause) return state();
        TRY(end_pause(writer, *live, request.ladder));
        news.wake = live->id;
        return state();
    }
    if (live) TRY(supersede(writer, change, *live, request.txt_ttl, request.ladder, news));

    const auto current = TRY(queries.current_certificate(request.server_id, writer.now()));
    if (current && answers(*current, request, names, writer.now())) return state();
    AcmeAttemptRow successor = new_attempt(request, names, current, writer.now());
    // What it serves is good by its dates and no more: it cannot wait for new customers.
    successor.incident =
        !current && TRY(store::has_revoked(writer.database(), request.server_id, writer.now()));
    if (live) inherit(successor, *live, ends_pause);
    news.wake = TRY(insert_attempt(writer, successor));
    return state();
}

Result<std::vector<std::string>> alias_names(store::Database& database, std::int64_t server_id) {
    std::vector<std::string> names;
    if (server_id == store::kOurselves) return names;
    for (store::AliasRow& row : TRY(store::aliases_of(database, server_id)))
        names.push_back(std::move(row.name));
    return names;
}

Result<std::string> removed_alias(store::Database& database, const Attempt& attempt) {
    if (attempt.server_id == store::kOurselves || attempt.other_names.empty()) return std::string();
    const auto names = TRY(alias_names(database, attempt.server_id));
    for (const std::string& each : attempt.other_names)
        if (std::find(names.begin(), names.end(), each) == names.end()) return each;
    return std::string();
}

Result<CertificateState> take_own_request(store::Writer& writer, zones::Change& change,
                                          const OwnRequest& request, EngineNews& news) {
    AcmeQueries queries(writer.database());
    const WallTime now = writer.now();
    const auto state = [&] { return certificate_state(writer.read(), store::kOurselves, now); };
    const auto live = TRY(queries.live_attempt(store::kOurselves));
    const bool is_passed_over = live && request.renew == Renew::Now && is_held_back(*live);
    if (live && asks_for(*live, request.names) && !is_passed_over) {
        const bool ends_pause = request.renew == Renew::Now
                                    ? is_paused(*live)
                                    : may_retry(*live, request.retry_pause, now);
        if (!ends_pause) return state();
        TRY(end_pause(writer, *live, request.ladder));
        news.wake = live->id;
        return state();
    }
    if (live) TRY(supersede(writer, change, *live, request.txt_ttl, request.ladder, news));
    if (request.renew == Renew::WhenDue && TRY(has_own(queries, request.names, now)))
        return state();

    const auto current = TRY(queries.current_certificate(store::kOurselves, now));
    AcmeAttemptRow row;
    row.server_id = store::kOurselves;
    row.next_at = now;
    row.cause = current ? store::AttemptCause::Again : store::AttemptCause::First;
    row.zone_apex = request.names.zone_apex;
    row.public_name = request.names.name;
    row.other_names = request.names.others;
    row.key_origin = store::KeyOrigin::Managed;
    news.wake = TRY(insert_attempt(writer, row));
    return state();
}

Result<void> end_attempt_for(store::Writer& writer, zones::Change& change, const Sha256& key_sha256,
                             const CertificateRequest& how, EngineNews& news) {
    const auto live = TRY(AcmeQueries(writer.database()).live_attempt(how.server_id));
    if (!live || live->key_sha256 != key_sha256) return {};
    return supersede(writer, change, *live, how.txt_ttl, how.ladder, news);
}

Result<void> take_deployed(store::Writer& writer, std::int64_t server_id, const Sha256& sha256,
                           const Ladder& ladder, KeyEscrow escrow) {
    AcmeQueries queries(writer.database());
    const auto certificate = TRY(queries.certificate(server_id, sha256));
    if (!certificate)
        return fail(Error{ErrorCode::NotFound, to_hex(sha256),
                          "is not a certificate that this server was given"});
    TRY(set_deployed(writer, certificate->id));
    TRY(set_served(writer, server_id, sha256));
    if (!certificate->key_sealed.empty() && escrow == KeyEscrow::Off)
        TRY(erase_managed_key(writer, certificate->id));
    auto offered = TRY(offering_attempt(queries, server_id, sha256));
    if (!offered) return {};
    store::RenewalQueries renewals(writer.database());
    const auto renewal = TRY(renewals.of_certificate(certificate->id));
    const Step deployed =
        TRY(step_row(std::move(*offered), Acknowledged{next_look(certificate->renew_at, renewal)},
                     writer.now(), ladder));
    return update_attempt(writer, to_row(deployed.next), StateName::Offered);
}

Result<std::string> hand_out_key(store::Writer& writer, std::int64_t server_id,
                                 const Sealer& sealer, const Ladder& ladder, EngineNews& news,
                                 KeyEscrow escrow) {
    AcmeQueries queries(writer.database());
    HAIRPIN_ASSERT(server_id != store::kOurselves);  // Ours is handed to nobody.
    const auto certificate = TRY(queries.current_certificate(server_id, writer.now()));
    if (!certificate || certificate->key_origin != store::KeyOrigin::Managed)
        return fail(Error{ErrorCode::NotFound, store::subject_text(server_id),
                          "has no certificate with a managed key"});
    auto offered = TRY(offering_attempt(queries, server_id, certificate->sha256));
    const bool is_late = offered && offered->deadline_at && *offered->deadline_at <= writer.now();
    if (certificate->key_sealed.empty() || is_late)
        return fail(Error{ErrorCode::NotFound, store::subject_text(server_id),
                          "its managed key was handed out already; ask for a new certificate if "
                          "it was lost"});
    const Octets der = TRY(sealer.open(
        certificate->key_sealed, store::managed_key_context(server_id, certificate->key_sha256)));
    const SigningKey key = TRY(SigningKey::from_pkcs8(der));
    if (escrow == KeyEscrow::On) return key.pem();
    if (!offered) {
        // Its renewal is under way and brings another key: nobody would erase this one in time.
        TRY(erase_managed_key(writer, certificate->id));
    } else if (!offered->deadline_at) {
        const Step handed =
            TRY(step_row(std::move(*offered), KeyHandedOut{writer.now() + kManagedKeyStays},
                         writer.now(), ladder));
        TRY(update_attempt(writer, to_row(handed.next), StateName::Offered));
        news.wake = handed.next.id;
    }
    return key.pem();
}

Result<void> end_escrow(store::Writer& writer) {
    return store::erase_deployed_keys(writer);
}

Result<std::int64_t> take_retry(store::Writer& writer, std::int64_t server_id,
                                const Ladder& ladder) {
    AcmeQueries queries(writer.database());
    const auto live = TRY(queries.live_attempt(server_id));
    if (!live || !is_paused(*live))
        return fail(Error{ErrorCode::NotFound, store::subject_text(server_id),
                          "has no attempt that waits to be tried again"});
    TRY(end_pause(writer, *live, ladder));
    return live->id;
}

}  // namespace hairpin::acme
