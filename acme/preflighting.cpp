// What is looked at right before an order is placed: see engine.hpp, preflights.hpp,
// caa_keeper.hpp.
//
// After admission, so that only who may order asks; before the order is noted anywhere, so that
// what is held has cost neither the CA's budget nor the server's own limits.

#include <utility>

#include "acme/engine.hpp"
#include "core/log.hpp"

namespace hairpin::acme {

Result<void> Engine::prepare_coupling() {
    caa_ = std::make_unique<CaaKeeper>(loop_, clock_, options_, committer_, (*reader_)->database(),
                                       [this](auto then) { find_caa_accounts(std::move(then)); });
    prepare_elsewhere();
    if (!options_.coupling.zones) return {};
    preflights_ = std::make_unique<Preflights>(loop_, clock_, options_, committer_);
    return preflights_->load((*reader_)->database());
}

/// The first CA's account has to be known; of the others, and of staging, those that are.
void Engine::find_caa_accounts(std::function<void(Result<std::vector<CaaAccount>>)> then) {
    Seat& seat = first_issuer().active();
    seat.account->ensure([this, &seat, then = std::move(then)](const Verdict* failure) {
        if (failure != nullptr)
            return then(
                fail(Error{ErrorCode::Unavailable, "the account at the CA", failure->text}));
        seat.client->ensure_directory([this, then](const CaResult<void>& there) {
            if (!there)
                return then(fail(Error{ErrorCode::Unavailable, "the CA's directory",
                                       judge(there.error(), "reading it").text}));
            std::vector<Client*> clients;
            for_each_issuer(
                [&](Issuer& issuer) { clients.push_back(issuer.active().client.get()); });
            learn_directories(std::move(clients), [this, then] { then(caa_accounts()); });
        });
    });
}

/// What cannot be read now stays unknown.
void Engine::learn_directories(std::vector<Client*> clients, std::function<void()> then) {
    if (clients.empty()) return then();
    Client* next = clients.back();
    clients.pop_back();
    next->ensure_directory([this, clients = std::move(clients),
                            then = std::move(then)](const CaResult<void>&) mutable {
        learn_directories(std::move(clients), std::move(then));
    });
}

/// Whoever may order: the accounts in use and in reserve of each CA. What is not at hand now, as
/// its CA's name in CAA records, is as the records have it: they are not taken back for that.
Result<std::vector<CaaAccount>> Engine::caa_accounts() {
    const auto known = TRY(store::caa_rows((*reader_)->database()));
    std::vector<CaaAccount> accounts;
    const auto add = [&](Issuer& issuer, const Seat* seat) {
        if (seat == nullptr || !seat->is_registered()) return;
        const Directory* directory = seat->client->directory();
        if (directory == nullptr) directory = issuer.active().client->directory();
        CaaAccount account{"", seat->url()};
        if (directory != nullptr && !directory->caa_identities.empty())
            account.identity = directory->caa_identities.front();
        for (const store::CaaRow& row : known)
            if (account.identity.empty() && row.account_url == account.url)
                account.identity = row.value.substr(0, row.value.find(';'));
        if (!account.identity.empty()) accounts.push_back(std::move(account));
    };
    for_each_issuer([&](Issuer& issuer) {
        add(issuer, &issuer.active());
        add(issuer, issuer.standby());
    });
    if (accounts.empty() || accounts.front().url != first_issuer().active().url())
        return fail(Error{ErrorCode::Protocol, "the CA's directory",
                          "does not say what CAA records call it, so that none can be written"});
    return accounts;
}

void Engine::start_coupling() {
    caa_->start();
    elsewhere_->start();
}

void Engine::stop_coupling() {
    caa_->stop();
    elsewhere_->stop();
}

std::shared_ptr<const CaaView> Engine::caa() const {
    return caa_->view();
}

void Engine::begin_order(const JobRef& job) {
    const bool is_looked_at =
        preflights_ != nullptr && options_.coupling.preflight != PreflightMode::Off;
    if (!is_looked_at && options_.coupling.caa == CaaMode::Off) return advance(job, WasBegun{});
    job->seat->account->ensure([this, job, is_looked_at](const Verdict* failure) {
        // Without an account or a directory the order itself finds out why.
        if (failure != nullptr) return advance(job, WasBegun{});
        if (options_.coupling.caa == CaaMode::Manage && is_too_early(job)) return;
        is_looked_at ? look_before_order(job) : advance(job, WasBegun{});
    });
}

/// Whether our account's CAA record is too young for an order; then the order is held, or waits.
bool Engine::is_too_early(const JobRef& job) {
    caa_->look_soon();
    const auto usable = caa_->usable_at(job->attempt.zone_apex, job->seat->client->account_url());
    if (!usable) {
        log::logger("acme").error("{}: cannot be ordered yet: {}", job->attempt.public_name,
                                  usable.error().text());
        wait(job, kReadRetry);
        return true;
    }
    if (!*usable) return false;
    hold(job, **usable,
         "the CAA record for our account was put into " +
             job->attempt.zone_apex.text_without_dot() +
             " not long ago; a CA may have an older answer until " + to_rfc3339(**usable) +
             ", then it is ordered");
    return true;
}

void Engine::look_before_order(const JobRef& job) {
    job->seat->client->ensure_directory([this, job](const CaResult<void>& there) {
        if (!there) return advance(job, WasBegun{});
        const Client& client = *job->seat->client;
        preflights_->look(
            job->attempt.zone_apex, names_of(job->attempt),
            {client.directory()->caa_identities, client.account_url()}, Freshness::Remembered,
            [this, job](const PreflightReport& report) { preflight_seen(job, report); });
    });
}

void Engine::preflight_seen(const JobRef& job, const PreflightReport& report) {
    const Attempt& attempt = job->attempt;
    const PreflightOutcome outcome = report.outcome();
    if (outcome == PreflightOutcome::Unknown)
        log::logger("acme").info("{}: ordered, though not all could be looked at before: {}",
                                 attempt.public_name, report.sentence());
    if (outcome != PreflightOutcome::Problem) {
        preflights_->passed(attempt.zone_apex);
        return advance(job, WasBegun{});
    }
    if (options_.coupling.preflight == PreflightMode::Warn) {
        log::logger("acme").warn("{}: ordered, though a CA will probably refuse it: {}",
                                 attempt.public_name, report.sentence());
        return advance(job, WasBegun{});
    }
    log::logger("acme").warn("{}: no order is placed before this is mended: {}",
                             attempt.public_name, report.sentence());
    hold(job, preflights_->hold(attempt.zone_apex), report.sentence());
}

void Engine::hold(const JobRef& job, WallTime until, const std::string& why) {
    give_tokens_back(job);
    advance(job, Postponed{until, why}, std::exchange(job->settlement, {}));
}

void Engine::preflight(zones::Name apex, std::vector<std::string> names,
                       std::function<void(Result<PreflightReport>)> done) {
    loop_.post([this, apex, names = std::move(names), done = std::move(done)] {
        if (preflights_ == nullptr)
            return done(fail(Error{ErrorCode::Unavailable, apex.text(), "nothing is known of it"}));
        Seat& seat = first_issuer().active();
        seat.account->ensure([this, &seat, apex, names, done](const Verdict* failure) {
            const std::string trouble = failure == nullptr ? std::string() : failure->text;
            seat.client->ensure_directory(
                [this, &seat, apex, names, done, trouble](const CaResult<void>& there) {
                    CaaWanted wanted{{}, seat.client->account_url()};
                    if (there) wanted.identities = seat.client->directory()->caa_identities;
                    std::string no_ca = trouble;
                    if (!there && no_ca.empty())
                        no_ca = judge(there.error(), "reading the CA's directory").text;
                    look_for_person(apex, names, wanted, no_ca, done);
                });
        });
    });
}

/// @param no_ca  Why nothing is known of the CA; empty: it is.
void Engine::look_for_person(const zones::Name& apex, const std::vector<std::string>& names,
                             const CaaWanted& wanted, const std::string& no_ca,
                             const std::function<void(Result<PreflightReport>)>& done) {
    preflights_->look(apex, names, wanted, Freshness::Anew,
                      [this, done, no_ca](const PreflightReport& seen) {
                          PreflightReport report = seen;
                          if (report.outcome() != PreflightOutcome::Problem)
                              preflights_->passed(report.zone);
                          if (!no_ca.empty())
                              report.checks.push_back({"ca", PreflightOutcome::Unknown, no_ca});
                          done(std::move(report));
                      });
}

}  // namespace hairpin::acme
