// The route table: docs/api/openapi.yaml says the same, and a test compares the two.

#include <array>

#include "acme/certificates.hpp"
#include "admin/front_jws.hpp"
#include "admin/handlers.hpp"
#include "admin/heartbeat_json.hpp"
#include "admin/router.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

constexpr std::size_t kNoBody = 1024;  // What a client may send along for nothing.
constexpr std::size_t kForm = 4 * 1024;
constexpr std::size_t kJson = 64 * 1024;
constexpr std::size_t kDoorRecords = 256 * 1024;
constexpr std::size_t kManyRecords = 1024 * 1024;
constexpr std::size_t kZoneFile = 64 * 1024 * 1024;

constexpr Access kAnyone = Access::Anyone;
constexpr Access kDoor = Access::Door;
constexpr Access kSignature = Access::Signature;
constexpr Access kServer = Access::Server;
constexpr Access kOperator = Access::Operator;
constexpr Access kGranted = Access::Granted;

constexpr std::array kRoutes{
    Route{Method::Get, "/healthz", kAnyone, &get_healthz, kNoBody},
    Route{Method::Get, "/readyz", kAnyone, &get_readyz, kNoBody},
    Route{Method::Get, "/metrics", Access::Monitoring, &get_metrics, kNoBody},
    Route{Method::Get, "/myip", kAnyone, &get_myip, kNoBody},
    Route{Method::Get, "/v1/whoami", kAnyone, &get_whoami, kNoBody},
    Route{Method::Get, "/v1/openapi.json", kAnyone, &get_openapi, kNoBody},

    // dyndns2: who calls is asked in its own words (dyndns.cpp).
    Route{Method::Get, "/nic/update", kDoor, &handle_dyndns, kNoBody},
    Route{Method::Post, "/nic/update", kDoor, &handle_dyndns, kForm},
    Route{Method::Get, "/v3/update", kDoor, &handle_dyndns, kNoBody},
    Route{Method::Get, "/update", kDoor, &handle_dyndns, kNoBody},

    Route{Method::Post, "/v1/licences", kOperator, &post_licence, kJson},
    Route{Method::Get, "/v1/licences", kOperator, &list_licences, kNoBody},
    Route{Method::Get, "/v1/licences/{licence}", kOperator, &get_licence, kNoBody},
    Route{Method::Patch, "/v1/licences/{licence}", kOperator, &patch_licence, kJson},
    Route{Method::Delete, "/v1/licences/{licence}", kOperator, &delete_licence, kNoBody},

    Route{Method::Post, "/v1/licences/{licence}/servers", kOperator, &post_server, kJson},
    Route{Method::Get, "/v1/licences/{licence}/servers", kOperator, &list_servers, kNoBody},
    Route{Method::Get, "/v1/licences/{licence}/servers/{server}", kOperator, &get_server, kNoBody},
    Route{Method::Patch, "/v1/licences/{licence}/servers/{server}", kOperator, &patch_server,
          kJson},
    Route{Method::Delete, "/v1/licences/{licence}/servers/{server}", kOperator, &delete_server,
          kNoBody},
    Route{Method::Post, "/v1/licences/{licence}/servers/{server}/credentials", kOperator,
          &post_server_credential, kJson},
    Route{Method::Post, "/v1/licences/{licence}/servers/{server}/certificate/retry", kOperator,
          &post_certificate_retry, kNoBody},
    Route{Method::Post, "/v1/licences/{licence}/servers/{server}/certificate/revocation", kOperator,
          &post_certificate_revocation, kNoBody},

    Route{Method::Get, "/v1/licences/{licence}/servers/{server}/aliases", kGranted, &list_aliases,
          kNoBody},
    Route{Method::Put, "/v1/licences/{licence}/servers/{server}/aliases/{alias}", kGranted,
          &put_alias, kJson},
    Route{Method::Delete, "/v1/licences/{licence}/servers/{server}/aliases/{alias}", kGranted,
          &delete_alias, kNoBody},

    Route{Method::Get, "/v1/certificates", kOperator, &list_certificates, kNoBody},
    Route{Method::Post, "/v1/acme/account/rollover", kOperator, &post_account_rollover, kNoBody},

    Route{Method::Get, "/v1/self", kServer, &get_self, kNoBody},
    Route{Method::Post, "/v1/self/heartbeat", kServer, &post_heartbeat, kMaxHeartbeatOctets},
    Route{Method::Put, "/v1/self/certificate", kServer, &put_certificate, acme::kMaxCsrOctets},
    Route{Method::Post, "/v1/self/certificate", kServer, &post_certificate, kJson},
    Route{Method::Get, "/v1/self/certificate", kServer, &get_certificate, kNoBody},
    Route{Method::Post, "/v1/self/certificate/deployed", kServer, &post_certificate_deployed,
          kJson},
    Route{Method::Post, "/v1/self/certificate/key", kServer, &post_certificate_key, kNoBody},

    Route{Method::Get, "/v1/certificate", kOperator, &get_own_certificate, kNoBody},
    Route{Method::Post, "/v1/certificate", kOperator, &post_own_certificate, kNoBody},

    Route{Method::Post, "/v1/zones", kOperator, &post_zone, kJson},
    Route{Method::Get, "/v1/zones", kOperator, &list_zones, kNoBody},
    Route{Method::Get, "/v1/zones/{zone}", kOperator, &get_zone, kNoBody},
    Route{Method::Patch, "/v1/zones/{zone}", kOperator, &patch_zone, kJson},
    Route{Method::Delete, "/v1/zones/{zone}", kOperator, &delete_zone, kNoBody},
    Route{Method::Get, "/v1/zones/{zone}/rrsets/{owner}/{type}", kGranted, &get_rrset, kNoBody},
    Route{Method::Put, "/v1/zones/{zone}/rrsets/{owner}/{type}", kGranted, &put_rrset,
          kManyRecords},
    Route{Method::Delete, "/v1/zones/{zone}/rrsets/{owner}/{type}", kGranted, &delete_rrset,
          kNoBody},
    Route{Method::Patch, "/v1/zones/{zone}/rrsets", kGranted, &patch_rrsets, kManyRecords},
    Route{Method::Get, "/v1/zones/{zone}/zonefile", kOperator, &get_zonefile, kNoBody},
    Route{Method::Put, "/v1/zones/{zone}/zonefile", kOperator, &put_zonefile, kZoneFile},
    Route{Method::Get, "/v1/zones/{zone}/history", kOperator, &get_history, kNoBody},
    Route{Method::Get, "/v1/zones/{zone}/at", kOperator, &get_zone_at, kNoBody},
    Route{Method::Get, "/v1/zones/{zone}/diff", kOperator, &get_zone_diff, kNoBody},
    Route{Method::Post, "/v1/zones/{zone}/undo", kOperator, &post_zone_undo, kJson},
    Route{Method::Post, "/v1/zones/{zone}/return", kOperator, &post_zone_return, kJson},
    Route{Method::Get, "/v1/zones/{zone}/secondaries", kOperator, &get_secondaries, kNoBody},

    Route{Method::Post, "/v1/credentials", kOperator, &post_credential, kJson},
    Route{Method::Get, "/v1/credentials", kOperator, &list_credentials, kNoBody},
    Route{Method::Get, "/v1/credentials/{credential}", kOperator, &get_credential, kNoBody},
    Route{Method::Patch, "/v1/credentials/{credential}", kOperator, &patch_credential, kJson},
    Route{Method::Delete, "/v1/credentials/{credential}", kOperator, &delete_credential, kNoBody},
    Route{Method::Post, "/v1/credentials/{credential}/rotation", kOperator,
          &post_credential_rotation, kJson},
    Route{Method::Post, "/v1/credentials/explain", kOperator, &post_explanation, kManyRecords},

    Route{Method::Get, "/v1/acme/issuers", kOperator, &get_acme_issuers, kNoBody},
    Route{Method::Post, "/v1/acme/issuers/{issuer}/switch-account", kOperator, &post_account_switch,
          kNoBody},
    Route{Method::Post, "/v1/acme/issuers/{issuer}/rollover", kOperator, &post_account_rollover,
          kNoBody},
    Route{Method::Get, "/v1/acme/limits", kOperator, &get_acme_limits, kNoBody},
    Route{Method::Put, "/v1/acme/limits/{limit}", kOperator, &put_acme_limit, kJson},
    Route{Method::Delete, "/v1/acme/limits/{limit}", kOperator, &delete_acme_limit, kNoBody},
    Route{Method::Get, "/v1/acme/queue", kOperator, &get_acme_queue, kNoBody},
    Route{Method::Post, "/v1/acme/plan", kOperator, &post_acme_plan, kJson},
    Route{Method::Post, "/v1/acme/preflight", kOperator, &post_acme_preflight, kJson},
    Route{Method::Get, "/v1/acme/caa", kOperator, &get_acme_caa, kNoBody},

    Route{Method::Get, "/v1/audit", kOperator, &get_audit, kNoBody},
    Route{Method::Get, "/v1/events", kGranted, &get_events, kNoBody},
    Route{Method::Post, "/v1/webhooks", kOperator, &post_webhook, kJson},
    Route{Method::Get, "/v1/webhooks", kOperator, &list_webhooks, kNoBody},
    Route{Method::Get, "/v1/webhooks/{webhook}", kOperator, &get_webhook, kNoBody},
    Route{Method::Patch, "/v1/webhooks/{webhook}", kOperator, &patch_webhook, kJson},
    Route{Method::Delete, "/v1/webhooks/{webhook}", kOperator, &delete_webhook, kNoBody},
    Route{Method::Post, "/v1/webhooks/{webhook}/rotate", kOperator, &post_webhook_rotation, kJson},
    Route{Method::Post, "/v1/webhooks/{webhook}/test", kOperator, &post_webhook_test, kNoBody},

    // Doors of stock clients: each looks at the credential in its own way (door_login.hpp).
    Route{Method::Get, "/health", kAnyone, &get_acme_dns_health, kNoBody},
    Route{Method::Post, "/register", kDoor, &post_acme_dns_register, kStrangersBody},
    Route{Method::Post, "/update", kDoor, &post_acme_dns_update, kStrangersBody},
    Route{Method::Post, "/httpreq/present", kDoor, &post_httpreq_present, kStrangersBody},
    Route{Method::Post, "/httpreq/cleanup", kDoor, &post_httpreq_cleanup, kStrangersBody},
    Route{Method::Get, "/api", kAnyone, &get_powerdns_api, kNoBody},
    Route{Method::Get, "/api/v1/servers", kDoor, &get_powerdns_servers, kNoBody},
    Route{Method::Get, "/api/v1/servers/{server}", kDoor, &get_powerdns_server, kNoBody},
    Route{Method::Get, "/api/v1/servers/{server}/zones", kDoor, &list_powerdns_zones, kNoBody},
    Route{Method::Post, "/api/v1/servers/{server}/zones", kDoor, &refuse_powerdns_zones, kJson},
    Route{Method::Get, "/api/v1/servers/{server}/zones/{zone}", kDoor, &get_powerdns_zone, kNoBody},
    Route{Method::Patch, "/api/v1/servers/{server}/zones/{zone}", kDoor, &patch_powerdns_zone,
          kDoorRecords},
    Route{Method::Delete, "/api/v1/servers/{server}/zones/{zone}", kDoor, &refuse_powerdns_zones,
          kNoBody},
    Route{Method::Put, "/api/v1/servers/{server}/zones/{zone}/notify", kDoor, &put_powerdns_notify,
          kNoBody},

    Route{Method::Get, "/v1/acme-accounts", kOperator, &list_front_accounts, kNoBody},
    Route{Method::Delete, "/v1/acme-accounts/{account}", kOperator, &delete_front_account, kNoBody},

    // RFC 8555, for clients of servers: each request says who it is from by its signature.
    Route{Method::Get, "/acme/directory", kAnyone, &get_front_directory, kNoBody},
    Route{Method::Get, "/acme/new-nonce", kAnyone, &get_front_nonce, kNoBody},
    Route{Method::Post, "/acme/new-account", kSignature, &post_front_account, kFrontBody},
    Route{Method::Post, "/acme/account/{account}", kSignature, &post_front_account_change,
          kFrontBody},
    Route{Method::Post, "/acme/account/{account}/orders", kSignature, &post_front_account_orders,
          kFrontBody},
    Route{Method::Post, "/acme/key-change", kSignature, &post_front_key_change, kFrontBody},
    Route{Method::Post, "/acme/new-order", kSignature, &post_front_order, kFrontBody},
    Route{Method::Post, "/acme/order/{order}", kSignature, &post_front_order_state, kFrontBody},
    Route{Method::Post, "/acme/order/{order}/finalize", kSignature, &post_front_finalize,
          kFrontBody},
    Route{Method::Post, "/acme/authorization/{authorization}", kSignature,
          &post_front_authorization, kFrontBody},
    Route{Method::Post, "/acme/challenge/{challenge}", kSignature, &post_front_challenge,
          kFrontBody},
    Route{Method::Post, "/acme/certificate/{order}", kSignature, &post_front_certificate,
          kFrontBody},
    Route{Method::Post, "/acme/revoke-cert", kSignature, &post_front_revocation, kFrontBody},
    Route{Method::Get, "/acme/renewal-info/{certificate}", kAnyone, &get_front_renewal_info,
          kNoBody},
};

}  // namespace

std::span<const Route> routes() noexcept {
    return kRoutes;
}

}  // namespace hairpin::admin
