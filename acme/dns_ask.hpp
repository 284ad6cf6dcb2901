// acme/dns_ask.hpp - asks one name server or resolver one question.
//
// Over UDP from a port of its own, twice within the patience; over TCP where the answer was cut
// short. It resolves nothing itself and follows nothing. For TXT values at our own listeners see
// listener_check.hpp, which asks many things at once.
//
// Standards RFC 1035 section 4.2, RFC 5452 section 9 (random port and id), RFC 7766.
// Threads   The loop's thread; `then` comes on the loop, never inside the call.

#pragma once

#include <functional>
#include <memory>

#include "acme/dns_answer.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "net/loop.hpp"

namespace hairpin::acme {

/// A question under way. Dropping it ends it; `then` is not called any more.
class DnsAsk {
public:
    using Then = std::function<void(Result<DnsAnswer>)>;

    /// Errors given to `then`: Unavailable no answer within `patience`
    ///                         Io          no socket, or nobody listens there
    ///                         Corrupt     the answer is broken.
    [[nodiscard]] static std::shared_ptr<DnsAsk> start(net::Loop& loop, const Endpoint& server,
                                                       DnsQuestion question, Milliseconds patience,
                                                       Then then);
    virtual ~DnsAsk() = default;
};

}  // namespace hairpin::acme
