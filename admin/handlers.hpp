// admin/handlers.hpp - the handlers of the route table, by resource.
//
// Each is described in docs/api/openapi.yaml; the file of a group is named above it.
//
// Threads   The loop's thread.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/api.hpp"
#include "admin/json_value.hpp"
#include "admin/json_writer.hpp"

namespace hairpin::admin {

// monitoring.cpp
Result<net::Response, Problem> get_healthz(Api& api, const Call& call);
Result<net::Response, Problem> get_readyz(Api& api, const Call& call);
Result<net::Response, Problem> get_metrics(Api& api, const Call& call);
Result<net::Response, Problem> get_myip(Api& api, const Call& call);
Result<net::Response, Problem> get_whoami(Api& api, const Call& call);
Result<net::Response, Problem> get_openapi(Api& api, const Call& call);

// licences.cpp
Result<Write, Problem> post_licence(Api& api, const Call& call);
Result<net::Response, Problem> list_licences(Api& api, const Call& call);
Result<net::Response, Problem> get_licence(Api& api, const Call& call);
Result<Write, Problem> patch_licence(Api& api, const Call& call);
Result<Write, Problem> delete_licence(Api& api, const Call& call);

// server_creation.cpp
Result<Write, Problem> post_server(Api& api, const Call& call);
Result<Write, Problem> post_server_credential(Api& api, const Call& call);

// certificates.cpp
Result<net::Response, Problem> list_certificates(Api& api, const Call& call);

// servers.cpp
Result<net::Response, Problem> list_servers(Api& api, const Call& call);
Result<net::Response, Problem> get_server(Api& api, const Call& call);
Result<Write, Problem> patch_server(Api& api, const Call& call);
Result<Write, Problem> delete_server(Api& api, const Call& call);
void post_certificate_retry(Api& api, std::shared_ptr<Exchange> exchange);
void post_certificate_revocation(Api& api, std::shared_ptr<Exchange> exchange);

// aliases.cpp
Result<net::Response, Problem> list_aliases(Api& api, const Call& call);
Result<Write, Problem> put_alias(Api& api, const Call& call);
Result<Write, Problem> delete_alias(Api& api, const Call& call);

// self.cpp
Result<net::Response, Problem> get_self(Api& api, const Call& call);
void post_heartbeat(Api& api, std::shared_ptr<Exchange> exchange);

// self_certificate.cpp
void put_certificate(Api& api, std::shared_ptr<Exchange> exchange);
void post_certificate(Api& api, std::shared_ptr<Exchange> exchange);
void get_certificate(Api& api, std::shared_ptr<Exchange> exchange);
void post_certificate_deployed(Api& api, std::shared_ptr<Exchange> exchange);
void post_certificate_key(Api& api, std::shared_ptr<Exchange> exchange);

// own_certificate.cpp
Result<net::Response, Problem> get_own_certificate(Api& api, const Call& call);
void post_own_certificate(Api& api, std::shared_ptr<Exchange> exchange);

// plain_zones.cpp
Result<Write, Problem> post_zone(Api& api, const Call& call);
Result<net::Response, Problem> list_zones(Api& api, const Call& call);
Result<net::Response, Problem> get_zone(Api& api, const Call& call);
Result<net::Response, Problem> get_secondaries(Api& api, const Call& call);
Result<Write, Problem> patch_zone(Api& api, const Call& call);
Result<Write, Problem> delete_zone(Api& api, const Call& call);

// credentials.cpp
Result<Write, Problem> post_credential(Api& api, const Call& call);
Result<net::Response, Problem> list_credentials(Api& api, const Call& call);
Result<net::Response, Problem> get_credential(Api& api, const Call& call);
Result<Write, Problem> patch_credential(Api& api, const Call& call);
Result<Write, Problem> post_credential_rotation(Api& api, const Call& call);
Result<Write, Problem> delete_credential(Api& api, const Call& call);

// acme_issuers.cpp
Result<net::Response, Problem> get_acme_issuers(Api& api, const Call& call);
void post_account_switch(Api& api, std::shared_ptr<Exchange> exchange);
void post_account_rollover(Api& api, std::shared_ptr<Exchange> exchange);

// acme_limits.cpp
Result<net::Response, Problem> get_acme_limits(Api& api, const Call& call);
void put_acme_limit(Api& api, std::shared_ptr<Exchange> exchange);
void delete_acme_limit(Api& api, std::shared_ptr<Exchange> exchange);

// acme_queue.cpp
Result<net::Response, Problem> get_acme_queue(Api& api, const Call& call);
void post_acme_plan(Api& api, std::shared_ptr<Exchange> exchange);

// events.cpp
void get_events(Api& api, std::shared_ptr<Exchange> exchange);
/// What is wrong with patterns of types of events; empty: nothing.
[[nodiscard]] std::optional<std::string> fault_of_kinds(const std::vector<std::string>& kinds);

// webhooks.cpp
Result<Write, Problem> post_webhook(Api& api, const Call& call);
Result<net::Response, Problem> list_webhooks(Api& api, const Call& call);
Result<net::Response, Problem> get_webhook(Api& api, const Call& call);
Result<Write, Problem> patch_webhook(Api& api, const Call& call);
Result<Write, Problem> delete_webhook(Api& api, const Call& call);
Result<Write, Problem> post_webhook_rotation(Api& api, const Call& call);
void post_webhook_test(Api& api, std::shared_ptr<Exchange> exchange);

// acme_coupling.cpp
void post_acme_preflight(Api& api, std::shared_ptr<Exchange> exchange);
Result<net::Response, Problem> get_acme_caa(Api& api, const Call& call);

// dyndns.cpp
void handle_dyndns(Api& api, std::shared_ptr<Exchange> exchange);

// explain.cpp
Result<net::Response, Problem> post_explanation(Api& api, const Call& call);

// rrsets.cpp
Result<net::Response, Problem> get_rrset(Api& api, const Call& call);
Result<Write, Problem> put_rrset(Api& api, const Call& call);
Result<Write, Problem> delete_rrset(Api& api, const Call& call);
Result<Write, Problem> patch_rrsets(Api& api, const Call& call);

// zonefile.cpp
void get_zonefile(Api& api, std::shared_ptr<Exchange> exchange);
void put_zonefile(Api& api, std::shared_ptr<Exchange> exchange);

// history.cpp
Result<net::Response, Problem> get_history(Api& api, const Call& call);
Result<net::Response, Problem> get_audit(Api& api, const Call& call);

// past.cpp
void get_zone_at(Api& api, std::shared_ptr<Exchange> exchange);
void get_zone_diff(Api& api, std::shared_ptr<Exchange> exchange);

// zone_undo.cpp
void post_zone_undo(Api& api, std::shared_ptr<Exchange> exchange);

// zone_return.cpp
void post_zone_return(Api& api, std::shared_ptr<Exchange> exchange);

// door_acme_dns.cpp
Result<net::Response, Problem> get_acme_dns_health(Api& api, const Call& call);
void post_acme_dns_register(Api& api, std::shared_ptr<Exchange> exchange);
void post_acme_dns_update(Api& api, std::shared_ptr<Exchange> exchange);

// door_httpreq.cpp
void post_httpreq_present(Api& api, std::shared_ptr<Exchange> exchange);
void post_httpreq_cleanup(Api& api, std::shared_ptr<Exchange> exchange);

// door_powerdns.cpp
Result<net::Response, Problem> get_powerdns_api(Api& api, const Call& call);
void get_powerdns_servers(Api& api, std::shared_ptr<Exchange> exchange);
void get_powerdns_server(Api& api, std::shared_ptr<Exchange> exchange);
void list_powerdns_zones(Api& api, std::shared_ptr<Exchange> exchange);
void get_powerdns_zone(Api& api, std::shared_ptr<Exchange> exchange);
void patch_powerdns_zone(Api& api, std::shared_ptr<Exchange> exchange);
void put_powerdns_notify(Api& api, std::shared_ptr<Exchange> exchange);
void refuse_powerdns_zones(Api& api, std::shared_ptr<Exchange> exchange);

// front_certificates.cpp
void get_front_directory(Api& api, std::shared_ptr<Exchange> exchange);
void get_front_nonce(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_certificate(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_revocation(Api& api, std::shared_ptr<Exchange> exchange);
void get_front_renewal_info(Api& api, std::shared_ptr<Exchange> exchange);

// front_view.cpp
Result<net::Response, Problem> list_front_accounts(Api& api, const Call& call);
Result<Write, Problem> delete_front_account(Api& api, const Call& call);

// front_accounts.cpp
void post_front_account(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_account_change(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_account_orders(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_key_change(Api& api, std::shared_ptr<Exchange> exchange);

// front_orders.cpp
void post_front_order(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_order_state(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_authorization(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_challenge(Api& api, std::shared_ptr<Exchange> exchange);
void post_front_finalize(Api& api, std::shared_ptr<Exchange> exchange);

/// The body as JSON; an empty one is an empty object.
[[nodiscard]] Result<JsonValue, Problem> json_body(const Call& call);
[[nodiscard]] net::Response json_response(int status, JsonWriter& json);
[[nodiscard]] net::Response no_content();
/// A path argument as a zone's apex. Errors: NotFound: no zone has such a name.
[[nodiscard]] Result<zones::Name, Problem> apex_argument(const Call& call);

}  // namespace hairpin::admin
