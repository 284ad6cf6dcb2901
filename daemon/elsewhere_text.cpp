#include "daemon/elsewhere_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "daemon/option_words.hpp"
#include "dnsd/key_file.hpp"

namespace hairpin::daemon {
namespace {

constexpr std::uint16_t kServerPort = 53;
constexpr std::uint32_t kLongestTtl = 86'400;
constexpr std::uint32_t kLongestSettle = 3'600;  // Seconds.

using Taken = Result<void, std::string>;

std::optional<std::uint32_t> number_in(std::string_view text, std::uint32_t least,
                                       std::uint32_t most) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number < least || number > most ? std::nullopt : std::optional(number);
}

/// @param what  That it is said to be.
Result<Endpoint, std::string> read_server(std::string_view what, std::string_view text) {
    const auto server = Endpoint::parse(text, kServerPort);
    if (!server || server->port == 0)
        return fail(std::string(what) + " " + quoted(text) +
                    " is neither an address nor one with a port");
    return *server;
}

Taken take_server(ElsewhereConfig& config, std::string_view value) {
    config.zone.server = TRY(read_server("server", value));
    return {};
}

Taken take_key_file(ElsewhereConfig& config, std::string_view value) {
    config.key_file = value;
    return {};
}

Taken take_ttl(ElsewhereConfig& config, std::string_view value) {
    const auto ttl = number_in(value, 1, kLongestTtl);
    if (!ttl) return fail(std::string("ttl must be a number from 1 to 86400"));
    config.zone.ttl = *ttl;
    return {};
}

Taken take_settle(ElsewhereConfig& config, std::string_view value) {
    const auto settle = number_in(value, 0, kLongestSettle);
    if (!settle) return fail(std::string("settle_s must be a number from 0 to 3600"));
    config.zone.settle = Seconds(*settle);
    return {};
}

Taken take_secondaries(ElsewhereConfig& config, std::string_view value) {
    for (std::size_t begin = 0; begin <= value.size();) {
        const std::size_t end = std::min(value.find(',', begin), value.size());
        if (config.zone.secondaries.size() == acme::kMostSecondariesElsewhere)
            return fail(std::string("secondaries are more than 16"));
        config.zone.secondaries.push_back(
            TRY(read_server("in secondaries", without_blanks(value.substr(begin, end - begin)))));
        begin = end + 1;
    }
    return {};
}

struct ElsewhereWord {
    std::string_view key;
    Taken (*take)(ElsewhereConfig& config, std::string_view value);
};
constexpr std::array kElsewhereWords = {
    ElsewhereWord{"server", take_server},           ElsewhereWord{"key_file", take_key_file},
    ElsewhereWord{"secondaries", take_secondaries}, ElsewhereWord{"ttl", take_ttl},
    ElsewhereWord{"settle_s", take_settle},
};

/// One "key=value" behind the zone's name. Errors: a sentence.
Taken take_elsewhere_word(ElsewhereConfig& config, std::string_view part) {
    std::vector<std::string_view> known;
    for (const ElsewhereWord& each : kElsewhereWords)
        known.push_back(each.key);
    const OptionWord found = TRY(read_option_word(part, known));
    const auto* word =
        std::find_if(kElsewhereWords.begin(), kElsewhereWords.end(),
                     [&](const ElsewhereWord& each) { return each.key == found.key; });
    return word->take(config, found.value);
}

}  // namespace

Result<ElsewhereConfig, std::string> read_elsewhere(std::string_view text) {
    ElsewhereConfig config;
    std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view zone = without_blanks(text.substr(0, end));
    const auto apex = zones::Name::parse(zone);
    if (!apex || apex->is_root()) return fail(quoted(zone) + " is no name of a zone");
    config.zone.apex = apex->lower();
    while (end < text.size()) {
        const std::string_view rest = text.substr(end + 1);
        const std::size_t size = std::min(rest.find(';'), rest.size());
        TRY(take_elsewhere_word(config, without_blanks(rest.substr(0, size))));
        end += 1 + size;
    }
    if (config.zone.server.port == 0)
        return fail(std::string("server is missing: the address of its primary"));
    if (config.key_file.empty())
        return fail(std::string(
            "key_file is missing: a file with the TSIG key that may change TXT records there"));
    return config;
}

std::string text_of(const ElsewhereConfig& elsewhere) {
    const acme::ElsewhereZone& zone = elsewhere.zone;
    const auto settle = std::chrono::duration_cast<Seconds>(zone.settle);
    std::string secondaries;
    for (const Endpoint& each : zone.secondaries)
        secondaries += (secondaries.empty() ? "; secondaries=" : ",") + each.text();
    return zone.apex.text() + "; server=" + zone.server.text() +
           "; key_file=" + elsewhere.key_file + secondaries + "; ttl=" + std::to_string(zone.ttl) +
           "; settle_s=" + std::to_string(settle.count());
}

Result<void> load_elsewhere_keys(const std::vector<ElsewhereConfig>& configured,
                                 std::vector<acme::ElsewhereZone>& zones) {
    for (std::size_t each = 0; each < configured.size(); ++each)
        zones[each].key = TRY(dnsd::read_tsig_file(configured[each].key_file));
    return {};
}

}  // namespace hairpin::daemon
