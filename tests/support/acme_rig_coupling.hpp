// tests/support/acme_rig_coupling.hpp - the options of acme_rig that are about orders and DNS.
#pragma once

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "acme/coupling.hpp"
#include "zones/change.hpp"

namespace hairpin::tests {

/// "5300,5301" as endpoints on loopback.
inline std::vector<Endpoint> loopback_endpoints(const std::string& list) {
    std::vector<Endpoint> all;
    std::stringstream ports(list);
    for (std::string port; std::getline(ports, port, ',');)
        all.push_back({IpAddress::v4({127, 0, 0, 1}), static_cast<std::uint16_t>(std::stoi(port))});
    return all;
}

inline acme::CouplingOptions coupling_of(const std::set<std::string>& flags,
                                         const std::map<std::string, std::string>& values) {
    const auto value = [&](const char* key, const char* otherwise) {
        const auto found = values.find(key);
        return found == values.end() ? std::string(otherwise) : found->second;
    };
    acme::CouplingOptions coupling;
    coupling.resolvers = loopback_endpoints(value("resolvers", ""));
    if (flags.contains("manage-caa")) coupling.caa = acme::CaaMode::Manage;
    coupling.caa_wait = Milliseconds(std::stoll(value("caa-wait", "28800000")));
    const std::string draft = value("persist", "");
    if (draft == "draft-01") coupling.dns_persist = acme::DnsPersist::Draft01;
    if (draft == "draft-02") coupling.dns_persist = acme::DnsPersist::Draft02;
    const std::string mode = value("preflight", "on");
    if (mode == "off") coupling.preflight = acme::PreflightMode::Off;
    if (mode == "warn") coupling.preflight = acme::PreflightMode::Warn;
    return coupling;
}

/// One record at the apex: 0 issue "<issuer>" (RFC 8659 section 4.1).
inline zones::ZoneChange caa_change(const zones::Name& apex, const std::string& issuer) {
    Octets rdata{0, 5, 'i', 's', 's', 'u', 'e'};
    rdata.insert(rdata.end(), issuer.begin(), issuer.end());
    zones::ZoneChange zone;
    zone.apex = apex;
    zone.edits.push_back({zones::EditKind::AddRecords, apex, zones::RType::CAA, 60, {rdata}});
    return zone;
}

}  // namespace hairpin::tests
