// The PowerDNS door: what lego, acme.sh, libdns, external-dns, octoDNS and Terraform ask of the
// PowerDNS API, version 1.
//
// A key sees the zones that its grants let it read something of, and in them what they name; any
// other zone is not there. Zones themselves are made and removed by the operator (/v1/zones).

#include <algorithm>
#include <utility>

#include "admin/door_exchange.hpp"
#include "admin/edit_plan.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/paging.hpp"
#include "admin/past_reading.hpp"
#include "admin/powerdns_json.hpp"
#include "store/past.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

using store::CredentialKind;

constexpr const char* kServerUrl = "/api/v1/servers/localhost";
// octoDNS takes it apart at the dots and behaves by it.
constexpr const char* kVersion = "4.9.0";
constexpr std::size_t kMostZones = 10'000;

net::Response powerdns_words(const Problem& problem) {
    JsonWriter json;
    json.begin_object().member("error", problem.detail).end_object();
    net::Response response;
    response.status = problem.status();
    response.headers.push_back({"content-type", "application/json"});
    response.body = json.take();
    return response;
}

constexpr DoorFace kPowerDns{Door::PowerDns, &powerdns_words};

bool may_read(std::span<const zones::Grant> grants, const zones::Name& apex) {
    return std::any_of(grants.begin(), grants.end(), [&](const zones::Grant& each) {
        return each.operations.has(zones::Operation::Read) && (!each.zone || *each.zone == apex);
    });
}

bool may_read(std::span<const zones::Grant> grants, const zones::Name& apex,
              const zones::Name& owner, zones::RType type) {
    return std::any_of(grants.begin(), grants.end(), [&](const zones::Grant& each) {
        if (!each.operations.has(zones::Operation::Read)) return false;
        if (each.zone && !(*each.zone == apex)) return false;
        const auto holds = [&](const auto& pattern) { return pattern.matches(owner); };
        return (each.names.empty() || std::any_of(each.names.begin(), each.names.end(), holds)) &&
               (each.types.empty() ||
                std::find(each.types.begin(), each.types.end(), type) != each.types.end());
    });
}

/// The grants of a caller who may be here; nullopt: it was answered.
std::optional<std::vector<zones::Grant>> enter(Api& api, Exchange& exchange) {
    if (admit_door(api, exchange, kPowerDns, any_secret(exchange.call.request),
                   {CredentialKind::PowerDns, CredentialKind::Server}) == nullptr)
        return std::nullopt;
    const auto& arguments = exchange.call.arguments;
    if (!arguments.empty() && arguments.front() != "localhost") {
        answer_door(api, exchange, kPowerDns, Problem(ProblemType::NotFound, "Not Found"));
        return std::nullopt;
    }
    auto grants = grants_of_caller(api, exchange);
    if (grants) return *std::move(grants);
    answer_door(api, exchange, kPowerDns, grants.error());
    return std::nullopt;
}

/// A zone that the caller may know of. The catalog is nobody's.
const zones::Zone* visible_zone(const zones::ZoneTable& table, std::span<const zones::Grant> grants,
                                const std::string& text) {
    const auto apex = parse_apex(text);
    const zones::Zone* zone = apex ? table.find(*apex) : nullptr;
    if (zone == nullptr || zone->kind() == zones::ZoneKind::Catalog) return nullptr;
    return may_read(grants, zone->apex()) ? zone : nullptr;
}

Problem no_such_zone(const std::string& text) {
    return {ProblemType::NotFound, "Could not find domain '" + text + "'"};
}

/// The client is told no more than that there is no such zone.
std::string why_invisible(std::span<const zones::Grant> grants, const std::string& text) {
    const auto apex = parse_apex(text);
    if (!apex) return "refused: " + apex.error();
    zones::PermissionQuestion question;
    question.operation = zones::Operation::Read;
    question.apex = question.owner = *apex;
    question.is_whole_zone = true;
    const auto decision = zones::decide(grants, question);
    return decision.is_allowed ? not_found("zone " + apex->text()).detail : decision.rule;
}

void write_powerdns_server(JsonWriter& json) {
    json.begin_object();
    json.member("type", "Server").member("id", "localhost");
    json.member("daemon_type", "authoritative").member("version", kVersion);
    json.member("url", kServerUrl);
    json.member("config_url", std::string(kServerUrl) + "/config{/config_setting}");
    json.member("zones_url", std::string(kServerUrl) + "/zones{/zone}");
    json.end_object();
}

/// PowerDNS has no pages: who asks for none gets all, of zones at most kMostZones. With `limit` a
/// Link header (RFC 8288) leads to the next page.
struct DoorPage {
    std::size_t limit = kMostZones;
    bool is_asked_for = false;
    std::optional<zones::Name> after_zone;
    std::optional<store::RRsetPlace> after_rrset;
    std::string last;  // What was written last; empty: all was.

    static Result<DoorPage, Problem> of(const net::Request& request, bool is_of_rrsets) {
        DoorPage page;
        page.is_asked_for = request.query_parameter("limit").has_value();
        if (!page.is_asked_for) return page;
        const auto asked = Page::of(request);
        if (!asked) return fail(as_refusal(asked.error()));
        page.limit = asked->limit;
        if (is_of_rrsets) {
            auto place = place_of(*asked);
            if (!place) return fail(as_refusal(place.error()));
            page.after_rrset = *std::move(place);
        } else if (!asked->after.empty()) {
            const auto apex = zones::Name::parse(asked->after);
            if (!apex)
                return fail(as_refusal(invalid_field("?cursor", "is none of a Link header")));
            page.after_zone = *apex;
        }
        return page;
    }
    /// PowerDNS knows 422 only, and one sentence.
    static Problem as_refusal(const Problem& problem) {
        std::string sentence = problem.detail;
        for (const FieldError& each : problem.errors)
            sentence = each.pointer + " " + each.detail;
        return {ProblemType::RuleBroken, std::move(sentence)};
    }
    void link(net::Response& response, const net::Request& request) const {
        if (last.empty() || !is_asked_for) return;
        std::string url = request.path + "?limit=" + std::to_string(limit);
        url += "&cursor=" + cursor_behind(last);
        response.headers.push_back({"link", "<" + url + ">; rel=\"next\""});
    }
};

/// Which RRsets of a zone are asked for.
struct RRsetFilter {
    std::optional<zones::Name> name;
    std::optional<std::string> type;

    static Result<RRsetFilter, Problem> of(const net::Request& request) {
        RRsetFilter filter;
        if (const auto text = request.query_parameter("rrset_name")) {
            const auto parsed = zones::Name::parse(*text);
            if (!parsed) return fail(Problem(ProblemType::RuleBroken, "rrset_name is not a name"));
            filter.name = *parsed;
        }
        filter.type = request.query_parameter("rrset_type");
        // As PowerDNS has it: a type alone says too little.
        if (filter.type && !filter.name)
            return fail(Problem(ProblemType::RuleBroken, "rrset_type needs an rrset_name"));
        return filter;
    }
    [[nodiscard]] bool takes(zones::RType of_type) const {
        return !type || zones::type_text(of_type) == *type;
    }
};

/// What holds a challenge name in being (zone_content.hpp). acme.sh would take its strings for
/// values of TXT, and tools that keep a zone as their files say would remove it.
bool is_keeper(const zones::Name& owner, zones::RType type) {
    return type == zones::RType::HINFO && is_challenge_name(owner);
}

/// Of the rest of a zone at most a page, which notes where that ends.
void write_rrsets(JsonWriter& json, const zones::Zone& zone, std::span<const zones::Grant> grants,
                  const RRsetFilter& filter, DoorPage& page) {
    std::size_t written = 0;
    std::string last;
    const auto is_shown = [&](const zones::Name& owner, zones::RType type) {
        const auto& after = page.after_rrset;
        return filter.takes(type) && !is_keeper(owner, type) &&
               may_read(grants, zone.apex(), owner, type) &&
               (!after || store::comes_before(after->owner, after->type, owner, type));
    };
    const auto write_node = [&](const zones::Name& owner, const zones::Node& node) {
        for (const auto& rrset : node.rrsets()) {
            if (!is_shown(owner, rrset->type())) continue;
            if (page.is_asked_for && written == page.limit) {
                page.last = last;
                return false;
            }
            write_powerdns_rrset(json, owner, *rrset);
            if (page.is_asked_for) last = place_text(owner, rrset->type());
            ++written;
        }
        return true;
    };
    json.key("rrsets").begin_array();
    if (!filter.name) {
        zone.for_each(write_node);
    } else if (filter.name->is_within(zone.apex())) {
        if (const zones::Node* node = zone.find(*filter.name)) write_node(*filter.name, *node);
    }
    json.end_array();
}

/// Those that the caller may know of, at most a page.
void write_visible_zones(JsonWriter& json, const zones::ZoneTable& table,
                         std::span<const zones::Grant> grants, DoorPage& page) {
    std::size_t written = 0;
    std::string last;
    table.for_each([&](const zones::Zone& zone) {
        const bool is_behind =
            !page.after_zone || zones::canonical_less(*page.after_zone, zone.apex());
        const bool is_shown =
            is_behind && zone.kind() != zones::ZoneKind::Catalog && may_read(grants, zone.apex());
        if (!is_shown) return true;
        if (written == page.limit) {
            page.last = last;
            return false;
        }
        json.begin_object();
        write_powerdns_zone(json, zone);
        json.end_object();
        last = zone.apex().text();
        ++written;
        return true;
    });
}

}  // namespace

Result<net::Response, Problem> get_powerdns_api(Api&, const Call&) {
    JsonWriter json;
    json.begin_array().begin_object();
    json.member("url", "/api/v1").member("version", 1);
    json.end_object().end_array();
    return json_response(200, json);
}

void get_powerdns_servers(Api& api, std::shared_ptr<Exchange> exchange) {
    if (!enter(api, *exchange)) return;
    JsonWriter json;
    json.begin_array();
    write_powerdns_server(json);
    json.end_array();
    answer_door(api, *exchange, kPowerDns, json_response(200, json));
}

void get_powerdns_server(Api& api, std::shared_ptr<Exchange> exchange) {
    if (!enter(api, *exchange)) return;
    JsonWriter json;
    write_powerdns_server(json);
    answer_door(api, *exchange, kPowerDns, json_response(200, json));
}

void list_powerdns_zones(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto grants = enter(api, *exchange);
    if (!grants) return;
    auto page = DoorPage::of(exchange->call.request, false);
    if (!page) return answer_door(api, *exchange, kPowerDns, page.error());
    const auto table = api.zones();
    JsonWriter json;
    json.begin_array();
    if (const auto wanted = exchange->call.request.query_parameter("zone")) {
        if (const zones::Zone* zone = visible_zone(*table, *grants, *wanted)) {
            json.begin_object();
            write_powerdns_zone(json, *zone);
            json.end_object();
        }
    } else {
        write_visible_zones(json, *table, *grants, *page);
    }
    json.end_array();
    net::Response response = json_response(200, json);
    page->link(response, exchange->call.request);
    answer_door(api, *exchange, kPowerDns, std::move(response));
}

void get_powerdns_zone(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto grants = enter(api, *exchange);
    if (!grants) return;
    const std::string& wanted = exchange->call.arguments[1];
    const auto table = api.zones();
    const zones::Zone* zone = visible_zone(*table, *grants, wanted);
    if (zone == nullptr) return answer_door(api, *exchange, kPowerDns, no_such_zone(wanted));
    const auto filter = RRsetFilter::of(exchange->call.request);
    if (!filter) return answer_door(api, *exchange, kPowerDns, filter.error());
    auto page = DoorPage::of(exchange->call.request, true);
    if (!page) return answer_door(api, *exchange, kPowerDns, page.error());
    JsonWriter json;
    json.begin_object();
    write_powerdns_zone(json, *zone);
    if (exchange->call.request.query_parameter("rrsets").value_or("true") != "false")
        write_rrsets(json, *zone, *grants, *filter, *page);
    json.end_object();
    net::Response response = json_response(200, json);
    page->link(response, exchange->call.request);
    answer_door(api, *exchange, kPowerDns, std::move(response));
}

void patch_powerdns_zone(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto grants = enter(api, *exchange);
    if (!grants) return;
    const std::string wanted = exchange->call.arguments[1];
    const auto table = api.zones();
    const zones::Zone* zone = visible_zone(*table, *grants, wanted);
    if (zone == nullptr)
        return refuse_at_door(api, std::move(exchange), kPowerDns,
                              {no_such_zone(wanted), wanted, why_invisible(*grants, wanted)});
    auto edits = read_powerdns_patch(exchange->call.request.body, zone->apex());
    if (!edits) return answer_door(api, *exchange, kPowerDns, edits.error());
    if (edits->empty()) return answer_door(api, *exchange, kPowerDns, no_content());
    edit_at_door(api, std::move(exchange), kPowerDns,
                 {zone->apex(), *std::move(edits), "powerdns patch"}, &no_content);
}

void put_powerdns_notify(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto grants = enter(api, *exchange);
    if (!grants) return;
    const std::string& wanted = exchange->call.arguments[1];
    const auto table = api.zones();
    if (visible_zone(*table, *grants, wanted) == nullptr)
        return answer_door(api, *exchange, kPowerDns, no_such_zone(wanted));
    // Every change has queued its NOTIFY already.
    JsonWriter json;
    json.begin_object().member("result", "Notification queued").end_object();
    answer_door(api, *exchange, kPowerDns, json_response(200, json));
}

void refuse_powerdns_zones(Api& api, std::shared_ptr<Exchange> exchange) {
    if (!enter(api, *exchange)) return;
    answer_door(api, *exchange, kPowerDns,
                Problem(ProblemType::RuleBroken,
                        "zones are made and removed by the operator of this server"));
}

}  // namespace hairpin::admin
