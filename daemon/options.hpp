// daemon/options.hpp - the table of options behind daemon/config.hpp.
//
// Not for the rest of the program, which reads a Config. Threads: a constant table.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/config.hpp"

namespace hairpin::daemon {

/// What TOML can hand us for an option.
using OptionValue = std::variant<std::string, std::int64_t, std::vector<std::string>>;
enum class OptionKind : std::uint8_t { Text, Number, List };
enum class OnReload : std::uint8_t { Applies, NeedsRestart };
enum class Presence : std::uint8_t { Required, Optional };

struct Option {
    std::string_view key;  // "dns.listen"
    OptionKind kind;
    Presence presence;
    OnReload on_reload;
    std::string_view standard;  // The default as TOML text, or an example where it is required.
    std::string_view sentence;  // One sentence, with range and unit.
    /// Puts a value into the configuration; returns what is wrong with it.
    std::optional<std::string> (*set)(Config& config, const OptionValue& value);
    /// The value as comparable text, for reload.
    std::string (*show)(const Config& config);
};

[[nodiscard]] std::span<const Option> options() noexcept;
/// Its parts: options.cpp, and what couples certificates and DNS (coupling_options.cpp).
[[nodiscard]] std::span<const Option> main_options() noexcept;
[[nodiscard]] std::span<const Option> coupling_options() noexcept;
/// The known key that `key` was probably meant to be; empty where none is near.
[[nodiscard]] std::string nearest_key(std::string_view key);

}  // namespace hairpin::daemon
