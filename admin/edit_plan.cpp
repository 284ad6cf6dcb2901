#include "admin/edit_plan.hpp"

#include <algorithm>
#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/names.hpp"
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

bool writes_own_names(const std::vector<zones::Grant>& grants) {
    return std::any_of(grants.begin(), grants.end(), [](const zones::Grant& each) {
        return each.values == zones::ValueRule::OwnNames;
    });
}

/// Whether it is a name of a server of the caller's: of the one that the credential is of, or of
/// any of its licence's.
Result<bool, Problem> is_own_server(const EditScene& scene, const store::Identity& identity,
                                    const zones::Name& target) {
    if (!identity.licence) return false;
    const auto role = scene.rules.role_of(target, identity.licence->zone_apex);
    if (!role) return false;
    const std::string label = label_of(target, *role, scene.rules);
    if (identity.server) return identity.server->label == label;
    return TRY(scene.queries.server(identity.licence->name, label)).has_value();
}

/// Of the names that CNAMEs would lead to those of the caller's servers. Asked for only where a
/// grant goes by them.
Result<std::vector<zones::Name>, Problem> own_targets(const EditScene& scene,
                                                      const store::Identity& identity,
                                                      const zones::ZoneChange& change) {
    std::vector<zones::Name> own;
    for (const zones::Edit& edit : change.edits) {
        if (edit.type != zones::RType::CNAME) continue;
        for (const Octets& rdata : edit.rdatas) {
            const auto target = zones::Name::from_wire(rdata);
            if (target && TRY(is_own_server(scene, identity, *target))) own.push_back(*target);
        }
    }
    return own;
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
    std::vector<zones::Name> own;
    if (writes_own_names(grants)) own = TRY(own_targets(scene, plan.identity, request.change));
    const auto decision = zones::decide(grants, apex, request.change.edits, request.source, own);
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
