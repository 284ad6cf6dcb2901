// admin/server_view.hpp - a server as answers show it: its rows, its names, what is published.
//
// Threads   Pure, but for what describe() asks of its Api.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "acme/certificate_alarm.hpp"
#include "acme/certificates.hpp"
#include "admin/api.hpp"
#include "admin/context.hpp"
#include "admin/json_writer.hpp"
#include "admin/names.hpp"
#include "admin/verdict.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/alias_rows.hpp"
#include "store/records.hpp"

namespace hairpin::admin {

struct ServerView {
    store::ServerRow server;
    zones::Name zone;
    std::uint32_t serial = 0;
    TwinNames names;
    std::vector<store::AliasRow> aliases;
    std::vector<IpAddress> published_public;
    std::vector<IpAddress> published_internal;
    store::Online online = store::Online::Unknown;
    std::optional<Rival> rival;  // Heard from within the window, or frozen with it.
    acme::ServerCertificates certificates;
    std::optional<acme::CertificateAlarm> alarm;  // Of the certificate.
    Verdict verdict;
};

/// Everything about a server as it stands now. `is_held`: see VerdictSituation.
/// Errors: Internal its zone is not there; Unavailable.
[[nodiscard]] Result<ServerView, Problem> describe(Api& api, const store::ServerRow& server,
                                                   const zones::Name& apex, bool is_held = false);

/// "https://i-nur1.pl-acme.example.net:8443/": the internal name where it resolves on site and has
/// an address, else the public one. Port 443 is left out, and so is one that is not known.
[[nodiscard]] std::string mount_of(const ServerView& view);

/// Members of an object that is open. "names" has "aliases" only where there are some.
void write_names(JsonWriter& json, const TwinNames& names,
                 const std::vector<store::AliasRow>& aliases = {});
void write_published(JsonWriter& json, const ServerView& view);
void write_verdict(JsonWriter& json, const Verdict& verdict);
/// Certificates for one name each; nothing where there are none.
void write_certificates_alone(JsonWriter& json,
                              const std::vector<acme::ServerCertificates::Alone>& alone);
void write_certificate(JsonWriter& json, const acme::CertificateState& state,
                       const std::optional<acme::CertificateAlarm>& alarm);

/// "fallback": the API's second listener and the pin of its key, null where there is none.
void write_fallback(JsonWriter& json, const ApiOptions& options);
/// "check_in": how this server checks in, null where none may. `now`: where the caller can use our
/// clock, because it has just asked.
void write_check_in(JsonWriter& json, const ApiOptions& options, std::int64_t server_id,
                    std::optional<WallTime> now = {});

/// All members of a server.
void write_server_members(JsonWriter& json, const ServerView& view);
/// The whole object, for GET and lists.
void write_server(JsonWriter& json, const ServerView& view);

}  // namespace hairpin::admin
