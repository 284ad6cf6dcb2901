// tests/support/acme_rig_coupling.hpp - the options of acme_rig that are about orders and DNS.
//
//     preflight=MODE    on (as usual), warn or off
//     resolvers=PORTS   resolvers on loopback that are asked before an order, such as 5300,5301
//     manage-caa        CAA records follow our accounts; wait until they are usable
//     caa-rows=N        wait until so many CAA records name accounts of ours
//     caa-wait=MS       so long a CAA record of another account waits (8 h)
//     persist=DRAFT     dns-persist-01, as draft-01 or draft-02 has it
//     cname=OWNER:TARGET  the zone gets a CNAME; OWNER is within it, TARGET absolute
//     other-zone=APEX   another zone of ours
//     elsewhere=APEX:PORT[,PORT..]:KEY_FILE  a zone that is not ours, its primary on loopback, and
//                       its secondaries; at the end wait until nothing is left there
//     settle=MS         so long others that follow need (0)
#pragma once

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "acme/coupling.hpp"
#include "dnsd/key_file.hpp"
#include "store/elsewhere_rows.hpp"
#include "tests/support/store.hpp"
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

inline acme::ElsewhereZone elsewhere_of(const std::string& text, Milliseconds settle) {
    const auto port = text.find(':');
    const auto file = text.find(':', port + 1);
    acme::ElsewhereZone zone;
    zone.apex = name(text.substr(0, port));
    zone.secondaries = loopback_endpoints(text.substr(port + 1, file - port - 1));
    zone.server = zone.secondaries.front();
    zone.secondaries.erase(zone.secondaries.begin());
    zone.key = must(dnsd::read_tsig_file(text.substr(file + 1)));
    zone.settle = settle;
    return zone;
}

inline bool is_nothing_left_elsewhere(store::Database& database) {
    return must(store::left_elsewhere(database, 1)).empty();
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
    if (const std::string text = value("elsewhere", ""); !text.empty())
        coupling.elsewhere = {elsewhere_of(text, Milliseconds(std::stoi(value("settle", "0"))))};
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
