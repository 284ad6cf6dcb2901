#include "daemon/own_certificate.hpp"

#include <algorithm>
#include <utility>

#include "core/ip_address.hpp"
#include "core/log.hpp"
#include "daemon/server_certificate.hpp"
#include "zones/name.hpp"

namespace hairpin::daemon {
namespace {

using admin::CertificateSource;

constexpr Milliseconds kLookEvery{60'000};
constexpr Milliseconds kWarnBefore{7LL * 24 * 3600 * 1000};
constexpr Milliseconds kWarnAgain{24LL * 3600 * 1000};
constexpr std::size_t kLongestOrdered = 253 - 16;  // "_acme-challenge." has to fit in front.

spdlog::logger& own_logger() {
    return log::logger("daemon");
}

/// A host name that a public CA may take: "localhost" and addresses are not.
std::optional<zones::Name> orderable(const std::string& text) {
    const auto is_fine = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '-' || letter == '.';
    };
    if (text.size() > kLongestOrdered || text.find('.') == std::string::npos ||
        !std::all_of(text.begin(), text.end(), is_fine) || IpAddress::parse(text))
        return std::nullopt;
    const auto name = zones::Name::parse(text);
    if (!name || name->is_root()) return std::nullopt;
    return name->lower();
}

admin::ServedCertificate described(CertificateSource source, const net::ServerTls& tls) {
    const net::CertificateFacts& facts = tls.facts();
    return {source,          facts.names,       facts.not_before,
            facts.not_after, facts.fingerprint, facts.key_pin};
}

/// Null where nobody would see it: its key lies in the data directory.
Result<std::shared_ptr<const net::ServerTls>> self_signed_for(const Config& config) {
    if (!config.http_certificate.empty() && config.http_fallback_listen.empty())
        return std::shared_ptr<const net::ServerTls>();
    return make_self_signed_certificate(config);
}

/// When to speak of a renewal that does not come: some days before the end, or in the last quarter
/// of a short life.
Milliseconds warning_time(const net::CertificateFacts& facts) {
    return std::min<Milliseconds>(kWarnBefore, (facts.not_after - facts.not_before) / 4);
}

}  // namespace

Result<std::unique_ptr<OwnCertificate>> OwnCertificate::create(const Config& config,
                                                               const Clock& clock,
                                                               const Sealer& sealer,
                                                               store::Queries& queries) {
    std::unique_ptr<OwnCertificate> made(new OwnCertificate(config, clock, sealer));
    made->self_signed_ = TRY(self_signed_for(config));
    made->files_or_self_signed_ = TRY(without_acme(config, made->self_signed_));
    if (made->self_signed_)
        made->fallback_ = std::make_shared<net::CertificateSlot>(made->self_signed_);
    made->slot_ = std::make_shared<net::CertificateSlot>(made->files_or_self_signed_.tls);
    made->choose(queries, Rebuild::No);
    return made;
}

void OwnCertificate::start(net::Loop& main, store::Reader reader,
                           const Published<zones::ZoneTable>& zones, Ask ask,
                           std::vector<Endpoint> fallback) {
    main_ = &main;
    reader_.emplace(std::move(reader));
    zones_ = &zones;
    ask_ = std::move(ask);
    shown_.with([&](Shown& shown) { shown.view.fallback_listeners = std::move(fallback); });
    timer_ = main.add_timer(kLookEvery, Milliseconds(0), [this] { look(); });
    look();
}

Result<OwnCertificate::Choice> OwnCertificate::without_acme(const Config& config,
                                                            const Tls& self_signed) {
    Tls files = TRY(load_certificate_files(config));
    if (files) return Choice{CertificateSource::Files, std::move(files)};
    return Choice{CertificateSource::SelfSigned, self_signed};
}

Result<void> OwnCertificate::reload(const Config& next) {
    Tls self_signed = TRY(self_signed_for(next));
    files_or_self_signed_ = TRY(without_acme(next, self_signed));
    self_signed_ = std::move(self_signed);
    if (fallback_ && self_signed_) fallback_->replace(self_signed_);
    config_ = next;
    left_out_.clear();
    choose(**reader_, Rebuild::Yes);
    look();
    return {};
}

void OwnCertificate::renew() {
    if (const auto renewed = reload(Config(config_)); !renewed)
        own_logger().error("the API's certificate cannot be read or made: {}",
                           renewed.error().text());
}

void OwnCertificate::changed() {
    main_->post([this] { look(); });
}

void OwnCertificate::zones_changed() {
    if (!waits_for_zone_.exchange(false)) return;
    main_->post([this] {
        waits_for_zone_ = true;
        const auto name = orderable(config_.http_server_name);
        if (name && zones_->snapshot()->closest_enclosing(*name) != nullptr) look();
    });
}

void OwnCertificate::look() {
    store::Queries& queries = **reader_;
    choose(queries, Rebuild::No);
    ask_if_needed(queries);
    warn_of_expiry(queries);
    set_timer();
}

/// The newest of ours; empty: there is none that can be shown.
std::optional<OwnCertificate::Choice> OwnCertificate::from_acme(store::Queries& queries,
                                                                Rebuild rebuild) {
    const bool has_files = files_or_self_signed_.source == CertificateSource::Files;
    if (has_files || config_.acme_directory.empty()) return std::nullopt;
    const auto name = orderable(config_.http_server_name);
    if (!name) return std::nullopt;
    const WallTime now = clock_.now();
    const bool is_ours = serving_.source == CertificateSource::Acme && serving_.tls;
    const auto pair = acme::own_pair(queries, sealer_, name->text_without_dot(), now);
    if (pair && !*pair) return std::nullopt;
    if (pair && is_ours && rebuild == Rebuild::No &&
        to_hex((*pair)->sha256) == serving_.tls->fingerprint())
        return serving_;
    auto tls = pair ? net::ServerTls::from_pem((*pair)->chain_pem, (*pair)->key_pem)
                    : Result<Tls>(fail(pair.error()));
    if (tls) {
        read_problem_.clear();
        return Choice{CertificateSource::Acme, *std::move(tls)};
    }
    if (std::string problem = tls.error().text(); problem != read_problem_) {
        read_problem_ = std::move(problem);
        own_logger().error("our own certificate cannot be read: {}", read_problem_);
    }
    // A store that cannot be read for a while is no reason to show another certificate.
    if (is_ours && serving_.tls->facts().not_after > now) return serving_;
    return std::nullopt;
}

void OwnCertificate::choose(store::Queries& queries, Rebuild rebuild) {
    auto ours = from_acme(queries, rebuild);
    serve(ours ? *std::move(ours) : files_or_self_signed_);
    shown_.with([this](Shown& shown) {
        shown.view.served = described(serving_.source, *serving_.tls);
        shown.view.fallback.reset();
        if (self_signed_)
            shown.view.fallback = described(CertificateSource::SelfSigned, *self_signed_);
    });
}

void OwnCertificate::serve(Choice next) {
    if (next.tls == serving_.tls) return;
    const Choice last = std::exchange(serving_, std::move(next));
    slot_->replace(serving_.tls);
    const net::CertificateFacts& facts = serving_.tls->facts();
    if (last.source == CertificateSource::Acme && serving_.source != CertificateSource::Acme &&
        last.tls->facts().not_after <= clock_.now())
        own_logger().error(
            "our certificate expired on {} and was not renewed: listeners show the {} one now",
            to_rfc3339(last.tls->facts().not_after), to_string(serving_.source));
    if (!last.tls || last.tls->fingerprint() != facts.fingerprint)
        own_logger().info("listeners show the {} certificate {}, good until {}",
                          to_string(serving_.source), facts.fingerprint,
                          to_rfc3339(facts.not_after));
}

void OwnCertificate::ask_if_needed(store::Queries& queries) {
    const bool was_held_up = !obstacle_.empty();
    const auto names = wanted_names();
    shown_.with([&](Shown& shown) {
        shown.names = names;
        shown.view.obstacle = obstacle_;
        shown.view.ordered.clear();
        if (!names) return;
        shown.view.ordered = names->others;
        shown.view.ordered.insert(shown.view.ordered.begin(), names->name);
    });
    if (!names || is_asking_) return;
    const auto asked = acme::own_names_asked(queries);
    if (!asked) return cannot_ask(asked.error());
    // Where something of ours was in the way, a failed order may be worth another try now.
    if (*asked == names && !was_held_up) return;
    is_asking_ = true;
    ask_(*names, acme::Renew::WhenDue, {"acme", "hairpind", "", "acme"},
         [this](const Result<acme::CertificateState>& done) {
             std::optional<Error> error;
             if (!done) error = done.error();
             main_->post([this, error = std::move(error)] {
                 is_asking_ = false;
                 if (error) return cannot_ask(*error);
                 ask_problem_.clear();
             });
         });
}

void OwnCertificate::cannot_ask(const Error& why) {
    if (why.text() == ask_problem_) return;
    ask_problem_ = why.text();
    own_logger().warn("our own certificate cannot be asked for, it is tried again: {}",
                      ask_problem_);
}

std::optional<acme::OwnNames> OwnCertificate::wanted_names() {
    waits_for_zone_ = false;
    if (files_or_self_signed_.source == CertificateSource::Files)
        return nothing_wanted("http.certificate names files, and they are shown");
    if (config_.acme_directory.empty() || !ask_)
        return nothing_wanted("no CA is configured ([acme] directory)");
    const auto name = orderable(config_.http_server_name);
    if (!name)
        return nothing_wanted("http.server_name is no host name that a CA takes: " +
                              config_.http_server_name);
    waits_for_zone_ = true;  // Before the look: a zone that comes in between is not missed.
    const auto zones = zones_->snapshot();
    const zones::Zone* zone = zones->closest_enclosing(*name);
    if (zone == nullptr) {
        std::string why = "no zone here holds " + name->text_without_dot();
        if (why != obstacle_)
            own_logger().warn("{}: a certificate for it is ordered once there is one", why);
        return nothing_wanted(std::move(why));
    }
    waits_for_zone_ = false;
    obstacle_.clear();
    acme::OwnNames wanted{zone->apex(), name->text_without_dot(), {}};
    for (const std::string& text : config_.http_other_names) {
        const auto other = orderable(text);
        if (!other || *other == *name) continue;
        if (zones->closest_enclosing(*other) != zone) {
            leave_out(text, zone->apex());
        } else if (std::string plain = other->text_without_dot();
                   std::find(wanted.others.begin(), wanted.others.end(), plain) ==
                   wanted.others.end()) {
            wanted.others.push_back(std::move(plain));
        }
    }
    std::sort(wanted.others.begin(), wanted.others.end());  // Another order is no other wish.
    return wanted;
}

std::optional<acme::OwnNames> OwnCertificate::nothing_wanted(std::string why) {
    obstacle_ = std::move(why);
    return std::nullopt;
}

void OwnCertificate::leave_out(const std::string& name, const zones::Name& apex) {
    if (std::find(left_out_.begin(), left_out_.end(), name) != left_out_.end()) return;
    left_out_.push_back(name);
    own_logger().warn("{} of http.other_names is left out of our certificate: it is not in {}",
                      name, apex.text());
}

void OwnCertificate::warn_of_expiry(store::Queries& queries) {
    if (serving_.source != CertificateSource::Acme) return;
    const net::CertificateFacts& facts = serving_.tls->facts();
    const WallTime now = clock_.now();
    if (facts.not_after - now > warning_time(facts)) return warned_at_.reset();
    if (warned_at_ && now - *warned_at_ < kWarnAgain) return;
    const auto state = acme::certificate_state(queries, store::kOurselves, now);
    const std::string problem = state ? state->problem : state.error().text();
    if (problem.empty()) return;  // It is under way.
    warned_at_ = now;
    own_logger().warn("our certificate expires on {} and is not renewed yet: {}",
                      to_rfc3339(facts.not_after), problem);
}

void OwnCertificate::set_timer() {
    Milliseconds next = kLookEvery;
    if (serving_.source == CertificateSource::Acme) {
        const net::CertificateFacts& facts = serving_.tls->facts();
        const Milliseconds left = facts.not_after - clock_.now();
        const Milliseconds until_warning = left - warning_time(facts);
        if (until_warning > Milliseconds(0)) next = std::min(next, until_warning);
        // It may have expired since it was looked at, a moment ago.
        next = std::clamp<Milliseconds>(left, Milliseconds(1), next);
    }
    timer_.again(next);
}

admin::OwnCertificateView OwnCertificate::view() const {
    return shown_.with([](const Shown& shown) { return shown.view; });
}

void OwnCertificate::order(zones::Actor actor, std::function<void(Result<void>)> done) {
    const auto shown = shown_.with([](const Shown& each) { return each; });
    if (!shown.names)
        return done(fail(Error{ErrorCode::Conflict, "our own certificate", shown.view.obstacle}));
    ask_(*shown.names, acme::Renew::Now, std::move(actor),
         [done = std::move(done)](const Result<acme::CertificateState>& asked) {
             done(asked ? Result<void>() : Result<void>(fail(asked.error())));
         });
}

}  // namespace hairpin::daemon
