// tests/unit/dnsd/message_stream.hpp - what a stream has brought, cut into messages (RFC 1035
// section 4.2.2).
#pragma once

#include <cstddef>
#include <optional>

#include "core/octets.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd::tests {

class MessageStream {
public:
    void put(OctetView octets) { octets_.insert(octets_.end(), octets.begin(), octets.end()); }
    /// The next message, without its length; nullopt: it is not whole yet.
    std::optional<Octets> next() {
        if (octets_.size() < 2) return std::nullopt;
        const std::size_t size = zones::read_u16(octets_.data());
        if (octets_.size() < 2 + size) return std::nullopt;
        const auto end = octets_.begin() + 2 + static_cast<std::ptrdiff_t>(size);
        Octets message(octets_.begin() + 2, end);
        octets_.erase(octets_.begin(), end);
        return message;
    }

private:
    Octets octets_;
};

}  // namespace hairpin::dnsd::tests
