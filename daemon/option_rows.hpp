// daemon/option_rows.hpp - rows of the option table for members of Config that need no more than a
// kind of value. Those with a meaning of their own are spelled out where the tables are.
//
// Threads   Values.

#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.hpp"
#include "daemon/option_values.hpp"
#include "daemon/options.hpp"

namespace hairpin::daemon {

inline constexpr auto kNeedsRestart = OnReload::NeedsRestart;

/// A row of any text, empty where it is not given.
template <std::string Config::*member>
[[nodiscard]] Option text_row(std::string_view key, std::string_view sentence,
                              OnReload when = kNeedsRestart) {
    return {key,
            OptionKind::Text,
            Presence::Optional,
            when,
            "\"\"",
            sentence,
            [](Config& c, const OptionValue& v) -> Fault {
                c.*member = text(v);
                return {};
            },
            [](const Config& c) { return c.*member; }};
}

/// A row of a number in a range.
template <std::size_t Config::*member, std::int64_t least, std::int64_t most>
[[nodiscard]] Option number_row(std::string_view key, std::string_view standard,
                                std::string_view sentence) {
    return {key,
            OptionKind::Number,
            Presence::Optional,
            kNeedsRestart,
            standard,
            sentence,
            [](Config& c, const OptionValue& v) -> Fault {
                return set_number(c.*member, v, least, most);
            },
            [](const Config& c) { return std::to_string(c.*member); }};
}

/// A row of any texts.
template <std::vector<std::string> Config::*member>
[[nodiscard]] Option list_row(std::string_view key, std::string_view sentence,
                              OnReload when = kNeedsRestart) {
    return {key,
            OptionKind::List,
            Presence::Optional,
            when,
            "[]",
            sentence,
            [](Config& c, const OptionValue& v) -> Fault {
                c.*member = list(v);
                return {};
            },
            [](const Config& c) { return fmt::format("{}", fmt::join(c.*member, " ")); }};
}

/// A row of prefixes, none where it is not given.
template <std::vector<Prefix> Config::*member>
[[nodiscard]] Option prefix_row(std::string_view key, std::string_view sentence) {
    return {key,
            OptionKind::List,
            Presence::Optional,
            kNeedsRestart,
            "[]",
            sentence,
            [](Config& c, const OptionValue& v) -> Fault { return set_prefixes(c.*member, v); },
            [](const Config& c) { return joined(c.*member); }};
}

/// A row of on or off.
template <bool Config::*member>
[[nodiscard]] Option switch_row(std::string_view key, std::string_view usual,
                                std::string_view sentence) {
    return {key,
            OptionKind::Text,
            Presence::Optional,
            kNeedsRestart,
            usual,
            sentence,
            [](Config& c, const OptionValue& v) { return set_on_off(c.*member, v); },
            [](const Config& c) { return std::string(c.*member ? "on" : "off"); }};
}

}  // namespace hairpin::daemon
