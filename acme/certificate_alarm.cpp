#include "acme/certificate_alarm.hpp"

#include "core/octets.hpp"

namespace hairpin::acme {
namespace {

constexpr std::size_t kShownDigest = 4;  // Octets of a digest in a sentence.

std::string short_hex(const Sha256& digest) {
    return to_hex(OctetView(digest).first(kShownDigest)) + "..";
}

std::string because(const CertificateState& state) {
    return state.problem.empty() ? std::string(".") : ": " + state.problem;
}

std::optional<CertificateAlarm> without_certificate(const CertificateState& state) {
    if (state.expired_at)
        return CertificateAlarm{AlarmKind::Expired,
                                "Its certificate expired on " + to_rfc3339(*state.expired_at) +
                                    ", and there is no other" + because(state),
                                state.phase == Phase::None
                                    ? "Let the server ask for a certificate again."
                                    : "Mend the cause, then try the order again."};
    if (state.phase == Phase::Blocked)
        return CertificateAlarm{AlarmKind::Blocked, "It gets no certificate" + because(state),
                                "Mend the cause, then try the order again."};
    return std::nullopt;
}

}  // namespace

std::optional<CertificateAlarm> alarm_of(const CertificateState& state,
                                         const std::optional<Sha256>& served, WallTime now) {
    if (state.phase != Phase::Valid || !state.not_after || !state.sha256)
        return without_certificate(state);
    if (state.renew_at && now >= *state.renew_at + (*state.not_after - *state.renew_at) / 2)
        return CertificateAlarm{AlarmKind::Overdue,
                                "Its certificate should have been renewed on " +
                                    to_rfc3339(*state.renew_at) + " and expires on " +
                                    to_rfc3339(*state.not_after) + because(state),
                                "Mend the cause, then try the order again."};
    const bool has_time = state.issued_at && now - *state.issued_at < kDeployGrace;
    if (has_time) return std::nullopt;
    if (served && *served != *state.sha256)
        return CertificateAlarm{
            AlarmKind::OldServed,
            "It was given certificate " + short_hex(*state.sha256) + " but serves " +
                short_hex(*served) + ", an older one or none of ours.",
            "Let its web server load the new certificate: most keep the old one until they are "
            "reloaded."};
    if (!served && !state.deployed)
        return CertificateAlarm{
            AlarmKind::NotDeployed,
            "It was given a certificate until " + to_rfc3339(*state.not_after) +
                ", and has not said that it serves it.",
            "Look at what fetches the certificate on the server; it ends with POST "
            "/v1/self/certificate/deployed, or with the certificate's sha256 in the heartbeat."};
    return std::nullopt;
}

std::optional<CertificateAlarm> alarm_of(const ServerCertificates& certificates,
                                         const std::optional<Sha256>& served, WallTime now) {
    const CertificateState& twin = certificates.twin;
    bool serves_one_alone = false;
    std::optional<CertificateAlarm> worst;
    for (const auto& [name, state] : certificates.alone) {
        serves_one_alone |= served && state.sha256 == served;
        if (twin.phase == Phase::Valid) continue;
        auto alarm = alarm_of(state, state.sha256, now);
        if (!alarm || (worst && worst->kind <= alarm->kind)) continue;
        alarm->text = "For " + name + " alone: " + alarm->text;
        worst = std::move(alarm);
    }
    auto alarm = alarm_of(twin, serves_one_alone ? twin.sha256 : served, now);
    if (alarm && (!worst || alarm->kind <= worst->kind)) return alarm;
    return worst;
}

}  // namespace hairpin::acme
