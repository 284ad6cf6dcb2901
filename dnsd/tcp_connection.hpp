// dnsd/tcp_connection.hpp - one client's TCP connection: messages in, answers out, in order; in
// clear or inside TLS.
//
//   accept, TLS --> Handshaking -- agreed --> as after accept
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
// and from wherever messages are answered, when one asks for a zone transfer:
//
//   AXFR ----------------------------> Transferring -- last message taken --> as after Sending
//   IXFR --> Consulting -- history --------^
//
// An UPDATE is answered when it is durable; what is asked behind it is read and answered meanwhile
// (RFC 7766 section 6.2.1.1). Its answer goes out in whatever state the connection is then in, but
// for a transfer, whose end it waits for.
//
// An idle connection holds no buffer. While a peer does not read its answers, nothing of it is
// read: what it has sent waits in the kernel and in `rest`. So a connection costs at most one
// message and kBatchOctets plus one response, and only a peer that misbehaves gets that far. A
// transfer is made message by message, each when the socket has taken the one before; what else was
// asked waits until its end. Each state has its own deadline (dnsd/tcp_limits.hpp,
// dnsd/transfer_limits.hpp); the server owns the clock and closes.
//
// Standards RFC 1035 section 4.2.2; RFC 7766 sections 6.2.1.1 (pipelining), 7 and 8; RFC 9210;
//           RFC 5936 section 4.1; RFC 7858 section 3.3; RFC 9103 sections 7.1 and 7.2.
// Threads   The worker's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "dnsd/exchange.hpp"
#include "dnsd/transfer.hpp"
#include "dnsd/transfer_request.hpp"
#include "dnsd/update_desk.hpp"
#include "dnsd/worker.hpp"
#include "net/stream.hpp"

namespace hairpin::dnsd {

/// Buffers of one worker, lent to the connection that is being served.
class TcpScratch {
public:
    /// Read at once; a larger message is collected over several reads.
    static constexpr std::size_t kReadOctets = net::Stream::kRecordOctets;
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
    /// TLS is not agreed yet.
    struct Handshaking {
        bool wants_write = false;
    };
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
    /// An incremental transfer was asked for; its history is being read elsewhere.
    struct Consulting {
        TransferQuestion question;
        zones::ZoneRef zone;
        std::uint32_t from;                     // The serial that the client has.
        std::unique_ptr<MessageSigner> signer;  // Null: unsigned.
        TransferSlots::Slot slot;
        Octets rest;                      // As in Sending.
        std::optional<zones::Held> held;  // At the end, by a secondary.
    };
    /// A transfer is under way.
    struct Transferring {
        std::unique_ptr<Transfer> transfer;
        bool is_incremental;
        TransferSlots::Slot slot;
        Octets rest;    // As in Sending.
        Octets output;  // What the socket has not taken of the newest message, from `sent` on.
        std::optional<zones::Held> held;  // As in Consulting.
        std::size_t sent = 0;
        std::uint64_t handed = 0;        // Octets that the kernel has taken in all.
        std::uint64_t acknowledged = 0;  // Of those, by the peer, when that was last looked at.
    };
    using State = std::variant<Idle, Handshaking, Receiving, Sending, Consulting, Transferring>;

    /// What the server does with the connection next.
    enum class Fate : bool { Close, Keep };

    /// @param peer   With whom.
    /// @param local  Where it came to.
    TcpConnection(net::Stream stream, const Endpoint& peer, const Endpoint& local) noexcept
        : stream_(std::move(stream)), peer_(peer), local_(local) {
        if (stream_.is_secure()) state_ = Handshaking{};
    }

    /// Goes on with the handshake. Only while Handshaking.
    [[nodiscard]] Fate shake_hands();
    /// Reads once and answers what is complete. Only while Idle or Receiving.
    [[nodiscard]] Fate on_readable(const Worker& worker, TcpScratch& scratch);
    /// Sends on, then answers what was received meanwhile. Only while is_sending().
    [[nodiscard]] Fate on_writable(const Worker& worker, TcpScratch& scratch);
    /// Begins the transfer that was waited for; null: of the whole zone. Only while Consulting.
    void on_history(const Worker& worker, TcpScratch& scratch, const DifferenceRef& difference);
    /// Whether the peer of a transfer has acknowledged that much since this was asked last. False
    /// in every other state.
    [[nodiscard]] bool has_kept_pace(std::size_t octets);
    /// Who has the answers to UPDATEs brings them to send_late(). Before anything is read.
    void set_late_reply(UpdateDesk::Reply reply) { late_reply_ = std::move(reply); }
    /// UPDATEs whose answers are still to come.
    [[nodiscard]] std::size_t updates_in_flight() const noexcept { return updates_in_flight_; }
    /// Sends such an answer. In every state but Handshaking.
    [[nodiscard]] Fate send_late(TcpScratch& scratch, OctetView answer);
    /// The end: takes leave of the peer and gives its buffers back.
    void release(TcpScratch& scratch);

    [[nodiscard]] const State& state() const noexcept { return state_; }
    /// Whether it waits for the socket to take more answers.
    [[nodiscard]] bool is_sending() const noexcept {
        return std::holds_alternative<Sending>(state_) || is_transferring();
    }
    [[nodiscard]] bool is_handshaking() const noexcept {
        return std::holds_alternative<Handshaking>(state_);
    }
    /// What it waits for.
    [[nodiscard]] net::Interest interest() const noexcept;
    [[nodiscard]] bool is_transferring() const noexcept {
        return std::holds_alternative<Transferring>(state_);
    }
    /// What on_history() is to be told; null in every other state.
    [[nodiscard]] const Consulting* consulting() const noexcept {
        return std::get_if<Consulting>(&state_);
    }
    /// Moves on whenever the deadline of the state starts anew: with each message complete, each
    /// message begun and each time the peer stops taking answers.
    [[nodiscard]] std::uint64_t phase() const noexcept { return phase_; }
    [[nodiscard]] int socket() const noexcept { return stream_.socket(); }

private:
    [[nodiscard]] Fate serve(const Worker& worker, TcpScratch& scratch, OctetView input);
    /// Answers a transfer query in one message: its octets in `out`, 0 for silence. Or enters the
    /// state that goes on with it: nullopt.
    [[nodiscard]] std::optional<std::size_t> answer_transfer(const Worker& worker,
                                                             TcpScratch& scratch, OctetView message,
                                                             OctetView rest,
                                                             std::span<std::uint8_t> out);
    /// Hands an UPDATE on: nullopt; or refuses it at once: the octets in `out`.
    [[nodiscard]] std::optional<std::size_t> answer_update(const Worker& worker, OctetView message,
                                                           std::span<std::uint8_t> out);
    /// Sends what waited for the end of a transfer, or enters Sending with it.
    [[nodiscard]] Fate send_waiting(TcpScratch& scratch, OctetView rest);
    [[nodiscard]] Fate send_transfer(const Worker& worker, TcpScratch& scratch);
    [[nodiscard]] Fate end_transfer(const Worker& worker, TcpScratch& scratch);
    void show(const Worker& worker, OctetView asked, OctetView answered,
              const Stopwatch& since_receipt) const noexcept;
    /// A transfer's question, for whoever is shown it with the first message of its answer.
    void watch_from_now(OctetView query);
    void show_transfer(const Worker& worker, OctetView first_response);
    [[nodiscard]] Fate wait_for_rest(TcpScratch& scratch, OctetView partial);
    [[nodiscard]] Transport transport() const noexcept {
        return stream_.is_secure() ? Transport::Tls : Transport::Tcp;
    }
    void enter(State next) noexcept {
        state_ = std::move(next);
        ++phase_;
    }

    net::Stream stream_;
    Endpoint peer_;
    Endpoint local_;
    State state_;
    std::uint64_t phase_ = 0;
    std::size_t updates_in_flight_ = 0;
    UpdateDesk::Reply late_reply_;
    Octets late_;  // Answers to UPDATEs that wait for the end of a transfer.
    // The query of a transfer that is watched, until its first message is there; empty: none is.
    Octets watched_query_;
    ExactTime watched_since_{};
};

}  // namespace hairpin::dnsd
