#include "zones/edit.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/assert.hpp"
#include "zones/draft.hpp"
#include "zones/presentation.hpp"
#include "zones/rdata_wire.hpp"
#include "zones/update_rules.hpp"
#include "zones/wire.hpp"
#include "zones/zone_rules.hpp"

namespace hairpin::zones {
namespace {

Refusal refuse(RefusalCode code, std::string subject, std::string cause) {
    return {code, std::move(subject), std::move(cause)};
}

std::uint32_t serial_of(const RRset& soa) {
    const OctetView rdata = *soa.rdatas().begin();
    return read_u32(rdata.data() + rdata.size() - kSoaNumbersOctets);
}

RRsetRef with_serial(const RRset& soa, std::uint32_t serial) {
    std::vector<Octets> rdatas = soa.copy_rdatas();
    write_u32(rdatas[0].data() + rdatas[0].size() - kSoaNumbersOctets, serial);
    return RRset::create(RType::SOA, soa.ttl(), std::move(rdatas));
}

std::vector<Octets> folded(RType type, std::vector<Octets> rdatas) {
    for (Octets& rdata : rdatas)
        rdata = folded_rdata(type, rdata);
    std::sort(rdatas.begin(), rdatas.end());
    rdatas.erase(std::unique(rdatas.begin(), rdatas.end()), rdatas.end());
    return rdatas;
}

// RFC 2136 section 2.4.2: in no order, a record that stands twice counts once, names as names.
bool same_rdatas(const RRset& rrset, const std::vector<Octets>& wanted) {
    return folded(rrset.type(), rrset.copy_rdatas()) == folded(rrset.type(), wanted);
}

Result<void, Refusal> check_prerequisite(const Zone& zone, const Prerequisite& wanted) {
    const std::string owner = wanted.owner.text();
    const std::string subject = owner + " " + type_text(wanted.type);
    if (wanted.kind == PrerequisiteKind::SerialIs) {
        if (zone.serial() == wanted.serial) return {};
        return fail(refuse(RefusalCode::SerialMoved, zone.apex().text(),
                           "the zone is at serial " + std::to_string(zone.serial()) + ", not " +
                               std::to_string(wanted.serial)));
    }
    if (!wanted.owner.is_within(zone.apex()))
        return fail(refuse(RefusalCode::NotZone, owner,
                           "the owner is not in the zone " + zone.apex().text()));
    const Node* node = zone.find(wanted.owner);
    const RRset* rrset = node == nullptr ? nullptr : node->find(wanted.type);
    switch (wanted.kind) {
        case PrerequisiteKind::OwnerInUse:
            if (node == nullptr)
                return fail(refuse(RefusalCode::OwnerMissing, owner, "the owner has no records"));
            return {};
        case PrerequisiteKind::OwnerNotInUse:
            if (node != nullptr)
                return fail(refuse(RefusalCode::OwnerExists, owner, "the owner has records"));
            return {};
        case PrerequisiteKind::RRsetExists:
            if (rrset == nullptr)
                return fail(refuse(RefusalCode::RRsetMissing, subject, "the RRset does not exist"));
            return {};
        case PrerequisiteKind::RRsetAbsent:
            if (rrset != nullptr)
                return fail(refuse(RefusalCode::RRsetExists, subject, "the RRset exists"));
            return {};
        case PrerequisiteKind::RRsetIs:
            if (rrset == nullptr || !same_rdatas(*rrset, wanted.rdatas))
                return fail(refuse(RefusalCode::RRsetMissing, subject,
                                   "the RRset does not hold exactly these records"));
            return {};
        case PrerequisiteKind::SerialIs:
            break;  // Answered above.
    }
    return {};
}

// Every owner of the old zone, so that a replacement removes what it does not name.
void touch_all(Draft& draft, const Zone& zone) {
    zone.for_each([&](const Name& owner, const Node&) {
        static_cast<void>(draft.at(owner));
        return true;
    });
}

void add_differences(const DraftOwner& owner, std::vector<RRsetDifference>& differences) {
    for (const RRsetRef& before : owner.before) {
        const RRset* after = find_type(owner.after, before->type());
        if (after == nullptr) {
            differences.push_back({owner.owner, before->type(), before, {}});
        } else if (!after->same_as(*before)) {
            differences.push_back({owner.owner, before->type(), before, RRsetRef::share(after)});
        }
    }
    for (const RRsetRef& after : owner.after)
        if (find_type(owner.before, after->type()) == nullptr)
            differences.push_back({owner.owner, after->type(), {}, after});
}

// The difference without the SOA, and whether the SOA differs in more than its serial.
struct Differences {
    std::vector<RRsetDifference> rrsets;
    bool soa_differs = false;
};

Differences differences_of(Draft& draft) {
    Differences found;
    for (const DraftOwner& owner : draft.owners())
        add_differences(owner, found.rrsets);
    const auto soa =
        std::find_if(found.rrsets.begin(), found.rrsets.end(),
                     [](const RRsetDifference& each) { return each.type == RType::SOA; });
    if (soa == found.rrsets.end()) return found;
    found.soa_differs = !soa->before || !soa->after ||
                        serial_greater(serial_of(*soa->after), serial_of(*soa->before)) ||
                        !with_serial(*soa->after, 0)->same_as(*with_serial(*soa->before, 0));
    found.rrsets.erase(soa);
    return found;
}

std::uint32_t choose_serial(const Zone* current, const RRset& wanted_soa,
                            const EditMoment& moment) {
    const std::uint32_t wanted = serial_of(wanted_soa);
    if (current == nullptr) return wanted != 0 ? wanted : next_serial(0, moment.unix_seconds);
    if (serial_greater(wanted, current->serial())) return wanted;
    const bool is_draft = moment.published_serial && *moment.published_serial != current->serial();
    return is_draft ? current->serial() : next_serial(current->serial(), moment.unix_seconds);
}

// The next zone; the SOA is among the owners of the draft, with its serial.
Zone::Parts next_parts(const Zone* current, const ZoneChange& change, Draft& draft) {
    Zone::Parts next;
    next.apex = current != nullptr ? current->apex() : change.apex;
    next.kind = current != nullptr ? current->kind() : change.kind;
    if (current != nullptr && change.action == ZoneAction::Edit) {
        next.names = current->names();
        next.crowded = current->crowded();
    }
    for (const DraftOwner& owner : draft.owners()) {
        const OctetView labels = owner.owner.relative_to(change.apex);
        if (owner.after.empty()) {
            next.erase(labels);
        } else {
            next.put(Node::create(labels, owner.after));
        }
    }
    return next;
}

std::vector<CrowdedRRset> newly_crowded(const std::vector<RRsetDifference>& differences) {
    const auto is_crowded = [](const RRsetRef& rrset) {
        return rrset && rrset->count() > kMostRecordsEverywhere;
    };
    std::vector<CrowdedRRset> found;
    for (const RRsetDifference& each : differences)
        if (is_crowded(each.after) && !is_crowded(each.before))
            found.push_back({each.owner, each.type, each.after->count()});
    return found;
}

EditedZone drop(const ZoneRef& current) {
    EditedZone dropped;
    dropped.changed = true;
    dropped.difference.serial_before = current->serial();
    current->for_each([&](const Name& owner, const Node& node) {
        for (const RRsetRef& rrset : node.rrsets())
            dropped.difference.rrsets.push_back({owner, rrset->type(), rrset, {}});
        return true;
    });
    return dropped;
}

Result<EditedZone, Refusal> finish(const ZoneRef& current, const ZoneChange& change,
                                   const EditMoment& moment, const EditRules& rules, Draft& draft) {
    Differences differences = differences_of(draft);
    if (current && differences.rrsets.empty() && !differences.soa_differs)
        return EditedZone{current, {}, false};

    DraftOwner& apex = draft.at(change.apex);
    const RRset* soa = find_type(apex.after, RType::SOA);
    const std::uint32_t serial = choose_serial(current.get(), *soa, moment);
    const RRsetRef next_soa = with_serial(*soa, serial);
    std::erase_if(apex.after, [](const RRsetRef& each) { return each->type() == RType::SOA; });
    apex.after.push_back(next_soa);
    const RRset* old_soa = find_type(apex.before, RType::SOA);
    differences.rrsets.push_back({change.apex, RType::SOA, RRsetRef::share(old_soa), next_soa});

    Zone::Parts next = next_parts(current.get(), change, draft);
    if (next.names.size() > rules.max_names)
        return fail(
            refuse(RefusalCode::TooLarge, change.apex.text(),
                   "a zone may hold at most " + std::to_string(rules.max_names) + " names"));
    next.published_at = moment.unix_seconds;
    EditedZone edited;
    edited.changed = true;
    edited.newly_crowded = newly_crowded(differences.rrsets);
    edited.difference = {current ? current->serial() : 0, serial, std::move(differences.rrsets)};
    edited.zone = Zone::create(std::move(next));
    return edited;
}

Result<void, Refusal> perform(Draft& draft, const Edit& edit, const ZoneChange& change,
                              const EditRules& rules) {
    const bool settles = change.conflicts == Conflicts::Ignore;
    const bool at_apex = edit.owner == change.apex;
    // RFC 2136 section 3.4.2.2: "If the TYPE is SOA and there is no Zone SOA RR .. ignored". Nor is
    // there one to delete.
    const bool is_stray_soa = edit.kind != EditKind::DeleteOwner && edit.type == RType::SOA &&
                              !at_apex && edit.owner.is_within(change.apex);
    if (settles && is_stray_soa) return {};
    TRY(check_edit(edit, change.apex));
    if (!settles) return draft.perform(edit, rules);
    const auto settled = settle(edit, draft.at(edit.owner).after, at_apex);
    return settled ? draft.perform(*settled, rules) : Result<void, Refusal>();
}

}  // namespace

std::uint32_t next_serial(std::uint32_t serial, std::int64_t unix_seconds) noexcept {
    const std::uint32_t next = serial + 1;
    const auto now = static_cast<std::uint32_t>(unix_seconds);
    const std::uint32_t chosen = serial_greater(now, next) ? now : next;
    return chosen == 0 ? 1 : chosen;  // 0 is kept free: it stands for "no zone" in a difference.
}

Result<EditedZone, Refusal> apply(const ZoneRef& current, const ZoneChange& change,
                                  const EditMoment& moment, const EditRules& rules) {
    const std::string apex = change.apex.text();
    if (change.action == ZoneAction::Create && current)
        return fail(refuse(RefusalCode::ZoneExists, apex, "the zone exists already"));
    if (change.action != ZoneAction::Create && !current)
        return fail(refuse(RefusalCode::NoSuchZone, apex, "there is no such zone here"));
    for (const Prerequisite& wanted : change.prerequisites) {
        if (!current)
            return fail(refuse(RefusalCode::NoSuchZone, apex, "a new zone has no prerequisites"));
        TRY(check_prerequisite(*current, wanted));
    }
    if (change.action == ZoneAction::Drop) return drop(current);

    const bool is_whole = change.action != ZoneAction::Edit;
    Draft draft(change.apex, current.get(),
                is_whole ? Draft::Start::FromNothing : Draft::Start::FromBase);
    if (change.action == ZoneAction::Replace) touch_all(draft, *current);
    for (const Edit& edit : change.edits)
        TRY(perform(draft, edit, change, rules));
    const DraftOwner& top = draft.at(change.apex);
    if (find_type(top.after, RType::SOA) == nullptr || find_type(top.after, RType::NS) == nullptr)
        return fail(refuse(RefusalCode::Rule, apex,
                           "a zone needs a SOA and at least one NS record at its apex"));
    const ZoneKind kind = current ? current->kind() : change.kind;
    for (const DraftOwner& owner : draft.owners())
        TRY(check_owner(owner, change.apex, kind, rules));
    return finish(current, change, moment, rules, draft);
}

}  // namespace hairpin::zones
