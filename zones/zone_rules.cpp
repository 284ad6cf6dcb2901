#include "zones/zone_rules.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "zones/presentation.hpp"
#include "zones/update_rules.hpp"

namespace hairpin::zones {
namespace {

Refusal refuse(RefusalCode code, const Name& owner, RType type, std::string cause) {
    return {code, owner.text() + " " + type_text(type), std::move(cause)};
}

Result<void, Refusal> check_singletons(const DraftOwner& owner) {
    for (const RType type : {RType::CNAME, RType::DNAME, RType::SOA}) {
        const RRset* rrset = find_type(owner.after, type);
        if (rrset != nullptr && rrset->count() > 1)
            return fail(refuse(RefusalCode::Rule, owner.owner, type,
                               "an owner has at most one record of this type"));
    }
    return {};
}

// Where a twin name's addresses would come from somewhere that the address rules do not see.
std::optional<std::string> detour(const Name& owner, const Name& apex, RType type,
                                  const AddressRules& rules) {
    const bool redirects = type == RType::CNAME || type == RType::DNAME || type == RType::NS;
    if (owner == apex && type == RType::DNAME)
        return "a DNAME at the apex of a licence zone would redirect its servers' names";
    if (redirects && rules.role_of(owner, apex))
        return "a server's name holds addresses only: its reports decide where it points";
    const Name parent = owner.without_labels(1);
    if (parent == apex && owner.is_wildcard() &&
        (redirects || type == RType::A || type == RType::AAAA))
        return "a wildcard at the apex would answer for servers that have not reported yet";
    const bool is_challenge =
        equal_ignoring_case(owner.first_label(), as_octets("_acme-challenge"));
    if (is_challenge && (type == RType::NS || type == RType::DNAME) && rules.role_of(parent, apex))
        return "the challenges of a server's certificate are answered here";
    return std::nullopt;
}

// DESIGN invariant 4, also by the ways around it.
Result<void, Refusal> check_twin_names(const DraftOwner& owner, const Name& apex,
                                       const AddressRules& rules) {
    const auto role = rules.role_of(owner.owner, apex);
    for (const RRsetRef& rrset : owner.after) {
        auto cause = detour(owner.owner, apex, rrset->type(), rules);
        if (!cause && role) cause = rules.refusal(*role, *rrset);
        if (cause)
            return fail(refuse(RefusalCode::Rule, owner.owner, rrset->type(), *std::move(cause)));
    }
    return {};
}

}  // namespace

Result<void, Refusal> check_edit(const Edit& edit, const Name& apex) {
    if (!edit.owner.is_within(apex))
        return fail(refuse(RefusalCode::NotZone, edit.owner, edit.type,
                           "the owner is not in the zone " + apex.text()));
    if (edit.kind == EditKind::DeleteOwner) return {};
    if (is_meta(edit.type))
        return fail(refuse(RefusalCode::Rule, edit.owner, edit.type,
                           "this type cannot be stored in a zone"));
    if (edit.ttl > kMaxTtl)
        return fail(
            refuse(RefusalCode::Rule, edit.owner, edit.type, "the TTL is over 2147483647 seconds"));
    if (edit.type == RType::SOA && !(edit.owner == apex))
        return fail(
            refuse(RefusalCode::Rule, edit.owner, edit.type, "a SOA stands at the apex only"));
    for (const Octets& rdata : edit.rdatas)
        if (rdata.size() > 65'535 || !rdata_is_valid(edit.type, rdata))
            return fail(refuse(RefusalCode::Rule, edit.owner, edit.type,
                               "the RDATA is malformed for its type"));
    return {};
}

Result<void, Refusal> check_owner(const DraftOwner& owner, const Name& apex, ZoneKind kind,
                                  const EditRules& rules) {
    if (owner.after.size() > rules.max_rrsets)
        return fail(
            refuse(RefusalCode::TooLarge, owner.owner, owner.after.back()->type(),
                   "an owner may hold at most " + std::to_string(rules.max_rrsets) + " RRsets"));
    TRY(check_singletons(owner));
    if (find_type(owner.after, RType::CNAME) != nullptr) {
        const auto other = std::find_if(
            owner.after.begin(), owner.after.end(),
            [](const RRsetRef& each) { return !may_stand_beside_cname(each->type()); });
        if (other != owner.after.end())
            return fail(refuse(
                RefusalCode::Rule, owner.owner, RType::CNAME,
                "a CNAME stands alone, but the owner also has " + type_text((*other)->type())));
    }
    if (kind == ZoneKind::Licence) TRY(check_twin_names(owner, apex, rules.addresses));
    return {};
}

}  // namespace hairpin::zones
