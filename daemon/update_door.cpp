#include "daemon/update_door.hpp"

#include <utility>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "core/log.hpp"
#include "dnsd/code_names.hpp"

namespace hairpin::daemon {
namespace {

constexpr const char* kDoor = "update";

dnsd::Rcode rcode_of_error(ErrorCode code) {
    switch (code) {
        case ErrorCode::Denied:
        case ErrorCode::Invalid:
        case ErrorCode::Limit:
        case ErrorCode::NotFound:
        case ErrorCode::Conflict:
        case ErrorCode::Protocol:
            return dnsd::Rcode::Refused;
        case ErrorCode::Unavailable:
        case ErrorCode::Io:
        case ErrorCode::Corrupt:
            return dnsd::Rcode::ServFail;
    }
    return dnsd::Rcode::ServFail;
}

void tell(const std::string& what, const dnsd::UpdateVerdict& verdict) {
    log::logger("daemon").debug("update of {}: {}{}{}", what,
                                dnsd::rcode_name(static_cast<std::size_t>(verdict.rcode)),
                                verdict.cause.empty() ? "" : ", ", verdict.cause);
}

}  // namespace

UpdateDecision NobodyMayUpdate::decide(store::Queries& /*store*/, std::int64_t /*key_id*/,
                                       const zones::Name& /*apex*/,
                                       std::span<const zones::Edit> /*edits*/,
                                       const IpAddress& /*source*/) {
    return {std::nullopt, "no credential may change records by UPDATE"};
}

void UpdateDoor::submit(dnsd::UpdateRequest request, Done done) {
    store::Work work;
    work.change.actor = {"credential", request.key_name.text_without_dot(), request.client.text(),
                         kDoor};
    work.change.reason = "UPDATE";
    work.audit = {kDoor, request.change.apex.text()};
    const std::string what = request.change.apex.text() + " by " + work.change.actor.id + " from " +
                             request.client.text();
    work.change.zones.push_back(std::move(request.change));
    // RFC 2136 section 3.4.1: nothing of a message is done when one of its records has a form that
    // is wrong, which is told behind permission and prerequisites.
    const bool changes = !request.prescan.has_value();
    work.rows = [this, changes, key_id = request.key_id, source = request.client](
                    store::Writer& writer, zones::Change& change) -> Result<void> {
        zones::ZoneChange& zone = change.zones.front();
        auto decision = authority_.decide(writer.read(), key_id, zone.apex, zone.edits, source);
        if (!decision.actor)
            return fail(Error{ErrorCode::Denied, zone.apex.text(), std::move(decision.cause)});
        change.actor = {std::move(decision.actor->kind), std::move(decision.actor->id),
                        source.text(), kDoor};
        if (!changes) zone.edits.clear();
        return {};
    };
    committer_->submit(std::move(work),
                       [what, prescan = request.prescan, done = std::move(done)](
                           const Result<store::WorkReceipt, store::WorkRefusal>& result) {
                           const dnsd::UpdateVerdict verdict =
                               result ? dnsd::UpdateVerdict{prescan.value_or(dnsd::Rcode::NoError)}
                                      : verdict_of(result.error());
                           tell(what, verdict);
                           done(verdict);
                       });
}

dnsd::UpdateVerdict verdict_of(const store::WorkRefusal& refusal) {
    if (const auto* error = std::get_if<Error>(&refusal))
        return {rcode_of_error(error->code), error->text()};
    const auto& zones_refusal = std::get<zones::Refusal>(refusal);
    return {dnsd::rcode_of(zones_refusal.code), zones_refusal.subject + ": " + zones_refusal.cause};
}

}  // namespace hairpin::daemon
