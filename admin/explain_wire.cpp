// UPDATE, transfers and check-ins: what the name server and the check-in desk would say
// (wire_doors.hpp), and why.

#include <utility>

#include "admin/authentication.hpp"
#include "admin/explain.hpp"
#include "admin/transfer_door.hpp"
#include "admin/update_lines.hpp"
#include "admin/wire_doors.hpp"

namespace hairpin::admin {
namespace {

DoorAnswer with_rcode(std::string rcode) {
    DoorAnswer answer;
    answer.rcode = std::move(rcode);
    return answer;
}

/// Why nothing that is signed with its key is taken; nullopt: it is. Without a key a client cannot
/// even ask: there is no answer to tell of.
std::optional<Explanation> refuse_key(Api& api, const store::Identity& caller) {
    const auto key = zones::Name::parse(caller.credential.tsig_name);
    if (caller.credential.tsig_name.empty() || !key)
        return Explanation{false, "refused: this credential has no TSIG key"};
    const WireDoors* doors = api.context().wire_doors;
    if (doors == nullptr) return std::nullopt;
    std::string rcode = doors->key_refusal(*key);
    if (rcode.empty()) return std::nullopt;
    const auto standing = check_standing(caller, api.now());
    return Explanation{false,
                       standing ? "refused: the key is not known" : standing.error().detail,
                       {},
                       with_rcode(std::move(rcode))};
}

std::optional<DoorAnswer> update_answer(Api& api, const zones::Name& apex,
                                        const DoorRefusal* refusal) {
    const WireDoors* doors = api.context().wire_doors;
    if (doors == nullptr) return std::nullopt;
    return with_rcode(doors->update_answer(apex, refusal));
}

/// As the metrics call it, for a person.
std::string check_in_rule(const WireDoors::CheckIn& judged) {
    if (judged.is_challenged)
        return "allowed: " + judged.outcome + ": challenged, and told to report";
    if (judged.is_heard) return "allowed: " + judged.outcome + ": heard, and met with silence";
    return "refused: " + judged.outcome + ": met with silence";
}

}  // namespace

Result<Explanation, Problem> explain_update(Api& api, const Supposition& wanted,
                                            store::Identity caller) {
    const auto* lines =
        wanted.request == nullptr ? nullptr : std::get_if<JsonArray>(&wanted.request->is);
    if (lines == nullptr || lines->empty() || lines->size() > kMaxExplained)
        return fail(invalid_field("/request", "must be a list of lines, as nsupdate reads them"));
    EditRequest request{caller.credential.id, wanted.source,
                        TRY(read_update_lines(*lines, wanted.apex()))};
    request.change.conflicts = zones::Conflicts::Ignore;  // RFC 2136 section 3.4.2.
    if (auto refused = refuse_key(api, caller)) return *std::move(refused);
    const auto tried = try_edits(api, request);
    Explanation said = explanation_of(tried);
    said.answer = update_answer(api, wanted.apex(), tried ? nullptr : &tried.error());
    return said;
}

Result<Explanation, Problem> explain_transfer(Api& api, const Supposition& wanted,
                                              store::Identity caller) {
    if (auto refused = refuse_key(api, caller)) return *std::move(refused);
    auto judged = judge_transfer(api.queries(), caller, wanted.apex(), wanted.source, api.now(),
                                 api.context().options.addresses);
    Explanation said{judged.has_value(), judged ? *judged : judged.error().detail};
    const WireDoors* doors = api.context().wire_doors;
    if (doors == nullptr) return said;
    const auto key = zones::Name::parse(caller.credential.tsig_name);
    const auto given = doors->transfer(wanted.apex(), *key, wanted.source);
    // The policy is what is asked; a secondary that is named needs no grant.
    if (given.is_given && !said.is_allowed)
        said.rule = "allowed: it is a secondary's, or a rule's of dns.transfer";
    if (given.needs_tls) said.rule = kTransferNeedsTls;
    said.is_allowed = given.is_given;
    said.answer = with_rcode(given.rcode);
    return said;
}

Result<Explanation, Problem> explain_check_in(Api& api, const Supposition& wanted,
                                              store::Identity caller) {
    if (!caller.server || !caller.licence)
        return Explanation{false, "refused: this credential is not a server's"};
    std::string machine = caller.server->report.machine;
    if (wanted.request != nullptr) {
        std::vector<FieldError> errors;
        ObjectReader body(*wanted.request, "/request", errors);
        machine = body.text("machine").value_or(machine);
        body.finish();
        if (!errors.empty()) return fail(to_problem(std::move(errors)));
    }
    const WireDoors* doors = api.context().wire_doors;
    const auto judged = doors == nullptr
                            ? std::nullopt
                            : doors->check_in(*caller.server, *caller.licence, {caller.credential},
                                              machine, wanted.source);
    if (!judged) return Explanation{false, "refused: nobody checks in here (checkin.listen)"};
    Explanation said{judged->is_heard || judged->is_challenged, check_in_rule(*judged)};
    const auto standing = check_standing(caller, api.now());
    if (!said.is_allowed && !standing) said.rule = standing.error().detail;
    said.answer = DoorAnswer{{}, {}, {}, judged->is_challenged ? "challenge" : "none"};
    return said;
}

}  // namespace hairpin::admin
