#include "zones/update_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "zones/edit.hpp"
#include "zones/rdata_wire.hpp"
#include "zones/wire.hpp"

namespace hairpin::zones {
namespace {

constexpr RType kWks{11};
constexpr std::size_t kWksKeyOctets = 5;  // ADDRESS and PROTOCOL.

/// RFC 2136 section 1.1.1: equal in everything but the TTL, names compared as names. Section
/// 3.4.2.2: two WKS are the same "if the ADDRESS and PROTOCOL fields both match".
Octets identity_of(RType type, OctetView rdata) {
    if (type == kWks) {
        const OctetView key = rdata.first(std::min(rdata.size(), kWksKeyOctets));
        return {key.begin(), key.end()};
    }
    return folded_rdata(type, rdata);
}

std::uint32_t serial_in(OctetView soa) {
    return read_u32(soa.data() + soa.size() - kSoaNumbersOctets);
}

Edit replacing(const Edit& edit, Ttl ttl, std::vector<Octets> rdatas) {
    return {EditKind::ReplaceRRset, edit.owner, edit.type, ttl, std::move(rdatas)};
}

/// "If the TYPE is SOA and there is no Zone SOA RR, or the new SOA.SERIAL is lower (according to
/// [RFC1982]) than or equal to the current Zone SOA RR's SOA.SERIAL, the Update RR is ignored."
bool is_ignored_soa(const Edit& edit, const RRset* soa) {
    return soa == nullptr ||
           !serial_greater(serial_in(edit.rdatas.back()), serial_in(*soa->rdatas().begin()));
}

/// "In the case of a CNAME Update RR and a non-CNAME Zone RRset or vice versa, ignore the CNAME
/// Update RR": and, as section 3.4.2.7 spells out, the other one.
bool is_ignored_beside(const Edit& edit, const RRsetList& present) {
    if (edit.type == RType::CNAME)
        return std::any_of(present.begin(), present.end(), [](const RRsetRef& each) {
            return !may_stand_beside_cname(each->type());
        });
    return !may_stand_beside_cname(edit.type) && find_type(present, RType::CNAME) != nullptr;
}

/// What is there already is replaced, with its TTL and its spelling.
std::vector<Octets> joined(const Edit& edit, const RRset* rrset) {
    // Of two records of the update that are the same, the later one stands.
    std::vector<std::pair<Octets, OctetView>> added;
    for (const Octets& rdata : edit.rdatas)
        added.emplace_back(identity_of(edit.type, rdata), rdata);
    const auto by_identity = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::stable_sort(added.begin(), added.end(), by_identity);
    std::vector<Octets> all;
    for (std::size_t each = 0; each < added.size(); ++each)
        if (each + 1 == added.size() || added[each].first != added[each + 1].first)
            all.emplace_back(added[each].second.begin(), added[each].second.end());
    if (rrset == nullptr) return all;
    for (const OctetView rdata : rrset->rdatas()) {
        const std::pair<Octets, OctetView> old(identity_of(edit.type, rdata), rdata);
        if (!std::binary_search(added.begin(), added.end(), old, by_identity))
            all.emplace_back(rdata.begin(), rdata.end());
    }
    return all;
}

std::optional<Edit> settle_addition(const Edit& edit, const RRsetList& present, bool at_apex) {
    const RRset* rrset = find_type(present, edit.type);
    if (edit.rdatas.empty() || is_ignored_beside(edit, present)) return std::nullopt;
    if (edit.type == RType::SOA && (!at_apex || is_ignored_soa(edit, rrset))) return std::nullopt;
    // RFC 6672 section 5.2: "If a DNAME is already associated with that name, then it is replaced
    // with the new DNAME." A CNAME and a SOA are replaced as well.
    const bool is_alone =
        edit.type == RType::CNAME || edit.type == RType::DNAME || edit.type == RType::SOA;
    if (is_alone) return replacing(edit, edit.ttl, {edit.rdatas.back()});
    return replacing(edit, edit.ttl, joined(edit, rrset));
}

/// RFC 2136 section 3.4.2.4, one record after the other: "unless the NAME is the same as ZNAME and
/// either the TYPE is SOA or the TYPE is NS and the matching Zone RR is the only NS remaining".
std::optional<Edit> settle_deletion(const Edit& edit, const RRsetList& present, bool at_apex) {
    const RRset* rrset = find_type(present, edit.type);
    if (rrset == nullptr || edit.type == RType::SOA) return std::nullopt;
    std::vector<std::pair<Octets, Octets>> left;  // By identity.
    for (Octets& rdata : rrset->copy_rdatas())
        left.emplace_back(folded_rdata(edit.type, rdata), std::move(rdata));
    const std::size_t before = left.size();
    std::sort(left.begin(), left.end());
    for (const Octets& rdata : edit.rdatas) {
        if (at_apex && edit.type == RType::NS && left.size() == 1) break;
        const Octets wanted = folded_rdata(edit.type, rdata);
        const auto found = std::lower_bound(
            left.begin(), left.end(), wanted,
            [](const auto& each, const Octets& identity) { return each.first < identity; });
        if (found != left.end() && found->first == wanted) left.erase(found);
    }
    if (left.size() == before) return std::nullopt;
    std::vector<Octets> rdatas;
    for (auto& each : left)
        rdatas.push_back(std::move(each.second));
    return replacing(edit, rrset->ttl(), std::move(rdatas));
}

}  // namespace

std::optional<Edit> settle(const Edit& edit, const RRsetList& present, bool at_apex) {
    switch (edit.kind) {
        case EditKind::AddRecords:
            return settle_addition(edit, present, at_apex);
        case EditKind::DeleteRecords:
            return settle_deletion(edit, present, at_apex);
        case EditKind::DeleteRRset:
            // RFC 2136 section 3.4.2.3.
            if (at_apex && (edit.type == RType::SOA || edit.type == RType::NS)) return std::nullopt;
            return edit;
        case EditKind::DeleteOwner:
        case EditKind::ReplaceRRset:
            return edit;
    }
    return edit;
}

}  // namespace hairpin::zones
