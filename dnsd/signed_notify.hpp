// dnsd/signed_notify.hpp - the signatures of one NOTIFY and its repetitions, and of their answer.
//
// A repetition has the same ID and a MAC of its own, and an answer may be to any of them: each MAC
// is kept until one of them is answered. Not here: sending, and when (dnsd/notifier.hpp).
//
// Standards RFC 8945 sections 5.1 (our request), 5.3 and 5.4 (its answer); RFC 1996 section 3.6.
// Threads   One.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/octets.hpp"
#include "dnsd/hmac.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/tsig.hpp"

namespace hairpin::dnsd {

/// The most that a TSIG adds: owner, fixed fields, the name of an algorithm, times, MAC.
inline constexpr std::size_t kMaxTsigOctets = 255 + 10 + 26 + 16 + kMaxMacOctets;

class SignedNotify {
public:
    /// Signs the message in the first `used` octets of `buffer`; kMaxTsigOctets are behind it.
    /// @return The new size.
    [[nodiscard]] std::size_t sign(TsigKeyRef key, std::span<std::uint8_t> buffer, std::size_t used,
                                   TsigTime now);
    /// What an answer is worth: the best that it is to any of those that were signed. Ok where none
    /// was: then nothing is expected of it.
    [[nodiscard]] TsigVerdict judge(OctetView answer, TsigTime now) const noexcept;

private:
    struct Sent {
        TsigKeyRef key;
        Mac mac;
    };
    std::vector<Sent> sent_;  // At most as many as a NOTIFY is sent times.
};

/// Why an answer does not count, as the end of a sentence about a secondary.
[[nodiscard]] const char* why_not(TsigVerdict verdict) noexcept;

}  // namespace hairpin::dnsd
