#include "admin/zone_content.hpp"

#include <array>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "admin/delegation.hpp"
#include "store/alias_rows.hpp"
#include "zones/wire.hpp"

namespace hairpin::admin {
namespace {

using zones::Edit;
using zones::EditKind;
using zones::RType;

constexpr zones::Ttl kSoaTtl = 3600;
constexpr zones::Ttl kKeeperTtl = 3600;
// Serial 0: the change path chooses it. Refresh, retry, expire for secondaries that missed a
// NOTIFY; minimum: DESIGN section 5.
constexpr std::array<std::uint32_t, 5> kSoaNumbers{0, 3600, 600, 1'209'600, 60};

void append(Octets& octets, OctetView more) {
    octets.insert(octets.end(), more.begin(), more.end());
}

Octets soa_rdata(const zones::Name& primary, const zones::Name& hostmaster) {
    Octets rdata;
    append(rdata, primary.wire());
    append(rdata, hostmaster.wire());
    for (const std::uint32_t number : kSoaNumbers) {
        std::array<std::uint8_t, 4> octets{};
        zones::write_u32(octets.data(), number);
        append(rdata, octets);
    }
    return rdata;
}

void append_character_string(Octets& rdata, std::string_view text) {
    rdata.push_back(static_cast<std::uint8_t>(text.size()));
    append(rdata, as_octets(text));
}

Edit owner_removal(const zones::Name& owner) {
    Edit edit;
    edit.kind = EditKind::DeleteOwner;
    edit.owner = owner;
    return edit;
}

}  // namespace

Result<zones::ZoneChange, Problem> new_zone(const zones::Name& apex, zones::ZoneKind kind,
                                            const ApiOptions& options) {
    if (options.nameservers.empty() || options.hostmaster.is_root())
        return fail(Problem(ProblemType::Unavailable,
                            "names.nameservers and names.hostmaster are not configured"));
    zones::ZoneChange change;
    change.apex = apex;
    change.action = zones::ZoneAction::Create;
    change.kind = kind;
    Edit soa;
    soa.owner = apex;
    soa.type = RType::SOA;
    soa.ttl = kSoaTtl;
    soa.rdatas.push_back(soa_rdata(options.nameservers.front(), options.hostmaster));
    Edit ns;
    ns.owner = apex;
    ns.type = RType::NS;
    ns.ttl = kNsTtl;
    for (const zones::Name& server : options.nameservers)
        ns.rdatas.emplace_back(server.wire().begin(), server.wire().end());
    change.edits = {std::move(soa), std::move(ns)};
    return change;
}

Result<void, Problem> check_no_twin(const zones::ZoneTable& table, const zones::Name& apex,
                                    const zones::AddressRules& rules) {
    for (zones::Name below = apex; !below.is_root(); below = below.without_labels(1)) {
        const zones::Name above = below.without_labels(1);
        const zones::Zone* zone = table.find(above);
        if (zone != nullptr && zone->kind() == zones::ZoneKind::Licence &&
            rules.role_of(below, above))
            return fail(Problem(ProblemType::Conflict,
                                below.text() + " is a name for servers of the licence zone " +
                                    above.text() + ": no zone can be made there or below"));
    }
    return {};
}

Edit challenge_keeper(const zones::Name& owner) {
    Edit edit;
    edit.owner = owner;
    edit.type = RType::HINFO;
    edit.ttl = kKeeperTtl;
    append_character_string(edit.rdatas.emplace_back(), "hairpin");
    append_character_string(edit.rdatas.back(), "held for ACME challenges");
    return edit;
}

std::vector<Edit> challenge_keepers(const TwinNames& names) {
    return {challenge_keeper(challenge_name(names.public_name)),
            challenge_keeper(challenge_name(names.internal_name))};
}

Result<void, Problem> keep_challenge_names(const ApiOptions& options, store::Writer& writer,
                                           const zones::Name& apex,
                                           std::vector<zones::Edit>& edits) {
    const auto licence = TRY(writer.read().licence_of_zone(apex));
    if (!licence) return {};
    // An operator may have led a challenge elsewhere: it is in being too, and takes no other
    // record.
    std::unordered_set<zones::Name, zones::NameHash> aliases;
    for (const zones::Edit& each : edits)
        if (each.type == RType::CNAME) aliases.insert(each.owner);
    for (const store::AliasRow& row :
         TRY(store::aliases_of_licence(writer.database(), licence->name))) {
        const auto alias = zones::Name::parse(row.name);
        if (alias && !aliases.contains(challenge_name(*alias)))
            edits.push_back(challenge_keeper(challenge_name(*alias)));
    }
    std::string after;
    for (;;) {
        const auto rows = TRY(writer.read().servers(licence->name, store::kMaxPage, after));
        for (const store::ServerRow& row : rows) {
            const auto names = twin_names(row.label, apex, options.addresses);
            if (!names) continue;  // Made under another configuration: `hairpind check` says so.
            for (zones::Edit& edit : challenge_keepers(*names))
                if (!aliases.contains(edit.owner)) edits.push_back(std::move(edit));
        }
        if (rows.size() < store::kMaxPage) return {};
        after = rows.back().label;
    }
}

std::vector<Edit> server_removal(const TwinNames& names) {
    std::vector<Edit> edits = {owner_removal(challenge_name(names.public_name)),
                               owner_removal(challenge_name(names.internal_name)),
                               owner_removal(names.public_name),
                               owner_removal(names.internal_name)};
    for (const zones::Name& each : {names.public_name, names.internal_name})
        if (const auto owner = zones::Name::child("_validation-persist", each))
            edits.push_back(owner_removal(*owner));
    return edits;
}

std::vector<Edit> alias_removal(const zones::Name& alias) {
    Edit cname;
    cname.kind = EditKind::DeleteRRset;
    cname.owner = alias;
    cname.type = RType::CNAME;
    std::vector<Edit> edits = {std::move(cname), owner_removal(challenge_name(alias))};
    if (const auto owner = zones::Name::child("_validation-persist", alias))
        edits.push_back(owner_removal(*owner));
    return edits;
}

}  // namespace hairpin::admin
