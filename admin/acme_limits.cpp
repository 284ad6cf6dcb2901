// What may be asked of the CA: GET /v1/acme/limits, PUT and DELETE /v1/acme/limits/{limit}.

#include <memory>
#include <utility>

#include "acme/gate.hpp"
#include "acme/queue_view.hpp"
#include "admin/acme_views.hpp"
#include "admin/authentication.hpp"
#include "admin/handlers.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kBucketsShown = 200;

void write_allowance(JsonWriter& json, const acme::Allowance& allowance) {
    const acme::Rate rate = acme::rate_of(allowance);
    json.member("count", allowance.count);
    json.member("period", std::int64_t{allowance.period / Seconds(1)});
    json.member("share", std::int64_t{allowance.share});
    json.member("burst", rate.burst);
    json.member("one_per_seconds", std::int64_t{rate.interval / Seconds(1)});
    json.member("text", acme::text_of(allowance));
}

void write_limit(JsonWriter& json, acme::Limit limit, const std::string& key,
                 const acme::Allowance* allowance, bool is_set) {
    json.begin_object();
    json.member("limit", acme::to_string(limit));
    json.member("key", key.empty() ? std::nullopt : std::optional(key));
    json.member("source", is_set ? "set" : "preset");
    if (allowance == nullptr) {
        json.member("count", std::optional<std::string>());
    } else {
        write_allowance(json, *allowance);
    }
    json.end_object();
}

void write_limits(JsonWriter& json, const acme::Budget& budget) {
    json.key("limits").begin_array();
    for (const acme::Limit limit : acme::kAllLimits) {
        const auto allowance = budget.allowance(limit, "");
        write_limit(json, limit, "", allowance ? &*allowance : nullptr,
                    budget.is_overridden(limit, ""));
    }
    for (const auto& each : budget.overrides())
        if (!each.bucket.key.empty())
            write_limit(json, each.bucket.limit, each.bucket.key, &each.allowance, true);
    json.end_array();
}

void write_levels(JsonWriter& json, const std::vector<acme::Budget::Level>& levels) {
    json.key("buckets").begin_array();
    for (const auto& level : levels) {
        json.begin_object();
        json.member("limit", acme::to_string(level.bucket.limit));
        json.member("key",
                    level.bucket.key.empty() ? std::nullopt : std::optional(level.bucket.key));
        json.member("left", level.left);
        json.member("burst", level.rate.burst);
        json.member("next_at", level.open_at);
        json.end_object();
    }
    json.end_array();
}

net::Response limits_response(const std::string& directory, const std::string& preset,
                              const acme::Budget& budget,
                              const std::vector<acme::WaitingLine::Parked>& parked, WallTime now) {
    JsonWriter json;
    json.begin_object();
    json.member("directory", directory);
    json.member("preset", preset);
    write_limits(json, budget);
    write_levels(json, budget.levels(now, kBucketsShown));
    write_parked(json, parked);
    json.end_object();
    return json_response(200, json);
}

/// Which limit is meant, by the path and by `key`. Errors: NotFound, InvalidRequest.
Result<acme::LimitChange, Problem> changed_limit(const Call& call,
                                                 const std::optional<std::string>& key,
                                                 const char* pointer) {
    acme::LimitChange change;
    const auto limit = acme::limit_from_text(call.arguments[0]);
    if (!limit) return fail(not_found("limit \"" + call.arguments[0] + "\""));
    change.limit = *limit;
    change.issuer = call.request.query_parameter("issuer").value_or("");
    if (!key || key->empty()) return change;
    if (*limit != acme::Limit::CertificatesPerDomain)
        return fail(invalid_field(pointer, "only certificates-per-domain is set for one key"));
    const auto name = zones::Name::parse(*key);
    if (!name || name->is_root()) return fail(invalid_field(pointer, "must be a domain name"));
    change.key = name->lower().text_without_dot();
    return change;
}

Result<acme::LimitChange, Problem> limit_to_set(const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    const auto key = body.text("key");
    const auto count = body.number("count", 1, acme::kMaxAllowed);
    const auto period = body.number("period", 1, kLongestPeriod);
    const auto share = body.number("share", 1, 100);
    body.require("count");
    body.require("period");
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    acme::LimitChange change = TRY(changed_limit(call, key, "/key"));
    change.allowance = acme::Allowance{*count, Seconds(*period),
                                       static_cast<int>(share.value_or(acme::kOverrideShare))};
    return change;
}

void change_limit(Api& api, std::shared_ptr<Exchange> exchange,
                  const Result<acme::LimitChange, Problem>& wanted, int status) {
    if (!wanted) return api.respond(*exchange, wanted.error());
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr) return api.respond(*exchange, no_ca());
    desk->set_limit(*wanted, actor_of(*exchange->call.caller, exchange->call.request.peer, "rest"),
                    [back = api.way_back(), exchange, change = *wanted, status](Result<void> done) {
                        back.post([exchange, change, status, done = std::move(done)](Api& self) {
                            if (!done) return self.respond(*exchange, Problem(done.error()));
                            if (!change.allowance)
                                return self.respond(*exchange, net::Response{status, {}, {}});
                            JsonWriter json;
                            write_limit(json, change.limit, change.key, &*change.allowance, true);
                            self.respond(*exchange, json_response(status, json));
                        });
                    });
}

}  // namespace

Problem no_ca() {
    return {ProblemType::Unavailable, "no CA is configured here"};
}

void write_parked(JsonWriter& json, const std::vector<acme::WaitingLine::Parked>& parked) {
    json.key("parked").begin_array();
    for (const auto& each : parked) {
        json.begin_object();
        json.member("class", acme::to_string(each.work));
        json.member("until", each.until);
        json.member("reason", each.reason);
        json.end_object();
    }
    json.end_array();
}

Result<std::shared_ptr<const acme::QueueView>, Problem> queue_of(Api& api) {
    if (api.context().certificates == nullptr) return fail(no_ca());
    auto queue = api.context().certificates->queue();
    if (queue == nullptr) return fail(no_ca());
    return queue;
}

Result<net::Response, Problem> get_acme_limits(Api& api, const Call& call) {
    const auto queue = TRY(queue_of(api));
    const std::string issuer = call.request.query_parameter("issuer").value_or("");
    if (issuer.empty())
        return limits_response(queue->directory, queue->preset, queue->budget, queue->parked,
                               api.now());
    for (const acme::FallbackLimits& each : queue->others)
        if (each.issuer == issuer)
            return limits_response(each.directory, each.preset, each.budget, each.parked,
                                   api.now());
    return fail(not_found("CA \"" + issuer + "\" among the fallbacks"));
}

void put_acme_limit(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto wanted = limit_to_set(exchange->call);
    change_limit(api, std::move(exchange), wanted, 200);
}

void delete_acme_limit(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto wanted =
        changed_limit(exchange->call, exchange->call.request.query_parameter("key"), "?key");
    change_limit(api, std::move(exchange), wanted, 204);
}

}  // namespace hairpin::admin
