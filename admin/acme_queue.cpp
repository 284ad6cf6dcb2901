// Who waits for the CA's limits, and how long a fleet would: GET /v1/acme/queue, POST
// /v1/acme/plan.

#include <algorithm>
#include <memory>
#include <utility>

#include "acme/plan.hpp"
#include "acme/queue_view.hpp"
#include "admin/acme_views.hpp"
#include "admin/handlers.hpp"
#include "admin/paging.hpp"

namespace hairpin::admin {
namespace {

constexpr Milliseconds kPlannedDay{24LL * 3600 * 1000};
constexpr std::size_t kMaxPlannedLimits = 10;

void write_classes(JsonWriter& json, const acme::QueueView& queue) {
    json.key("waiting").begin_object();
    for (std::size_t each = 0; each < acme::kWorkClasses; ++each)
        json.member(acme::to_string(static_cast<acme::WorkClass>(each)),
                    static_cast<std::int64_t>(queue.by_class[each]));
    json.end_object();
}

Result<void, Problem> write_entry(JsonWriter& json, Api& api, const acme::WaitingServer& entry) {
    const auto server = TRY(api.queries().server(entry.server_id));
    json.begin_object();
    json.member("licence", server ? std::optional(server->licence) : std::nullopt);
    json.member("label", server ? std::optional(server->label) : std::nullopt);
    json.member("name", entry.public_name);
    json.member("class", acme::to_string(entry.work));
    json.member("issuer", entry.issuer.empty() ? std::nullopt : std::optional(entry.issuer));
    json.member("failing", entry.is_dead);
    json.member("since", entry.since);
    json.member("eta", entry.eta);
    json.member("before", static_cast<std::int64_t>(entry.before));
    json.member("text", acme::sentence_of(entry));
    json.end_object();
    return {};
}

struct PlanWanted {
    acme::PlanRequest request;
    std::vector<acme::LimitChange> limits;
};

void read_limit(ObjectReader& one, PlanWanted& wanted) {
    const auto word = one.text("limit");
    const auto limit = acme::limit_from_text(word.value_or(""));
    if (!limit) one.refuse("limit", "must be a limit of GET /v1/acme/limits");
    const auto count = one.number("count", 1, acme::kMaxAllowed);
    const auto period = one.number("period", 1, kLongestPeriod);
    const auto share = one.number("share", 1, 100);
    one.require("count");
    one.require("period");
    one.finish();
    if (!limit || !count || !period) return;
    wanted.limits.push_back(
        {*limit, "",
         acme::Allowance{*count, Seconds(*period),
                         static_cast<int>(share.value_or(acme::kOverrideShare))}});
}

void read_limits(const JsonValue& value, std::vector<FieldError>& errors, ObjectReader& body,
                 PlanWanted& wanted) {
    const auto* array = std::get_if<JsonArray>(&value.is);
    if (array == nullptr || array->size() > kMaxPlannedLimits)
        return body.refuse("limits", "must be a list of at most 10");
    for (std::size_t at = 0; at < array->size(); ++at) {
        ObjectReader one((*array)[at], "/limits/" + std::to_string(at), errors);
        read_limit(one, wanted);
    }
}

Result<PlanWanted, Problem> read_plan(const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    PlanWanted wanted;
    wanted.request.servers = body.number("servers", 1, acme::kMaxPlanned).value_or(0);
    body.require("servers");
    wanted.request.lifetime = kPlannedDay * body.number("days", 1, 398).value_or(90);
    wanted.request.domains = body.number("domains", 1, acme::kMaxPlanned).value_or(1);
    wanted.request.renewals_are_exempt = body.truth("renewals_exempt").value_or(true);
    wanted.request.domain = body.text("domain").value_or("");
    if (wanted.request.domains > std::max<std::int64_t>(wanted.request.servers, 1))
        body.refuse("domains", "must not be more than the servers");
    if (const JsonValue* limits = body.any("limits")) read_limits(*limits, errors, body, wanted);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    return wanted;
}

std::string plan_sentence(const PlanWanted& wanted, const acme::Plan& plan) {
    std::string text = std::to_string(wanted.request.servers) + " servers: ready on " +
                       to_rfc3339(plan.ready_at) + ", after " +
                       acme::text_of_span(plan.ready_at - plan.begin);
    if (plan.pace) text += "; the pace is that of " + std::string(acme::to_string(*plan.pace));
    if (plan.late_renewals > 0)
        text += "; " + std::to_string(plan.late_renewals) + " renewals would come too late";
    return text;
}

net::Response plan_response(const PlanWanted& wanted, const acme::Plan& plan) {
    JsonWriter json;
    json.begin_object();
    json.member("text", plan_sentence(wanted, plan));
    json.member("begin", plan.begin);
    json.member("ready_at", plan.ready_at);
    json.member("takes", acme::text_of_span(plan.ready_at - plan.begin));
    json.member("tenth_at", plan.tenth_at);
    json.member("half_at", plan.half_at);
    json.member("nine_tenths_at", plan.nine_tenths_at);
    json.member("first_issues", plan.first_issues);
    json.member("renewals", plan.renewals);
    json.member("late_renewals", plan.late_renewals);
    json.member("pace",
                plan.pace ? std::optional(std::string(acme::to_string(*plan.pace))) : std::nullopt);
    json.end_object();
    return json_response(200, json);
}

}  // namespace

Result<net::Response, Problem> get_acme_queue(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    const auto begin = static_cast<std::size_t>(TRY(page.after_number()));
    const auto queue = TRY(queue_of(api));
    const std::size_t size = queue->waiting.size();
    const std::size_t end = std::min(size, std::min(begin, size) + page.limit);
    JsonWriter json;
    json.begin_object();
    json.member("at", queue->at);
    json.member("directory", queue->directory);
    json.member("total", static_cast<std::int64_t>(size));
    write_classes(json, *queue);
    json.member("advice", queue->advice);
    write_parked(json, queue->parked);
    json.key("queue").begin_array();
    for (std::size_t at = std::min(begin, size); at < end; ++at)
        TRY(write_entry(json, api, queue->waiting[at]));
    json.end_array();
    write_next(json, end < size, std::to_string(end));
    json.end_object();
    return json_response(200, json);
}

// Tens of thousands of servers take a while to walk through: not on the loop.
void post_acme_plan(Api& api, std::shared_ptr<Exchange> exchange) {
    auto wanted = read_plan(exchange->call);
    if (!wanted) return api.respond(*exchange, wanted.error());
    const auto queue = queue_of(api);
    if (!queue) return api.respond(*exchange, queue.error());
    const bool is_taken = api.context().bulk.post([back = api.way_back(), exchange,
                                                   wanted = *std::move(wanted), queue = *queue,
                                                   now = api.now()] {
        acme::Budget budget = queue->budget;
        for (const acme::LimitChange& each : wanted.limits) {
            budget.set_override(each.limit, "", each.allowance, now);
            if (!wanted.request.domain.empty() && each.limit == acme::Limit::CertificatesPerDomain)
                budget.set_override(each.limit, wanted.request.domain, each.allowance, now);
        }
        auto plan = acme::make_plan(wanted.request, std::move(budget), now);
        back.post([exchange, wanted, plan = std::move(plan)](Api& self) {
            if (!plan) return self.respond(*exchange, Problem(plan.error()));
            self.respond(*exchange, plan_response(wanted, *plan));
        });
    });
    if (is_taken) return;
    Problem busy(ProblemType::Unavailable, "too much work of this kind waits already");
    busy.retry_after = Seconds(5);
    api.respond(*exchange, busy);
}

}  // namespace hairpin::admin
