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
Rcode rcode_of_problem(ProblemType type) {
    switch (type) {
        case ProblemType::NotFound:
            return Rcode::NotAuth;  // The zone: RFC 2136 section 3.1.2.
        case ProblemType::Internal:
        case ProblemType::Unavailable:
        case ProblemType::TooManyRequests:
            return Rcode::ServFail;
        case ProblemType::MalformedJson:
        case ProblemType::InvalidRequest:
        case ProblemType::CredentialInUrl:
        case ProblemType::Unauthorized:
        case ProblemType::Forbidden:
        case ProblemType::LicenceSuspended:
        case ProblemType::ServerSuspended:
        case ProblemType::MethodNotAllowed:
        case ProblemType::Conflict:
        case ProblemType::PreconditionFailed:
        case ProblemType::TooLarge:
        case ProblemType::RuleBroken:
        case ProblemType::IdempotencyKeyReused:
        case ProblemType::NotInThisVersion:
        case ProblemType::Gone:
            return Rcode::Refused;
    }
    return Rcode::ServFail;
}

admin::DoorOutcome outcome_of(const Result<zones::ZoneReceipt, admin::DoorRefusal>& result) {
    if (result) return admin::DoorOutcome::Done;
    const ProblemType type = admin::to_problem(result.error()).type;
    if (type == ProblemType::TooManyRequests) return admin::DoorOutcome::Limited;
    if (type == ProblemType::Unauthorized || type == ProblemType::Forbidden)
        return admin::DoorOutcome::Denied;
    if (type == ProblemType::Internal || type == ProblemType::Unavailable)
        return admin::DoorOutcome::Failed;
    return admin::DoorOutcome::Refused;
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
            context->doors.add(admin::Door::Update, outcome_of(result));
            const dnsd::UpdateVerdict verdict =
                result ? dnsd::UpdateVerdict{prescan.value_or(Rcode::NoError)}
                       : verdict_of(result.error());
            tell(what, verdict);
            done(verdict);
        });
}

dnsd::UpdateVerdict verdict_of(const admin::DoorRefusal& refusal) {
    if (const auto* problem = std::get_if<admin::Problem>(&refusal))
        return {rcode_of_problem(problem->type), problem->detail};
    const auto& zones_refusal = std::get<zones::Refusal>(refusal);
    return {dnsd::rcode_of(zones_refusal.code), zones_refusal.subject + ": " + zones_refusal.cause};
}

}  // namespace hairpin::daemon
