// UPDATE, transfers and check-ins: what the name server and the check-in desk would say
// (wire_doors.hpp), and why.

#include <algorithm>
#include <utility>

#include "admin/authentication.hpp"
#include "admin/explain.hpp"
#include "admin/transfer_door.hpp"
#include "admin/wire_doors.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

constexpr std::int64_t kMostTtl = 0x7FFF'FFFF;  // RFC 2181 section 8.

/// The words of one line of nsupdate, taken from its front.
class UpdateWords {
public:
    explicit UpdateWords(std::string_view line) : rest_(line) {}
    [[nodiscard]] std::string_view next() {
        const std::size_t start = std::min(rest_.find_first_not_of(" \t"), rest_.size());
        rest_.remove_prefix(start);
        const std::size_t end = std::min(rest_.find_first_of(" \t"), rest_.size());
        const std::string_view word = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return word;
    }
    /// All that is left.
    [[nodiscard]] std::string_view rest() const {
        const std::size_t start = std::min(rest_.find_first_not_of(" \t"), rest_.size());
        return rest_.substr(start);
    }

private:
    std::string_view rest_;
};

std::optional<zones::Ttl> ttl_of(std::string_view word) {
    const bool is_number = !word.empty() && word.size() <= 10 &&
                           word.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_number) return std::nullopt;
    const std::int64_t seconds = std::stoll(std::string(word));
    return seconds <= kMostTtl ? std::optional(static_cast<zones::Ttl>(seconds)) : std::nullopt;
}

/// Type and data of a line, where there are any. Errors: why they are none.
Result<void, std::string> read_records_of(UpdateWords& words, std::string_view type,
                                          const zones::Name& apex, zones::Edit& edit) {
    const auto known = zones::type_from_text(type);
    if (!known) return fail("\"" + std::string(type) + "\" is not an RR type");
    edit.type = *known;
    if (words.rest().empty()) return {};
    auto rdata = zones::rdata_from_text(*known, words.rest(), apex);
    if (!rdata) return fail(rdata.error().text());
    edit.rdatas.push_back(*std::move(rdata));
    return {};
}

/// "add NAME TTL [IN] TYPE DATA", "delete NAME [TYPE [DATA]]"; "update" may stand in front.
Result<zones::Edit, std::string> read_update_line(std::string_view line, const zones::Name& apex) {
    UpdateWords words(line);
    std::string_view verb = words.next();
    if (verb == "update") verb = words.next();
    const bool is_add = verb == "add";
    if (!is_add && verb != "delete" && verb != "del")
        return fail(std::string("is neither add nor delete"));
    zones::Edit edit;
    const auto owner = zones::Name::parse(words.next());
    if (!owner) return fail(std::string("names no owner"));
    edit.owner = *owner;
    if (is_add) {
        const auto ttl = ttl_of(words.next());
        if (!ttl) return fail(std::string("has no TTL behind the name"));
        edit.ttl = *ttl;
    }
    std::string_view type = words.next();
    if (type == "IN") type = words.next();
    edit.kind = is_add ? zones::EditKind::AddRecords : zones::EditKind::DeleteOwner;
    if (type.empty() && !is_add) return edit;
    TRY(read_records_of(words, type, apex, edit));
    if (is_add && edit.rdatas.empty()) return fail(std::string("adds no record"));
    if (!is_add)
        edit.kind =
            edit.rdatas.empty() ? zones::EditKind::DeleteRRset : zones::EditKind::DeleteRecords;
    return edit;
}

Result<std::vector<zones::Edit>, Problem> read_updates(const Supposition& wanted) {
    const auto* lines =
        wanted.request == nullptr ? nullptr : std::get_if<JsonArray>(&wanted.request->is);
    if (lines == nullptr || lines->empty() || lines->size() > kMaxExplained)
        return fail(invalid_field("/request", "must be a list of lines, as nsupdate reads them"));
    std::vector<zones::Edit> edits;
    for (std::size_t at = 0; at < lines->size(); ++at) {
        const auto* line = std::get_if<std::string>(&(*lines)[at].is);
        auto edit = line == nullptr
                        ? Result<zones::Edit, std::string>(fail(std::string("is no text")))
                        : read_update_line(*line, wanted.apex());
        if (!edit) return fail(invalid_field("/request/" + std::to_string(at), edit.error()));
        edits.push_back(*std::move(edit));
    }
    return edits;
}

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
    EditRequest request{caller.credential.id, wanted.source, {}};
    request.change.apex = wanted.apex();
    request.change.edits = TRY(read_updates(wanted));
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
