// bench/load/change_door.hpp - one name's address changed through one of the doors, for
// visible_load.
//
// One change at a time: begin(), then acknowledged() whenever the descriptor is readable.
//
// Threads   One.

#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"

namespace hairpin::bench {

struct DoorOptions {
    std::string over;  // "update", "dyndns2", "heartbeat" or "rest".
    Endpoint dns;
    Endpoint http;
    zones::Name name;    // Whose A record is changed: one label in its zone.
    std::string key;     // Of UPDATE: the name of the TSIG key (hmac-sha256).
    std::string secret;  // Its octets as text; a password; a token.
};

using Ipv4 = std::array<std::uint8_t, 4>;

class ChangeDoor {
public:
    virtual ~ChangeDoor() = default;
    [[nodiscard]] virtual int descriptor() const noexcept = 0;
    /// Asks for the address. Errors: Io, Protocol.
    [[nodiscard]] virtual Result<void> begin(const Ipv4& address) = 0;
    /// Whether the change was acknowledged. Errors: Protocol it was refused, or the answer is none.
    [[nodiscard]] virtual Result<bool> acknowledged() = 0;
};

/// `context` outlives the door. Errors: Invalid there is no such door; as connecting.
[[nodiscard]] Result<std::unique_ptr<ChangeDoor>> open_door(const DoorOptions& options,
                                                            SSL_CTX* context);

}  // namespace hairpin::bench
