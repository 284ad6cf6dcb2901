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

struct WantedNames {
    zones::Name apex;
    std::string public_name;
    std::string internal_name;        // Empty: the other one alone.
    std::vector<std::string> others;  // Aliases.

    /// Those that its CSR cannot leave out.
    [[nodiscard]] std::vector<std::string> required() const {
        if (internal_name.empty()) return {public_name};
        return {public_name, internal_name};
    }
};

/// One of a server's names.
Result<WantedNames> one_alone(const WantedNames& all, const std::string& name) {
    const bool is_alias = std::find(all.others.begin(), all.others.end(), name) != all.others.end();
    if (name == all.public_name || name == all.internal_name || is_alias)
        return WantedNames{all.apex, name, "", {}};
    return fail(Error{ErrorCode::Invalid, name,
                      "is none of this server's names: they are " + all.public_name + " and " +
                          all.internal_name});
}

/// The names that the certificate is for, from the store and the CSR.
Result<WantedNames> wanted_names(store::Writer& writer, const CertificateRequest& request) {
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
    WantedNames names{licence->zone_apex, outside->lower().text_without_dot(),
                      inside->lower().text_without_dot(),
                      TRY(alias_names(writer.database(), request.server_id))};
    if (!request.name_alone.empty()) names = TRY(one_alone(names, request.name_alone));
    if (!request.csr) return names;
    TRY(check_names(*request.csr, names.required(), names.others));
    names.others = others_of(*request.csr, names.required());
    return names;
}

bool is_for(const CertificateRequest& request, store::KeyOrigin origin, const Sha256& key) {
    if (!request.csr) return origin == store::KeyOrigin::Managed;
    return origin == store::KeyOrigin::Device && key == request.csr->key_sha256;
}

bool is_for_names(const AcmeAttemptRow& row, const WantedNames& names) {
    return row.public_name == names.public_name && row.internal_name == names.internal_name &&
           row.other_names == names.others;
}

/// The same of a certificate: it names what its CSR named (acme/chain.hpp sees to that).
bool is_for_names(const CertificateRow& row, const WantedNames& names) {
    if (row.csr.empty()) return names.others.empty();
    const auto csr = read_csr(row.csr);
    return csr && others_of(*csr, names.required()) == names.others;
}

/// Whether the certificate is the answer to the request. A managed key that was erased cannot be
/// given again, so whoever asks for one has lost it.
bool answers(const CertificateRow& row, const CertificateRequest& request, const WantedNames& names,
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
    news.replaced.push_back({row.id, was <= StateName::Challenged ? row.order_url : ""});
    const Attempt old = TRY(from_row(std::move(row)));
    const Step replaced = TRY(step(old, Replaced{}, writer.now(), ladder));
    // A zone that is not there any more has no values either.
    if (replaced.effect == ZoneEffect::RemoveTxt)
        for (auto& each :
             txt_changes(old.zone_apex, published(old.state), TxtEffect::Remove, txt_ttl))
            if (writer.zones().find(each.apex) != nullptr) change.zones.push_back(std::move(each));
    return update_attempt(writer, to_row(replaced.next), was);
}

AcmeAttemptRow new_attempt(const CertificateRequest& request, const WantedNames& names,
                           const std::optional<CertificateRow>& current, WallTime now) {
    AcmeAttemptRow row;
    row.server_id = request.server_id;
    row.name_alone = request.name_alone;
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
Result<std::optional<AcmeAttemptRow>> offering_attempt(AcmeQueries& queries,
                                                       const store::Subject& subject,
                                                       const Sha256& certificate) {
    auto settled = TRY(queries.settled_attempts(subject));
    for (AcmeAttemptRow& row : settled)
        if (row.state == StateName::Offered && row.certificate_sha256 == certificate)
            return std::optional(std::move(row));
    return std::optional<AcmeAttemptRow>();
}

/// All that are under way for a server: for its twin names, and for names alone.
Result<std::vector<AcmeAttemptRow>> live_attempts(store::Writer& writer, std::int64_t server_id) {
    AcmeQueries queries(writer.database());
    std::vector<store::Subject> subjects = {server_id};
    for (std::string& name : TRY(queries.names_alone(server_id)))
        subjects.emplace_back(server_id, std::move(name));
    std::vector<AcmeAttemptRow> all;
    for (const store::Subject& each : subjects)
        if (auto live = TRY(queries.live_attempt(each))) all.push_back(*std::move(live));
    return all;
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
    const WantedNames names = TRY(wanted_names(writer, request));
    AcmeQueries queries(writer.database());
    if (!request.csr && !request.name_alone.empty())
        return fail(Error{ErrorCode::Invalid, request.name_alone,
                          "a certificate for one name alone needs a key of the server's own"});
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
        return certificate_state(writer.read(), request.subject(), writer.now());
    };
    const auto live = TRY(queries.live_attempt(request.subject()));
    const bool ends_pause = live && may_retry(*live, request.retry_pause, writer.now());
    if (live && is_for(request, live->key_origin, live->key_sha256) && is_for_names(*live, names)) {
        if (!ends_pause) return state();
        TRY(end_pause(writer, *live, request.ladder));
        news.wake.push_back(live->id);
        return state();
    }
    if (live) TRY(supersede(writer, change, *live, request.txt_ttl, request.ladder, news));

    const auto current = TRY(queries.current_certificate(request.subject(), writer.now()));
    if (current && answers(*current, request, names, writer.now())) return state();
    AcmeAttemptRow successor = new_attempt(request, names, current, writer.now());
    // What it serves is good by its dates and no more: it cannot wait for new customers.
    successor.incident =
        !current && TRY(store::has_revoked(writer.database(), request.subject(), writer.now()));
    if (live) inherit(successor, *live, ends_pause);
    news.wake.push_back(TRY(insert_attempt(writer, successor)));
    return state();
}

Result<std::vector<std::string>> alias_names(store::Database& database, std::int64_t server_id) {
    std::vector<std::string> names;
    if (server_id == store::kOurselves) return names;
    for (store::AliasRow& row : TRY(store::aliases_of(database, server_id)))
        names.push_back(std::move(row.name));
    return names;
}

Result<std::string> removed_alias(store::Queries& queries, const Attempt& attempt,
                                  std::string_view internal_prefix) {
    const bool is_servers = attempt.server_id != store::kOurselves;
    if (!is_servers || (attempt.other_names.empty() && attempt.name_alone.empty())) return "";
    const auto aliases = TRY(alias_names(queries.database(), attempt.server_id));
    const auto is_alias = [&](const std::string& name) {
        return std::find(aliases.begin(), aliases.end(), name) != aliases.end();
    };
    for (const std::string& each : attempt.other_names)
        if (!is_alias(each)) return each;
    if (attempt.name_alone.empty() || is_alias(attempt.name_alone)) return "";
    const auto server = TRY(queries.server(attempt.server_id));
    if (!server) return "";  // The next commit finds out.
    for (const std::string& label : {server->label, std::string(internal_prefix) + server->label}) {
        const auto twin = zones::Name::child(label, attempt.zone_apex);
        if (twin && twin->lower().text_without_dot() == attempt.name_alone) return "";
    }
    return attempt.name_alone;
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
        news.wake.push_back(live->id);
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
    news.wake.push_back(TRY(insert_attempt(writer, row)));
    return state();
}

Result<void> end_attempt_for(store::Writer& writer, zones::Change& change, const Sha256& key_sha256,
                             const CertificateRequest& how, EngineNews& news) {
    for (auto& live : TRY(live_attempts(writer, how.server_id)))
        if (live.key_sha256 == key_sha256)
            TRY(supersede(writer, change, std::move(live), how.txt_ttl, how.ladder, news));
    return {};
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
    auto offered = TRY(offering_attempt(queries, certificate->subject(), sha256));
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
        news.wake.push_back(handed.next.id);
    }
    return key.pem();
}

Result<void> end_escrow(store::Writer& writer) {
    return store::erase_deployed_keys(writer);
}

Result<void> take_retry(store::Writer& writer, std::int64_t server_id, const Ladder& ladder,
                        EngineNews& news) {
    for (auto& live : TRY(live_attempts(writer, server_id))) {
        if (!is_paused(live)) continue;
        news.wake.push_back(live.id);
        TRY(end_pause(writer, std::move(live), ladder));
    }
    if (!news.wake.empty()) return {};
    return fail(Error{ErrorCode::NotFound, store::subject_text(server_id),
                      "has no attempt that waits to be tried again"});
}

}  // namespace hairpin::acme
