// dnsd/tcp_connection.hpp - one client's TCP connection: messages in, answers out, in order.
//
//                        part of a message
//            +---------------------------------------+
//            |                                       v
//   accept --> Idle <-- last message complete -- Receiving
//               ^  \                                 |
//     all taken |   \ peer takes no more             | peer takes no more
//               |    v                               v
//               +-- Sending <------------------------+
//
// An idle connection holds no buffer. While a peer does not read its answers, nothing of it is
// read: what it has sent waits in the kernel and in `rest`. So a connection costs at most one
// message and kBatchOctets plus one response, and only a peer that misbehaves gets that far. Each
// state has its own deadline (dnsd/tcp_limits.hpp); the server owns the clock and closes.
//
// Standards RFC 1035 section 4.2.2; RFC 7766 sections 6.2.1.1 (pipelining), 7 and 8; RFC 9210.
// Threads   The worker's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "dnsd/worker.hpp"

namespace hairpin::dnsd {

/// Buffers of one worker, lent to the connection that is being served.
class TcpScratch {
public:
    /// Read at once; a larger message is collected over several reads.
    static constexpr std::size_t kReadOctets = 16'384;
    /// Answers are handed to the kernel when they are this many.
    static constexpr std::size_t kBatchOctets = 16'384;

    TcpScratch();
    [[nodiscard]] std::span<std::uint8_t> input() noexcept { return input_; }
    [[nodiscard]] std::span<std::uint8_t> output() noexcept { return output_; }

    /// A copy of `octets` in a buffer from the shelf, if one is there.
    [[nodiscard]] Octets keep(OctetView octets);
    void give_back(Octets buffer);

private:
    std::vector<std::uint8_t> input_;
    std::vector<std::uint8_t> output_;
    std::vector<Octets> shelf_;
};

class TcpConnection {
public:
    /// Between messages.
    struct Idle {};
    /// A part of a message has come.
    struct Receiving {
        Octets partial;
    };
    /// The peer does not take its answers as fast as it asks.
    struct Sending {
        Octets output;
        std::size_t sent = 0;
        Octets rest;  // Received, not yet answered.
    };
    using State = std::variant<Idle, Receiving, Sending>;

    /// What the server does with the connection next.
    enum class Fate : bool { Close, Keep };

    /// @param socket  Connected and non-blocking. `peer`: with whom.
    TcpConnection(Fd socket, const IpAddress& peer) noexcept
        : socket_(std::move(socket)), peer_(peer) {}

    /// Reads once and answers what is complete. Not while Sending.
    [[nodiscard]] Fate on_readable(const Worker& worker, TcpScratch& scratch);
    /// Sends on, then answers what was received meanwhile. Only while Sending.
    [[nodiscard]] Fate on_writable(const Worker& worker, TcpScratch& scratch);
    /// Gives its buffers back.
    void release(TcpScratch& scratch);

    [[nodiscard]] const State& state() const noexcept { return state_; }
    [[nodiscard]] bool is_sending() const noexcept {
        return std::holds_alternative<Sending>(state_);
    }
    /// Moves on whenever the deadline of the state starts anew: with each message complete, each
    /// message begun and each time the peer stops taking answers.
    [[nodiscard]] std::uint64_t phase() const noexcept { return phase_; }
    [[nodiscard]] int socket() const noexcept { return socket_.get(); }

private:
    [[nodiscard]] Fate serve(const Worker& worker, TcpScratch& scratch, OctetView input);
    [[nodiscard]] Fate wait_for_rest(TcpScratch& scratch, OctetView partial);
    /// Octets the kernel took, perhaps none; nullopt when the connection is broken.
    [[nodiscard]] std::optional<std::size_t> send(OctetView octets) const noexcept;
    void enter(State next) noexcept {
        state_ = std::move(next);
        ++phase_;
    }

    Fd socket_;
    IpAddress peer_;
    State state_;
    std::uint64_t phase_ = 0;
};

}  // namespace hairpin::dnsd
