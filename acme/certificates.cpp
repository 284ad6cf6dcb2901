#include "acme/certificates.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "acme/attempt.hpp"
#include "acme/csr.hpp"
#include "acme/engine.hpp"
#include "acme/foresight.hpp"
#include "acme/gate.hpp"
#include "acme/queue_view.hpp"
#include "acme/requests.hpp"
#include "acme/revocation.hpp"
#include "acme/weak_key.hpp"
#include "core/guarded.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace detail {

class CertificatesState : public std::enable_shared_from_this<CertificatesState> {
public:
    CertificatesState(Options options, RefusedKeys refused, const Clock& clock,
                      store::Committer& committer, const Sealer& sealer)
        : options_(std::move(options)),
          refused_(std::move(refused)),
          clock_(clock),
          committer_(committer),
          sealer_(sealer),
          engine_(std::make_shared<Engine>(options_, clock_, committer_, sealer_, counters_,
                                           [this](std::int64_t server_id) { notify(server_id); })) {
    }
    ~CertificatesState() { engine_->stop(); }
    CertificatesState(const CertificatesState&) = delete;
    CertificatesState& operator=(const CertificatesState&) = delete;

    void notify(std::int64_t server_id) {
        // Copied out, so that no lock is held while they run.
        const auto callbacks = subscribers_.with([](const auto& all) { return all.callbacks; });
        for (const auto& [id, callback] : callbacks)
            callback(server_id);
    }

    std::uint64_t add(std::function<void(std::int64_t)> callback) {
        return subscribers_.with([&](auto& all) {
            all.callbacks.emplace(++all.last_id, std::move(callback));
            return all.last_id;
        });
    }
    void remove(std::uint64_t id) {
        subscribers_.with([&](auto& all) { all.callbacks.erase(id); });
    }

    /// Commits `rows`, then tells the engine and the subscribers, then `done`. Server 0: it is
    /// about none of them.
    template <typename T>
    void write(std::int64_t server_id, std::string action, zones::Actor actor,
               std::function<Result<T>(store::Writer&, zones::Change&, EngineNews& news)> rows,
               std::function<void(Result<T>)> done, const std::string& subject = {}) {
        struct Outcome {
            std::optional<T> value;
            EngineNews news;
        };
        auto outcome = std::make_shared<Outcome>();
        store::Work work;
        work.change.actor = std::move(actor);
        work.change.reason = action;
        work.audit = {std::move(action),
                      subject.empty() ? store::subject_text(server_id) : subject};
        work.rows = [outcome, rows = std::move(rows)](store::Writer& writer,
                                                      zones::Change& change) -> Result<void> {
            outcome->value = TRY(rows(writer, change, outcome->news));
            return {};
        };
        committer_.submit(std::move(work),
                          [weak = weak_from_this(), outcome, server_id, done = std::move(done)](
                              Result<store::WorkReceipt, store::WorkRefusal> committed) {
                              if (!committed) return done(fail(store::to_error(committed.error())));
                              if (const auto self = weak.lock()) {
                                  self->tell_engine(outcome->news);
                                  if (server_id != 0) self->notify(server_id);
                              }
                              done(std::move(*outcome->value));
                          });
    }

    const Options options_;
    const RefusedKeys refused_;
    const Clock& clock_;
    store::Committer& committer_;
    const Sealer sealer_;
    Counters counters_;
    std::shared_ptr<Engine> engine_;

private:
    void tell_engine(const EngineNews& news) {
        for (const auto& each : news.replaced)
            engine_->replaced(each.attempt_id, each.order_url);
        for (const std::int64_t each : news.wake)
            engine_->wake(each);
        if (news.has_revocation) engine_->revoke_soon();
    }

    struct Subscribers {
        std::uint64_t last_id = 0;
        std::map<std::uint64_t, std::function<void(std::int64_t)>> callbacks;
    };
    Guarded<Subscribers> subscribers_;
};

}  // namespace detail

namespace {

struct Done {};  // For writes that give nothing back.

Result<void> check_options(const Options& options) {
    const auto wrong = [](std::string what, std::string why) {
        return fail(Error{ErrorCode::Invalid, std::move(what), std::move(why)});
    };
    if (!is_usable_url(options.directory))
        return wrong("[acme] directory", "is not an https URL: " + printable(options.directory));
    for (const std::string& contact : options.contacts)
        if (!contact.starts_with("mailto:") || contact.size() > 254 + 7 ||
            printable(contact) != contact)
            return wrong("[acme] contact", "is not mailto: and an address: " + printable(contact));
    for (const IssuerOptions& each : options.fallbacks)
        if (each.name.empty() || !is_usable_url(each.directory) ||
            (!each.staging.empty() && !is_usable_url(each.staging)))
            return wrong("[acme] fallbacks", "\"" + printable(each.name) +
                                                 "\" has no https URL as directory or staging");
    if (options.max_live_orders == 0 || options.issues_per_week == 0 ||
        options.issues_per_day == 0 || options.orders_per_hour == 0 || options.orders_per_day == 0)
        return wrong("acme limits", "must be at least 1");
    if (options.backoff_base <= Milliseconds(0) || options.poll_interval <= Milliseconds(0) ||
        options.backoff_longest < options.backoff_base ||
        options.attempt_deadline <= Milliseconds(0))
        return wrong("acme times", "must be positive, and the longest not under the first");
    return {};
}

}  // namespace

Certificates::Certificates(std::shared_ptr<detail::CertificatesState> state) noexcept
    : state_(std::move(state)) {}
Certificates::~Certificates() {
    stop();
}

Result<std::unique_ptr<Certificates>> Certificates::start(Options options, const Clock& clock,
                                                          store::Committer& committer,
                                                          const Sealer& sealer) {
    TRY(check_options(options));
    RefusedKeys refused = TRY(RefusedKeys::read(options.refused_keys));
    auto state = std::make_shared<detail::CertificatesState>(std::move(options), std::move(refused),
                                                             clock, committer, sealer);
    TRY(state->engine_->prepare());
    if (state->options_.key_escrow == KeyEscrow::Off) {
        store::Work work;
        work.rows = [](store::Writer& writer, zones::Change&) { return end_escrow(writer); };
        committer.submit(std::move(work), [](const auto& done) {
            if (!done)
                log::logger("acme").error("keys of an escrow that was ended are not erased: {}",
                                          store::to_error(done.error()).text());
        });
    }
    state->engine_->start();
    return std::unique_ptr<Certificates>(new Certificates(std::move(state)));
}

void Certificates::request(const store::Subject& subject, KeySource key, zones::Actor actor,
                           Requested done) {
    CertificateRequest request;
    request.server_id = subject.server_id;
    request.name_alone = subject.name_alone;
    if (const auto* device = std::get_if<DeviceKey>(&key)) {
        auto csr = read_csr(device->csr, state_->refused_);
        if (!csr) return done(fail(std::move(csr).error()));
        request.csr = std::move(*csr);
    }
    const Options& options = state_->options_;
    request.internal_prefix = options.internal_prefix;
    request.young = options.young;
    request.retry_pause = options.retry_pause;
    request.txt_ttl = options.txt_ttl;
    request.ladder = state_->engine_->ladder();
    state_->write<CertificateState>(
        subject.server_id, "certificate.request", std::move(actor),
        [request = std::move(request)](store::Writer& writer, zones::Change& change,
                                       EngineNews& news) {
            return take_request(writer, change, request, news);
        },
        std::move(done));
}

void Certificates::request_own(OwnNames names, Renew renew, zones::Actor actor, Requested done) {
    const Options& options = state_->options_;
    OwnRequest request{std::move(names), renew, options.retry_pause, options.txt_ttl,
                       state_->engine_->ladder()};
    state_->write<CertificateState>(
        store::kOurselves, "certificate.request", std::move(actor),
        [request = std::move(request)](store::Writer& writer, zones::Change& change,
                                       EngineNews& news) {
            return take_own_request(writer, change, request, news);
        },
        std::move(done));
}

void Certificates::deployed(std::int64_t server_id, const Sha256& sha256, zones::Actor actor,
                            Acknowledged done) {
    state_->write<Done>(
        server_id, "certificate.deployed", std::move(actor),
        [server_id, sha256, ladder = state_->engine_->ladder(),
         escrow = state_->options_.key_escrow](store::Writer& writer, zones::Change&,
                                               EngineNews&) -> Result<Done> {
            TRY(take_deployed(writer, server_id, sha256, ladder, escrow));
            return Done{};
        },
        [done = std::move(done)](Result<Done> result) {
            done(result ? Result<void>() : Result<void>(fail(result.error())));
        });
}

void Certificates::take_managed_key(std::int64_t server_id, zones::Actor actor, KeyTaken done) {
    state_->write<std::string>(
        server_id, "certificate.key-taken", std::move(actor),
        [server_id, sealer = state_->sealer_, ladder = state_->engine_->ladder(),
         escrow = state_->options_.key_escrow](store::Writer& writer, zones::Change&,
                                               EngineNews& news) {
            return hand_out_key(writer, server_id, sealer, ladder, news, escrow);
        },
        std::move(done));
}

void Certificates::retry(std::int64_t server_id, zones::Actor actor, Acknowledged done) {
    state_->write<Done>(
        server_id, "certificate.retry", std::move(actor),
        [server_id, ladder = state_->engine_->ladder()](store::Writer& writer, zones::Change&,
                                                        EngineNews& news) -> Result<Done> {
            TRY(take_retry(writer, server_id, ladder, news));
            return Done{};
        },
        [done = std::move(done)](Result<Done> result) {
            done(result ? Result<void>() : Result<void>(fail(result.error())));
        });
}

void Certificates::revoke(std::int64_t server_id, const Sha256& sha256, RevocationReason reason,
                          zones::Actor actor, Acknowledged done) {
    CertificateRequest how;
    how.server_id = server_id;
    how.txt_ttl = state_->options_.txt_ttl;
    how.ladder = state_->engine_->ladder();
    state_->write<Done>(
        server_id, "certificate.revoke", std::move(actor),
        [sha256, reason, how](store::Writer& writer, zones::Change& change,
                              EngineNews& news) -> Result<Done> {
            const Sha256 key = TRY(note_revocation(writer, how.server_id, sha256, reason));
            if (reason == RevocationReason::KeyCompromise)
                TRY(end_attempt_for(writer, change, key, how, news));
            news.has_revocation = true;
            return Done{};
        },
        [done = std::move(done)](Result<Done> result) {
            done(result ? Result<void>() : Result<void>(fail(result.error())));
        });
}

void Certificates::roll_over_account(std::string issuer, zones::Actor actor, Acknowledged done) {
    state_->engine_->roll_over_account(std::move(issuer), std::move(actor), std::move(done));
}

void Certificates::switch_account(std::string issuer, zones::Actor actor, Acknowledged done) {
    state_->engine_->switch_account(std::move(issuer), std::move(actor), std::move(done));
}

std::shared_ptr<const IssuersView> Certificates::issuers() const {
    return state_->engine_->issuers();
}

void Certificates::set_limit(const LimitChange& change, zones::Actor actor, Acknowledged done) {
    const Options& options = state_->options_;
    std::string directory = change.issuer.empty() ? options.directory : "";
    for (const IssuerOptions& each : issuers_of(options))
        if (each.name == change.issuer) directory = each.directory;
    if (directory.empty())
        return done(fail(Error{ErrorCode::NotFound, change.issuer, "is no CA that is configured"}));
    const Allowances preset = options.allowances.value_or(preset_of(directory).allowances);
    const std::string what = std::string(to_string(change.limit)) +
                             (change.key.empty() ? "" : " for " + change.key) + " " +
                             (change.allowance ? text_of(*change.allowance) : "as preset");
    state_->write<Done>(
        0, "acme.limit", std::move(actor),
        [change, preset, directory](store::Writer& writer, zones::Change&,
                                    EngineNews&) -> Result<Done> {
            TRY(write_limit(writer, directory, preset, change));
            return Done{};
        },
        [weak = std::weak_ptr(state_->engine_), change,
         done = std::move(done)](Result<Done> result) {
            if (!result) return done(fail(result.error()));
            const auto engine = weak.lock();
            if (!engine) return done({});  // What is durable is there at the next start.
            engine->limit_changed(change, [done] { done({}); });
        },
        what);
}

std::shared_ptr<const QueueView> Certificates::queue() const {
    return state_->engine_->queue();
}

void Certificates::preflight(const zones::Name& apex, std::vector<std::string> names, Looked done) {
    state_->engine_->preflight(apex, std::move(names), std::move(done));
}

std::shared_ptr<const CaaView> Certificates::caa() const {
    return state_->engine_->caa();
}

Certificates::Subscription Certificates::subscribe(
    std::function<void(std::int64_t server_id)> callback) {
    return Subscription(state_, state_->add(std::move(callback)));
}

Result<std::optional<Postponement>> Certificates::would_postpone(store::Queries& queries,
                                                                 const store::Subject& subject,
                                                                 WallTime now) const {
    return postponement_of(queries, state_->options_, *state_->engine_->queue(), subject, now);
}

const Counters& Certificates::counters() const noexcept {
    return state_->counters_;
}
std::string Certificates::trouble() const {
    return state_->engine_->trouble();
}
void Certificates::stop() {
    state_->engine_->stop();
}

Certificates::Subscription::Subscription(std::weak_ptr<detail::CertificatesState> state,
                                         std::uint64_t id) noexcept
    : state_(std::move(state)), id_(id) {}
Certificates::Subscription::Subscription(Subscription&& other) noexcept
    : state_(std::exchange(other.state_, {})), id_(other.id_) {}
Certificates::Subscription& Certificates::Subscription::operator=(Subscription&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(id_, other.id_);
    return *this;
}
Certificates::Subscription::~Subscription() {
    if (const auto state = state_.lock()) state->remove(id_);
}

}  // namespace hairpin::acme
