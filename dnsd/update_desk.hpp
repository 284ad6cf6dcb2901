// dnsd/update_desk.hpp - the UPDATEs of one worker: judged, handed to the sink, answered when its
// verdict comes.
//
//   take() --> refused ----------------------------> answer at once
//         `--> pending -- verdict, through a mailbox --> answer, signed --> reply
//                     `-- deadline ---------------------> SERVFAIL
//
// The worker does not wait: other messages are answered meanwhile. A request is kept with its
// octets and its key until it is answered, for the answer is signed with both. Over a bound
// SERVFAIL is said at once, over TCP too: a stream that is not read would keep the questions behind
// the update waiting, and who is told may wait himself. Not here: sections
// (dnsd/update_message.hpp), permission and durability (dnsd/update_request.hpp).
//
// Standards RFC 2136 sections 3.1 (zone), 3.3 (no update without permission), 3.8 (the answer);
//           RFC 3007 section 3; RFC 8945 section 5.3.
// Threads   The worker's; verdicts come from any.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/mailbox.hpp"
#include "core/octets.hpp"
#include "dnsd/answer.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/counters.hpp"
#include "dnsd/exchange.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/query.hpp"
#include "dnsd/requestor.hpp"
#include "dnsd/update_memory.hpp"
#include "dnsd/update_request.hpp"
#include "dnsd/worker.hpp"
#include "net/loop.hpp"
#include "zones/change.hpp"

namespace hairpin::dnsd {

struct UpdateLimits {
    std::size_t in_flight = 1'024;                   // Of one worker.
    std::size_t in_flight_octets = 4 * 1024 * 1024;  // Of their messages; read, some 30 times that.
    std::size_t in_flight_per_connection = 128;
    /// Until a verdict; later nobody listens. The change may be done nevertheless.
    Milliseconds deadline{10'000};
    /// The same for what is in flight when the server stops.
    Milliseconds drain{1'000};
};

/// How an UPDATE came.
struct UpdateSource {
    Transport transport = Transport::Udp;
    Endpoint client;
    Endpoint server;
    std::size_t in_flight = 0;  // Of the connection.
};

class UpdateDesk {
public:
    /// Sends an answer that comes later. Called once, on the worker's thread.
    using Reply = std::function<void(OctetView answer)>;

    /// Answers are no longer than this, but for padding.
    static constexpr std::size_t kAnswerOctets = 4'096;

    /// Both outlive this. The sink has called every Done, or never will, before this is gone.
    UpdateDesk(const Worker& worker, UpdateSink& sink, const UpdateLimits& limits = {});
    ~UpdateDesk();
    UpdateDesk(const UpdateDesk&) = delete;
    UpdateDesk& operator=(const UpdateDesk&) = delete;

    /// Judges one message for which asks_for_update() holds.
    /// @param out  Room for an answer at once: kMinUdpOctets at least.
    /// @param gist What such an answer is about, for who limits them.
    /// @return Its octets; 0 for silence, to the repetition of what is in flight; nullopt: `reply`
    /// will have it.
    [[nodiscard]] std::optional<std::size_t> take(OctetView message, const UpdateSource& source,
                                                  std::span<std::uint8_t> out, Reply reply,
                                                  Gist& gist);

    [[nodiscard]] std::size_t in_flight() const noexcept { return pending_.size(); }
    [[nodiscard]] const UpdateLimits& limits() const noexcept { return limits_; }
    /// `done` is called once, when all are answered or UpdateLimits::drain is over. Call once.
    void drain(std::function<void()> done);

private:
    struct Pending {
        Octets message;  // Query and requestor look into it.
        Query query;
        Requestor who;
        TsigKeyRef key;  // As long as it signs the answer.
        UpdateSource source;
        Reply reply;
        std::optional<UpdateMemory::Mark> mark;  // Of a datagram.
        MonotonicTime deadline{};
        ExactTime received{};
    };
    struct Letter {
        std::uint64_t ticket = 0;
        Rcode rcode = Rcode::ServFail;
    };
    using Tickets = std::map<std::uint64_t, Pending>;

    [[nodiscard]] std::optional<Rcode> refuse(const Engine& engine, const Query& query,
                                              const Requestor& who) const noexcept;
    [[nodiscard]] std::optional<std::size_t> repeat(const Pending& update,
                                                    std::span<std::uint8_t> out);
    [[nodiscard]] bool is_full(const Pending& update) const noexcept;
    [[nodiscard]] std::size_t write(const Query& query, const Requestor& who, Rcode rcode,
                                    std::span<std::uint8_t> out, Gist& gist) const noexcept;
    void submit(Pending update, zones::ZoneChange change, std::optional<Rcode> prescan);
    void deliver();
    void answer(Tickets::iterator ticket, Rcode rcode);
    void look_at_deadlines();
    void check_drained();

    const Worker& worker_;
    UpdateSink& sink_;
    UpdateLimits limits_;
    std::shared_ptr<Mailbox<Letter>> box_;
    Tickets pending_;  // In the order of their deadlines.
    std::size_t pending_octets_ = 0;
    std::uint64_t last_ticket_ = 0;
    UpdateMemory memory_;
    std::vector<std::uint8_t> out_;
    net::Timer tick_;  // Runs while something is pending.
    bool draining_ = false;
    std::function<void()> on_drained_;
};

}  // namespace hairpin::dnsd
