// daemon/issuer_text.hpp - a CA as one line of the configuration: "google; eab_kid=..; ..".
//
// A known name (acme/issuer_presets.hpp) or the https URL of a directory, then what is its own,
// separated by semicolons: name, eab_kid, eab_key_file, standby_eab_kid, standby_eab_key_file,
// profile, ca_file, preferred_chain, staging.
//
// Threads   Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "acme/certificates.hpp"
#include "core/result.hpp"

namespace hairpin::daemon {

inline constexpr std::size_t kMaxFallbacks = 8;

/// A CA with its secrets still in their files.
struct IssuerConfig {
    acme::IssuerOptions options;
    std::string eab_key_file;          // With options.eab_kid, or neither.
    std::string standby_eab_key_file;  // With options.standby_eab_kid, or neither.
};

/// Errors: a sentence, with the nearest known name where a word is unknown.
[[nodiscard]] Result<IssuerConfig, std::string> read_issuer(std::string_view text);
/// The same as text, to compare.
[[nodiscard]] std::string text_of(const IssuerConfig& issuer);
/// The directory that a text means: of a known name, or itself where it is an https URL.
/// Errors: the end of a sentence that begins with the text.
/// @param also  What else the place takes, said behind the known names: ", or empty".
[[nodiscard]] Result<std::string, std::string> read_directory_text(std::string_view text,
                                                                   std::string_view also = "");
/// What we call the CA of a directory where nobody named it: the known name, else the host.
[[nodiscard]] std::string usual_name(std::string_view directory);

}  // namespace hairpin::daemon
