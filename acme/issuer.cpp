#include "acme/issuer.hpp"

#include <utility>

#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr std::size_t kMostInFlight = 4096;

/// An account in reserve must be another account: where the CA binds accounts, it needs a binding
/// of its own.
bool may_have_standby(const Issuer& issuer, bool is_wanted) {
    const IssuerOptions& options = issuer.options();
    return is_wanted && issuer.kind() == IssuerKind::Production &&
           (options.eab_kid.empty() || !options.standby_eab_kid.empty());
}

}  // namespace

std::vector<IssuerOptions> issuers_of(const Options& options) {
    IssuerOptions first;
    first.name = options.name;
    first.directory = options.directory;
    first.staging = options.staging;
    first.ca_file = options.ca_file;
    first.eab_kid = options.eab_kid;
    first.eab_key = options.eab_key;
    first.standby_eab_kid = options.standby_eab_kid;
    first.standby_eab_key = options.standby_eab_key;
    first.profile = options.profile;
    first.preferred_chain = options.preferred_chain;
    std::vector<IssuerOptions> all = {std::move(first)};
    all.insert(all.end(), options.fallbacks.begin(), options.fallbacks.end());
    return all;
}

Result<std::shared_ptr<Issuer>> Issuer::create(const IssuerWorld& world, IssuerOptions options,
                                               IssuerKind kind,
                                               std::function<void(Issuer&)> breaker_changed) {
    std::shared_ptr<Issuer> made(new Issuer(world, std::move(options), kind));
    TRY(made->open(std::move(breaker_changed)));
    return made;
}

Result<void> Issuer::open(std::function<void(Issuer&)> breaker_changed) {
    net::ClientOptions http;
    http.user_agent = world_.options.user_agent;
    http.ca_file = options_.ca_file;
    http.timeout = world_.options.request_timeout;
    http.max_response = kMaxAnswer;
    http.max_waiting = kMostInFlight;
    http_ = TRY(net::HttpClient::create(world_.loop, http));
    gate_.emplace(TRY(Gate::open(world_.database, options_.directory, world_.options.allowances,
                                 world_.clock.now())));
    for (const auto& row : TRY(store::accounts_of(world_.database, options_.directory))) {
        auto seat = make_seat(row.role, &row);
        if (row.role == store::AccountRole::Active) active_ = std::move(seat);
        if (row.role == store::AccountRole::Standby) standby_ = std::move(seat);
        if (row.role == store::AccountRole::Refused) refused_.push_back(std::move(seat));
    }
    if (!active_) active_ = make_seat(store::AccountRole::Active, nullptr);
    if (kind_ == IssuerKind::Production && !options_.staging.empty()) {
        IssuerOptions staging = options_;
        staging.name += " staging";
        staging.directory = std::exchange(staging.staging, {});
        staging_ =
            TRY(Issuer::create(world_, std::move(staging), IssuerKind::Staging, breaker_changed));
    }
    breaker_changed_ = std::move(breaker_changed);
    return {};
}

std::unique_ptr<Seat> Issuer::make_seat(store::AccountRole role, const store::AcmeAccountRow* row) {
    auto seat = std::make_unique<Seat>();
    seat->role = role;
    ClientSettings client{options_.directory, world_.options.directory_age,
                          world_.options.poll_interval, [this](const CaOutcome& outcome) {
                              if (!breaker_.note(outcome, world_.clock.monotonic())) return;
                              if (breaker_changed_) breaker_changed_(*this);
                          }};
    seat->client = std::make_unique<Client>(world_.loop, *http_, world_.clock, world_.counters,
                                            std::move(client));
    AccountSettings account{options_.directory,
                            world_.options.contacts,
                            {options_.eab_kid, options_.eab_key},
                            world_.options.backoff_base,
                            role,
                            0};
    if (role == store::AccountRole::Standby)
        account.binding = {options_.standby_eab_kid, options_.standby_eab_key};
    if (row != nullptr) {
        account.row_id = row->id;
        seat->known_url = row->url;
        seat->refusal = row->problem;
    }
    seat->account =
        std::make_shared<Account>(world_.loop, *seat->client, world_.clock, world_.committer,
                                  world_.database, world_.sealer, std::move(account));
    return seat;
}

Issuer* Issuer::at(std::string_view directory) noexcept {
    if (directory == options_.directory) return this;
    return staging_ && directory == staging_->directory() ? staging_.get() : nullptr;
}

Seat& Issuer::seat_of(std::string_view account_url) noexcept {
    if (account_url.empty() || active_->url() == account_url) return *active_;
    if (standby_ && standby_->url() == account_url) return *standby_;
    for (const auto& each : refused_)
        if (each->url() == account_url) return *each;
    return *active_;
}

void Issuer::attend() {
    if (breaker_.wants_probe(world_.clock.monotonic())) active_->client->probe();
    if (kind_ == IssuerKind::Staging || !is_well()) return;
    active_->account->ensure([this](const Verdict* failure) {
        const std::string why = failure == nullptr ? "" : failure->text;
        if (!why.empty() && why != told_)
            log::logger("acme").warn("{} has no account for us yet: {}", name(), why);
        told_ = why;
        if (failure == nullptr) ensure_standby();
    });
}

void Issuer::ensure_standby() {
    if (is_switching_ || !may_have_standby(*this, world_.options.standby_accounts)) return;
    if (!standby_) standby_ = make_seat(store::AccountRole::Standby, nullptr);
    const bool was_registered = standby_->is_registered();
    standby_->account->ensure([this, was_registered](const Verdict* failure) {
        const std::string why = failure == nullptr ? "" : failure->text;
        if (!why.empty() && why != told_of_standby_)
            log::logger("acme").warn("{} has no account in reserve for us: {}", name(), why);
        told_of_standby_ = why;
        if (failure == nullptr && !was_registered && standby_)
            log::logger("acme").info("{} is in reserve at {}", standby_->url(), name());
    });
}

void Issuer::switch_accounts(store::AccountRole left, const std::string& problem,
                             zones::Actor actor, std::function<void(Result<void>)> then) {
    if (is_switching_)
        return then(
            fail(Error{ErrorCode::Conflict, name(), "an account is being changed already"}));
    if (!standby_ || !standby_->is_registered())
        return then(fail(Error{ErrorCode::NotFound, name(), "has no account in reserve"}));
    is_switching_ = true;
    store::Work work;
    work.change.actor = std::move(actor);
    work.change.reason = "the account in reserve orders from now on";
    work.audit = {"acme.switch-account", active_->url() + " -> " + standby_->url()};
    work.rows = [directory = directory(), left, problem](store::Writer& writer, zones::Change&) {
        return store::switch_accounts(writer, directory, left, problem);
    };
    world_.committer.submit(
        std::move(work), [weak = weak_from_this(), left, problem, then = std::move(then)](
                             const Result<store::WorkReceipt, store::WorkRefusal>& done) {
            const auto self = weak.lock();
            if (!self) return;
            Result<void> result;
            if (!done) result = fail(store::to_error(done.error()));
            self->world_.loop.post([issuer = self.get(), left, problem, then, result] {
                issuer->is_switching_ = false;
                if (result) issuer->take_standby(left, problem);
                then(result);
            });
        });
}

void Issuer::take_standby(store::AccountRole left, const std::string& problem) {
    std::swap(active_, standby_);
    active_->role = store::AccountRole::Active;
    standby_->role = left;
    log::logger("acme").warn("{}: {} orders from now on, in place of {}: {}", name(),
                             active_->url(), standby_->url(),
                             problem.empty() ? "an operator said so" : problem);
    if (left != store::AccountRole::Refused) return;
    standby_->refusal = problem;
    refused_.push_back(std::move(standby_));
    standby_.reset();
}

IssuerView Issuer::view() const {
    IssuerView view;
    view.name = options_.name;
    view.directory = options_.directory;
    view.staging = options_.staging;
    view.breaker = breaker_.state();
    if (const auto since = breaker_.since())
        view.breaker_since = world_.clock.now() - (world_.clock.monotonic() - *since);
    view.breaker_why = breaker_.why();
    view.openings = breaker_.openings();
    view.orders = orders_;
    view.issued = issued_;
    view.failed = failed_;
    view.waiting = gate_->waiting();
    const auto add = [&](const Seat& seat) {
        view.accounts.push_back(
            {seat.url(), seat.role, seat.refusal.empty() ? seat.account->problem() : seat.refusal});
    };
    add(*active_);
    if (standby_) add(*standby_);
    for (const auto& each : refused_)
        add(*each);
    return view;
}

}  // namespace hairpin::acme
