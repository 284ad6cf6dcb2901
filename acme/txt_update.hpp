// acme/txt_update.hpp - an UPDATE that adds or takes away TXT values, and what its answer means.
//
// Octets and words only: signatures and sockets are acme/signed_ask.hpp's. Values are added as they
// are and taken away one by one, so that those of others at the same name stay. No prerequisites:
// adding what is there and removing what is not are no errors, so either may be done again.
//
// Standards RFC 2136 sections 2.2 (RCODEs), 2.3, 2.5.1 (add), 2.5.4 (delete an RR from an RRset),
//           3.4.2.2 and 3.4.2.4.
// Threads   Pure functions.

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "acme/elsewhere.hpp"
#include "acme/listener_check.hpp"
#include "acme/txt_values.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::acme {

/// Values in one message, at most: it stays below 64 KiB.
inline constexpr std::size_t kMostInUpdate = 100;

/// Why a server that was asked did not do it.
struct ServerRefusal {
    enum class Kind : std::uint8_t {
        Passing,  // Not reached, no answer, SERVFAIL: later it may do.
        Lasting,  // Somebody has to mend what `text` says.
    };
    Kind kind = Kind::Passing;
    std::string text;  // "answers REFUSED: ..", the end of a sentence that begins with the server.
    friend bool operator==(const ServerRefusal&, const ServerRefusal&) = default;
};

/// @param values  At most kMostInUpdate, all of them in the zone.
[[nodiscard]] Octets txt_update(std::uint16_t id, const ElsewhereZone& zone, TxtEffect effect,
                                std::span<const TxtQuestion> values);
/// What a message says that answers such an UPDATE, id and signature being right.
[[nodiscard]] Result<void, ServerRefusal> read_update_answer(OctetView answer,
                                                             const ElsewhereZone& zone);
/// The same of a question for the zone's SOA, which tells whether the server has the zone.
[[nodiscard]] Result<void, ServerRefusal> read_soa_answer(OctetView answer,
                                                          const ElsewhereZone& zone);

}  // namespace hairpin::acme
