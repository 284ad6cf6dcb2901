#include "admin/delegation.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace hairpin::admin {
namespace {

using zones::Edit;
using zones::EditKind;
using zones::Name;
using zones::RType;
using zones::ZoneAction;
using zones::ZoneChange;

const ZoneChange* find_change(const zones::Change& change, const Name& apex) {
    for (const ZoneChange& each : change.zones)
        if (each.apex == apex) return &each;
    return nullptr;
}

/// The apex of the zone that will hold the delegation of `apex`, or nullopt where none is hosted.
std::optional<Name> parent_of(const zones::ZoneTable& table, const zones::Change& change,
                              const Name& apex) {
    for (Name above = apex.without_labels(1); !above.is_root(); above = above.without_labels(1)) {
        const ZoneChange* planned = find_change(change, above);
        if (planned != nullptr && planned->action == ZoneAction::Drop) continue;
        if (planned != nullptr || table.find(above) != nullptr) return above;
    }
    return std::nullopt;
}

/// What the change makes of the NS at the apex: nullopt where it does not touch them.
std::optional<Edit> ns_edit(const ZoneChange& change) {
    for (const Edit& edit : change.edits) {
        const bool is_ns = edit.type == RType::NS && edit.owner == change.apex;
        if (is_ns && edit.kind == EditKind::ReplaceRRset) return edit;
    }
    return std::nullopt;
}

Edit delegation_of(const zones::Zone& zone) {
    Edit edit;
    edit.owner = zone.apex();
    edit.type = RType::NS;
    edit.ttl = zone.ns().ttl();
    edit.rdatas = zone.ns().copy_rdatas();
    return edit;
}

Edit removal(const Name& owner, RType type) {
    Edit edit;
    edit.kind = EditKind::DeleteRRset;
    edit.owner = owner;
    edit.type = type;
    return edit;
}

void add_edit(zones::Change& change, const Name& apex, Edit edit) {
    for (ZoneChange& each : change.zones) {
        if (each.apex != apex) continue;
        each.edits.push_back(std::move(edit));
        return;
    }
    ZoneChange parent;
    parent.apex = apex;
    parent.edits.push_back(std::move(edit));
    change.zones.push_back(std::move(parent));
}

bool is_licence_zone(const zones::ZoneTable& table, const ZoneChange& change) {
    if (change.action == ZoneAction::Create) return change.kind == zones::ZoneKind::Licence;
    const zones::Zone* zone = table.find(change.apex);
    return zone != nullptr && zone->kind() == zones::ZoneKind::Licence;
}

/// Of one licence zone that the change touches.
void follow_licence_zone(const zones::ZoneTable& table, zones::Change& change,
                         const ZoneChange& licence) {
    const auto parent = parent_of(table, change, licence.apex);
    if (!parent) return;
    if (licence.action == ZoneAction::Drop) {
        add_edit(change, *parent, removal(licence.apex, RType::NS));
        add_edit(change, *parent, removal(licence.apex, RType::DS));
    } else if (auto edit = ns_edit(licence)) {
        add_edit(change, *parent, *std::move(edit));
    }
}

/// Of a zone that is made or replaced: the licence zones below it.
void delegate_below(const zones::ZoneTable& table, zones::Change& change, const Name& parent) {
    std::vector<Edit> delegations;
    table.for_each_within(parent, [&](const zones::Zone& zone) {
        if (zone.kind() != zones::ZoneKind::Licence || zone.apex() == parent ||
            find_change(change, zone.apex()) != nullptr)
            return true;
        if (parent_of(table, change, zone.apex()) == parent)
            delegations.push_back(delegation_of(zone));
        return true;
    });
    for (Edit& edit : delegations)
        add_edit(change, parent, std::move(edit));
}

}  // namespace

void keep_delegations(const zones::ZoneTable& table, zones::Change& change) {
    const std::vector<ZoneChange> asked = change.zones;
    for (const ZoneChange& each : asked) {
        if (is_licence_zone(table, each)) follow_licence_zone(table, change, each);
        if (each.action == ZoneAction::Create || each.action == ZoneAction::Replace)
            delegate_below(table, change, each.apex);
    }
}

}  // namespace hairpin::admin
