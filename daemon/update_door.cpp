#include "daemon/update_door.hpp"

#include <string>
#include <utility>
#include <variant>

#include "admin/door_counters.hpp"
#include "admin/problem.hpp"
#include "core/log.hpp"
#include "dnsd/code_names.hpp"

namespace hairpin::daemon {
namespace {

using admin::ProblemType;
using dnsd::Rcode;

constexpr const char* kDoor = "update";

/// REFUSED is for good, until somebody changes a credential; SERVFAIL may be tried again.
Rcode rcode_of_problem(const admin::Problem& problem) {
    if (problem.type == ProblemType::NotFound) return Rcode::NotAuth;  // RFC 2136 section 3.1.2.
    const bool will_pass = problem.status() == 429 || problem.status() >= 500;
    return will_pass ? Rcode::ServFail : Rcode::Refused;
}

void tell(const std::string& what, const dnsd::UpdateVerdict& verdict) {
    log::logger("daemon").debug("update of {}: {}{}{}", what,
                                dnsd::rcode_name(static_cast<std::size_t>(verdict.rcode)),
                                verdict.cause.empty() ? "" : ", ", verdict.cause);
}

}  // namespace

void UpdateDoor::submit(dnsd::UpdateRequest request, Done done) {
    admin::ApiContext* context = context_.load();
    if (context == nullptr) return done({Rcode::ServFail, "the server is starting"});
    context->committer.used(request.key_id, context->clock.now());
    admin::DoorRequest wanted;
    wanted.actor = {"tsig", request.key_name.text_without_dot(), request.client.text(), kDoor};
    wanted.reason = "UPDATE";
    wanted.edits.credential_id = request.key_id;
    wanted.edits.source = request.client.unmapped();
    // RFC 2136 section 3.4.1: nothing of a message is done when one of its records has a form that
    // is wrong, which is told behind permission and prerequisites.
    wanted.is_counted_here = true;
    wanted.is_trial = request.prescan.has_value();
    std::string what =
        request.change.apex.text() + " by " + wanted.actor.id + " from " + wanted.actor.source;
    wanted.edits.change = std::move(request.change);
    admin::submit_edits(
        *context, std::move(wanted),
        [what = std::move(what), prescan = request.prescan, context,
         done = std::move(done)](const Result<zones::ZoneReceipt, admin::DoorRefusal>& result) {
            const int status = result ? 200 : admin::to_problem(result.error()).status();
            context->doors.add(admin::Door::Update, admin::outcome_of_status(status));
            const dnsd::UpdateVerdict verdict =
                result ? dnsd::UpdateVerdict{prescan.value_or(Rcode::NoError)}
                       : verdict_of(result.error());
            tell(what, verdict);
            done(verdict);
        });
}

dnsd::UpdateVerdict verdict_of(const admin::DoorRefusal& refusal) {
    if (const auto* problem = std::get_if<admin::Problem>(&refusal))
        return {rcode_of_problem(*problem), problem->detail};
    const auto& zones_refusal = std::get<zones::Refusal>(refusal);
    return {dnsd::rcode_of(zones_refusal.code), zones_refusal.subject + ": " + zones_refusal.cause};
}

}  // namespace hairpin::daemon
