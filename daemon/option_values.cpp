#include "daemon/option_values.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/issuer_text.hpp"
#include "zones/catalog.hpp"

namespace hairpin::daemon {

const std::string& text(const OptionValue& value) {
    return std::get<std::string>(value);
}
const std::vector<std::string>& list(const OptionValue& value) {
    return std::get<std::vector<std::string>>(value);
}

Fault set_number(std::size_t& into, const OptionValue& value, std::int64_t least,
                 std::int64_t most) {
    const std::int64_t number = std::get<std::int64_t>(value);
    if (number < least || number > most)
        return fmt::format("must be a number from {} to {}", least, most);
    into = static_cast<std::size_t>(number);
    return std::nullopt;
}

Fault set_more_endpoints(std::vector<Endpoint>& into, const OptionValue& value) {
    for (const std::string& each : list(value)) {
        const auto endpoint = Endpoint::parse(each);
        if (!endpoint) return fmt::format("\"{}\" is not ADDRESS:PORT or [ADDRESS]:PORT", each);
        if (std::find(into.begin(), into.end(), *endpoint) != into.end())
            return fmt::format("\"{}\" stands twice", each);
        into.push_back(*endpoint);
    }
    return std::nullopt;
}

Fault set_endpoints(std::vector<Endpoint>& into, const OptionValue& value) {
    if (auto fault = set_more_endpoints(into, value)) return fault;
    if (into.empty()) return "must name at least one ADDRESS:PORT";
    return std::nullopt;
}

namespace {

/// "192.0.2.53", "[2001:db8::53]:5353 key upd."; without a port it is 53.
std::optional<dnsd::Secondary> parse_secondary(std::string_view text) {
    constexpr std::string_view kKey = " key ";
    dnsd::Secondary secondary;
    if (const std::size_t at = text.find(kKey); at != std::string_view::npos) {
        const std::string_view name = text.substr(at + kKey.size());
        const auto key = zones::Name::parse(name);
        if (!key || key->is_root() || name.find(' ') != std::string_view::npos) return std::nullopt;
        secondary.key = key->lower();
        text = text.substr(0, at);
    }
    const auto address = Endpoint::parse(text, 53);
    if (!address || address->port == 0) return std::nullopt;
    secondary.address = *address;
    return secondary;
}

}  // namespace

/// An empty list is no fault.
Fault set_secondaries(std::vector<dnsd::Secondary>& into, const OptionValue& value) {
    constexpr std::size_t kMost = 32;
    for (const std::string& each : list(value)) {
        const auto secondary = parse_secondary(each);
        if (!secondary)
            return fmt::format(
                "\"{}\" is not ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, with \" key NAME\" where a "
                "TSIG key signs",
                each);
        const bool is_known = std::any_of(into.begin(), into.end(), [&](const auto& known) {
            return known.address == secondary->address;
        });
        if (is_known) return fmt::format("\"{}\" stands twice", secondary->address.text());
        into.push_back(*secondary);
    }
    if (into.size() > kMost) return fmt::format("must be at most {} secondaries", kMost);
    return std::nullopt;
}

Fault set_name(zones::Name& into, const std::string& value) {
    const auto name = zones::Name::parse(value);
    if (!name)
        return fmt::format("\"{}\" is not a DNS name: {}", value, zones::to_string(name.error()));
    into = *name;
    return std::nullopt;
}

Fault set_names(std::vector<zones::Name>& into, const OptionValue& value) {
    for (const std::string& each : list(value)) {
        zones::Name name;
        if (auto fault = set_name(name, each)) return fault;
        into.push_back(name);
    }
    if (into.empty()) return "must name at least one name server";
    return std::nullopt;
}

Fault set_prefixes(std::vector<Prefix>& into, const OptionValue& value) {
    for (const std::string& each : list(value)) {
        const auto prefix = Prefix::parse(each);
        if (!prefix)
            return fmt::format("\"{}\" is not an address prefix such as 203.0.113.0/24", each);
        into.push_back(*prefix);
    }
    return std::nullopt;
}

// Part of a host name: letters, digits, hyphens; it is put in front of a number or a label.
Fault set_label_part(std::string& into, const std::string& value) {
    const bool ok = !value.empty() && value.size() <= 20 && value.front() != '-' &&
                    std::all_of(value.begin(), value.end(), [](char letter) {
                        return (letter >= 'a' && letter <= 'z') ||
                               (letter >= '0' && letter <= '9') || letter == '-';
                    });
    if (!ok) return "must be 1 to 20 of a-z, 0-9 and -, not beginning with -";
    into = value;
    return std::nullopt;
}

Fault set_store(Config& config, const OptionValue& value) {
    constexpr std::string_view kSqlite = "sqlite:";
    const std::string& url = text(value);
    if (!url.starts_with(kSqlite) || url.size() == kSqlite.size())
        return "must be sqlite:FILE (other stores are not in this version)";
    config.store_path = url.substr(kSqlite.size());
    return std::nullopt;
}

Fault set_directory(Config& config, const OptionValue& value) {
    config.acme_directory.clear();
    if (text(value).empty()) return std::nullopt;
    auto directory = read_directory_text(text(value), ", or empty for no ACME");
    if (!directory) return '"' + text(value) + "\" " + directory.error();
    config.acme_directory = *std::move(directory);
    return std::nullopt;
}

Fault set_other_names(Config& config, const OptionValue& value) {
    constexpr std::size_t kMost = 24;
    constexpr std::size_t kLongest = 253;
    const auto is_fine = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == ':';
    };
    if (list(value).size() > kMost) return fmt::format("at most {} names", kMost);
    for (const std::string& name : list(value))
        if (name.empty() || name.size() > kLongest ||
            !std::all_of(name.begin(), name.end(), is_fine) ||
            (!zones::Name::parse(name) && !IpAddress::parse(name)))
            return fmt::format("\"{}\" is neither a host name nor an IP address", name);
    config.http_other_names = list(value);
    return {};
}

Fault set_contact(Config& config, const OptionValue& value) {
    for (const std::string& each : list(value))
        if (!each.starts_with("mailto:"))
            return fmt::format("\"{}\" does not begin with mailto:", each);
    config.acme_contact = list(value);
    return std::nullopt;
}

Fault set_profile(Config& config, const OptionValue& value) {
    if (!acme::is_profile_name(text(value)))
        return "is no profile's name, such as \"classic\" or \"tlsserver\"";
    config.acme_profile = text(value);
    return std::nullopt;
}

Fault set_licence_profiles(Config& config, const OptionValue& value) {
    config.acme_licence_profiles.clear();
    for (const std::string& each : list(value)) {
        const auto read = acme::read_licence_profile(each);
        if (!read) return fmt::format("\"{}\" is not LICENCE=PROFILE", each);
        if (acme::profile_of(config.acme_licence_profiles, read->licence, "") != "")
            return fmt::format("\"{}\" has two profiles", read->licence);
        config.acme_licence_profiles.push_back(*read);
    }
    return std::nullopt;
}

// RFC 5001 section 2.3: octets; here the text itself.
Fault set_nsid(Config& config, const OptionValue& value) {
    if (text(value).size() > 64) return "must be at most 64 octets";
    config.dns_nsid = text(value);
    return std::nullopt;
}

// RFC 4892 section 2: one character-string.
Fault set_chaos(std::string& into, const OptionValue& value) {
    if (text(value).size() > 255) return "must be at most 255 octets";
    into = text(value);
    return std::nullopt;
}

Fault set_hostmaster(Config& config, const OptionValue& value) {
    // As people write it: the "@" of a mail address is the first dot of an RNAME (RFC 1035
    // section 3.3.13).
    std::string name = text(value);
    if (const std::size_t at = name.find('@'); at != std::string::npos) name[at] = '.';
    return set_name(config.hostmaster, name);
}

Fault set_catalog(Config& config, const OptionValue& value) {
    if (text(value).empty()) return std::nullopt;
    zones::Name name;
    if (auto fault = set_name(name, text(value))) return fault;
    if (name.is_root() || name.size() > zones::kMaxCatalogOctets)
        return fmt::format("must be a name of at most {} octets below the root",
                           zones::kMaxCatalogOctets);
    config.catalog = name;
    return std::nullopt;
}

Fault set_cookies(Config& config, const OptionValue& value) {
    using dnsd::CookieUse;
    if (text(value) == "on") return config.dns_cookies = CookieUse::Answered, std::nullopt;
    if (text(value) == "required") return config.dns_cookies = CookieUse::Required, std::nullopt;
    if (text(value) == "off") return config.dns_cookies = CookieUse::Off, std::nullopt;
    return "must be on, required or off";
}

Fault set_transfer_transport(Config& config, const OptionValue& value) {
    if (text(value) == "any") return config.transfer_needs_tls = false, std::nullopt;
    if (text(value) == "tls") return config.transfer_needs_tls = true, std::nullopt;
    return "must be any or tls";
}

Fault set_on_off(bool& into, const OptionValue& value) {
    if (text(value) == "on") return into = true, std::nullopt;
    if (text(value) == "off") return into = false, std::nullopt;
    return "must be on or off";
}

Fault set_limiting(Config& config, const OptionValue& value) {
    using dnsd::RateLimiting;
    RateLimiting& mode = config.dns_rate_limit.mode;
    if (text(value) == "on") return mode = RateLimiting::On, std::nullopt;
    if (text(value) == "log") return mode = RateLimiting::LogOnly, std::nullopt;
    if (text(value) == "off") return mode = RateLimiting::Off, std::nullopt;
    return "must be on, log or off";
}

}  // namespace hairpin::daemon
