// daemon/elsewhere_text.hpp - a zone that is not ours as one line of the configuration:
// "validation.example; server=192.0.2.53; key_file=validation.key; ..".
//
// The zone's name, then what is said of it, separated by semicolons: server (its primary, with or
// without a port), key_file (dnsd/key_file.hpp), secondaries (separated by commas), ttl
// and settle_s.
//
// Threads   Pure, but for the files of load_elsewhere_keys().

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "acme/elsewhere.hpp"
#include "core/result.hpp"

namespace hairpin::daemon {

/// A zone with its key still in its file.
struct ElsewhereConfig {
    acme::ElsewhereZone zone;
    std::string key_file;
};

/// Errors: a sentence, with the nearest known word where one is unknown.
[[nodiscard]] Result<ElsewhereConfig, std::string> read_elsewhere(std::string_view text);
/// The same as text, to compare.
[[nodiscard]] std::string text_of(const ElsewhereConfig& elsewhere);
/// The keys of their files. `zones` are those of the same configuration (acme_options()).
/// Errors: Io a file cannot be read; Denied anybody can read it; Invalid it holds no key.
[[nodiscard]] Result<void> load_elsewhere_keys(const std::vector<ElsewhereConfig>& configured,
                                               std::vector<acme::ElsewhereZone>& zones);

}  // namespace hairpin::daemon
