// admin/log_text.hpp - a caller's text as it may stand in a log line or in the audit.
//
// One printable line, bounded, and never a token: whoever reads the log sees what came, and what
// came cannot look like a line of ours.
//
// Standards DESIGN invariant 5.
// Threads   Pure.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hairpin::admin {

inline constexpr std::size_t kLogTextOctets = 200;
/// For a problem's detail: our words with a caller's in them.
inline constexpr std::size_t kLogDetailOctets = 500;

/// `text` with every octet that is not printable ASCII, and the backslash, as \xNN; at most `most`
/// octets of `text` are taken, and "..." says that there was more. "(a token)" where it holds one.
[[nodiscard]] std::string log_text(std::string_view text, std::size_t most = kLogTextOctets);

}  // namespace hairpin::admin
