#include "acme/revocation.hpp"

#include <algorithm>
#include <utility>

#include "acme/chain.hpp"
#include "acme/verdict.hpp"
#include "core/log.hpp"
#include "store/acme_rows.hpp"
#include "store/renewal_rows.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kLookAgain{30'000};
constexpr Milliseconds kFirstPause{60'000};  // After a failure; ten times that, .., a day.
constexpr Milliseconds kLongestPause{24LL * 3600 * 1000};
constexpr std::size_t kAtOnce = 32;

/// Attempts that offer a certificate with this hash do not renew it.
Result<void> settle_attempts(store::Writer& writer, const store::Subject& subject,
                             const Sha256& sha256) {
    store::AcmeQueries queries(writer.database());
    auto settled = TRY(queries.settled_attempts(subject));
    for (store::AcmeAttemptRow& row : settled) {
        if (row.certificate_sha256 != sha256) continue;
        const StateName was = row.state;
        const Step replaced = TRY(step_row(std::move(row), Replaced{}, writer.now(), Ladder{}));
        TRY(update_attempt(writer, to_row(replaced.next), was));
    }
    return {};
}

Result<void> note_row(store::Writer& writer, const store::CertificateRow& certificate,
                      RevocationReason reason) {
    const auto server = TRY(writer.read().server(certificate.server_id));
    store::RevocationRow row;
    row.sha256 = certificate.sha256;
    row.key_sha256 = certificate.key_sha256;
    row.der = TRY(first_certificate_der(certificate.chain));
    row.subject = server ? server->licence + "/" + server->label : "";
    row.reason = static_cast<int>(reason);
    if (const auto renewal =
            TRY(store::RenewalQueries(writer.database()).of_certificate(certificate.id))) {
        row.directory = renewal->directory;
        row.account = renewal->account;
    }
    row.key_sealed = certificate.key_sealed;
    row.key_subject = certificate.server_id;
    row.asked_at = writer.now();
    row.next_at = writer.now();
    TRY(insert_revocation(writer, row));
    if (!certificate.key_sealed.empty()) TRY(erase_managed_key(writer, certificate.id));
    return settle_attempts(writer, certificate.subject(), certificate.sha256);
}

Milliseconds pause_after(std::int64_t failures) {
    Milliseconds pause = kFirstPause;
    for (std::int64_t each = 1; each < failures && pause < kLongestPause; ++each)
        pause *= 10;
    return std::min(pause, kLongestPause);
}

}  // namespace

std::optional<RevocationReason> revocation_reason(std::int64_t number) noexcept {
    for (const auto each : {RevocationReason::Unspecified, RevocationReason::KeyCompromise,
                            RevocationReason::Superseded, RevocationReason::CessationOfOperation})
        if (static_cast<std::int64_t>(each) == number) return each;
    return std::nullopt;
}

Result<Sha256> note_revocation(store::Writer& writer, std::int64_t server_id, const Sha256& sha256,
                               RevocationReason reason) {
    store::AcmeQueries queries(writer.database());
    const auto certificate = TRY(queries.certificate(server_id, sha256));
    if (!certificate)
        return fail(Error{ErrorCode::NotFound, to_hex(sha256),
                          "is not a certificate that this server was given"});
    const auto noted = TRY(store::revocation(writer.database(), sha256));
    if (noted) return fail(Error{ErrorCode::Conflict, to_hex(sha256), "is revoked already"});
    TRY(note_row(writer, *certificate, reason));
    return certificate->key_sha256;
}

Result<std::size_t> note_withdrawal(store::Writer& writer, std::int64_t server_id) {
    const auto rows =
        TRY(store::unrevoked_certificates(writer.database(), server_id, writer.now()));
    for (const store::CertificateRow& each : rows)
        TRY(note_row(writer, each, RevocationReason::CessationOfOperation));
    return rows.size();
}

Revoker::Revoker(net::Loop& loop, std::function<Seat*(const store::RevocationRow&)> seat_of,
                 const Clock& clock, store::Committer& committer, store::Reader& reader,
                 const Sealer& sealer)
    : loop_(loop),
      seat_of_(std::move(seat_of)),
      clock_(clock),
      committer_(committer),
      reader_(reader),
      sealer_(sealer) {}

void Revoker::start() {
    timer_ = loop_.add_timer(Milliseconds(0), kLookAgain, [this] { look(); });
}

void Revoker::look_soon() {
    loop_.post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->look();
    });
}

void Revoker::look() {
    if (is_busy_) return;
    auto due = store::due_revocations(reader_->database(), clock_.now(), kAtOnce);
    if (!due) {
        log::logger("acme").error("revocations cannot be read now: {}", due.error().text());
        return;
    }
    waiting_ = *std::move(due);
    std::reverse(waiting_.begin(), waiting_.end());
    next();
}

void Revoker::next() {
    is_busy_ = !waiting_.empty();
    if (!is_busy_) return;
    store::RevocationRow row = std::move(waiting_.back());
    waiting_.pop_back();
    Seat* seat = seat_of_(row);
    if (seat == nullptr)
        return refused(row, {Remedy::PersonNeeded,
                             "issuer-gone",
                             "its CA is not configured any more: " + row.directory,
                             {}});
    seat->account->ensure([weak = weak_from_this(), seat, row](const Verdict* failure) {
        const auto self = weak.lock();
        if (!self) return;
        if (failure == nullptr) return self->revoke(*seat, row, std::nullopt);
        // Nothing is said about this certificate: its row stays due. Another CA may do better.
        self->loop_.post([weak] {
            if (const auto alive = weak.lock()) alive->next();
        });
    });
}

/// @param key  The certificate's own, which asks in place of the account; empty: the account does.
void Revoker::revoke(Seat& seat, const store::RevocationRow& row,
                     const std::optional<SigningKey>& key) {
    seat.client->revoke(row.der, row.reason, key,
                        [weak = weak_from_this(), &seat, row,
                         by_key = key.has_value()](const CaResult<void>& answer) {
                            const auto self = weak.lock();
                            if (!self) return;
                            if (answer || answer.error().problem.type == "alreadyRevoked")
                                return self->done(row);
                            if (!by_key && answer.error().problem.type == "unauthorized")
                                if (const auto own = self->key_of(row))
                                    return self->revoke(seat, row, own);
                            const Verdict verdict =
                                judge(answer.error(), "revoking the certificate");
                            if (verdict.remedy == Remedy::Register) seat.account->forget();
                            self->refused(row, verdict);
                        });
}

std::optional<SigningKey> Revoker::key_of(const store::RevocationRow& row) const {
    if (row.key_sealed.empty()) return std::nullopt;
    const auto der =
        sealer_.open(row.key_sealed, store::managed_key_context(row.key_subject, row.key_sha256));
    auto key = der ? SigningKey::from_pkcs8(*der) : Result<SigningKey>(fail(der.error()));
    if (key) return std::move(*key);
    log::logger("acme").error("{}: the key of a certificate to be revoked does not open: {}",
                              row.subject, key.error().text());
    return std::nullopt;
}

void Revoker::done(store::RevocationRow row) {
    row.next_at.reset();
    row.done_at = clock_.now();
    row.problem.clear();
    row.key_sealed.clear();
    log::logger("acme").info("{}: certificate {} is revoked", row.subject, to_hex(row.sha256));
    settle(std::move(row));
}

void Revoker::refused(store::RevocationRow row, const Verdict& verdict) {
    ++row.failures;
    row.problem = verdict.text;
    row.next_at.reset();
    if (verdict.remedy != Remedy::PersonNeeded)
        row.next_at = clock_.now() + std::max(pause_after(row.failures),
                                              verdict.not_before.value_or(Milliseconds(0)));
    if (!row.next_at) row.key_sealed.clear();  // Nobody asks again.
    log::logger("acme").warn("{}: certificate {} is not revoked: {}", row.subject,
                             to_hex(row.sha256), row.problem);
    settle(std::move(row));
}

void Revoker::settle(store::RevocationRow row) {
    store::Work work;
    work.change.actor = {"acme", "", "", "acme"};
    work.audit = {row.done_at ? "certificate.revoked" : "certificate.revocation-failed",
                  row.subject};
    work.rows = [row = std::move(row)](store::Writer& writer, zones::Change&) {
        return store::update_revocation(writer, row);
    };
    committer_.submit(
        std::move(work),
        [weak = weak_from_this()](const Result<store::WorkReceipt, store::WorkRefusal>& done) {
            const auto self = weak.lock();
            if (!self) return;
            self->loop_.post([weak, is_durable = done.has_value()] {
                const auto alive = weak.lock();
                if (!alive) return;
                // A store that refuses is asked again with the next look; to revoke
                // twice is no harm.
                if (!is_durable) alive->waiting_.clear();
                alive->next();
            });
        });
}

}  // namespace hairpin::acme
