// Edits of A and AAAA at names of servers as reports: the first half of edit_plan.hpp.

#include <algorithm>
#include <map>
#include <utility>

#include "admin/edit_plan.hpp"
#include "admin/heartbeat.hpp"
#include "admin/names.hpp"

namespace hairpin::admin {
namespace {

using zones::EditKind;
using zones::RType;

bool is_address_type(RType type) noexcept {
    return type == RType::A || type == RType::AAAA;
}

/// What one server's names are to hold; absent: nothing is said of that name.
struct Wish {
    store::ServerRow server;
    TwinNames names;
    std::optional<std::vector<IpAddress>> public_addresses;
    std::optional<std::vector<IpAddress>> internal_addresses;
};

void erase_family(std::vector<IpAddress>& addresses, RType type) {
    const auto family = type == RType::A ? AddressFamily::V4 : AddressFamily::V6;
    std::erase_if(addresses, [&](const IpAddress& each) { return each.family() == family; });
}

/// One edit over the addresses of a name, as RFC 2136 section 3.4.2 has it.
void apply_to(std::vector<IpAddress>& addresses, const zones::Edit& edit) {
    if (edit.kind == EditKind::DeleteOwner) return addresses.clear();
    if (edit.kind == EditKind::ReplaceRRset || edit.kind == EditKind::DeleteRRset)
        erase_family(addresses, edit.type);
    if (edit.kind == EditKind::DeleteRRset) return;
    for (const Octets& rdata : edit.rdatas) {
        const auto address = IpAddress::from_octets(rdata);
        if (!address) continue;  // The edit's own check says so: zones/zone_rules.hpp.
        const auto found = std::find(addresses.begin(), addresses.end(), *address);
        if (edit.kind == EditKind::DeleteRecords) {
            if (found != addresses.end()) addresses.erase(found);
        } else if (found == addresses.end()) {
            addresses.push_back(*address);
        }
    }
}

/// Of "every RRset at the name" what is no address: as an edit for each type that is there.
void append_other_types(const zones::Zone& zone, const zones::Name& owner,
                        std::vector<zones::Edit>& edits) {
    const zones::Node* node = zone.find(owner);
    if (node == nullptr) return;
    for (const zones::RRsetRef& each : node->rrsets()) {
        if (is_address_type(each->type())) continue;
        zones::Edit edit;
        edit.kind = EditKind::DeleteRRset;
        edit.owner = owner;
        edit.type = each->type();
        edits.push_back(std::move(edit));
    }
}

class ReportPlanner {
public:
    ReportPlanner(const EditScene& scene, const IpAddress& source, EditPlan& plan,
                  const zones::Zone& zone, const store::LicenceRow& licence)
        : scene_(scene), source_(source), plan_(plan), zone_(zone), licence_(licence) {}

    Result<void, Problem> run() {
        std::vector<zones::Edit> kept;
        for (zones::Edit& each : plan_.change.edits)
            TRY(take(std::move(each), kept));
        for (auto& [label, wish] : wishes_)
            TRY(decide_on(wish, kept));
        plan_.change.edits = std::move(kept);
        return {};
    }

private:
    /// Either into a wish, or kept as it is.
    Result<void, Problem> take(zones::Edit&& edit, std::vector<zones::Edit>& kept) {
        const auto role = scene_.rules.role_of(edit.owner, zone_.apex());
        const bool is_about =
            role && (edit.kind == EditKind::DeleteOwner || is_address_type(edit.type));
        Wish* wish = is_about ? TRY(find_wish(label_of(edit.owner, *role, scene_.rules))) : nullptr;
        if (wish == nullptr) {
            kept.push_back(std::move(edit));
            return {};
        }
        auto& addresses =
            *role == zones::TwinRole::Public ? wish->public_addresses : wish->internal_addresses;
        if (!addresses) addresses = published_at(zone_, edit.owner);
        apply_to(*addresses, edit);
        if (edit.kind == EditKind::DeleteOwner) append_other_types(zone_, edit.owner, kept);
        return {};
    }

    /// Null: there is no such server.
    Result<Wish*, Problem> find_wish(const std::string& label) {
        const auto known = wishes_.find(label);
        if (known != wishes_.end()) return &known->second;
        auto server = TRY(scene_.queries.server(licence_.name, label));
        const auto names = twin_names(label, zone_.apex(), scene_.rules);
        if (!server || !names) return static_cast<Wish*>(nullptr);
        return &wishes_.emplace(label, Wish{*std::move(server), *names, {}, {}}).first->second;
    }

    Result<void, Problem> decide_on(const Wish& wish, std::vector<zones::Edit>& kept) {
        Heartbeat heartbeat;
        if (wish.public_addresses) heartbeat.public_addresses = texts_of(*wish.public_addresses);
        if (wish.internal_addresses)
            heartbeat.private_addresses = texts_of(*wish.internal_addresses);
        HeartbeatDecision decision = decide({zone_,
                                             wish.names,
                                             wish.server,
                                             plan_.identity.credential.created_at,
                                             source_,
                                             scene_.now,
                                             scene_.rules,
                                             scene_.ttl,
                                             scene_.window,
                                             {}},
                                            heartbeat);
        if (decision.machine == MachineVerdict::Frozen)
            return fail(Problem(ProblemType::Conflict,
                                "refused: " + wish.server.licence + "/" + wish.server.label +
                                    " is frozen, because two machines report as it"));
        if (!decision.refused.empty()) {
            const RefusedAddress& first = decision.refused.front();
            return fail(Problem(ProblemType::RuleBroken, "refused: " + first.name.text() +
                                                             " does not take " + first.address +
                                                             ": " + first.reason));
        }
        PlannedReport report;
        report.server = wish.server;
        report.server.report = std::move(decision.report);
        plan_.reports.push_back(std::move(report));
        kept.insert(kept.end(), decision.edits.begin(), decision.edits.end());
        return {};
    }

    const EditScene& scene_;
    const IpAddress& source_;
    EditPlan& plan_;
    const zones::Zone& zone_;
    const store::LicenceRow& licence_;
    std::map<std::string, Wish> wishes_;  // By label.
};

}  // namespace

Result<void, Problem> plan_reports(const EditScene& scene, const IpAddress& source,
                                   EditPlan& plan) {
    const zones::Zone* zone = scene.zones.find(plan.change.apex);
    if (zone == nullptr || zone->kind() != zones::ZoneKind::Licence) return {};
    const auto licence = TRY(scene.queries.licence_of_zone(plan.change.apex));
    if (!licence) return {};
    return ReportPlanner(scene, source, plan, *zone, *licence).run();
}

}  // namespace hairpin::admin
