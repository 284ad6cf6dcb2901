#include "admin/edit_door.hpp"

#include <memory>
#include <utility>

#include "admin/authentication.hpp"
#include "admin/delegation.hpp"
#include "admin/log_text.hpp"
#include "admin/presence.hpp"

namespace hairpin::admin {
namespace {

/// What the commit thread leaves for `done`.
struct Passage {
    DoorRequest request;
    std::optional<Problem> problem;
};

Result<void, Problem> pass(ApiContext& context, Passage& passage, store::Writer& writer,
                           zones::Change& change) {
    const ApiOptions& options = context.options;
    const EditScene scene{writer.read(), writer.zones(),
                          writer.now(),  options.addresses,
                          options.ttl,   presence_window(options.heartbeat_interval)};
    const EditPlan plan = TRY(plan_edits(scene, passage.request.edits));
    TRY(apply_rows(writer, plan));
    change.zones.push_back(plan.change);
    keep_delegations(writer.zones(), change);
    return {};
}

}  // namespace

void submit_edits(ApiContext& context, DoorRequest request, DoorDone done) {
    auto passage = std::make_shared<Passage>(Passage{std::move(request), {}});
    store::Work work;
    work.change.actor = passage->request.actor;
    work.change.reason = passage->request.reason;
    work.audit = {passage->request.actor.door, passage->request.edits.change.apex.text()};
    work.rows = [&context, passage](store::Writer& writer, zones::Change& change) -> Result<void> {
        passage->problem.reset();
        auto passed = pass(context, *passage, writer, change);
        if (passed) return {};
        passage->problem = std::move(passed).error();
        return fail(to_error(*passage->problem));
    };
    context.committer.submit(
        std::move(work),
        [passage, done = std::move(done)](Result<store::WorkReceipt, store::WorkRefusal> result) {
            if (result) return done(result->zones.front());
            if (passage->problem) return done(fail(DoorRefusal(*std::move(passage->problem))));
            if (const auto* refusal = std::get_if<zones::Refusal>(&result.error()))
                return done(fail(DoorRefusal(*refusal)));
            done(fail(DoorRefusal(Problem(result.error()))));
        });
}

std::optional<Seconds> over_rate(ApiContext& context, const store::CredentialRow& credential) {
    BucketRate rate = context.options.door_rate;
    if (credential.per_minute > 0) {
        rate.burst = static_cast<double>(credential.per_minute);
        rate.refill = Milliseconds(60'000 / credential.per_minute);
        if (rate.refill < Milliseconds(1)) rate.refill = Milliseconds(1);
    }
    return context.door_writes.take(credential.id, context.clock.monotonic(), rate);
}

Problem to_problem(const DoorRefusal& refusal) {
    return std::visit([](const auto& reason) { return Problem(reason); }, refusal);
}

}  // namespace hairpin::admin
