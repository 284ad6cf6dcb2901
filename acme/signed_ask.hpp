// acme/signed_ask.hpp - one signed message to a name server over TCP, and its signed answer.
//
// A connection of its own for each message. Only an answer with our id and a right signature is
// handed on; everything else is told as what the server said and what to do about it. It builds no
// message and reads none beyond that (acme/txt_update.hpp).
//
// Standards RFC 8945 sections 5.1 and 5.4 (our request, its answer), 5.2.1 to 5.2.3 (BADKEY,
// BADSIG,
//           BADTIME); RFC 7766 section 8 (framing).
// Threads   The loop's thread; `then` comes on the loop, never inside the call.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "acme/elsewhere.hpp"
#include "acme/txt_update.hpp"
#include "core/clock.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "dnsd/tsig.hpp"
#include "net/loop.hpp"

namespace hairpin::acme {

/// An exchange under way. Dropping it ends it; `then` is not called any more, and what was sent may
/// still be done.
class SignedAsk {
public:
    using Then = std::function<void(Result<Octets, ServerRefusal>)>;

    /// Asks the server of `zone`, with its key.
    /// @param message   Whole and unsigned; gets an id of its own.
    /// @param patience  For all of it.
    [[nodiscard]] static std::shared_ptr<SignedAsk> start(net::Loop& loop, const Clock& clock,
                                                          const ElsewhereZone& zone, Octets message,
                                                          Milliseconds patience, Then then);
    virtual ~SignedAsk() = default;
};

/// Whether `answer` is the server's to the request with this id; why not, for a person.
/// @param answers  Of that request. @param now  Unix seconds.
[[nodiscard]] Result<void, ServerRefusal> judge_signed_answer(OctetView answer, std::uint16_t id,
                                                              dnsd::TsigVerifier& answers,
                                                              dnsd::TsigTime now,
                                                              const ElsewhereZone& zone);

}  // namespace hairpin::acme
