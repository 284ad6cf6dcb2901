#include "admin/granted.hpp"

#include "admin/credential_check.hpp"
#include "admin/edit_door.hpp"
#include "admin/edit_plan.hpp"
#include "zones/permission.hpp"

namespace hairpin::admin {
namespace {

bool is_operator(const Call& call) {
    return call.caller && call.caller->credential.kind == store::CredentialKind::Operator;
}

}  // namespace

Result<void, Problem> check_concerned(Api& api, const Call& call, const zones::Name& apex) {
    if (is_operator(call)) return {};
    const auto grants =
        TRY(effective_grants(api.queries(), *call.caller, api.context().options.addresses));
    if (zones::concerns(grants, apex)) return {};
    return fail(Problem(ProblemType::Forbidden, "refused: no grant is for zone " + apex.text()));
}

Result<void, Problem> check_rate(Api& api, const Call& call) {
    if (is_operator(call)) return {};
    const auto wait = over_rate(api.context(), call.caller->credential);
    if (!wait) return {};
    Problem problem(ProblemType::TooManyRequests, "this credential writes too often");
    problem.retry_after = wait;
    return fail(std::move(problem));
}

Write refused_write(store::AuditNote audit, Problem problem) {
    Write write;
    write.audit = std::move(audit);
    write.rows = [problem = std::move(problem)](store::Writer&,
                                                zones::Change&) -> Result<void, Problem> {
        return fail(problem);
    };
    return write;
}

Result<void, Problem> check_readable(Api& api, const Call& call, const zones::Name& apex,
                                     const zones::Name& owner, zones::RType type) {
    if (is_operator(call)) return {};
    zones::PermissionQuestion question;
    question.operation = zones::Operation::Read;
    question.apex = apex;
    question.owner = owner;
    question.type = type;
    question.source = call.request.peer;
    const auto grants =
        TRY(effective_grants(api.queries(), *call.caller, api.context().options.addresses));
    auto decision = zones::decide(grants, question);
    if (decision.is_allowed) return {};
    return fail(Problem(ProblemType::Forbidden, std::move(decision.rule)));
}

std::optional<GrantedCaller> granted_caller(const Call& call) {
    if (is_operator(call)) return std::nullopt;
    return GrantedCaller{call.caller->credential.id, call.request.peer.unmapped()};
}

Result<void, Problem> admit_granted(const ApiContext& context,
                                    const std::optional<GrantedCaller>& caller,
                                    store::Writer& writer, zones::Change& change) {
    if (!caller) return {};
    const ApiOptions& options = context.options;
    const auto scene = EditScene::of(options, writer.read(), writer.zones(), writer.now());
    for (zones::ZoneChange& each : change.zones) {
        const EditPlan plan = TRY(plan_edits(scene, {caller->credential_id, caller->source, each}));
        TRY(apply_rows(writer, plan));
        each = plan.change;
    }
    return {};
}

}  // namespace hairpin::admin
