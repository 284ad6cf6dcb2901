// dnsd/udp_server.hpp - one UDP socket of one worker: receives, answers, limits, sends, in batches.
//
// Standards RFC 1035 section 4.2.1.
// Threads   The worker's.
// Cost      Two system calls for up to 64 queries; no allocation.

#pragma once

#include <array>
#include <bitset>
#include <cstddef>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/rate_limit.hpp"
#include "dnsd/worker.hpp"
#include "net/loop.hpp"
#include "net/udp_batch.hpp"

namespace hairpin::dnsd {

class UdpServer {
public:
    /// Starts to serve `socket`. Worker and batch outlive this; the batch is shared by the worker's
    /// sockets.
    UdpServer(const Worker& worker, net::UdpBatch& batch, Fd socket);
    UdpServer(const UdpServer&) = delete;
    UdpServer& operator=(const UdpServer&) = delete;

    /// Whether the loop watches the socket; false when the kernel refused.
    [[nodiscard]] bool is_serving() const noexcept { return static_cast<bool>(poll_); }
    /// Answers what has been received and reads no more. The socket stays open for the answers to
    /// UPDATEs in flight.
    void drain() noexcept;

private:
    void answer_waiting() noexcept;
    [[nodiscard]] std::size_t answer_one(const Engine& engine, std::size_t index,
                                         const IpAddress& client, Gist& gist) noexcept;
    [[nodiscard]] std::size_t take_update(std::size_t index, OctetView message,
                                          Gist& gist) noexcept;
    void show(std::size_t count, const Stopwatch& since_receipt) noexcept;
    void keep_charge(const IpAddress& client, const Gist& gist) noexcept;
    void limit() noexcept;
    [[nodiscard]] std::size_t judge(std::size_t reply) noexcept;

    /// What a reply of this batch is charged to, and what is left of it if it is held back.
    struct Limited {
        RateLimiter::Charge charge;
        std::size_t opt_octets = 0;
    };

    const Worker& worker_;
    net::UdpBatch& batch_;
    Fd socket_;
    Endpoint bound_;
    std::bitset<net::UdpBatch::kDatagrams> pending_;          // Of this batch: answered later.
    std::array<Limited, net::UdpBatch::kDatagrams> limited_;  // By reply.
    net::Poll poll_;                                          // After socket_: it lets go first.
};

}  // namespace hairpin::dnsd
