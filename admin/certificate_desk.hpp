// admin/certificate_desk.hpp - where the API asks for servers' certificates.
//
// An interface, so that the API is tested without a CA and runs without one. AcmeDesk is the real
// one: a thin face over acme::Certificates.
//
// Threads   As acme/certificates.hpp: any thread; callbacks run anywhere and must only hand over.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acme/caa_keeper.hpp"
#include "acme/certificates.hpp"
#include "acme/gate.hpp"
#include "acme/issuer_view.hpp"
#include "acme/queue_view.hpp"

namespace hairpin::admin {

class CertificateDesk {
public:
    virtual ~CertificateDesk() = default;
    virtual void request(const store::Subject& subject, acme::KeySource key, zones::Actor actor,
                         acme::Certificates::Requested done) = 0;
    virtual void deployed(std::int64_t server_id, const Sha256& sha256, zones::Actor actor,
                          acme::Certificates::Acknowledged done) = 0;
    virtual void take_managed_key(std::int64_t server_id, zones::Actor actor,
                                  acme::Certificates::KeyTaken done) = 0;
    virtual void retry(std::int64_t server_id, zones::Actor actor,
                       acme::Certificates::Acknowledged done) = 0;
    virtual void revoke(std::int64_t server_id, const Sha256& sha256, acme::RevocationReason reason,
                        zones::Actor actor, acme::Certificates::Acknowledged done) = 0;
    /// As acme::Certificates::roll_over_account().
    virtual void roll_over_account(std::string issuer, zones::Actor actor,
                                   acme::Certificates::Acknowledged done) = 0;
    /// As acme::Certificates::switch_account().
    virtual void switch_account(std::string issuer, zones::Actor actor,
                                acme::Certificates::Acknowledged done) = 0;
    /// Null: there is no CA.
    [[nodiscard]] virtual std::shared_ptr<const acme::IssuersView> issuers() const = 0;
    [[nodiscard]] virtual Result<acme::CertificateState> state(store::Queries& queries,
                                                               const store::Subject& subject,
                                                               WallTime now) const = 0;
    [[nodiscard]] virtual Result<std::optional<acme::CertificateChain>> chain(
        store::Queries& queries, std::int64_t server_id, WallTime now) const = 0;
    /// Whether a new key of the subject would have to wait for a certificate; nullopt: it would
    /// not.
    [[nodiscard]] virtual Result<std::optional<acme::Postponement>> would_postpone(
        store::Queries& queries, const store::Subject& subject, WallTime now) const = 0;
    /// As acme::Certificates::set_limit().
    virtual void set_limit(const acme::LimitChange& change, zones::Actor actor,
                           acme::Certificates::Acknowledged done) = 0;
    /// Who waits for the CA's limits; null: nobody ever does.
    [[nodiscard]] virtual std::shared_ptr<const acme::QueueView> queue() const = 0;
    /// As acme::Certificates::preflight().
    virtual void preflight(const zones::Name& apex, std::vector<std::string> names,
                           acme::Certificates::Looked done) = 0;
    /// CAA records that follow our accounts; null: none do.
    [[nodiscard]] virtual std::shared_ptr<const acme::CaaView> caa() const = 0;
    /// Calls back with a server's id whenever its state may read differently; until the result is
    /// dropped.
    [[nodiscard]] virtual std::shared_ptr<void> subscribe(
        std::function<void(std::int64_t server_id)> callback) = 0;
    /// Why nothing can be ordered at all; empty while all is well.
    [[nodiscard]] virtual std::string trouble() const = 0;
};

class AcmeDesk final : public CertificateDesk {
public:
    /// `certificates` outlives this.
    explicit AcmeDesk(acme::Certificates& certificates) noexcept : certificates_(certificates) {}

    void request(const store::Subject& subject, acme::KeySource key, zones::Actor actor,
                 acme::Certificates::Requested done) override;
    void deployed(std::int64_t server_id, const Sha256& sha256, zones::Actor actor,
                  acme::Certificates::Acknowledged done) override;
    void take_managed_key(std::int64_t server_id, zones::Actor actor,
                          acme::Certificates::KeyTaken done) override;
    void retry(std::int64_t server_id, zones::Actor actor,
               acme::Certificates::Acknowledged done) override;
    void revoke(std::int64_t server_id, const Sha256& sha256, acme::RevocationReason reason,
                zones::Actor actor, acme::Certificates::Acknowledged done) override;
    void roll_over_account(std::string issuer, zones::Actor actor,
                           acme::Certificates::Acknowledged done) override;
    void switch_account(std::string issuer, zones::Actor actor,
                        acme::Certificates::Acknowledged done) override;
    [[nodiscard]] std::shared_ptr<const acme::IssuersView> issuers() const override;
    [[nodiscard]] Result<acme::CertificateState> state(store::Queries& queries,
                                                       const store::Subject& subject,
                                                       WallTime now) const override;
    [[nodiscard]] Result<std::optional<acme::CertificateChain>> chain(store::Queries& queries,
                                                                      std::int64_t server_id,
                                                                      WallTime now) const override;
    [[nodiscard]] Result<std::optional<acme::Postponement>> would_postpone(
        store::Queries& queries, const store::Subject& subject, WallTime now) const override;
    void set_limit(const acme::LimitChange& change, zones::Actor actor,
                   acme::Certificates::Acknowledged done) override;
    [[nodiscard]] std::shared_ptr<const acme::QueueView> queue() const override;
    void preflight(const zones::Name& apex, std::vector<std::string> names,
                   acme::Certificates::Looked done) override;
    [[nodiscard]] std::shared_ptr<const acme::CaaView> caa() const override;
    [[nodiscard]] std::shared_ptr<void> subscribe(
        std::function<void(std::int64_t server_id)> callback) override;
    [[nodiscard]] std::string trouble() const override;

private:
    acme::Certificates& certificates_;
};

}  // namespace hairpin::admin
