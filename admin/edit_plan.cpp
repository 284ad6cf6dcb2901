#include "admin/edit_plan.hpp"

#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/presence.hpp"
#include "admin/report_row.hpp"
#include "store/challenge_rows.hpp"

namespace hairpin::admin {
namespace {

/// Who asks, in good standing and from where it may.
Result<store::Identity, Problem> find_identity(const EditScene& scene, const EditRequest& request) {
    auto identity = TRY(scene.queries.identity(request.credential_id));
    if (!identity)
        return fail(Problem(ProblemType::Unauthorized, "refused: the credential was revoked"));
    TRY(check_standing(*identity, scene.now));
    TRY(check_source(identity->credential, request.source));
    return *std::move(identity);
}

store::SeenUpdate seen_update(const PlannedReport& report, WallTime now) {
    store::SeenUpdate update;
    update.server_id = report.server.id;
    update.last_seen_at = now;
    update.online = store::Online::Online;
    update.report = report.server.report;
    return update;
}

}  // namespace

EditScene EditScene::of(const ApiOptions& options, store::Queries& queries,
                        const zones::ZoneTable& zones, WallTime now) {
    return {queries,           zones,       now,
            options.addresses, options.ttl, presence_window(options.heartbeat_interval)};
}

Result<EditPlan, Problem> plan_edits(const EditScene& scene, const EditRequest& request) {
    EditPlan plan;
    plan.identity = TRY(find_identity(scene, request));
    const auto grants = TRY(effective_grants(scene.queries, plan.identity, scene.rules));
    const zones::Name& apex = request.change.apex;
    const zones::Zone* zone = scene.zones.find(apex);
    // Who has nothing to do with a zone is not told whether it is there.
    if (!zones::concerns(grants, apex))
        return fail(
            Problem(ProblemType::Forbidden, "refused: no grant is for zone " + apex.text()));
    if (zone == nullptr) return fail(not_found("zone " + apex.text()));
    if (zone->kind() == zones::ZoneKind::Catalog)
        return fail(
            Problem(ProblemType::Forbidden,
                    "refused: " + apex.text() + " is the catalog, which is kept by itself"));
    const auto decision = zones::decide(grants, apex, request.change.edits, request.source);
    if (!decision.is_allowed) return fail(Problem(ProblemType::Forbidden, decision.rule));
    plan.rule = decision.rule;
    plan.change = request.change;
    TRY(plan_reports(scene, request.source, plan));
    TRY(plan_challenges(scene, plan));
    return plan;
}

Result<void, Problem> apply_rows(store::Writer& writer, const EditPlan& plan) {
    for (const PlannedReport& each : plan.reports) {
        if (each.changes_server) TRY(writer.update_server(each.server));
        TRY(write_report_row(writer, seen_update(each, writer.now())));
    }
    const std::int64_t credential = plan.identity.credential.id;
    for (const PlannedChallenge& each : plan.challenges) {
        const zones::Name& apex = plan.change.apex;
        if (each.is_put)
            TRY(store::put_challenge_value(writer, apex, each.owner, credential, each.rdata));
        else
            TRY(store::erase_challenge_value(writer, apex, each.owner, credential, each.rdata));
    }
    return {};
}

}  // namespace hairpin::admin
