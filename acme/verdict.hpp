// acme/verdict.hpp - what a failure means: try again, and when, or call a person; in plain words.
//
// The one place that knows the CAs' error types. Whoever meets a failure asks judge() and gives the
// Verdict to the attempt; nobody else looks at a problem document.
//
// Standards RFC 8555 section 6.7 (error types), RFC 8659 (CAA).
// Threads   Pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "acme/client.hpp"
#include "acme/messages.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"

namespace hairpin::acme {

enum class Remedy : std::uint8_t {
    TryAgain,      // Passing: the ladder of attempt.hpp.
    Register,      // The CA does not know our account: register the key again, then try again.
    PersonNeeded,  // It will fail again until somebody mends what `text` says.
};

struct Verdict {
    Remedy remedy = Remedy::TryAgain;
    std::string type;  // The CA's error type, or one of ours: "unreachable", "txt-not-answered", ..
    std::string text;  // What failed and what to do, for a person.
    std::optional<Milliseconds> not_before;  // The CA asked to be left alone so long.
    bool is_cas = false;  // The CA did not do what it was asked, so another one may.
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// @param doing  What was being done, as a person would say it: "placing the order".
[[nodiscard]] Verdict judge(const CaFailure& failure, std::string_view doing);
/// A problem inside an order, an authorization or a challenge that became invalid.
[[nodiscard]] Verdict judge(const Problem& problem, std::string_view doing);
/// Whether a person may have mended what failed, so that trying before the pause is over makes
/// sense. Not where the CA is to be left alone. `type` as in Verdict.
[[nodiscard]] bool is_mendable(std::string_view type) noexcept;
/// Whether the CA itself fails, or is not reached: it says nothing about the names. `type` as in
/// Verdict.
[[nodiscard]] bool is_fault_of_ca(std::string_view type) noexcept;
/// A failure of our own. Invalid and Protocol from a chain check try again: the CA may do better.
[[nodiscard]] Verdict judge(const Error& error, std::string_view doing);

}  // namespace hairpin::acme
