#include "daemon/resolvers.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace hairpin::daemon {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kMostSystemResolvers = 3;
constexpr std::streamsize kMaxResolvConf = 64 * 1024;

std::string_view host_of(std::string_view url) {
    constexpr std::string_view kScheme = "https://";
    if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
    if (url.starts_with("[")) return url.substr(1, url.find(']') - 1);
    return url.substr(0, url.find_first_of(":/?"));
}

std::string_view next_word(std::string_view& line) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos) return line = {};
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace

bool is_on_loopback(std::string_view url) {
    const std::string_view host = host_of(url);
    if (host == "localhost" || host.ends_with(".localhost")) return true;
    const auto address = IpAddress::parse(host);
    if (!address) return false;
    const IpAddress plain = address->unmapped();
    if (plain.is_v4()) return plain.octets()[0] == 127;
    return plain == IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

std::vector<Endpoint> read_resolv_conf(std::string_view text) {
    std::vector<Endpoint> resolvers;
    while (!text.empty() && resolvers.size() < kMostSystemResolvers) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (next_word(line) != "nameserver") continue;
        if (const auto address = IpAddress::parse(next_word(line)))
            resolvers.push_back({*address, kDnsPort});
    }
    return resolvers;
}

std::vector<Endpoint> system_resolvers(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text(static_cast<std::size_t>(kMaxResolvConf), '\0');
    in.read(text.data(), kMaxResolvConf);
    text.resize(static_cast<std::size_t>(in.gcount()));
    return read_resolv_conf(text);
}

std::vector<Endpoint> resolvers_of(const Config& config) {
    std::vector<Endpoint> resolvers;
    for (const std::string& each : config.acme_resolvers) {
        if (each != kSystemResolvers) {
            if (const auto endpoint = Endpoint::parse(each, kDnsPort))
                resolvers.push_back(*endpoint);
            continue;
        }
        if (is_on_loopback(config.acme_directory)) continue;
        const auto system = system_resolvers();
        resolvers.insert(resolvers.end(), system.begin(), system.end());
    }
    return resolvers;
}

}  // namespace hairpin::daemon
