// A zone, or a name in it, becomes again what it was at a moment: POST /v1/zones/{zone}/return.
//
// The difference from now to then is made on the bulk worker, over what is published at that time.
// Where one of its RRsets changes before the commit, it is made once more; then the answer is 409.
// A zone that was removed is made again, where it was no licence's.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/edit_plan.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/past_reading.hpp"
#include "admin/reversal.hpp"
#include "admin/zone_content.hpp"
#include "store/zone_rows.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kEveryRRset = std::numeric_limits<std::size_t>::max();

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
    Reversal reversal;
    bool makes_zone = false;   // It is not there: the reversal is all of it.
    std::uint32_t serial = 0;  // Of making: the last that the zone had.
};

/// A zone that was dropped, made again with all that it held.
Result<ReturnPlan, Problem> plan_remake(ApiContext& context, const store::PastQuestion& question) {
    const std::string apex = question.apex.text();
    store::Queries& queries = *TRY(history_of(context));
    const auto retired = TRY(store::retired_zone(queries.database(), question.apex));
    if (!retired) return fail(not_found("zone " + apex));
    if (question.owner || question.type)
        return fail(Problem(ProblemType::Conflict, "zone " + apex +
                                                       " was removed: only the whole of it can "
                                                       "return"));
    if (retired->kind == zones::ZoneKind::Licence)
        return fail(Problem(ProblemType::Conflict,
                            apex + " was the zone of a licence, which went with it: make the "
                                   "licence again, then return its zone"));
    if (retired->kind == zones::ZoneKind::Catalog)
        return fail(Problem(ProblemType::Conflict, apex + " was a catalog: it is made by itself"));
    const store::Past past = TRY(read_past(context, question));
    ReturnPlan plan{{}, true, retired->serial};
    for (store::PastRRset& each : store::content_of(question, past, {}, kEveryRRset))
        if (each.rrset) plan.reversal.push_back({each.owner, each.type, {}, std::move(each.rrset)});
    return plan;
}

Result<ReturnPlan, Problem> plan_return(ApiContext& context, store::PastQuestion question) {
    const auto table = context.zones.snapshot();
    question.now = table->share(question.apex);
    if (!question.now) return plan_remake(context, question);
    store::Past past = TRY(read_past(context, question));
    ReturnPlan plan;
    for (store::PastRRset& each : past.different) {
        const zones::RRset* current = question.now->find(each.owner, each.type);
        if (is_same_content(current, each.rrset.get())) continue;
        zones::RRsetDifference difference{each.owner, each.type, {}, std::move(each.rrset)};
        if (current != nullptr) difference.before = zones::RRsetRef::share(current);
        const bool keeps = !question.owner && is_kept(*table, question.apex, difference);
        if (!keeps) plan.reversal.push_back(std::move(difference));
    }
    return plan;
}

/// The zone as a new one; its serial goes on from the last that it had (store/work_group.cpp).
zones::ZoneChange made_again(const zones::Name& apex, const Reversal& reversal) {
    zones::ZoneChange change;
    change.apex = apex;
    change.action = zones::ZoneAction::Create;
    for (const zones::RRsetDifference& each : reversal) {
        zones::Edit edit;
        edit.owner = each.owner;
        edit.type = each.type;
        edit.ttl = each.after->ttl();
        edit.rdatas = each.after->copy_rdatas();
        change.edits.push_back(std::move(edit));
    }
    return change;
}

Write remake_write(const ApiOptions& options, const Exchange& exchange,
                   const ReturnQuestion& question, ReturnPlan made) {
    const zones::Name apex = question.past.apex;
    Write write;
    write.audit = {"zone.return", apex.text()};
    write.change.reason = question.reason;
    write.is_dry_run = question.dry_run;
    const auto plan = std::make_shared<const ReturnPlan>(std::move(made));
    write.rows = [apex, plan, conditions = WriteConditions::of(exchange.call.request),
                  &rules = options.addresses](store::Writer& writer,
                                              zones::Change& change) -> Result<void, Problem> {
        TRY(conditions.check(""));
        if (writer.zones().find(apex) != nullptr)
            return fail(Problem(ProblemType::Conflict,
                                "zone " + apex.text() + " is there again: nothing was done"));
        TRY(check_no_twin(writer.zones(), apex, rules));
        TRY(tell_returned(writer, apex, plan->reversal.size()));
        change.zones.push_back(made_again(apex, plan->reversal));
        return {};
    };
    write.answer = [apex, plan, is_dry = question.dry_run](const store::WorkReceipt& receipt) {
        if (is_dry) return dry_reversal_response(apex, plan->serial, plan->reversal);
        return reversed_response(receipt.zones.front(), plan->reversal.size());
    };
    return write;
}

void plan_and_submit(Api& api, std::shared_ptr<Exchange> exchange, const ReturnQuestion& question,
                     Attempt attempt);

Write return_write(const ApiOptions& options, const Exchange& exchange,
                   const ReturnQuestion& question, ReturnPlan plan, Attempt attempt) {
    if (plan.makes_zone) return remake_write(options, exchange, question, std::move(plan));
    auto overtaken = std::make_shared<Reversal>();
    Write write = reversal_write(
        options,
        {question.past.apex, std::move(plan.reversal), WriteConditions::of(exchange.call.request),
         "zone.return", question.reason, question.dry_run},
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
                self.submit(exchange, return_write(self.context().options, *exchange, question,
                                                   *std::move(*plan), attempt));
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
    question.dry_run = body.truth("dry_run").value_or(false) || TRY(asks_for_dry_run(call));
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
