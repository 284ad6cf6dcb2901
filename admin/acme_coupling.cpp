// Orders and DNS: POST /v1/acme/preflight, GET /v1/acme/caa.

#include <memory>
#include <utility>

#include "acme/caa_keeper.hpp"
#include "acme/preflight.hpp"
#include "admin/acme_views.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"

namespace hairpin::admin {
namespace {

/// What a preflight is about.
struct PreflightWanted {
    zones::Name apex;
    std::vector<std::string> names;  // Without final dots.
};

Result<PreflightWanted, Problem> names_of_server(Api& api, const std::string& licence,
                                                 const std::string& label) {
    const auto row = TRY(api.queries().licence(licence));
    if (!row) return fail(not_found("licence \"" + licence + "\""));
    if (!TRY(api.queries().server(licence, label)))
        return fail(not_found("server \"" + label + "\" in licence " + licence));
    const auto names = twin_names(label, row->zone_apex, api.context().options.addresses);
    if (!names) return fail(invalid_field("/server", names.error()));
    return PreflightWanted{row->zone_apex,
                           {names->public_name.lower().text_without_dot(),
                            names->internal_name.lower().text_without_dot()}};
}

/// A zone, or a name in one: then as if a certificate of it were ordered.
Result<PreflightWanted, Problem> names_of_zone(Api& api, const std::string& text) {
    const auto name = zones::Name::parse(text);
    if (!name || name->is_root()) return fail(invalid_field("/name", "must be a domain name"));
    const auto table = api.context().zones.snapshot();
    const zones::Zone* zone = table->closest_enclosing(*name);
    if (zone == nullptr) return fail(not_found("zone of \"" + text + "\""));
    return PreflightWanted{zone->apex(), {name->lower().text_without_dot()}};
}

Result<PreflightWanted, Problem> read_preflight_wanted(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    const auto name = body.text("name");
    const auto licence = body.text("licence");
    const auto server = body.text("server");
    body.finish();
    if (name.has_value() == (licence && server) || licence.has_value() != server.has_value())
        body.refuse("name", "must be there, or licence and server");
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    if (name) return names_of_zone(api, *name);
    return names_of_server(api, *licence, *server);
}

net::Response preflight_response(const acme::PreflightReport& report) {
    JsonWriter json;
    json.begin_object();
    json.member("zone", shown(report.zone));
    json.member("at", report.at);
    json.member("outcome", acme::to_string(report.outcome()));
    json.member("text", report.sentence());
    json.key("checks").begin_array();
    for (const acme::PreflightCheck& each : report.checks) {
        json.begin_object();
        json.member("what", each.what);
        json.member("outcome", acme::to_string(each.outcome));
        json.member("text", each.text);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json_response(200, json);
}

void write_caa_rows(JsonWriter& json, const acme::CaaView& view, WallTime now) {
    json.key("records").begin_array();
    for (const store::CaaRow& each : view.rows) {
        json.begin_object();
        json.member("zone", shown(each.zone));
        json.member("account", each.account_url);
        json.member("value", each.value);
        json.member("published_at", each.published_at);
        json.member("usable_at", each.usable_at);
        json.member("state", each.usable_at > now ? "waiting" : "usable");
        json.end_object();
    }
    json.end_array();
}

}  // namespace

void post_acme_preflight(Api& api, std::shared_ptr<Exchange> exchange) {
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr) return api.respond(*exchange, no_ca());
    auto wanted = read_preflight_wanted(api, exchange->call);
    if (!wanted) return api.respond(*exchange, wanted.error());
    desk->preflight(wanted->apex, std::move(wanted->names),
                    [back = api.way_back(), exchange](Result<acme::PreflightReport> report) {
                        back.post([exchange, report = std::move(report)](Api& self) {
                            if (!report) return self.respond(*exchange, Problem(report.error()));
                            self.respond(*exchange, preflight_response(*report));
                        });
                    });
}

Result<net::Response, Problem> get_acme_caa(Api& api, const Call&) {
    if (api.context().certificates == nullptr) return fail(no_ca());
    const auto view = api.context().certificates->caa();
    if (view == nullptr) return fail(no_ca());
    JsonWriter json;
    json.begin_object();
    json.member("managed", view->is_managed);
    json.key("accounts").begin_array();
    for (const acme::CaaAccount& each : view->accounts) {
        json.begin_object();
        json.member("ca", each.identity);
        json.member("account", each.url);
        json.end_object();
    }
    json.end_array();
    write_caa_rows(json, *view, api.now());
    json.member("advice", view->advice);
    json.member("trouble", view->trouble);
    json.end_object();
    return json_response(200, json);
}

}  // namespace hairpin::admin
