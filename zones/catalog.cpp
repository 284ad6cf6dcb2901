#include "zones/catalog.hpp"

#include <array>
#include <iterator>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/assert.hpp"
#include "core/crypto.hpp"
#include "zones/wire.hpp"

namespace hairpin::zones {
namespace {

constexpr std::size_t kIdOctets = 16;  // Of the hash: 32 digits, well within a label.
constexpr Ttl kTtl = 0;                // RFC 9432 section 4.1: TTLs mean nothing here.
constexpr std::string_view kVersion = "2";
// Refresh, retry, expire, minimum: a consumer that missed a NOTIFY looks again within the hour.
constexpr std::array<std::uint32_t, 5> kSoaNumbers{0, 3600, 600, 2'147'483'646, 0};

Name below(std::string_view label, const Name& suffix) {
    const auto made = Name::child(label, suffix);
    HAIRPIN_ASSERT(made.has_value());  // kMaxCatalogOctets leaves room.
    return *made;
}

Octets text_rdata(std::string_view text) {
    HAIRPIN_ASSERT(text.size() <= kMaxGroupOctets);
    Octets rdata{static_cast<std::uint8_t>(text.size())};
    rdata.insert(rdata.end(), text.begin(), text.end());
    return rdata;
}

Edit put(const Name& owner, RType type, Octets rdata) {
    Edit edit;
    edit.owner = owner;
    edit.type = type;
    edit.ttl = kTtl;
    edit.rdatas.push_back(std::move(rdata));
    return edit;
}

Edit erase(const Name& owner) {
    Edit edit;
    edit.kind = EditKind::DeleteOwner;
    edit.owner = owner;
    return edit;
}

Octets soa_rdata(const Name& invalid) {
    Octets rdata;
    for (int each = 0; each < 2; ++each)
        rdata.insert(rdata.end(), invalid.wire().begin(), invalid.wire().end());
    for (const std::uint32_t number : kSoaNumbers) {
        std::array<std::uint8_t, 4> octets{};
        write_u32(octets.data(), number);
        rdata.insert(rdata.end(), octets.begin(), octets.end());
    }
    return rdata;
}

void append(std::vector<Edit>& edits, std::vector<Edit> more) {
    edits.insert(edits.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

/// Owners in the catalog that nothing of `wanted` stands for: members that are gone, and whatever
/// else does not belong there.
std::vector<Edit> strays(const Zone& zone, const std::unordered_set<Name, NameHash>& wanted) {
    std::vector<Edit> edits;
    zone.for_each([&](const Name& owner, const Node&) {
        if (!wanted.contains(owner)) edits.push_back(erase(owner));
        return true;
    });
    return edits;
}

bool holds(const Zone& zone, const Edit& edit) {
    const RRset* rrset = zone.find(edit.owner, edit.type);
    return rrset != nullptr && rrset->copy_rdatas() == edit.rdatas;
}

/// From what the catalog holds, if it exists, to what it should hold.
ZoneChange correction(const ZoneTable& table, const Name& catalog, const CatalogGroups& groups) {
    const Zone* existing = table.find(catalog);
    ZoneChange change = existing == nullptr ? new_catalog(catalog) : ZoneChange{};
    change.apex = catalog;
    std::unordered_set<Name, NameHash> wanted{catalog, below("version", catalog)};
    table.for_each([&](const Zone& zone) {
        if (zone.kind() == ZoneKind::Catalog) return true;
        const auto chosen = groups.find(zone.apex());
        // Not `? "" : chosen->second`: that is a string of its own, gone at the semicolon.
        const std::string_view group = catalog_group(
            zone.kind(), chosen == groups.end() ? std::string_view() : chosen->second);
        for (Edit& edit : add_member(catalog, zone.apex(), group)) {
            wanted.insert(edit.owner);
            if (existing == nullptr || !holds(*existing, edit))
                change.edits.push_back(std::move(edit));
        }
        return true;
    });
    if (existing != nullptr) append(change.edits, strays(*existing, wanted));
    return change;
}

}  // namespace

Name member_owner(const Name& catalog, const Name& member) {
    const Sha256 hash = sha256(member.lower().wire());
    return below(to_hex(OctetView(hash).first(kIdOctets)), below("zones", catalog));
}

std::string_view catalog_group(ZoneKind kind, std::string_view chosen) noexcept {
    if (!chosen.empty()) return chosen;
    return kind == ZoneKind::Licence ? "licence" : "plain";
}

std::vector<Edit> add_member(const Name& catalog, const Name& member, std::string_view group) {
    const Name owner = member_owner(catalog, member);
    const Name target = member.lower();
    return {put(owner, RType::PTR, Octets(target.wire().begin(), target.wire().end())),
            put(below("group", owner), RType::TXT, text_rdata(group))};
}

std::vector<Edit> remove_member(const Name& catalog, const Name& member) {
    const Name owner = member_owner(catalog, member);
    return {erase(owner), erase(below("group", owner))};
}

ZoneChange new_catalog(const Name& catalog) {
    HAIRPIN_ASSERT(catalog.size() <= kMaxCatalogOctets);
    const Name invalid = below("invalid", Name());
    ZoneChange change;
    change.apex = catalog;
    change.action = ZoneAction::Create;
    change.kind = ZoneKind::Catalog;
    change.edits = {put(catalog, RType::SOA, soa_rdata(invalid)),
                    put(catalog, RType::NS, Octets(invalid.wire().begin(), invalid.wire().end())),
                    put(below("version", catalog), RType::TXT, text_rdata(kVersion))};
    return change;
}

std::vector<ZoneChange> catalog_repairs(const ZoneTable& table, const std::optional<Name>& catalog,
                                        const CatalogGroups& groups) {
    std::vector<ZoneChange> repairs;
    table.for_each([&](const Zone& zone) {
        if (zone.kind() != ZoneKind::Catalog || (catalog && zone.apex() == *catalog)) return true;
        ZoneChange& end = repairs.emplace_back();
        end.apex = zone.apex();
        end.action = ZoneAction::Drop;
        return true;
    });
    if (!catalog) return repairs;
    ZoneChange change = correction(table, *catalog, groups);
    if (!change.edits.empty()) repairs.push_back(std::move(change));
    return repairs;
}

}  // namespace hairpin::zones
