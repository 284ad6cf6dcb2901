// From the authorized order to the certificate, and to its renewal: see engine.hpp, attempt.hpp.

#include <algorithm>
#include <utility>

#include "acme/chain.hpp"
#include "acme/csr.hpp"
#include "acme/engine.hpp"
#include "acme/requests.hpp"
#include "core/log.hpp"
#include "store/front_rows.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kRenewPause{3600 * 1000};  // While another attempt of the server is at it.
constexpr Milliseconds kFrontPause{6LL * 3600 * 1000};  // While it is the client that renews.
constexpr Milliseconds kKeepExpired{30LL * 24 * 3600 * 1000};

/// A P-256 key with its CSR, sealed for this server. `has_name`: the CSR has a common name.
Result<AttemptKey> make_managed_key(const Attempt& attempt, bool has_name, const Sealer& sealer) {
    const SigningKey key = TRY(SigningKey::generate());
    AttemptKey made;
    made.origin = store::KeyOrigin::Managed;
    made.csr = TRY(make_csr(key, names_of(attempt), has_name));
    made.sha256 = key_sha256(key.handle());
    made.sealed =
        sealer.seal(key.pkcs8(), store::managed_key_context(attempt.server_id, made.sha256));
    return made;
}

/// Erases the managed key of the certificate that a settled attempt brought, if it is there still.
/// Our own stays as long as its certificate: each start needs it.
Result<void> erase_key_of(store::Writer& writer, const store::AcmeAttemptRow& settled) {
    if (settled.server_id == store::kOurselves) return {};
    const auto certificate =
        TRY(store::AcmeQueries(writer.database())
                .certificate(settled.server_id, settled.certificate_sha256.value_or(Sha256())));
    if (!certificate || certificate->key_sealed.empty()) return {};
    return erase_managed_key(writer, certificate->id);
}

/// With a key of ours the names are the present ones; a CSR of the server's keeps its own, and
/// admission looks whether they are the server's still. Other names are no renewal for a CA.
Result<void> insert_renewal(store::Writer& writer, store::AcmeAttemptRow& successor) {
    const bool is_servers = successor.server_id != store::kOurselves;
    if (is_servers && successor.key_origin == store::KeyOrigin::Managed) {
        auto names = TRY(alias_names(writer.database(), successor.server_id));
        if (names != successor.other_names) successor.cause = store::AttemptCause::Again;
        successor.other_names = std::move(names);
    }
    TRY(insert_attempt(writer, successor));
    return {};
}

}  // namespace

void Engine::prepare_key(const JobRef& job) {
    // What could go wrong has not: production may have the order now.
    if (job->issuer->kind() == IssuerKind::Staging) return advance(job, Rehearsed{});
    if (job->attempt.key.origin == store::KeyOrigin::Device)
        return advance(job, KeyPrepared{job->attempt.key});
    // Before the directory was read (after a restart) nothing speaks against a common name.
    const auto profile = profile_of_attempt(*job);
    auto made = make_managed_key(job->attempt, !profile || has_common_name(*profile), sealer_);
    if (!made) return give_up(job, judge(made.error(), "making the key"));
    advance(job, KeyPrepared{std::move(*made)});
}

void Engine::finalize(const JobRef& job) {
    with_order(job, [this, job](const SeenOrder& seen) {
        switch (seen.order.status) {
            case OrderStatus::Pending:
                return poll(job, job->seat->client->pace().authorizing, seen.retry_after);
            case OrderStatus::Processing:
            case OrderStatus::Valid:
                return advance(job, CsrSent{});
            case OrderStatus::Invalid:
                return give_up(job, judge(seen.order.error.value_or(Problem()), "the order"));
            case OrderStatus::Ready:
                break;
        }
        send_csr(job);
    });
}

void Engine::send_csr(const JobRef& job) {
    with_account(job, [this, job] {
        job->seat->client->finalize(order_of(job->attempt.state)->finalize_url,
                                    job->attempt.key.csr,
                                    [this, job](const CaResult<SeenOrder>& sent) {
                                        // RFC 8555 section 7.4: look at the order again.
                                        if (!sent && sent.error().problem.type == "orderNotReady")
                                            return poll(job, job->seat->client->pace().authorizing,
                                                        sent.error().retry_after);
                                        if (!good(job, sent, "sending the CSR")) return;
                                        job->seen = *sent;
                                        advance(job, CsrSent{});
                                    });
    });
}

void Engine::await_certificate(const JobRef& job) {
    // The answer to the CSR itself comes too early to teach anything.
    const bool is_look = !job->seen.has_value();
    with_order(job, [this, job, is_look](const SeenOrder& seen) {
        const OrderStatus status = seen.order.status;
        if (is_look && job->tries == 1)
            job->seat->client->pace().issuing.looked(status != OrderStatus::Processing);
        switch (status) {
            case OrderStatus::Processing:
                return poll(job, job->seat->client->pace().issuing, seen.retry_after);
            case OrderStatus::Pending:
            case OrderStatus::Ready:
                return give_up(job, {Remedy::TryAgain,
                                     "unexpected-state",
                                     "the CA's order went back behind the CSR that it took",
                                     {}});
            case OrderStatus::Invalid:
                return give_up(job, judge(seen.order.error.value_or(Problem()), "the order"));
            case OrderStatus::Valid:
                return fetch(job, seen.order.certificate);
        }
    });
}

void Engine::fetch(const JobRef& job, const std::string& url) {
    with_account(job, [this, job, url] {
        job->seat->client->download(url, [this, job](const CaResult<Downloaded>& got) {
            if (!good(job, got, "fetching the certificate")) return;
            choose_chain(job, got->pem, got->pem, got->alternates);
        });
    });
}

void Engine::check(const JobRef& job) {
    const auto* fetched = std::get_if<Fetched>(&job->attempt.state);
    auto facts = check_chain(fetched->chain, expectation(job->attempt));
    if (!facts) {
        Verdict verdict = judge(facts.error(), "checking the certificate");
        verdict.is_cas = true;
        return give_up(job, std::move(verdict));
    }
    job->facts = *std::move(facts);
    advance(job, ChainGood{job->facts->pem});
}

void Engine::offer(const JobRef& job) {
    const Attempt& attempt = job->attempt;
    const auto* checked = std::get_if<Checked>(&attempt.state);
    if (!job->facts) {  // The process may have been down for weeks since the check.
        auto again = check_chain(checked->chain, expectation(attempt));
        if (!again) return give_up(job, judge(again.error(), "checking the certificate"));
        job->facts = *std::move(again);
    }
    const ChainFacts* facts = &*job->facts;

    job->issuer->count_issued();
    if (attempt.is_canary()) return advance(job, CanaryPassed{}, canary_rows(attempt, ""));
    const WallTime now = clock_.now();
    store::CertificateRow row;
    row.server_id = attempt.server_id;
    row.name_alone = attempt.name_alone;
    row.sha256 = facts->sha256;
    row.key_sha256 = facts->key_sha256;
    row.key_origin = attempt.key.origin;
    row.not_before = facts->not_before;
    row.not_after = facts->not_after;
    row.issued_at = now;
    row.renew_at = usual_renewal({row.not_before, row.not_after, now, attempt.server_id});
    row.chain = facts->pem;
    row.csr = attempt.key.csr;
    row.key_sealed = attempt.key.sealed;
    const WallTime renew_at = row.renew_at;
    store::RenewalRow renewal = first_renewal_row(*job, facts->pem, now);
    const WallTime look_at = next_look(renew_at, renewal);
    auto extra = [row = std::move(row), renewal = std::move(renewal), ladder = ladder_, now,
                  success = job->issuer->gate().success_of(job->issuer->gate().keys_of(attempt))](
                     store::Writer& writer, zones::Change&) mutable -> Result<void> {
        renewal.certificate_id = TRY(insert_certificate(writer, row));
        TRY(put_renewal(writer, renewal));
        TRY(success(writer));
        store::AcmeQueries queries(writer.database());
        auto others = TRY(queries.settled_attempts(row.subject()));
        for (auto& settled : others) {
            if (settled.certificate_sha256 == row.sha256) continue;  // This one.
            const StateName was = settled.state;
            TRY(erase_key_of(writer, settled));
            const Step replaced = TRY(step_row(std::move(settled), Replaced{}, now, ladder));
            TRY(update_attempt(writer, to_row(replaced.next), was));
        }
        return prune_acme(writer, row.subject(), now - kKeepExpired);
    };
    log::logger("acme").info("{}: certificate until {}, to be renewed on {}", attempt.public_name,
                             to_rfc3339(facts->not_after), to_rfc3339(renew_at));
    advance(job, CertificateStored{facts->sha256, look_at}, std::move(extra), "certificate.issue");
}

void Engine::erase_key(const JobRef& job) {
    const Attempt& attempt = job->attempt;
    const auto certificate =
        store::AcmeQueries((*reader_)->database())
            .certificate(attempt.server_id, std::get<Offered>(attempt.state).certificate);
    if (!certificate) return wait(job, kReadRetry);
    WallTime look_at = clock_.now();
    if (*certificate) {
        const auto row =
            store::RenewalQueries((*reader_)->database()).of_certificate((*certificate)->id);
        if (!row) return wait(job, kReadRetry);
        look_at = next_look((*certificate)->renew_at, *row);
    }
    advance(job, KeyErased{look_at},
            [row = to_row(attempt)](store::Writer& writer, zones::Change&) {
                return erase_key_of(writer, row);
            });
}

void Engine::renew(const JobRef& job) {
    const Attempt& attempt = job->attempt;
    if (std::holds_alternative<Offered>(attempt.state) && attempt.deadline_at &&
        *attempt.deadline_at <= clock_.now())
        return erase_key(job);
    auto due = due_renewal(job);
    if (!due) return;
    store::AcmeQueries queries((*reader_)->database());
    const auto other = queries.live_attempt(attempt.subject());
    if (!other || *other) return wait(job, kRenewPause);
    // A client of the ACME front renews by itself, with a key of its own; it would never fetch what
    // we ordered for the old one.
    const auto is_clients =
        store::is_front_key((*reader_)->database(), attempt.server_id, attempt.key.sha256);
    if (!is_clients || *is_clients) return wait(job, is_clients ? kFrontPause : kRenewPause);

    store::AcmeAttemptRow successor;
    successor.server_id = attempt.server_id;
    successor.name_alone = attempt.name_alone;
    successor.state = StateName::Wanted;
    successor.next_at = clock_.now();
    successor.cause = store::AttemptCause::Renewal;
    successor.zone_apex = attempt.zone_apex;
    successor.public_name = attempt.public_name;
    successor.internal_name = attempt.internal_name;
    successor.other_names = attempt.other_names;
    successor.directory = attempt.directory;
    successor.replaces = std::move(due->replaces);
    successor.incident = due->is_called_back;
    successor.key_origin = attempt.key.origin;
    // The server's key stays the server's: only it can sign a request with another one. A managed
    // key is made anew.
    if (attempt.key.origin == store::KeyOrigin::Device) {
        successor.csr = attempt.key.csr;
        successor.key_sha256 = attempt.key.sha256;
    }
    // committed() begins the successor, once it is durable.
    advance(job, RenewalDue{},
            [successor = std::move(successor), old = to_row(attempt)](
                store::Writer& writer, zones::Change&) mutable -> Result<void> {
                // Nobody would erase it in time any more.
                if (old.deadline_at) TRY(erase_key_of(writer, old));
                return insert_renewal(writer, successor);
            });
}

}  // namespace hairpin::acme
