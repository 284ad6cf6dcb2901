// dnsd/message_signer.hpp - what puts a signature behind each message of a stream.
//
// An interface only: a transfer does not know what a key is. With TSIG an object of this kind holds
// the key and the digest of the message before (RFC 8945 section 5.3.1).
//
// Standards RFC 8945 section 5.3.1; RFC 5936 section 2.2.
// Threads   The worker's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hairpin::dnsd {

class MessageSigner {
public:
    virtual ~MessageSigner() = default;
    /// The most octets that sign() adds; every message leaves this room free.
    [[nodiscard]] virtual std::size_t room() const noexcept = 0;
    /// Adds the signature to the message in the first `used` octets of `buffer`, its header
    /// included (ARCOUNT grows by one). Called once for each message, in their order.
    /// @return The octets of the signed message.
    [[nodiscard]] virtual std::size_t sign(std::span<std::uint8_t> buffer,
                                           std::size_t used) noexcept = 0;
};

}  // namespace hairpin::dnsd
