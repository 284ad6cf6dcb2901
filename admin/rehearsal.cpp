#include "admin/rehearsal.hpp"

#include "store/committer.hpp"

namespace hairpin::admin {

Result<TriedEdits, DoorRefusal> try_edits(Api& api, const EditRequest& request) {
    const ApiOptions& options = api.context().options;
    const auto table = api.zones();
    const auto scene = EditScene::of(options, api.queries(), *table, api.now());
    auto plan = plan_edits(scene, request);
    if (!plan) return fail(DoorRefusal(std::move(plan).error()));
    zones::EditRules rules;
    rules.addresses = options.addresses;
    zones::EditMoment moment;
    moment.unix_seconds = to_unix_seconds(api.now());
    auto edited = zones::apply(table->share(request.change.apex), plan->change, moment, rules);
    if (!edited) return fail(DoorRefusal(std::move(edited).error()));
    return TriedEdits{*std::move(plan), *std::move(edited)};
}

std::string sentence_of(const DoorRefusal& refusal) {
    if (const auto* problem = std::get_if<Problem>(&refusal)) return problem->detail;
    return store::to_error(std::get<zones::Refusal>(refusal)).text();
}

}  // namespace hairpin::admin
