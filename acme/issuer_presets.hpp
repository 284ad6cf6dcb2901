// acme/issuer_presets.hpp - the public CAs that are known by a name.
//
// What a person would have to look up: directories, whether accounts are bound, which name stands
// in CAA records. The limits of the same CAs are limits.cpp's.
//
// Standards RFC 8659 (CAA), RFC 8555 section 7.3.4 (external account binding).
// Threads   Constants.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hairpin::acme {

enum class Binding : std::uint8_t {
    None,
    Reusable,  // One key id registers any number of accounts.
    OneUse,    // One key id, one account.
};

struct IssuerPreset {
    std::string_view name;   // "letsencrypt"
    std::string_view title;  // "Let's Encrypt"
    std::string_view directory;
    std::string_view staging;  // Empty: none that takes the same account binding.
    std::string_view caa;      // The issuer domain name of CAA records.
    Binding binding;
};

[[nodiscard]] std::span<const IssuerPreset> issuer_presets() noexcept;
/// By name; null: there is none.
[[nodiscard]] const IssuerPreset* issuer_preset(std::string_view name) noexcept;
/// By the URL of its directory; null: it is none of them.
[[nodiscard]] const IssuerPreset* issuer_preset_of(std::string_view directory) noexcept;
/// The known name that `name` was probably meant to be; empty where none is near.
[[nodiscard]] std::string nearest_preset(std::string_view name);
/// "letsencrypt, google, zerossl": for sentences.
[[nodiscard]] std::string preset_names();

}  // namespace hairpin::acme
