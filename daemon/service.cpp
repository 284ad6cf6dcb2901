#include "daemon/service.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "acme/certificates.hpp"
#include "admin/api.hpp"
#include "admin/certificate_desk.hpp"
#include "admin/presence.hpp"
#include "checkin/desk.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/log.hpp"
#include "core/published.hpp"
#include "daemon/acme_options.hpp"
#include "daemon/catalog_keeper.hpp"
#include "daemon/checkin_feed.hpp"
#include "daemon/commands.hpp"
#include "daemon/cookie_file.hpp"
#include "daemon/following.hpp"
#include "daemon/http_front.hpp"
#include "daemon/listeners.hpp"
#include "daemon/metrics.hpp"
#include "daemon/notify.hpp"
#include "daemon/order_evidence.hpp"
#include "daemon/own_certificate.hpp"
#include "daemon/privileges.hpp"
#include "daemon/telling.hpp"
#include "daemon/transfer_door.hpp"
#include "daemon/transfers.hpp"
#include "daemon/tsig_keys.hpp"
#include "daemon/update_door.hpp"
#include "daemon/wire_answers.hpp"
#include "dnsd/notifier.hpp"
#include "dnsd/server.hpp"
#include "net/loop.hpp"
#include "observer/observer.hpp"
#include "store/committer.hpp"
#include "store/history.hpp"
#include "store/load.hpp"
#include "store/lock.hpp"
#include "store/migrations.hpp"
#include "store/restored.hpp"

namespace hairpin::daemon {
namespace {

constexpr Milliseconds kDrainLimit{10'000};
constexpr Milliseconds kDay{24 * 3600 * 1000};

spdlog::logger& logger() {
    return log::logger("daemon");
}

void apply_log_levels(const Config& config) {
    // The names were checked when the configuration was read.
    static_cast<void>(log::set_level("*", config.log_level));
    for (const std::string& each : config.log_folders) {
        const std::size_t equals = each.find('=');
        static_cast<void>(log::set_level(each.substr(0, equals), each.substr(equals + 1)));
    }
}

template <typename T>
std::string joined(const std::vector<T>& endpoints) {
    std::vector<std::string> texts;
    for (const T& each : endpoints)
        texts.push_back(each.text());
    return fmt::format("{}", fmt::join(texts, " "));
}

zones::AddressRules address_rules(const Config& config) {
    return {config.server_label, config.internal_prefix, config.public_also};
}

store::Retention retention_of(const Config& config) {
    constexpr std::size_t kMebibyte = 1 << 20;
    store::Retention retention;
    retention.journal_age = std::chrono::hours(24 * config.journal_days);
    retention.journal_octets = static_cast<std::int64_t>(config.journal_megabytes * kMebibyte);
    retention.condensed_age = std::chrono::hours(24 * config.condensed_days);
    retention.condensed_octets = static_cast<std::int64_t>(config.condensed_megabytes * kMebibyte);
    return retention;
}

dnsd::ServerOptions dns_options(const Config& config, const dnsd::CookiePolicy& cookies) {
    dnsd::ServerOptions options;
    options.listen = config.dns_listen;
    options.workers = static_cast<unsigned>(config.dns_workers);
    options.identity.udp_octets = static_cast<std::uint16_t>(config.dns_udp_size);
    options.identity.nsid.assign(config.dns_nsid.begin(), config.dns_nsid.end());
    options.identity.version.assign(config.dns_version.begin(), config.dns_version.end());
    options.identity.server.assign(config.dns_identity.begin(), config.dns_identity.end());
    options.tcp.connections = config.dns_tcp_connections;
    options.tcp.connections_per_client = config.dns_tcp_per_client;
    options.tcp.idle = Seconds(config.dns_tcp_idle_seconds);
    options.tls_listen = config.dns_tls_listen;
    options.https_listen = config.dns_https_listen;
    options.tls.connections = config.dns_tls_connections;
    options.tls.connections_per_client = config.dns_tls_per_client;
    options.tls.idle = Seconds(config.dns_tcp_idle_seconds);
    options.cookies = cookies;
    options.rate_limits = config.dns_rate_limit;
    options.transfers.at_once = config.transfer_at_once;
    options.transfers.per_client = config.transfer_per_client;
    options.transfers.octets_per_window =
        config.transfer_least_rate *
        static_cast<std::size_t>(options.transfers.window / Seconds(1));
    return options;
}

Result<dnsd::CookiePolicy> cookie_policy(const Config& config) {
    if (config.dns_cookies == dnsd::CookieUse::Off) return dnsd::CookiePolicy();
    return dnsd::CookiePolicy{config.dns_cookies, TRY(load_cookie_secrets(config))};
}

admin::ApiOptions api_options(const Config& config) {
    admin::ApiOptions options;
    options.base = config.base;
    options.nameservers = config.nameservers;
    options.hostmaster = config.hostmaster;
    options.addresses = address_rules(config);
    options.ttl = config.ttl;
    options.server_name = config.http_server_name;
    options.changes.burst = static_cast<double>(config.http_server_changes);
    return options;
}

checkin::DeskOptions desk_options(const Config& config) {
    checkin::DeskOptions options;
    options.listen = config.checkin_listen;
    options.per_network = config.checkin_per_network;
    return options;
}

net::ServerOptions http_options(const Config& config) {
    net::ServerOptions options;
    options.max_connections = config.http_connections;
    options.max_per_peer = config.http_per_client;
    return options;
}

/// A server that drains says so, and is asked no more.
class Readiness final : public admin::ReadinessSource {
public:
    std::atomic<bool> stopping{false};
    [[nodiscard]] std::vector<admin::Obstacle> obstacles() const override {
        if (!stopping) return {};
        return {{"daemon", "it is stopping"}};
    }
};

/// Everything that lives while we serve, in the order in which it is made.
class Service {
public:
    explicit Service(const Config& config) : config_(config) {}

    [[nodiscard]] Result<void> start() {
        // First, so that a signal in the middle of a long load waits for the loop instead of ending
        // the process.
        catch_signals();
        TRY(load());
        TRY(listen());
        TRY(drop_capabilities());
        TRY(start_writing());
        return start_serving();
    }

    void run() {
        logger().info("ready: dns {} api {} zones {}", joined(dns_->endpoints()),
                      joined(http_->endpoints()), zones_->snapshot()->size());
        if (!dns_->tls_endpoints().empty())
            logger().info("dns over tls: {}", joined(dns_->tls_endpoints()));
        if (!dns_->https_endpoints().empty())
            logger().info("dns over https: {}", joined(dns_->https_endpoints()));
        if (checkin_) logger().info("check-ins: {}", joined(checkin_->endpoints()));
        if (fallback_)
            logger().info("fallback: {}, always self-signed, key pin sha256//{}",
                          joined(fallback_->endpoints()),
                          own_->fallback_slot()->current()->facts().key_pin);
        notify("READY=1");
        main_.run();
        stop();
    }

    // What was not started yet is not there to be stopped: every step may be the one that failed.
    void stop() {
        sweep_.reset();
        telling_.end();
        if (http_) http_->stop(kDrainLimit);
        if (fallback_) fallback_->stop(kDrainLimit);
        if (context_) context_->bulk.stop();
        telling_.stop();
        if (certificates_) certificates_->stop();
        if (history_) history_->stop();
        if (dns_) dns_->stop();
        if (checkin_) checkin_->stop();
        if (observer_) observer_->stop();
        if (committer_) committer_->stop();
        if (notifier_) notifier_->stop();
    }

private:
    [[nodiscard]] Result<store::Reader> open_reader() const {
        return store::Reader::open(config_.database_path());
    }

    void catch_signals() {
        const auto end = [this](const char* why) {
            logger().info("stopping: {}", why);
            notify("STOPPING=1");
            readiness_.stopping = true;
            main_.stop();
        };
        terminate_ = main_.add_signal(SIGTERM, [end] { end("SIGTERM"); });
        interrupt_ = main_.add_signal(SIGINT, [end] { end("SIGINT"); });
        hang_up_ = main_.add_signal(SIGHUP, [this] { reload(); });
        daily_ = main_.add_timer(kDay, kDay, [this] { own_->renew(); });
    }

    [[nodiscard]] Result<void> load() {
        TRY(become_user(config_.user));
        sealer_ = TRY(Sealer::from_file(config_.master_key_path()));
        lock_ = TRY(store::StoreLock::acquire(config_.database_path()));
        store::Database database = TRY(store::Database::open(config_.database_path()));
        TRY(store::migrate(database));
        if (const std::size_t moved = TRY(store::advance_serials(database, clock_.now()));
            moved > 0)
            logger().info(
                "restored from a backup: {} zones got a serial past every one served before",
                moved);
        const auto began = clock_.monotonic();
        zones_.emplace(std::make_shared<const zones::ZoneTable>(
            TRY(store::load_zones(database, clock_.now()))));
        keys_ = std::make_unique<TsigKeys>(*sealer_, clock_);
        store::Queries queries(database);
        TRY(keys_->load(queries));
        transfers_ = std::make_unique<Transfers>(config_);
        TRY(transfers_->load(queries));
        own_ = TRY(OwnCertificate::create(config_, clock_, *sealer_, queries));
        logger().info("{} zones and {} TSIG keys loaded in {} ms", zones_->snapshot()->size(),
                      keys_->published().snapshot()->size(), (clock_.monotonic() - began).count());
        return {};
    }

    [[nodiscard]] Result<void> listen() {
        TRY(probe_listeners(config_));
        dnsd::ServerOptions options = dns_options(config_, TRY(cookie_policy(config_)));
        options.keys = &keys_->published();
        options.certificates = own_->slot();
        options.updates = &update_door_;
        history_ = TRY(store::History::open(config_.database_path()));
        dns_ = TRY(dnsd::Server::bind(
            options, *zones_,
            {&transfers_->published(), history_.get(), &transfer_door_, &followers_}));
        http_ = TRY(HttpFront::bind(config_.http_listen, config_.http_workers));
        if (!config_.http_fallback_listen.empty())
            fallback_ = TRY(HttpFront::bind(config_.http_fallback_listen, 1, "fallback"));
        if (config_.checkin_listen.empty()) return {};
        checkin_ = TRY(checkin::Desk::bind(desk_options(config_), *zones_, clock_));
        feed_ = std::make_unique<CheckinFeed>(*sealer_, address_rules(config_), *checkin_);
        return {};
    }

    [[nodiscard]] Result<void> start_writing() {
        notifier_ =
            TRY(dnsd::Notifier::start({}, {*zones_, transfers_->published(), &keys_->published()}));
        notifier_->changed_all();  // Of what was not told before the last end.
        store::CommitterOptions options;
        options.on_published = [this](const auto& receipts) {
            notifier_->changed(receipts);
            own_->zones_changed();
        };
        options.path = config_.database_path();
        options.rules.addresses = address_rules(config_);
        options.retention = retention_of(config_);
        options.catalog = config_.catalog;
        commit_reader_.emplace(TRY(open_reader()));
        const auto groups = TRY(read_catalog_groups(**commit_reader_));
        options.on_tsig_keys = [this](const std::vector<std::string>& names) {
            const auto renewed = keys_->refresh(**commit_reader_, names);
            tell_followers(transfers_->followed_with(**commit_reader_, renewed));
        };
        if (feed_) TRY(follow_servers(options));
        options.on_transfers = [this](const std::vector<zones::Name>& apexes) {
            tell_followers(transfers_->refresh(**commit_reader_, apexes));
        };
        telling_.hear(options);
        committer_ = TRY(store::Committer::open(std::move(options), clock_, *zones_));
        followers_.open(*committer_);
        return keep_catalog(*committer_, *zones_->snapshot(), config_.catalog, groups);
    }

    [[nodiscard]] Result<void> follow_servers(store::CommitterOptions& options) {
        feed_reader_.emplace(TRY(open_reader()));
        TRY(feed_->load(**feed_reader_));
        options.on_servers = [this](const std::vector<std::int64_t>& servers) {
            main_.post([this, servers] { feed_->refresh(**feed_reader_, servers); });
        };
        return {};
    }

    [[nodiscard]] Result<void> start_desk() {
        return checkin_->start([this](std::span<const checkin::HeardServer> servers) {
            std::vector<store::HeardAt> heard;
            heard.reserve(servers.size());
            for (const checkin::HeardServer& each : servers)
                heard.push_back({static_cast<std::int64_t>(each.server), each.at});
            for (const checkin::HeardServer& each : servers)
                if (each.credential != 0) committer_->used(each.credential, each.at);
            committer_->heard(heard);
        });
    }

    // The root: of every zone.
    void tell_followers(const std::vector<zones::Name>& apexes) {
        const auto is_root = [](const zones::Name& apex) { return apex.is_root(); };
        if (apexes.empty()) return;
        if (std::any_of(apexes.begin(), apexes.end(), is_root)) return notifier_->changed_all();
        notifier_->followed(apexes);
    }

    [[nodiscard]] Result<void> start_serving() {
        // The CA is told only after our own listeners have answered, so they answer first.
        TRY(history_->start());
        observer_ = TRY(observer::Observer::start(dns_->workers(), *zones_));
        observer_->attend_challenges(!config_.acme_directory.empty());
        observe(config_.observing);
        TRY(dns_->start());
        if (checkin_) TRY(start_desk());
        TRY(start_certificates());
        metrics_ = std::make_unique<Metrics>(*dns_, *notifier_, *http_, *observer_, *own_,
                                             certificates_.get(), checkin_.get(), clock_);
        following_ = std::make_unique<Following>(*notifier_);
        admin::ApiOptions options = api_options(config_);
        if (checkin_) options.check_in_port = checkin_->endpoints().front().port;
        if (fallback_) {
            options.fallback_port = fallback_->endpoints().front().port;
            options.fallback_key_pin = own_->fallback_slot()->current()->facts().key_pin;
        }
        context_ = std::make_unique<admin::ApiContext>(std::move(options), clock_, *committer_,
                                                       *zones_, *sealer_);
        context_->bulk_reader.emplace(TRY(open_reader()));
        context_->certificates = desk_.get();
        context_->metrics = metrics_.get();
        context_->readiness = &readiness_;
        context_->secondaries = following_.get();
        wire_answers_ = std::make_unique<WireAnswers>(
            WireSources{*zones_, keys_->published(), transfers_->published(), feed_.get(), clock_});
        context_->wire_doors = wire_answers_.get();
        context_->own_certificate = own_.get();
        update_door_.open(*context_);
        transfer_door_.open(*context_);
        TRY(telling_.start(config_, *context_, main_, certificates_.get()));
        sweep_ = admin::PresenceSweep::start(*context_, main_, TRY(open_reader()));
        const auto make_api = [this](net::Loop& loop) -> Result<std::shared_ptr<admin::Api>> {
            return admin::Api::create(*context_, loop, TRY(open_reader()));
        };
        if (fallback_)
            TRY(fallback_->start(own_->fallback_slot(), http_options(config_), make_api));
        return http_->start(own_->slot(), http_options(config_), make_api);
    }

    [[nodiscard]] Result<void> start_certificates() {
        OwnCertificate::Ask ask;
        if (!config_.acme_directory.empty()) {
            acme::Options options = certificate_options();
            TRY(load_acme_secrets(config_, options));
            certificates_ =
                TRY(acme::Certificates::start(std::move(options), clock_, *committer_, *sealer_));
            desk_ = std::make_unique<admin::AcmeDesk>(*certificates_);
            ask = [this](auto names, auto renew, auto actor, auto done) {
                certificates_->request_own(std::move(names), renew, std::move(actor),
                                           std::move(done));
            };
            own_news_ = certificates_->subscribe([this](std::int64_t server_id) {
                if (server_id == store::kOurselves) own_->changed();
            });
        }
        own_->start(main_, TRY(open_reader()), *zones_, std::move(ask),
                    fallback_ ? fallback_->endpoints() : std::vector<Endpoint>());
        return {};
    }

    [[nodiscard]] acme::Options certificate_options() {
        acme::Options options = acme_options(config_, dns_->endpoints());
        options.coupling.zones = [this] { return zones_->snapshot(); };
        options.secondaries = [this](const zones::Name& apex) {
            return endpoints_of(notifier_->results(apex));
        };
        options.seen_queries = [this](WallTime since) {
            return seen_queries(observer_->challenges().since(since));
        };
        options.canary_names = canary_names(config_, *zones_);
        return options;
    }

    // All or nothing: a file that cannot be served as a whole changes nothing.
    void reload() {
        notify("RELOADING=1");
        if (const auto done = try_reload(); !done) {
            logger().error("reload refused, nothing was changed: {}", done.error().text());
        } else {
            logger().info("reloaded {}", config_.file);
        }
        notify("READY=1");
    }

    [[nodiscard]] Result<void> try_reload() {
        auto next = read_config(config_.file);
        if (!next) return fail(Error{ErrorCode::Invalid, "", next.error().front().text()});
        if (const auto keys = needs_restart(config_, *next); !keys.empty())
            return fail(Error{ErrorCode::Invalid, fmt::format("{}", fmt::join(keys, ", ")),
                              "takes effect with a restart only"});
        const auto cookies = TRY(cookie_policy(*next));
        TRY(own_->reload(*next));
        dns_->guard(cookies, next->dns_rate_limit);
        observe(next->observing);
        apply_log_levels(*next);
        if (transfers_->configure(*next)) notifier_->changed_all();
        config_ = *std::move(next);
        return {};
    }

    void observe(const observer::Options& options) {
        observer_->configure(options);
        dns_->watch(observer_->watch(), observer_->rings());
    }

    Config config_;
    SystemClock clock_;
    net::Loop main_;
    net::Signal terminate_;
    net::Signal interrupt_;
    net::Signal hang_up_;
    net::Timer daily_;
    std::optional<store::StoreLock> lock_;  // Let go of last.
    std::optional<Sealer> sealer_;
    std::optional<Published<zones::ZoneTable>> zones_;
    std::unique_ptr<TsigKeys> keys_;
    std::unique_ptr<Transfers> transfers_;
    std::optional<store::Reader> commit_reader_;  // The commit thread's.
    std::unique_ptr<OwnCertificate> own_;         // Before the committer, which tells it.
    Telling telling_;                             // Before the committer, which rings.
    FollowerDoor followers_;
    UpdateDoor update_door_;  // Before the committer, which calls it back.
    TransferDoor transfer_door_;
    std::unique_ptr<dnsd::Notifier> notifier_;  // Before the committer, which tells it.
    std::unique_ptr<store::Committer> committer_;
    std::unique_ptr<checkin::Desk> checkin_;
    std::unique_ptr<CheckinFeed> feed_;
    std::optional<store::Reader> feed_reader_;  // The main thread's.
    std::unique_ptr<dnsd::Server> dns_;
    std::unique_ptr<observer::Observer> observer_;
    // Tells dns_'s threads what it found, so it goes before them.
    std::unique_ptr<store::History> history_;
    std::unique_ptr<acme::Certificates> certificates_;
    std::unique_ptr<admin::AcmeDesk> desk_;
    acme::Certificates::Subscription own_news_;
    std::unique_ptr<HttpFront> http_;
    std::unique_ptr<HttpFront> fallback_;
    std::unique_ptr<Metrics> metrics_;
    std::unique_ptr<Following> following_;
    std::unique_ptr<WireAnswers> wire_answers_;
    Readiness readiness_;
    std::unique_ptr<admin::ApiContext> context_;
    std::unique_ptr<admin::PresenceSweep> sweep_;
};

}  // namespace

int run_serve(const Config& config) {
    apply_log_levels(config);
    Service service(config);
    if (const auto started = service.start(); !started) {
        logger().critical("cannot start: {}", started.error().text());
        service.stop();
        return kFailed;
    }
    service.run();
    logger().info("stopped");
    return kDone;
}

}  // namespace hairpin::daemon
