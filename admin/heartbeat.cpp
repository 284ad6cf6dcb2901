#include "admin/heartbeat.hpp"

#include <algorithm>

namespace hairpin::admin {
namespace {

using zones::RType;
using zones::TwinRole;

/// What a report says for one name, after the rules.
struct Accepted {
    std::vector<IpAddress> addresses;  // Without duplicates, in the order given.
    bool v4_refused = false;           // At least one of the family was.
    bool v6_refused = false;
};

void refuse(HeartbeatDecision& decision, const zones::Name& name, std::string address,
            std::string reason) {
    decision.refused.push_back({name, address.substr(0, 64), std::move(reason)});
}

Accepted accept(const HeartbeatSituation& situation, TwinRole role,
                const std::vector<std::string>& given, HeartbeatDecision& decision) {
    const bool is_public = role == TwinRole::Public;
    const auto& name = is_public ? situation.names.public_name : situation.names.internal_name;
    const std::size_t most = is_public ? kMaxPublicAddresses : kMaxPrivateAddresses;
    Accepted accepted;
    for (const std::string& text : given) {
        const auto parsed = IpAddress::parse(text);
        if (!parsed) {
            // Of whichever family it was meant to be: what is there stays.
            accepted.v4_refused = accepted.v6_refused = true;
            refuse(decision, name, text, "is not an IP address");
            continue;
        }
        const IpAddress address = parsed->unmapped();
        auto& addresses = accepted.addresses;
        if (std::find(addresses.begin(), addresses.end(), address) != addresses.end()) continue;
        auto reason = situation.rules.refusal(role, address);
        if (!reason && addresses.size() >= most)
            reason = "is more than the " + std::to_string(most) + " addresses that a name holds";
        if (reason) {
            (address.is_v4() ? accepted.v4_refused : accepted.v6_refused) = true;
            refuse(decision, name, address.text(), *std::move(reason));
        } else {
            addresses.push_back(address);
        }
    }
    return accepted;
}

/// Adds the edit that makes one family of a name hold `wanted`, unless it does.
void set_family(const HeartbeatSituation& situation, const zones::Name& name, AddressFamily family,
                const std::vector<IpAddress>& wanted, HeartbeatDecision& decision) {
    const RType type = family == AddressFamily::V4 ? RType::A : RType::AAAA;
    const zones::RRset* current = situation.zone.find(name, type);
    std::vector<Octets> rdatas;
    for (const IpAddress& address : wanted)
        if (address.family() == family)
            rdatas.emplace_back(address.octets().begin(), address.octets().end());
    if (rdatas.empty() && current == nullptr) return;
    if (!rdatas.empty() && current != nullptr &&
        zones::RRset::create(type, situation.ttl, rdatas)->same_as(*current))
        return;
    zones::Edit edit;
    edit.owner = name;
    edit.type = type;
    edit.ttl = situation.ttl;
    edit.rdatas = std::move(rdatas);
    decision.edits.push_back(std::move(edit));
}

/// A list is the whole statement; a family of which everything was refused is kept.
void set_list(const HeartbeatSituation& situation, TwinRole role,
              const std::vector<std::string>& given, HeartbeatDecision& decision) {
    const auto& name =
        role == TwinRole::Public ? situation.names.public_name : situation.names.internal_name;
    const Accepted accepted = accept(situation, role, given, decision);
    const bool nothing_taken = accepted.addresses.empty() && !given.empty();
    if (nothing_taken) return;
    const auto has = [&](AddressFamily family) {
        return std::any_of(accepted.addresses.begin(), accepted.addresses.end(),
                           [&](const IpAddress& address) { return address.family() == family; });
    };
    if (has(AddressFamily::V4) || !accepted.v4_refused)
        set_family(situation, name, AddressFamily::V4, accepted.addresses, decision);
    if (has(AddressFamily::V6) || !accepted.v6_refused)
        set_family(situation, name, AddressFamily::V6, accepted.addresses, decision);
}

void set_observed(const HeartbeatSituation& situation, HeartbeatDecision& decision) {
    const IpAddress address = situation.observed.unmapped();
    const auto& name = situation.names.public_name;
    if (auto reason = situation.rules.refusal(TwinRole::Public, address)) {
        refuse(decision, name, address.text(), *std::move(reason));
        return;
    }
    set_family(situation, name, address.family(), {address}, decision);
}

std::vector<IpAddress> parsed(const std::vector<std::string>& texts) {
    std::vector<IpAddress> addresses;
    for (const std::string& text : texts)
        if (const auto address = IpAddress::parse(text)) addresses.push_back(address->unmapped());
    return addresses;
}

MachineVerdict judge_machine(const HeartbeatSituation& situation, const Heartbeat& heartbeat) {
    const store::ServerRow& server = situation.server;
    if (server.state == store::ServerState::Frozen) return MachineVerdict::Frozen;
    const std::string& agreed = server.report.machine;
    if (!heartbeat.machine || heartbeat.machine->empty() || agreed.empty())
        return MachineVerdict::Agreed;
    const auto is_recent = [&](std::optional<WallTime> at) {
        return at && situation.now - *at < situation.window;
    };
    if (*heartbeat.machine == agreed)
        return is_recent(situation.rival_at) ? MachineVerdict::Frozen : MachineVerdict::Agreed;
    const bool is_newer_credential =
        server.last_seen_at && situation.credential_created_at > *server.last_seen_at;
    if (is_newer_credential || !is_recent(server.last_seen_at)) return MachineVerdict::Adopted;
    return MachineVerdict::Held;
}

void take_claims(const HeartbeatSituation& situation, const Heartbeat& heartbeat,
                 HeartbeatDecision& decision) {
    store::Report& report = decision.report;
    if (heartbeat.machine) report.machine = *heartbeat.machine;
    if (heartbeat.boot) report.boot = *heartbeat.boot;
    if (heartbeat.agent) report.agent = *heartbeat.agent;
    if (heartbeat.internal_name) report.internal_name = *heartbeat.internal_name;
    if (heartbeat.certificate) report.certificate = heartbeat.certificate;
    if (heartbeat.private_addresses)
        report.private_addresses = parsed(*heartbeat.private_addresses);
    if (heartbeat.public_addresses) {
        const auto* list = std::get_if<std::vector<std::string>>(&*heartbeat.public_addresses);
        report.public_mode = list == nullptr ? store::PublicMode::Auto : store::PublicMode::Fixed;
        report.public_addresses = list == nullptr ? std::vector<IpAddress>() : parsed(*list);
    }
    report.observed = situation.observed.unmapped();
    if (heartbeat.port) decision.port = *heartbeat.port;
}

}  // namespace

HeartbeatDecision decide(const HeartbeatSituation& situation, const Heartbeat& heartbeat) {
    HeartbeatDecision decision;
    decision.report = situation.server.report;
    decision.port = situation.server.port;
    decision.state = situation.server.state;
    decision.machine = judge_machine(situation, heartbeat);
    if (decision.machine == MachineVerdict::Held) return decision;
    if (decision.machine == MachineVerdict::Frozen) {
        decision.state = store::ServerState::Frozen;
        return decision;
    }
    take_claims(situation, heartbeat, decision);
    if (heartbeat.private_addresses)
        set_list(situation, TwinRole::Internal, *heartbeat.private_addresses, decision);
    if (!heartbeat.public_addresses) return decision;
    if (const auto* list = std::get_if<std::vector<std::string>>(&*heartbeat.public_addresses)) {
        set_list(situation, TwinRole::Public, *list, decision);
    } else {
        set_observed(situation, decision);
    }
    return decision;
}

std::vector<IpAddress> published_at(const zones::Zone& zone, const zones::Name& name) {
    std::vector<IpAddress> addresses;
    for (const RType type : {RType::A, RType::AAAA}) {
        const zones::RRset* rrset = zone.find(name, type);
        if (rrset == nullptr) continue;
        for (const OctetView rdata : rrset->rdatas())
            if (const auto address = IpAddress::from_octets(rdata)) addresses.push_back(*address);
    }
    return addresses;
}

std::vector<std::string> texts_of(const std::vector<IpAddress>& addresses) {
    std::vector<std::string> texts;
    texts.reserve(addresses.size());
    for (const IpAddress& address : addresses)
        texts.push_back(address.text());
    return texts;
}

}  // namespace hairpin::admin
