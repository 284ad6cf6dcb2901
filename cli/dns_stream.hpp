// cli/dns_stream.hpp - one TCP connection to a name server: messages out, messages in, with an end.
//
// Blocking, for a program that has nothing else to do; every wait has two ends, that of the step
// and that of the whole. It does not look into messages.
//
// Standards RFC 1035 section 4.2.2, RFC 7766 section 8 (the length in front of each message).
// Threads   One.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::cli {

struct StreamTimes {
    Milliseconds idle{20'000};    // Without a single octet in either direction; for connecting too.
    Milliseconds whole{600'000};  // From the first to the last.
};

class DnsStream {
public:
    /// @param server  "192.0.2.1", "[2001:db8::1]:5353", "ns1.example.net:53"; without a port 53.
    /// Tries all addresses of a name.
    /// Errors: Invalid this is not a server's address; NotFound the name has no addresses;
    /// Unavailable nobody answers there.
    [[nodiscard]] static Result<DnsStream> open(std::string_view server, const StreamTimes& times);

    /// @param message  At most 65,535 octets.
    /// Errors: Unavailable the connection is gone, or a time is over.
    [[nodiscard]] Result<void> send(OctetView message);
    /// The next whole message, valid until the next call.
    /// Errors: as send(); an end in the middle of a message, or in front of one, says so.
    [[nodiscard]] Result<OctetView> receive();

private:
    DnsStream(Fd socket, std::string peer, const StreamTimes& times);
    [[nodiscard]] Result<void> wait_for(short events) const;
    [[nodiscard]] Result<void> read_exactly(std::size_t size);

    Fd socket_;
    std::string peer_;
    StreamTimes times_;
    MonotonicTime deadline_;
    Octets message_;
};

}  // namespace hairpin::cli
