// acme/listener_check.hpp - do our own DNS listeners answer a TXT value by now?
//
// Asks each listener over UDP, as the CA's resolver would, and looks for the value among the
// records of the answer. One question per value and listener, no repeats: asking again is the
// caller's. It resolves nothing and follows nothing.
//
// Standards RFC 1035 section 4.1, RFC 6891 (an OPT with 1232 octets).
// Threads   The loop's thread; `then` comes on the loop, never inside the call.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "net/loop.hpp"
#include "zones/name.hpp"

namespace hairpin::acme {

struct TxtQuestion {
    zones::Name owner;
    std::string value;  // Of one record, its character strings joined.
};

/// A check under way. Dropping it ends it; `then` is not called any more.
class ListenerCheck {
public:
    using Then = std::function<void(Result<void>)>;

    /// @param listeners  A wildcard address is asked over loopback. None at all is a success.
    /// Errors given to `then`: Unavailable  a listener does not answer within `patience`
    ///                         Protocol     it answers without the value; the cause says what
    ///                         Io           a socket could not be had, or nobody listens there.
    /// An answer that is cut short (TC) without the value does not count: the CA must not be told
    /// too early. Only a name with some twenty other TXT values meets that; the cause says so.
    [[nodiscard]] static std::shared_ptr<ListenerCheck> start(
        net::Loop& loop, const std::vector<Endpoint>& listeners, std::vector<TxtQuestion> questions,
        Milliseconds patience, Then then);
    virtual ~ListenerCheck() = default;
};

/// Where a listener is asked: a wildcard address over loopback.
[[nodiscard]] Endpoint reachable_listener(Endpoint listener);
/// The query message for one question: for tests.
[[nodiscard]] Octets txt_query(std::uint16_t id, const zones::Name& owner);
/// Whether `message` answers that query with the value; else why not, for a person.
/// Errors: Protocol it is no answer to this query at all and should be passed over.
[[nodiscard]] Result<bool> read_txt_answer(OctetView message, std::uint16_t id,
                                           const TxtQuestion& question, std::string& why);

}  // namespace hairpin::acme
