// A zone, or a name in it, becomes again what it was at a moment: POST /v1/zones/{zone}/return.
//
// The difference from now to then is made on the bulk worker, over what is published at that time.
// Where one of its RRsets changes before the commit, it is made once more; then the answer is 409.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/edit_plan.hpp"
#include "admin/handlers.hpp"
#include "admin/history_json.hpp"
#include "admin/names.hpp"
#include "admin/past_reading.hpp"
#include "admin/reversal.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kMostChangesShown = 1'000;  // Of a dry run.

enum class Attempt : std::uint8_t { First, Last };

struct ReturnQuestion {
    store::PastQuestion past;  // `now` is taken anew for each attempt.
    std::string reason;
    bool dry_run = false;
};

/// What a whole zone keeps, as it does where a zone file replaces it: the delegations of licence
/// zones that are here, and the values of ACME orders that run, which belong to who wrote them.
bool is_kept(const zones::ZoneTable& table, const zones::Name& apex,
             const zones::RRsetDifference& each) {
    if (each.type == zones::RType::TXT) return is_challenge_name(each.owner);
    if (each.type != zones::RType::NS || each.owner == apex) return false;
    const zones::Zone* below = table.find(each.owner);
    return below != nullptr && below->kind() == zones::ZoneKind::Licence;
}

struct ReturnPlan {
    zones::ZoneRef now;
    Reversal reversal;
};

Result<ReturnPlan, Problem> plan_return(ApiContext& context, store::PastQuestion question) {
    const auto table = context.zones.snapshot();
    question.now = table->share(question.apex);
    if (!question.now) return fail(not_found("zone " + question.apex.text()));
    store::Past past = TRY(read_past(context, question));
    ReturnPlan plan{question.now, {}};
    for (store::PastRRset& each : past.different) {
        const zones::RRset* current = plan.now->find(each.owner, each.type);
        if (is_same_content(current, each.rrset.get())) continue;
        zones::RRsetDifference difference{each.owner, each.type, {}, std::move(each.rrset)};
        if (current != nullptr) difference.before = zones::RRsetRef::share(current);
        const bool keeps = !question.owner && is_kept(*table, question.apex, difference);
        if (!keeps) plan.reversal.push_back(std::move(difference));
    }
    return plan;
}

Result<net::Response, Problem> dry_answer(const net::Request& request, const ReturnPlan& plan) {
    TRY(WriteConditions::of(request).check_serial(plan.now->serial()));
    JsonWriter json;
    json.begin_object();
    json.member("zone", shown(plan.now->apex()));
    json.member("serial", plan.now->serial());
    json.member("changed", false);
    json.member("rrsets", plan.reversal.size());
    json.key("changes").begin_array();
    for (std::size_t at = 0; at < std::min(plan.reversal.size(), kMostChangesShown); ++at)
        write_difference(json, plan.reversal[at]);
    json.end_array();
    json.end_object();
    net::Response response = json_response(200, json);
    response.headers.push_back({"etag", serial_etag(plan.now->serial())});
    return response;
}

void plan_and_submit(Api& api, std::shared_ptr<Exchange> exchange, const ReturnQuestion& question,
                     Attempt attempt);

Write return_write(const ApiOptions& options, const Exchange& exchange,
                   const ReturnQuestion& question, Reversal reversal, Attempt attempt) {
    auto overtaken = std::make_shared<Reversal>();
    Write write =
        reversal_write(options,
                       {question.past.apex, std::move(reversal),
                        WriteConditions::of(exchange.call.request), "zone.return", question.reason},
                       overtaken);
    if (attempt == Attempt::Last) return write;
    write.on_conflict = [question, overtaken](Api& api, std::shared_ptr<Exchange> asked,
                                              const Problem& problem) {
        if (overtaken->empty()) return api.respond(*asked, problem);
        plan_and_submit(api, std::move(asked), question, Attempt::Last);
    };
    return write;
}

void plan_and_submit(Api& api, std::shared_ptr<Exchange> exchange, const ReturnQuestion& question,
                     Attempt attempt) {
    ApiContext& context = api.context();
    const bool is_posted =
        context.bulk.post([back = api.way_back(), exchange, question, attempt, &context] {
            auto plan =
                std::make_shared<Result<ReturnPlan, Problem>>(plan_return(context, question.past));
            back.post([exchange, question, attempt, plan](Api& self) {
                if (!*plan) return self.respond(*exchange, plan->error());
                if (!question.dry_run)
                    return self.submit(exchange,
                                       return_write(self.context().options, *exchange, question,
                                                    std::move((*plan)->reversal), attempt));
                auto answer = dry_answer(exchange->call.request, **plan);
                if (!answer) return self.respond(*exchange, answer.error());
                self.respond(*exchange, *std::move(answer));
            });
        });
    if (!is_posted) api.respond(*exchange, too_much_history());
}

std::string return_reason(const store::PastQuestion& past) {
    const auto* time = std::get_if<WallTime>(&past.moment);
    std::string text = "return";
    if (past.owner) text += " of " + past.owner->text();
    if (past.type) text += (past.owner ? " " : " of ") + zones::type_text(*past.type);
    return text + " to " +
           (time != nullptr ? to_rfc3339(*time)
                            : "serial " + std::to_string(std::get<std::uint32_t>(past.moment)));
}

Result<ReturnQuestion, Problem> return_question(Api& api, const Call& call) {
    ReturnQuestion question;
    question.past.apex = TRY(apex_argument(call));
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    body.require("to");
    const auto to = body.text("to");
    const auto name = body.text("name", 1024);
    const auto type = body.text("type");
    question.dry_run = body.truth("dry_run").value_or(false);
    if (name) {
        auto owner = parse_owner(*name, question.past.apex);
        if (!owner) body.refuse("name", owner.error());
        if (owner) question.past.owner = *std::move(owner);
    }
    if (type) {
        question.past.type = zones::type_from_text(*type);
        if (!question.past.type) body.refuse("type", "is no type of records");
    }
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    question.past.moment = TRY(read_moment(*to, "/to", api.now()));
    question.reason = return_reason(question.past);
    return question;
}

}  // namespace

void post_zone_return(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto question = return_question(api, exchange->call);
    if (!question) return api.respond(*exchange, question.error());
    plan_and_submit(api, std::move(exchange), *question, Attempt::First);
}

}  // namespace hairpin::admin
