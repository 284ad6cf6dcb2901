#include <utility>

#include "admin/certificate_desk.hpp"

namespace hairpin::admin {

void AcmeDesk::request(const store::Subject& subject, acme::KeySource key, zones::Actor actor,
                       acme::Certificates::Requested done) {
    certificates_.request(subject, std::move(key), std::move(actor), std::move(done));
}

void AcmeDesk::deployed(std::int64_t server_id, const Sha256& sha256, zones::Actor actor,
                        acme::Certificates::Acknowledged done) {
    certificates_.deployed(server_id, sha256, std::move(actor), std::move(done));
}

void AcmeDesk::take_managed_key(std::int64_t server_id, zones::Actor actor,
                                acme::Certificates::KeyTaken done) {
    certificates_.take_managed_key(server_id, std::move(actor), std::move(done));
}

void AcmeDesk::retry(std::int64_t server_id, zones::Actor actor,
                     acme::Certificates::Acknowledged done) {
    certificates_.retry(server_id, std::move(actor), std::move(done));
}

void AcmeDesk::revoke(std::int64_t server_id, const Sha256& sha256, acme::RevocationReason reason,
                      zones::Actor actor, acme::Certificates::Acknowledged done) {
    certificates_.revoke(server_id, sha256, reason, std::move(actor), std::move(done));
}

void AcmeDesk::roll_over_account(std::string issuer, zones::Actor actor,
                                 acme::Certificates::Acknowledged done) {
    certificates_.roll_over_account(std::move(issuer), std::move(actor), std::move(done));
}

void AcmeDesk::switch_account(std::string issuer, zones::Actor actor,
                              acme::Certificates::Acknowledged done) {
    certificates_.switch_account(std::move(issuer), std::move(actor), std::move(done));
}

std::shared_ptr<const acme::IssuersView> AcmeDesk::issuers() const {
    return certificates_.issuers();
}

Result<acme::CertificateState> AcmeDesk::state(store::Queries& queries,
                                               const store::Subject& subject, WallTime now) const {
    return acme::certificate_state(queries, subject, now);
}

Result<std::optional<acme::CertificateChain>> AcmeDesk::chain(store::Queries& queries,
                                                              std::int64_t server_id,
                                                              WallTime now) const {
    return acme::certificate_chain(queries, server_id, now);
}

Result<std::optional<acme::Postponement>> AcmeDesk::would_postpone(store::Queries& queries,
                                                                   const store::Subject& subject,
                                                                   WallTime now) const {
    return certificates_.would_postpone(queries, subject, now);
}

void AcmeDesk::set_limit(const acme::LimitChange& change, zones::Actor actor,
                         acme::Certificates::Acknowledged done) {
    certificates_.set_limit(change, std::move(actor), std::move(done));
}

std::shared_ptr<const acme::QueueView> AcmeDesk::queue() const {
    return certificates_.queue();
}

void AcmeDesk::preflight(const zones::Name& apex, std::vector<std::string> names,
                         acme::Certificates::Looked done) {
    certificates_.preflight(apex, std::move(names), std::move(done));
}

std::shared_ptr<const acme::CaaView> AcmeDesk::caa() const {
    return certificates_.caa();
}

std::shared_ptr<void> AcmeDesk::subscribe(std::function<void(std::int64_t server_id)> callback) {
    return std::make_shared<acme::Certificates::Subscription>(
        certificates_.subscribe(std::move(callback)));
}

std::string AcmeDesk::trouble() const {
    return certificates_.trouble();
}

}  // namespace hairpin::admin
