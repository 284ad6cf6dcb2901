// net/stream.hpp - octets from and to one peer: over a connected socket as it is, or in TLS on it.
//
// For who watches the socket and counts octets and does not care how they travel. It decides
// nothing about time: handshakes, reads and writes go as far as they can without waiting. HTTP has
// its own (net/http_connection.hpp).
//
// In TLS one record is read at a time, and whole where there is room for kRecordOctets: what was
// not read is in the kernel, so that poll tells the truth.
//
// Standards RFC 8446 sections 4.6.3 (key updates) and 6.1 (close_notify); RFC 7858 section 3.
// Threads   One.

#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/fd.hpp"
#include "core/octets.hpp"
#include "net/tls.hpp"

namespace hairpin::net {

class Stream {
public:
    /// The most octets of one TLS record (RFC 8446 section 5.1).
    static constexpr std::size_t kRecordOctets = 16'384;

    /// In clear. @param socket  Connected and non-blocking.
    explicit Stream(Fd socket) noexcept;
    /// The server's side of TLS; begins with shake_hands(). Nullopt: no memory.
    [[nodiscard]] static std::optional<Stream> secure(Fd socket, const ServerTls& tls,
                                                      Application application);

    enum class Handshake : std::uint8_t { Done, WantsRead, WantsWrite, Failed };
    /// Goes on with the handshake. Only of secure(), until it is Done.
    [[nodiscard]] Handshake shake_hands() noexcept;

    /// Octets read into `room`; 0: none for now; nullopt: the peer has ended, or broken, its side.
    [[nodiscard]] std::optional<std::size_t> receive(std::span<std::uint8_t> room) noexcept;
    /// Octets taken, perhaps none; nullopt: the connection is broken. What was not taken has to
    /// come first in the next call, and all of it.
    [[nodiscard]] std::optional<std::size_t> send(OctetView octets) noexcept;
    /// Tells the peer in TLS that nothing follows, if that can be sent at once.
    void say_goodbye() noexcept;

    [[nodiscard]] bool is_secure() const noexcept { return tls_ != nullptr; }
    /// Of a handshake that is Done: TLS 1.3 at least, and the application agreed by ALPN.
    [[nodiscard]] bool is_modern() const noexcept;
    [[nodiscard]] int socket() const noexcept { return socket_.get(); }

private:
    struct FreeTls {
        void operator()(SSL* tls) const noexcept;
    };
    enum class Trouble : std::uint8_t { None, Wait, Broken };
    [[nodiscard]] Trouble trouble(int result) noexcept;

    Fd socket_;
    std::unique_ptr<SSL, FreeTls> tls_;  // Null: in clear.
    bool broken_ = false;                // TLS may not be used any more.
};

}  // namespace hairpin::net
