#include "admin/edit_door.hpp"

#include <memory>
#include <utility>

#include "admin/authentication.hpp"
#include "admin/delegation.hpp"
#include "admin/log_text.hpp"
#include "core/log.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kAuditSubjectOctets = 1'024;  // A name at its longest.

/// What the commit thread leaves for `done`.
struct Passage {
    DoorRequest request;
    std::optional<Problem> problem;
    bool is_frozen = false;  // That was written, and nothing else.
    zones::Actor actor;      // As the commit knows it.
};

void tell_change(const zones::Actor& actor, const zones::ZoneReceipt& receipt) {
    if (receipt.changed)
        log::logger("admin").info("{} by {} {} at {}: {} changed, serial {}", actor.door,
                                  actor.kind, log_text(actor.id), actor.source, receipt.apex.text(),
                                  receipt.serial);
}

std::string public_addresses_in(const EditPlan& plan, const zones::AddressRules& rules) {
    std::string text;
    for (const zones::Edit& each : plan.change.edits) {
        if (rules.role_of(each.owner, plan.change.apex) != zones::TwinRole::Public) continue;
        for (const Octets& rdata : each.rdatas)
            if (const auto address = IpAddress::from_octets(rdata)) text += address->text() + " ";
    }
    return text;
}

/// Two sources that take turns: what is published stays, until an operator decides.
Result<bool, Problem> freeze_clones(ApiContext& context, const EditPlan& plan,
                                    const IpAddress& source, store::Writer& writer) {
    if (plan.reports.size() != 1) return false;
    const std::string addresses = public_addresses_in(plan, context.options.addresses);
    if (addresses.empty()) return false;
    store::ServerRow server = plan.reports.front().server;
    const auto other = context.alternations.note(server.id, addresses, source, writer.now());
    if (!other) return false;
    server.state = store::ServerState::Frozen;
    TRY(writer.update_server(server));
    context.alternations.forget(server.id);
    context.rivals.remember(server.id, {"", source, writer.now()});
    log::logger("admin").warn(
        "two sources take turns as {}/{}, {} and {}: its addresses are frozen; stop the copy, make "
        "a new credential and set the state to active",
        server.licence, server.label, other->text(), source.text());
    return true;
}

Result<void, Problem> pass(ApiContext& context, Passage& passage, store::Writer& writer,
                           zones::Change& change) {
    const ApiOptions& options = context.options;
    const auto scene = EditScene::of(options, writer.read(), writer.zones(), writer.now());
    const EditPlan plan = TRY(plan_edits(scene, passage.request.edits));
    if (passage.request.is_counted_here) {
        if (const auto wait = over_rate(context, plan.identity.credential)) {
            Problem problem(ProblemType::TooManyRequests,
                            "refused: this credential writes too often");
            problem.retry_after = wait;
            return fail(std::move(problem));
        }
    }
    change.actor =
        actor_of(plan.identity, passage.request.edits.source, passage.request.actor.door);
    passage.actor = change.actor;
    if (passage.request.is_trial) {
        change.zones.push_back(passage.request.edits.change);
        change.zones.back().edits.clear();
        return {};
    }
    passage.is_frozen = TRY(freeze_clones(context, plan, passage.request.edits.source, writer));
    if (passage.is_frozen) return {};
    TRY(apply_rows(writer, plan));
    change.zones.push_back(plan.change);
    keep_delegations(writer.zones(), change);
    return {};
}

}  // namespace

void submit_edits(ApiContext& context, DoorRequest request, DoorDone done) {
    auto passage = std::make_shared<Passage>(Passage{std::move(request), {}, false, {}});
    store::Work work;
    work.change.actor = passage->request.actor;
    work.change.reason = passage->request.reason;
    work.audit = {passage->request.actor.door, passage->request.edits.change.apex.text()};
    work.rows = [&context, passage](store::Writer& writer, zones::Change& change) -> Result<void> {
        passage->problem.reset();
        passage->is_frozen = false;
        auto passed = pass(context, *passage, writer, change);
        if (passed) return {};
        passage->problem = std::move(passed).error();
        return fail(to_error(*passage->problem));
    };
    context.committer.submit(
        std::move(work),
        [passage, done = std::move(done)](Result<store::WorkReceipt, store::WorkRefusal> result) {
            if (result && passage->is_frozen)
                return done(fail(DoorRefusal(Problem(ProblemType::Conflict,
                                                     "refused: two sources take turns as this "
                                                     "server, which is frozen now"))));
            if (result) {
                tell_change(passage->actor, result->zones.front());
                return done(result->zones.front());
            }
            if (passage->problem) return done(fail(DoorRefusal(*std::move(passage->problem))));
            if (const auto* refusal = std::get_if<zones::Refusal>(&result.error()))
                return done(fail(DoorRefusal(*refusal)));
            done(fail(DoorRefusal(Problem(result.error()))));
        });
}

void audit_refusal(ApiContext& context, zones::Actor actor, const std::string& subject,
                   const std::string& sentence, std::function<void()> done) {
    store::Work work;
    work.audit = {actor.door, log_text(subject, kAuditSubjectOctets)};
    work.change.actor = std::move(actor);
    work.rows = [sentence](store::Writer&, zones::Change&) -> Result<void> {
        return fail(to_error(Problem(ProblemType::Forbidden, sentence)));
    };
    context.committer.submit(std::move(work), [done = std::move(done)](const auto&) { done(); });
}

std::optional<Seconds> over_rate(ApiContext& context, const store::CredentialRow& credential) {
    BucketRate rate = context.options.door_rate;
    if (credential.per_minute > 0) {
        rate.burst = static_cast<double>(credential.per_minute);
        rate.refill = 60'000.0 / static_cast<double>(credential.per_minute);
    }
    return context.door_writes.take(credential.id, context.clock.monotonic(), rate);
}

Problem to_problem(const DoorRefusal& refusal) {
    return std::visit([](const auto& reason) { return Problem(reason); }, refusal);
}

}  // namespace hairpin::admin
