#include "admin/server_view.hpp"

#include "admin/heartbeat.hpp"
#include "admin/presence.hpp"
#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

std::optional<std::string> hex_of(const std::optional<Sha256>& digest) {
    return digest ? std::optional(to_hex(*digest)) : std::nullopt;
}

std::optional<std::string> text_of(const std::optional<IpAddress>& address) {
    return address ? std::optional(address->text()) : std::nullopt;
}

std::string_view state_word(store::ServerState state) noexcept {
    switch (state) {
        case store::ServerState::Active:
            return "active";
        case store::ServerState::Suspended:
            return "suspended";
        case store::ServerState::Frozen:
            return "conflict";
    }
    return "";
}

void write_reported(JsonWriter& json, const store::Report& report) {
    json.key("reported").begin_object();
    json.member("machine", report.machine);
    json.member("boot", report.boot);
    json.member("agent", report.agent);
    json.member("internal_name", report.internal_name);
    if (report.public_mode == store::PublicMode::Auto) {
        json.member("public", "auto");
    } else {
        json.member("public", texts_of(report.public_addresses));
    }
    json.member("private", texts_of(report.private_addresses));
    json.member("certificate", hex_of(report.certificate));
    json.end_object();
}

void write_rival(JsonWriter& json, const ServerView& view) {
    if (!view.rival) {
        json.key("conflict").null();
        return;
    }
    json.key("conflict").begin_object().key("machines").begin_array();
    json.begin_object();
    json.member("machine", view.server.report.machine);
    json.member("observed", text_of(view.server.report.observed));
    json.member("last_seen", view.server.last_seen_at);
    json.end_object().begin_object();
    json.member("machine", view.rival->machine);
    json.member("observed", view.rival->observed.text());
    json.member("last_seen", view.rival->at);
    json.end_object().end_array().end_object();
}

void write_alarm(JsonWriter& json, const std::optional<acme::CertificateAlarm>& alarm) {
    if (!alarm) {
        json.key("alarm").null();
        return;
    }
    json.key("alarm").begin_object();
    json.member("code", acme::to_string(alarm->kind));
    json.member("text", alarm->text);
    json.member("next_step", alarm->next_step);
    json.end_object();
}

}  // namespace

Result<ServerView, Problem> describe(Api& api, const store::ServerRow& server,
                                     const zones::Name& apex, bool is_held) {
    const ApiOptions& options = api.context().options;
    const Milliseconds window = presence_window(options.heartbeat_interval);
    const auto table = api.zones();
    const zones::Zone* zone = table->find(apex);
    auto names = twin_names(server.label, apex, options.addresses);
    if (zone == nullptr || !names)
        return fail(Problem(ProblemType::Internal, "the zone of server " + server.label +
                                                       " does not fit the configuration"));
    ServerView view;
    view.server = server;
    view.zone = apex;
    view.serial = zone->serial();
    view.names = *std::move(names);
    view.aliases = TRY(store::aliases_of(api.queries().database(), server.id));
    view.published_public = published_at(*zone, view.names.public_name);
    view.published_internal = published_at(*zone, view.names.internal_name);
    view.online = online_now(server, api.now(), window);
    view.rival = api.context().rivals.find(server.id);
    const bool is_frozen = server.state == store::ServerState::Frozen;
    if (view.rival && !is_frozen && api.now() - view.rival->at >= window) view.rival.reset();
    view.certificates = TRY(api.certificates_of(server.id));
    view.alarm = acme::alarm_of(view.certificates, server.report.certificate, api.now());
    view.verdict =
        verdict_of({view.server, view.names, options.addresses, view.published_public,
                    view.published_internal, view.online, view.rival, view.alarm, is_held});
    return view;
}

std::string mount_of(const ServerView& view) {
    const bool is_internal =
        view.server.report.internal_name == "ok" && !view.published_internal.empty();
    std::string mount =
        "https://" + shown(is_internal ? view.names.internal_name : view.names.public_name);
    if (view.server.port != 0 && view.server.port != 443)
        mount += ":" + std::to_string(view.server.port);
    return mount + "/";
}

void write_names(JsonWriter& json, const TwinNames& names,
                 const std::vector<store::AliasRow>& aliases) {
    json.key("names").begin_object();
    json.member("public", shown(names.public_name));
    json.member("internal", shown(names.internal_name));
    if (!aliases.empty()) {
        json.key("aliases").begin_array();
        for (const store::AliasRow& each : aliases)
            json.value(each.name);
        json.end_array();
    }
    json.end_object();
}

void write_published(JsonWriter& json, const ServerView& view) {
    json.key("published").begin_object();
    json.member("public", texts_of(view.published_public));
    json.member("internal", texts_of(view.published_internal));
    json.end_object();
}

void write_verdict(JsonWriter& json, const Verdict& verdict) {
    json.key("verdict").begin_object();
    json.member("code", verdict.code);
    json.member("text", verdict.text);
    json.member("next_step", verdict.next_step);
    json.end_object();
}

void write_certificate(JsonWriter& json, const acme::CertificateState& state,
                       const std::optional<acme::CertificateAlarm>& alarm) {
    json.key("certificate").begin_object();
    json.member("state", acme::to_string(state.phase));
    json.member("not_after", state.not_after);
    json.member("sha256", hex_of(state.sha256));
    json.member("eta", state.eta);
    json.member("renew_at", state.renew_at);
    json.member("renewal_explanation", state.renewal_explanation);
    json.member("deployed", state.deployed);
    json.member("managed_key_waiting", state.managed_key_waiting);
    json.member("step", state.step);
    json.member("next_check", state.next_check);
    json.member("problem", state.problem);
    json.member("preflight", state.preflight);
    write_alarm(json, alarm);
    json.end_object();
}

void write_certificates_alone(JsonWriter& json,
                              const std::vector<acme::ServerCertificates::Alone>& alone) {
    if (alone.empty()) return;
    json.key("certificates_alone").begin_array();
    for (const auto& [name, state] : alone) {
        json.begin_object();
        json.member("name", name);
        json.member("state", acme::to_string(state.phase));
        json.member("not_after", state.not_after);
        json.member("sha256", hex_of(state.sha256));
        json.member("renew_at", state.renew_at);
        json.member("step", state.step);
        json.member("next_check", state.next_check);
        json.member("problem", state.problem);
        json.end_object();
    }
    json.end_array();
}

void write_fallback(JsonWriter& json, const ApiOptions& options) {
    json.key("fallback");
    if (options.fallback_port == 0) {
        json.null();
        return;
    }
    json.begin_object();
    json.member("port", options.fallback_port);
    json.member("key_pin", options.fallback_key_pin);
    json.end_object();
}

void write_check_in(JsonWriter& json, const ApiOptions& options, std::int64_t server_id,
                    std::optional<WallTime> now) {
    json.key("check_in");
    if (options.check_in_port == 0) {
        json.null();
        return;
    }
    json.begin_object();
    json.member("server", server_id);
    json.member("port", options.check_in_port);
    json.member("interval", options.heartbeat_interval.count());
    if (now) json.member("clock", to_unix_milliseconds(*now));
    json.end_object();
}

void write_server_members(JsonWriter& json, const ServerView& view) {
    const store::ServerRow& server = view.server;
    json.member("licence", server.licence);
    json.member("label", server.label);
    json.member("zone", shown(view.zone));
    write_names(json, view.names, view.aliases);
    json.member("port", server.port);
    json.member("state", state_word(server.state));
    json.member("online", store::to_string(view.online));
    json.member("last_seen", server.last_seen_at);
    json.member("observed", text_of(server.report.observed));
    write_published(json, view);
    json.member("serial", view.serial);
    json.member("mount", mount_of(view));
    write_verdict(json, view.verdict);
    write_certificate(json, view.certificates.twin, view.alarm);
    write_certificates_alone(json, view.certificates.alone);
    write_rival(json, view);
    write_reported(json, server.report);
    json.member("created", server.created_at);
    json.member("version", server.version);
}

void write_server(JsonWriter& json, const ServerView& view) {
    json.begin_object();
    write_server_members(json, view);
    json.end_object();
}

}  // namespace hairpin::admin
