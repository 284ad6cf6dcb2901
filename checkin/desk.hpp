// checkin/desk.hpp - where servers check in: the sockets, and the one thread that judges.
//
// Once a minute each server sends 32 octets. While what is published for it is right, nothing comes
// back and nothing is written but that it was heard; else it is challenged, and reports over HTTPS
// as it always could. The desk knows no store: what it must know of servers is handed to it
// (apply()), what it heard is handed on in batches.
//
// One thread is enough by far (bench/checkin_bench.cpp), and so nothing is shared: the register is
// its own, zones are a published snapshot, updates come as letters. While datagrams come it looks
// at its sockets every 100 ms, for waking up costs more than a check-in; and it hands on neighbours
// together, a twentieth of all each time, for rows that stand side by side in the database are
// written as one page.
//
// Standards docs/protocols/check-in.md.
// Threads   bind(), start(), stop() by the owner; apply(), counters(), endpoints() by any thread.
//           `heard` runs on the desk's thread and must only hand over.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "checkin/outcome.hpp"
#include "checkin/register.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/published.hpp"
#include "core/result.hpp"
#include "zones/zone.hpp"

namespace hairpin::checkin {

struct DeskOptions {
    std::vector<Endpoint> listen;      // Port 0: a free one.
    std::uint32_t per_network = 200;   // Datagrams a second; 0: no limit.
    std::size_t capacity = 1'000'000;  // Servers.
    /// How long what was heard is kept at most; within that time each server is handed on once.
    /// Less than an interval, or a server whose one check-in was lost would be taken for offline.
    Milliseconds hand_on{40'000};
    int receive_buffer_octets = 1 << 20;  // Of each socket.
};

struct HeardServer {
    std::uint64_t server = 0;
    WallTime at{};
    std::int64_t credential = 0;  // That it used; 0: that was said within the hour.
};
/// Servers that were heard and all is right with, by number, each once.
using Heard = std::function<void(std::span<const HeardServer> servers)>;

/// What is new about a server; none: it may not check in any more.
struct Update {
    std::uint64_t server = 0;
    std::optional<Enrolment> enrolment;
};

class Desk {
public:
    /// Binds the sockets; nothing is received yet. `zones` and `clock` outlive the desk. Errors: as
    /// net::bind_udp; Unavailable the kernel watches no further socket.
    [[nodiscard]] static Result<std::unique_ptr<Desk>> bind(const DeskOptions& options,
                                                            Published<zones::ZoneTable>& zones,
                                                            const Clock& clock);
    ~Desk();
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    /// Errors: Unavailable there is no thread.
    [[nodiscard]] Result<void> start(Heard heard);
    /// In the order of the calls; in front of the first datagram where they come before start().
    void apply(std::vector<Update> updates);
    /// Judges what has come by now and ends the thread. Twice is no harm.
    void stop();

    [[nodiscard]] const Counters& counters() const noexcept;
    [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept;

private:
    class Impl;
    explicit Desk(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hairpin::checkin
