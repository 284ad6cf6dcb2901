#include "zones/permission.hpp"

#include <algorithm>
#include <array>

#include "zones/address_rules.hpp"
#include "zones/presentation.hpp"

namespace hairpin::zones {
namespace {

constexpr std::string_view kSubtreePrefix = "subtree:";
constexpr std::size_t kChallengeCharacters = 43;

constexpr std::array kOperations{Operation::Read, Operation::Update, Operation::Transfer};
constexpr std::array kValueRules{ValueRule::Any,    ValueRule::Public,    ValueRule::Private,
                                 ValueRule::Source, ValueRule::Challenge, ValueRule::OwnNames};
constexpr std::string_view kServerNames = "server:names";
constexpr std::string_view kServerChallenges = "server:challenges";

bool is_challenge_value(OctetView rdata) noexcept {
    if (rdata.size() != kChallengeCharacters + 1 || rdata[0] != kChallengeCharacters) return false;
    return std::all_of(rdata.begin() + 1, rdata.end(), [](std::uint8_t octet) {
        return (octet >= 'A' && octet <= 'Z') || (octet >= 'a' && octet <= 'z') ||
               (octet >= '0' && octet <= '9') || octet == '-' || octet == '_';
    });
}

std::string_view wish_of(ValueRule rule) noexcept {
    switch (rule) {
        case ValueRule::Any:
            return "any value";
        case ValueRule::Public:
            return "public addresses only";
        case ValueRule::Private:
            return "private addresses only";
        case ValueRule::Source:
            return "the requestor's own address only";
        case ValueRule::Challenge:
            return "ACME challenge values only";
        case ValueRule::OwnNames:
            return "CNAMEs to its own names only";
    }
    return "";
}

/// Whether grants for that zone name it. A grant for every name of it names whatever is in it.
bool is_named(std::span<const Grant> grants, const Name& apex, const Name& target) noexcept {
    if (!target.is_within(apex)) return false;
    return std::any_of(grants.begin(), grants.end(), [&](const Grant& each) {
        if (!each.zone || !(*each.zone == apex)) return false;
        return each.names.empty() ||
               std::any_of(each.names.begin(), each.names.end(),
                           [&](const NamePattern& name) { return name.matches(target); });
    });
}

bool leads_to_own(std::span<const Grant> grants, const PermissionQuestion& question,
                  OctetView rdata) {
    if (question.type != RType::CNAME) return false;
    const auto target = Name::from_wire(rdata);
    if (!target) return false;
    return std::find(question.own_names.begin(), question.own_names.end(), *target) !=
               question.own_names.end() ||
           is_named(grants, question.apex, *target);
}

bool value_fits(ValueRule rule, std::span<const Grant> grants, const PermissionQuestion& question,
                OctetView rdata) {
    const RType type = question.type.value_or(RType::ANY);
    if (rule == ValueRule::Any) return true;
    if (rule == ValueRule::Challenge) return type == RType::TXT && is_challenge_value(rdata);
    if (rule == ValueRule::OwnNames) return leads_to_own(grants, question, rdata);
    if (type != RType::A && type != RType::AAAA) return false;
    const auto address = IpAddress::from_octets(rdata);
    if (!address) return false;
    if (rule == ValueRule::Private) return is_private(*address);
    if (rule == ValueRule::Source) return address->unmapped() == question.source.unmapped();
    return !special_range(*address);
}

/// How much of a question a grant answers: for the sentence about the nearest.
enum class Nearness : std::uint8_t { Nothing, Zone, Operation, Owner, Type, All };

Nearness nearness(const Grant& grant, std::span<const Grant> grants,
                  const PermissionQuestion& question) {
    if (grant.zone && !(*grant.zone == question.apex)) return Nearness::Nothing;
    if (!grant.operations.has(question.operation)) return Nearness::Zone;
    const bool is_for_owner =
        grant.names.empty() ||
        (!question.is_whole_zone &&
         std::any_of(grant.names.begin(), grant.names.end(),
                     [&](const NamePattern& each) { return each.matches(question.owner); }));
    if (!is_for_owner) return Nearness::Operation;
    const bool is_typed =
        grant.types.empty() || (question.type && std::find(grant.types.begin(), grant.types.end(),
                                                           *question.type) != grant.types.end());
    if (!is_typed) return Nearness::Owner;
    const bool fits = std::all_of(
        question.written.begin(), question.written.end(),
        [&](const Octets& rdata) { return value_fits(grant.values, grants, question, rdata); });
    return fits ? Nearness::All : Nearness::Type;
}

std::string subject_of(const PermissionQuestion& question) {
    if (question.is_whole_zone) return "the whole zone " + question.apex.text();
    return (question.type ? type_text(*question.type) : "every RRset") + " at " +
           question.owner.text();
}

std::string refusal(Nearness nearest, const Grant* grant, const PermissionQuestion& question) {
    const std::string wish = std::string(to_string(question.operation));
    switch (nearest) {
        case Nearness::Nothing:
            return "refused: no grant is for zone " + question.apex.text();
        case Nearness::Zone:
            return "refused: no grant for zone " + question.apex.text() + " allows to " + wish;
        case Nearness::Operation:
            return "refused: no grant allows to " + wish + " " +
                   (question.is_whole_zone ? subject_of(question) : question.owner.text());
        case Nearness::Owner:
            return "refused: no grant allows to " + wish + " " + subject_of(question);
        case Nearness::Type:
        case Nearness::All:
            break;
    }
    return "refused: the grant for " + subject_of(question) + " takes " +
           std::string(wish_of(grant->values));
}

PermissionQuestion question_of(const Name& apex, const Edit& edit, const IpAddress& source,
                               std::span<const Name> own_names) {
    PermissionQuestion question;
    question.apex = apex;
    question.owner = edit.owner;
    if (edit.kind != EditKind::DeleteOwner) question.type = edit.type;
    if (edit.kind == EditKind::AddRecords || edit.kind == EditKind::ReplaceRRset)
        question.written = edit.rdatas;
    question.source = source;
    question.own_names = own_names;
    return question;
}

}  // namespace

std::string_view to_string(Operation operation) noexcept {
    switch (operation) {
        case Operation::Read:
            return "read";
        case Operation::Update:
            return "update";
        case Operation::Transfer:
            return "transfer";
    }
    return "";
}

std::optional<Operation> operation_from_text(std::string_view text) noexcept {
    for (const Operation each : kOperations)
        if (to_string(each) == text) return each;
    return std::nullopt;
}

std::string_view to_string(ValueRule rule) noexcept {
    switch (rule) {
        case ValueRule::Any:
            return "any";
        case ValueRule::Public:
            return "public";
        case ValueRule::Private:
            return "private";
        case ValueRule::Source:
            return "source";
        case ValueRule::Challenge:
            return "challenge";
        case ValueRule::OwnNames:
            return "own-names";
    }
    return "";
}

std::optional<ValueRule> value_rule_from_text(std::string_view text) noexcept {
    for (const ValueRule each : kValueRules)
        if (to_string(each) == text) return each;
    return std::nullopt;
}

bool NamePattern::matches(const Name& owner) const noexcept {
    switch (kind) {
        case Kind::Exactly:
            return owner == name;
        case Kind::Subtree:
            return owner.is_within(name);
        case Kind::ServerNames:
        case Kind::ServerChallenges:
            break;
    }
    return false;
}

std::string NamePattern::text() const {
    switch (kind) {
        case Kind::Exactly:
            break;
        case Kind::Subtree:
            return std::string(kSubtreePrefix) + name.text();
        case Kind::ServerNames:
            return std::string(kServerNames);
        case Kind::ServerChallenges:
            return std::string(kServerChallenges);
    }
    return name.text();
}

std::optional<NamePattern> NamePattern::parse(std::string_view text) {
    NamePattern pattern;
    if (text == kServerNames) return NamePattern{Kind::ServerNames, Name()};
    if (text == kServerChallenges) return NamePattern{Kind::ServerChallenges, Name()};
    if (text.starts_with(kSubtreePrefix)) {
        pattern.kind = Kind::Subtree;
        text.remove_prefix(kSubtreePrefix.size());
    }
    const auto name = Name::parse(text);
    if (!name) return std::nullopt;
    pattern.name = name->lower();
    return pattern;
}

std::string Grant::text() const {
    std::string all;
    for (const Operation each : kOperations)
        if (operations.has(each))
            all.append(all.empty() ? "" : ", ").append(zones::to_string(each));
    std::string kinds;
    for (const RType each : types)
        kinds.append(kinds.empty() ? "" : ", ").append(type_text(each));
    all += " " + (kinds.empty() ? std::string("any type") : kinds);
    std::string owners;
    for (const NamePattern& each : names)
        owners.append(owners.empty() ? "" : ", ").append(each.text());
    all += " at " + (owners.empty() ? std::string("any name") : owners);
    all += zone ? " in " + zone->text() : std::string(" in every zone");
    if (values != ValueRule::Any) all.append(", ").append(wish_of(values));
    return all;
}

Decision decide(std::span<const Grant> grants, const PermissionQuestion& question) {
    Nearness nearest = Nearness::Nothing;
    const Grant* nearest_grant = nullptr;
    for (std::size_t at = 0; at < grants.size(); ++at) {
        const Nearness reached = nearness(grants[at], grants, question);
        if (reached == Nearness::All)
            return {true, "allowed by grant " + std::to_string(at + 1) + ": " + grants[at].text()};
        if (reached > nearest) {
            nearest = reached;
            nearest_grant = &grants[at];
        }
    }
    return {false, refusal(nearest, nearest_grant, question)};
}

Decision decide(std::span<const Grant> grants, const Name& apex, std::span<const Edit> edits,
                const IpAddress& source, std::span<const Name> own_names) {
    if (edits.empty()) {
        if (concerns(grants, apex)) return {true, "allowed: nothing would change"};
        return {false, "refused: no grant is for zone " + apex.text()};
    }
    Decision last;
    for (const Edit& each : edits) {
        last = decide(grants, question_of(apex, each, source, own_names));
        if (!last.is_allowed) return last;
    }
    return last;
}

bool concerns(std::span<const Grant> grants, const Name& apex) noexcept {
    return std::any_of(grants.begin(), grants.end(),
                       [&](const Grant& each) { return !each.zone || *each.zone == apex; });
}

}  // namespace hairpin::zones
