// daemon/resolvers.hpp - which resolvers the preflight of orders asks.
//
// Not how they are asked (acme/preflight_asker.hpp). With a CA on a loopback address, a test's,
// "system" is nobody: what is asked about a test's names must not leave the machine.
//
// Standards resolv.conf(5): at most three `nameserver` lines count.
// Threads   Pure, but for system_resolvers(), which reads a file.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/ip_address.hpp"
#include "daemon/config.hpp"

namespace hairpin::daemon {

inline constexpr std::string_view kSystemResolvers = "system";

/// Whether the host of an https URL is this machine: localhost or a loopback address.
[[nodiscard]] bool is_on_loopback(std::string_view url);
/// Of the text of a resolv.conf.
[[nodiscard]] std::vector<Endpoint> read_resolv_conf(std::string_view text);
/// Of a file; empty where it cannot be read.
[[nodiscard]] std::vector<Endpoint> system_resolvers(const std::string& file = "/etc/resolv.conf");
/// Of acme.resolvers, with those of the system in their place.
[[nodiscard]] std::vector<Endpoint> resolvers_of(const Config& config);

}  // namespace hairpin::daemon
