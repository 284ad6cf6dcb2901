// Options of [acme] that are about orders and DNS: see options.hpp and acme/coupling.hpp.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "daemon/option_rows.hpp"
#include "daemon/option_values.hpp"
#include "daemon/resolvers.hpp"

namespace hairpin::daemon {
namespace {

constexpr std::size_t kMostResolvers = 8;

template <typename Value, std::size_t count>
using Words = std::array<std::pair<std::string_view, Value>, count>;

constexpr Words<acme::PreflightMode, 3> kPreflightWords = {{
    {"on", acme::PreflightMode::On},
    {"warn", acme::PreflightMode::Warn},
    {"off", acme::PreflightMode::Off},
}};
constexpr Words<acme::CaaMode, 2> kCaaWords = {{
    {"off", acme::CaaMode::Off},
    {"manage", acme::CaaMode::Manage},
}};
constexpr Words<acme::DnsPersist, 3> kPersistWords = {{
    {"off", acme::DnsPersist::Off},
    {"draft-01", acme::DnsPersist::Draft01},
    {"draft-02", acme::DnsPersist::Draft02},
}};

template <typename Value, std::size_t count>
Fault set_word(Value& into, const Words<Value, count>& words, const OptionValue& value) {
    std::string known;
    for (const auto& [word, meaning] : words) {
        if (word == text(value)) return into = meaning, std::nullopt;
        known += (known.empty() ? "" : ", ") + std::string(word);
    }
    return "must be one of " + known;
}

template <typename Value, std::size_t count>
std::string word_of(const Words<Value, count>& words, Value value) {
    for (const auto& [word, meaning] : words)
        if (meaning == value) return std::string(word);
    return {};
}

Fault set_resolvers(Config& config, const OptionValue& value) {
    const auto& texts = list(value);
    if (texts.size() > kMostResolvers) return "must be at most 8";
    for (const std::string& each : texts)
        if (each != kSystemResolvers && !Endpoint::parse(each, 53))
            return "\"" + each + "\" is neither an address, nor one with a port, nor \"system\"";
    config.acme_resolvers = texts;
    return std::nullopt;
}

Fault set_elsewhere(Config& config, const OptionValue& value) {
    config.acme_elsewhere.clear();
    for (const std::string& each : list(value)) {
        auto zone = read_elsewhere(each);
        if (!zone) return fmt::format("\"{}\": {}", each, zone.error());
        const bool is_known = std::any_of(
            config.acme_elsewhere.begin(), config.acme_elsewhere.end(),
            [&](const ElsewhereConfig& known) { return known.zone.apex == zone->zone.apex; });
        if (is_known) return fmt::format("\"{}\" stands twice", zone->zone.apex.text_without_dot());
        config.acme_elsewhere.push_back(*std::move(zone));
    }
    if (config.acme_elsewhere.size() > acme::kMostElsewhere)
        return fmt::format("must be at most {} zones", acme::kMostElsewhere);
    return std::nullopt;
}

std::string shown_elsewhere(const Config& config) {
    std::string all;
    for (const ElsewhereConfig& each : config.acme_elsewhere)
        all += text_of(each) + "\n";
    return all;
}

Fault set_iodef(Config& config, const OptionValue& value) {
    const std::string& url = text(value);
    const bool is_printable =
        std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
    if (!url.empty() && (!is_printable || url.size() > 255 ||
                         !(url.starts_with("mailto:") || url.starts_with("https://"))))
        return "must be a mailto: or https: URL";
    config.acme_coupling.caa_iodef = url;
    return std::nullopt;
}

const std::array kCouplingOptions = {
    Option{"acme.preflight", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"on\"",
           "What is done about what a CA would stumble over (delegation, DS, CAA, a name server "
           "that does not answer): on holds the order, warn logs it, off does not look.",
           [](Config& c, const OptionValue& v) -> Fault {
               return set_word(c.acme_coupling.preflight, kPreflightWords, v);
           },
           [](const Config& c) { return word_of(kPreflightWords, c.acme_coupling.preflight); }},
    Option{"acme.resolvers", OptionKind::List, Presence::Optional, kNeedsRestart, "[\"system\"]",
           "Resolvers that the preflight asks, such as \"192.0.2.53\"; system: those of "
           "/etc/resolv.conf, or none where the CA is on a loopback address; []: none.",
           [](Config& c, const OptionValue& v) -> Fault { return set_resolvers(c, v); },
           [](const Config& c) { return fmt::format("{}", fmt::join(c.acme_resolvers, " ")); }},
    Option{
        "acme.elsewhere", OptionKind::List, Presence::Optional, kNeedsRestart, "[]",
        "Zones of others into which CNAMEs at _acme-challenge may lead, each with its primary and "
        "a TSIG key that may change its TXT records, such as \"validation.example; "
        "server=192.0.2.53; key_file=/etc/hairpin/validation.key\" (also secondaries: asked for "
        "each value before the CA is told; ttl; settle_s: so long others that follow may need); "
        "[]: none, nothing is written outside of our zones.",
        set_elsewhere, shown_elsewhere},
    Option{
        "acme.caa", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"off\"",
        "manage: CAA records of zones with certificates allow our accounts at the CA, and nobody "
        "else; off: no CAA record is touched.",
        [](Config& c, const OptionValue& v) -> Fault {
            return set_word(c.acme_coupling.caa, kCaaWords, v);
        },
        [](const Config& c) { return word_of(kCaaWords, c.acme_coupling.caa); }},
    Option{"acme.caa_iodef", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"\"",
           "A mailto: or https: URL that managed CAA records name for reports of CAs; empty: none.",
           [](Config& c, const OptionValue& v) -> Fault { return set_iodef(c, v); },
           [](const Config& c) { return c.acme_coupling.caa_iodef; }},
    Option{
        "acme.dns_persist", OptionKind::Text, Presence::Optional, kNeedsRestart, "\"off\"",
        "Whether the challenge dns-persist-01 is used where a CA offers it, and in which format: "
        "off, draft-01 or draft-02. An experiment: the standard is not done.",
        [](Config& c, const OptionValue& v) -> Fault {
            return set_word(c.acme_coupling.dns_persist, kPersistWords, v);
        },
        [](const Config& c) { return word_of(kPersistWords, c.acme_coupling.dns_persist); }},
};

}  // namespace

std::span<const Option> coupling_options() noexcept {
    return kCouplingOptions;
}

}  // namespace hairpin::daemon
