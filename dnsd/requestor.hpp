// dnsd/requestor.hpp - who asks: nobody in particular, or the holder of a key that we know.
//
// The TSIG of a request is judged here, before anything else of it is answered, and told in the
// answer. What the holder of a key may do is not decided here.
//
// Standards RFC 8945 sections 5.2 (the order of the checks), 5.3 and 5.3.2 (the TSIG of answers).
// Threads   Values; the key lives as long as its ring.
// Cost      Without a TSIG a few stores. With one OpenSSL allocates.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/octets.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/query.hpp"
#include "dnsd/tsig.hpp"
#include "dnsd/tsig_record.hpp"

namespace hairpin::dnsd {

class Requestor {
public:
    /// Nobody in particular.
    Requestor() noexcept = default;

    /// How the request's TSIG fared; nullopt: it has none.
    [[nodiscard]] std::optional<TsigOutcome> tsig() const noexcept { return tsig_; }
    /// The key that the request is signed with, verified and timely; null: nobody in particular.
    [[nodiscard]] const TsigKey* key() const noexcept {
        return tsig_ == TsigOutcome::Ok ? key_ : nullptr;
    }
    /// Its name, in lower case.
    [[nodiscard]] std::optional<zones::Name> key_name() const noexcept;
    /// Why there is no answer: NotAuth or FormErr. NoError: the TSIG is no hindrance.
    [[nodiscard]] Rcode refusal() const noexcept;
    /// The request's MAC as received: what a TsigStream with the answers begins with. Looks into
    /// the request.
    [[nodiscard]] OctetView request_mac() const noexcept { return record_.mac; }

    /// Octets that the answer's TSIG takes; 0: the answer has none.
    [[nodiscard]] std::size_t tsig_octets() const noexcept;
    /// Puts the TSIG into an answer that is one message, whole but for that; there are
    /// tsig_octets() behind it. @return The new size.
    [[nodiscard]] std::size_t put_tsig(std::span<std::uint8_t> buffer, std::size_t used,
                                       TsigTime now) const noexcept;

private:
    friend Requestor identify(const KeyRing* keys, OctetView message, const Query& query,
                              TsigTime now) noexcept;

    std::optional<TsigOutcome> tsig_;
    const TsigKey* key_ = nullptr;  // Whose MAC it is: Ok, BadTime and BadTrunc.
    TsigRecord record_;             // As received; not with FormErr. Looks into the request.
};

/// Judges the TSIG of a request that `query` is the reading of. One that is not well-formed has
/// nobody behind it. Null for `keys`: none.
[[nodiscard]] Requestor identify(const KeyRing* keys, OctetView message, const Query& query,
                                 TsigTime now) noexcept;

}  // namespace hairpin::dnsd
