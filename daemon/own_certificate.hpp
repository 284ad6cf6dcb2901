// daemon/own_certificate.hpp - which certificate our TLS listeners show, now and from now on.
//
// The API, DNS over TLS and DNS over HTTPS share one slot. In it is, of what there is, the first
// of: the one of the operator's files; the newest unexpired certificate from our own ACME module
// that is good for http.server_name; the self-signed one. This is the only place that puts one
// there, so that neither a reload nor a day's end takes back what another path has put in. The
// fallback slot always holds the self-signed one
// (docs/adr/0010-our-own-certificate-and-its-fallback.md).
//
// A certificate of our own is asked for where no files are configured, [acme] is, http.server_name
// is a host name, and a zone here holds it; the other names where they are in the same zone.
//
// Standards RFC 8555 (by acme/), RFC 7858 section 4.2 (pins of the fallback's key).
// Threads   The main thread; changed(), zones_changed(), view() and order() from any.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acme/certificates.hpp"
#include "acme/own_certificate.hpp"
#include "admin/own_certificate.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/guarded.hpp"
#include "core/published.hpp"
#include "core/result.hpp"
#include "daemon/config.hpp"
#include "net/loop.hpp"
#include "net/tls.hpp"
#include "store/reader.hpp"
#include "zones/zone.hpp"

namespace hairpin::daemon {

class OwnCertificate final : public admin::OwnCertificateSource {
public:
    /// acme::Certificates::request_own().
    using Ask = std::function<void(acme::OwnNames, acme::Renew, zones::Actor,
                                   acme::Certificates::Requested)>;

    /// Chooses the first certificate. What is referred to outlives this.
    /// Errors: Io, Invalid of the operator's files, or of making the self-signed one.
    [[nodiscard]] static Result<std::unique_ptr<OwnCertificate>> create(const Config& config,
                                                                        const Clock& clock,
                                                                        const Sealer& sealer,
                                                                        store::Queries& queries);

    [[nodiscard]] const std::shared_ptr<net::CertificateSlot>& slot() const noexcept {
        return slot_;
    }
    /// Null where neither it nor the other slot has use for a self-signed one.
    [[nodiscard]] const std::shared_ptr<net::CertificateSlot>& fallback_slot() const noexcept {
        return fallback_;
    }

    /// From now on it asks, watches and replaces. `fallback` is where the fallback slot is served.
    void start(net::Loop& main, store::Reader reader, const Published<zones::ZoneTable>& zones,
               Ask ask, std::vector<Endpoint> fallback);
    /// Reads the operator's files anew, and what else may have changed.
    /// Errors: as create(); then all stays as it was.
    [[nodiscard]] Result<void> reload(const Config& next);
    /// Each certificate anew, and session tickets with new keys: for once a day.
    void renew();
    /// Our attempt has moved: looks again, on the main thread, soon. Any thread.
    void changed();
    /// A zone was made or changed; looked at only while we wait for one. Any thread.
    void zones_changed();
    /// Looks whether another certificate is to be served, asked for, or spoken of.
    void look();

    [[nodiscard]] admin::OwnCertificateView view() const override;
    void order(zones::Actor actor, std::function<void(Result<void>)> done) override;

private:
    using Tls = std::shared_ptr<const net::ServerTls>;
    struct Choice {
        admin::CertificateSource source = admin::CertificateSource::SelfSigned;
        Tls tls;
    };
    OwnCertificate(Config config, const Clock& clock, const Sealer& sealer)
        : config_(std::move(config)), clock_(clock), sealer_(sealer) {}

    /// Yes: session tickets get new keys, though the certificate may be the same.
    enum class Rebuild : std::uint8_t { No, Yes };
    [[nodiscard]] static Result<Choice> without_acme(const Config& config, const Tls& self_signed);
    [[nodiscard]] std::optional<Choice> from_acme(store::Queries& queries, Rebuild rebuild);
    void choose(store::Queries& queries, Rebuild rebuild);
    void serve(Choice next);
    void ask_if_needed(store::Queries& queries);
    void cannot_ask(const Error& why);
    [[nodiscard]] std::optional<acme::OwnNames> wanted_names();
    [[nodiscard]] std::optional<acme::OwnNames> nothing_wanted(std::string why);
    void leave_out(const std::string& name, const zones::Name& apex);
    void warn_of_expiry(store::Queries& queries);
    void set_timer();

    Config config_;
    const Clock& clock_;
    const Sealer& sealer_;
    Choice files_or_self_signed_;
    Choice serving_;
    Tls self_signed_;  // Null: nobody would see it.
    std::shared_ptr<net::CertificateSlot> slot_;
    std::shared_ptr<net::CertificateSlot> fallback_;

    net::Loop* main_ = nullptr;  // Null until start().
    std::optional<store::Reader> reader_;
    const Published<zones::ZoneTable>* zones_ = nullptr;
    Ask ask_;
    net::Timer timer_;
    bool is_asking_ = false;
    std::string obstacle_;  // Why nothing is ordered; empty: it is.
    std::vector<std::string> left_out_;
    std::optional<WallTime> warned_at_;
    std::string read_problem_;  // As they were said last.
    std::string ask_problem_;
    std::atomic<bool> waits_for_zone_{false};

    /// What other threads read.
    struct Shown {
        admin::OwnCertificateView view;
        std::optional<acme::OwnNames> names;
    };
    Guarded<Shown> shown_;
};

}  // namespace hairpin::daemon
