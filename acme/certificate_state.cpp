// What others read about certificates: the reading half of certificates.hpp.

#include <algorithm>
#include <array>
#include <utility>

#include "acme/attempt.hpp"
#include "acme/certificates.hpp"
#include "store/preflight_rows.hpp"
#include "store/renewal_rows.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kUsualOrder{30'000};  // What is left of one that goes well.

/// When the attempt can be expected to have its certificate; empty: somebody must act first.
std::optional<WallTime> eta_of(const store::AcmeAttemptRow& attempt, WallTime now) {
    if (attempt.state == StateName::Blocked) return std::nullopt;
    return std::max(attempt.next_at.value_or(now), now) + kUsualOrder;
}

}  // namespace

std::string_view to_string(Phase phase) noexcept {
    constexpr std::array<std::string_view, 4> kTexts = {"none", "ordering", "valid", "blocked"};
    return kTexts[static_cast<std::size_t>(phase)];
}

CertificateState certificate_state(const store::Standing& standing, WallTime now) {
    CertificateState state;
    if (standing.live) {
        const store::AcmeAttemptRow& live = *standing.live;
        state.phase = live.state == StateName::Blocked ? Phase::Blocked : Phase::Ordering;
        state.step = to_string(live.state);
        if (live.key_sha256 != Sha256()) state.step_key = live.key_sha256;
        state.next_check = live.next_at;
        state.eta = eta_of(live, now);
        state.problem = live.problem;
    }
    if (!standing.certificate) return state;
    const store::CertificateRow& certificate = *standing.certificate;
    if (certificate.not_after <= now) {
        state.expired_at = certificate.not_after;
        return state;
    }
    state.phase = Phase::Valid;
    state.not_before = certificate.not_before;
    state.not_after = certificate.not_after;
    state.issued_at = certificate.issued_at;
    state.sha256 = certificate.sha256;
    state.key_sha256 = certificate.key_sha256;
    state.renew_at = certificate.renew_at;
    state.deployed = certificate.deployed_at.has_value();
    state.managed_key_waiting = certificate.server_id != store::kOurselves &&
                                certificate.key_origin == store::KeyOrigin::Managed &&
                                !certificate.key_sealed.empty();
    return state;
}

ServerCertificates server_certificates(const store::CertificateOverview& overview, WallTime now) {
    ServerCertificates certificates{certificate_state(overview.twin, now), {}};
    for (const auto& each : overview.alone)
        certificates.alone.push_back({each.name, certificate_state(each.standing, now)});
    return certificates;
}

Phase ServerCertificates::phase() const {
    if (twin.phase != Phase::None || twin.expired_at) return twin.phase;
    // From the worst on.
    for (const Phase phase : {Phase::Blocked, Phase::Ordering, Phase::Valid})
        for (const Alone& each : alone)
            if (each.state.phase == phase) return phase;
    return Phase::None;
}

Result<CertificateState> certificate_state(store::Queries& queries, const store::Subject& subject,
                                           WallTime now) {
    store::AcmeQueries rows(queries.database());
    store::Standing standing;
    standing.live = TRY(rows.live_attempt(subject));
    standing.certificate = TRY(rows.newest_certificate(subject, now));
    CertificateState state = certificate_state(standing, now);
    if (standing.live)
        if (const auto preflight =
                TRY(store::preflight_of(queries.database(), standing.live->zone_apex)))
            state.preflight = preflight->text;
    if (state.phase != Phase::Valid) return state;
    store::RenewalQueries renewals(queries.database());
    if (const auto renewal = TRY(renewals.of_certificate(standing.certificate->id)))
        state.renewal_explanation = renewal->explanation_url;
    return state;
}

Result<std::optional<CertificateChain>> certificate_chain(store::Queries& queries,
                                                          const store::Subject& subject,
                                                          WallTime now) {
    store::AcmeQueries rows(queries.database());
    const auto certificate = TRY(rows.current_certificate(subject, now));
    if (!certificate) return std::optional<CertificateChain>();
    return std::optional(CertificateChain{certificate->chain, certificate->sha256,
                                          certificate->not_after,
                                          certificate->key_origin == store::KeyOrigin::Managed});
}

}  // namespace hairpin::acme
