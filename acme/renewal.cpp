// When certificates are renewed, and with what claim: see engine.hpp and renewal_window.hpp.
//
// A settled attempt (Offered, Deployed) is looked at when its certificate is due, or when its CA is
// to be asked again. What is learnt is written to the certificate that it is about, in one
// transaction with the next look, and only while that attempt is still the settled one.

#include <algorithm>
#include <utility>

#include "acme/engine.hpp"
#include "core/crypto.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr std::size_t kMostAsking = 32;  // Questions to the CA at the same time.
constexpr Milliseconds kAskLater{1'000};
constexpr std::int64_t kSpreadOfLater = 30'000;  // Milliseconds.
constexpr Milliseconds kMassEvent{3600 * 1000};  // Answers within an hour are one event.
constexpr std::size_t kManyOverdue = 10;
constexpr std::int64_t kFailuresToTell = 4;  // Then it is not a passing one.

std::uint32_t random_draw() {
    const Octets octets = random_octets(4);
    return static_cast<std::uint32_t>(octets[0]) << 24 |
           static_cast<std::uint32_t>(octets[1]) << 16 |
           static_cast<std::uint32_t>(octets[2]) << 8 | octets[3];
}

std::optional<Sha256> settled_certificate(const State& state) {
    if (const auto* offered = std::get_if<Offered>(&state)) return offered->certificate;
    if (const auto* deployed = std::get_if<Deployed>(&state)) return deployed->certificate;
    return std::nullopt;
}

RenewalFacts facts_of(const store::CertificateRow& certificate) {
    return {certificate.not_before, certificate.not_after, certificate.issued_at,
            certificate.server_id};
}

bool is_passing_failure(const CaFailure& failure) {
    return failure.kind == CaFailure::Kind::Unreachable || failure.status >= 500 ||
           failure.status == 429;
}

}  // namespace

store::RenewalRow Engine::first_renewal_row(const Job& job, std::string_view chain, WallTime now) {
    store::RenewalRow row;
    row.cert_id = cert_id(chain).value_or(std::string(store::kNoCertId));
    row.directory = job.issuer->directory();
    row.account = job.attempt.account.empty() ? job.seat->url() : job.attempt.account;
    const Directory* directory = job.seat->client->directory();
    const bool may_be_asked = directory == nullptr || !directory->renewal_info.empty();
    // RFC 9773 section 4.3: "immediately after issuance".
    if (may_be_asked && row.cert_id != store::kNoCertId) row.check_at = now;
    return row;
}

std::optional<Engine::DueRenewal> Engine::due_renewal(const JobRef& job) {
    const Attempt& attempt = job->attempt;
    const WallTime now = clock_.now();
    const auto certificate =
        store::AcmeQueries((*reader_)->database())
            .certificate(attempt.server_id, settled_certificate(attempt.state).value_or(Sha256()));
    if (!certificate) return wait(job, kReadRetry), std::nullopt;
    if (!*certificate) return DueRenewal();  // Expired and forgotten: there is nothing to name.
    const auto row =
        store::RenewalQueries((*reader_)->database()).of_certificate((*certificate)->id);
    if (!row) return wait(job, kReadRetry), std::nullopt;
    if (!*row) return DueRenewal();
    if ((*row)->check_at && *(*row)->check_at <= now) {
        ask_renewal_info(job, **certificate, **row);
        return std::nullopt;
    }
    if ((*certificate)->renew_at > now) {
        keep_plan(job, **row, (*certificate)->renew_at);
        return std::nullopt;
    }
    const bool is_usable =
        (*row)->cert_id != store::kNoCertId && issuer_at((*row)->directory) != nullptr;
    return DueRenewal{is_usable ? (*row)->cert_id : std::string(),
                      is_called_back(facts_of(**certificate), **row, now)};
}

void Engine::ask_renewal_info(const JobRef& job, const store::CertificateRow& certificate,
                              store::RenewalRow row) {
    if (asking_ >= kMostAsking) {
        const std::int64_t id = job->attempt.id;
        drop(job);
        schedule_.set(id, clock_.now() + kAskLater + Milliseconds(id * 7919 % kSpreadOfLater));
        return set_timer();
    }
    if (row.cert_id.empty())
        row.cert_id = cert_id(certificate.chain).value_or(std::string(store::kNoCertId));
    Issuer* issuer = row.directory.empty() ? nullptr : issuer_at(row.directory);
    if (row.cert_id == store::kNoCertId || issuer == nullptr) {
        // Only who issued it can be asked.
        row.check_at.reset();
        return keep_plan(job, std::move(row), certificate.renew_at);
    }
    ++asking_;
    const std::string id = row.cert_id;
    Client& client = *issuer->active().client;
    client.read_renewal_info(
        id, [this, job, &client, row = std::move(row), facts = facts_of(certificate),
             renew_at = certificate.renew_at](const CaResult<SeenSuggestion>& seen) mutable {
            --asking_;
            if (!seen) {
                renewal_info_failed(job->attempt, client, seen.error(), row);
                return keep_plan(job, std::move(row), renew_at);
            }
            const RenewalPlan plan = plan_renewal(facts, seen->info, window_of(row), renew_at,
                                                  seen->retry_after, clock_.now(), random_draw());
            row.window_start = seen->info.window.start;
            row.window_end = seen->info.window.end;
            row.explanation_url = seen->info.explanation_url;
            row.check_at = plan.check_at;
            row.failures = 0;
            if (plan.is_overdue) count_overdue(row.explanation_url);
            keep_plan(job, std::move(row), plan.renew_at);
        });
}

/// What was planned stays: without an answer a certificate is renewed no later.
void Engine::renewal_info_failed(const Attempt& attempt, const Client& client,
                                 const CaFailure& failure, store::RenewalRow& row) {
    const Directory* directory = client.directory();
    if (directory != nullptr && directory->renewal_info.empty()) {
        row.check_at.reset();
        row.failures = 0;
        return;
    }
    ++row.failures;
    row.check_at = clock_.now() + renewal_check_pause(row.failures, is_passing_failure(failure),
                                                      failure.retry_after);
    if (row.failures == kFailuresToTell)
        log::logger("acme").warn("{}: the CA does not say when to renew: {}", attempt.public_name,
                                 judge(failure, "asking for renewal information").text);
}

void Engine::keep_plan(const JobRef& job, store::RenewalRow row, WallTime renew_at) {
    store::Work work;
    work.rows = [id = job->attempt.id, row = std::move(row), renew_at, ladder = ladder_,
                 sha256 = settled_certificate(job->attempt.state)](store::Writer& writer,
                                                                   zones::Change&) -> Result<void> {
        store::AcmeQueries queries(writer.database());
        auto attempt = TRY(queries.attempt(id));
        if (!attempt) return {};
        const StateName was = attempt->state;
        // Renewed or replaced meanwhile: what was learnt concerns nobody any more.
        if ((was != StateName::Offered && was != StateName::Deployed) ||
            attempt->certificate_sha256 != sha256)
            return {};
        TRY(put_renewal(writer, row));
        TRY(set_renew_at(writer, row.certificate_id, renew_at));
        const Step planned = TRY(step_row(
            std::move(*attempt), RenewalPlanned{next_look(renew_at, row)}, writer.now(), ladder));
        return update_attempt(writer, to_row(planned.next), was);
    };
    committer_.submit(std::move(work), [weak = weak_from_this(), job](const Committed& done) {
        const auto self = weak.lock();
        if (!self) return;
        std::string failure = done ? "" : store::to_error(done.error()).text();
        self->loop_.post([engine = self.get(), job, failure = std::move(failure)] {
            engine->plan_kept(job, failure);
        });
    });
}

void Engine::plan_kept(const JobRef& job, const std::string& failure) {
    const std::int64_t id = job->attempt.id;
    drop(job);
    if (failure.empty()) {
        begin(id);
        notify_(job->attempt.server_id);
    } else {
        log::logger("acme").error("{}: when to renew could not be written, it is tried again: {}",
                                  job->attempt.public_name, failure);
        schedule_.set(id, clock_.now() + ladder_.base);
    }
    set_timer();
}

/// Many windows in the past are one event, and a person wants to know of it, once.
void Engine::count_overdue(const std::string& explanation_url) {
    const MonotonicTime now = clock_.monotonic();
    if (overdue_ == 0 || now - overdue_since_ >= kMassEvent) {
        overdue_ = 0;
        overdue_since_ = now;
    }
    if (++overdue_ != kManyOverdue) return;
    log::logger("acme").warn(
        "the CA wants {} and more certificates renewed at once; those that expire first are "
        "ordered first: {}",
        overdue_, explanation_url.empty() ? "it does not say why" : explanation_url);
}

Result<std::optional<RenewalWindow>> Engine::claim(const Attempt& attempt, const Issuer& issuer,
                                                   const Seat& seat) {
    if (attempt.replaces.empty()) return std::optional<RenewalWindow>();
    const auto row =
        TRY(store::RenewalQueries((*reader_)->database()).with_cert_id(attempt.replaces));
    // RFC 9773 section 5: the same account. An order of another one would be refused.
    if (!row || row->directory != issuer.directory() || row->account != seat.url())
        return std::optional<RenewalWindow>();
    return std::optional(window_of(*row).value_or(
        RenewalWindow{WallTime::max() - Milliseconds(1), WallTime::max()}));
}

bool Engine::is_known_at(const Attempt& attempt, const Issuer& issuer) {
    if (attempt.replaces.empty()) return false;
    store::RenewalQueries queries((*reader_)->database());
    const auto predecessor = queries.with_cert_id(attempt.replaces);
    if (!predecessor) return false;
    if (*predecessor && (*predecessor)->directory == issuer.directory()) return true;
    // Our own names follow the configuration; a server's stay.
    if (attempt.server_id == store::kOurselves) return false;
    return queries.has_issued(attempt.subject(), issuer.directory()).value_or(false);
}

void Engine::claim_at(Attempt& attempt, Issuer& issuer) {
    const auto window = claim(attempt, issuer, issuer.active());
    attempt.exempt = window && *window && (*window)->contains(clock_.now());
    attempt.known_there = is_known_at(attempt, issuer);
}

}  // namespace hairpin::acme
