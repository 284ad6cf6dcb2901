// daemon/option_values.hpp - from what TOML can hand us to what an option holds, with what is
// wrong.
//
// Not for the rest of the program: the table of daemon/options.cpp uses these, a function for each
// kind of value. A Fault is the end of a sentence that begins with the option's key.
//
// Threads   Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/options.hpp"

namespace hairpin::daemon {

/// What is wrong with a value; nullopt: nothing.
using Fault = std::optional<std::string>;

[[nodiscard]] const std::string& text(const OptionValue& value);
[[nodiscard]] const std::vector<std::string>& list(const OptionValue& value);
[[nodiscard]] Fault set_number(std::size_t& into, const OptionValue& value, std::int64_t least,
                               std::int64_t most);
[[nodiscard]] Fault set_endpoints(std::vector<Endpoint>& into, const OptionValue& value);
/// The same where none at all is a value too.
[[nodiscard]] Fault set_more_endpoints(std::vector<Endpoint>& into, const OptionValue& value);
[[nodiscard]] Fault set_secondaries(std::vector<dnsd::Secondary>& into, const OptionValue& value);
[[nodiscard]] Fault set_name(zones::Name& into, const std::string& value);
[[nodiscard]] Fault set_names(std::vector<zones::Name>& into, const OptionValue& value);
[[nodiscard]] Fault set_prefixes(std::vector<Prefix>& into, const OptionValue& value);
[[nodiscard]] Fault set_label_part(std::string& into, const std::string& value);
[[nodiscard]] Fault set_store(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_directory(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_other_names(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_contact(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_profile(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_licence_profiles(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_nsid(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_chaos(std::string& into, const OptionValue& value);
[[nodiscard]] Fault set_hostmaster(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_catalog(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_cookies(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_transfer_transport(Config& config, const OptionValue& value);
[[nodiscard]] Fault set_on_off(bool& into, const OptionValue& value);
[[nodiscard]] Fault set_limiting(Config& config, const OptionValue& value);

template <typename Number>
[[nodiscard]] Fault set_whole(Number& into, const OptionValue& value, std::int64_t least,
                              std::int64_t most) {
    std::size_t number = 0;
    auto fault = set_number(number, value, least, most);
    if (!fault) into = static_cast<Number>(number);
    return fault;
}

[[nodiscard]] inline std::string joined(const std::vector<acme::LicenceProfile>& profiles) {
    std::string all;
    for (const auto& each : profiles)
        all += each.licence + "=" + each.profile + " ";
    return all;
}
/// Comparable text of a list.
template <typename Range>
[[nodiscard]] std::string joined(const Range& range) {
    std::string all;
    for (const auto& each : range)
        all += each.text() + " ";
    return all;
}

}  // namespace hairpin::daemon
