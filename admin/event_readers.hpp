// admin/event_readers.hpp - who follows the events on one loop: streams, and long polls.
//
// A stream (text/event-stream) is written to as long as its peer takes it: where the server says
// that enough is queued, nothing more is read for it until there is room again, and a peer that
// takes nothing is closed by the server (net::ServerOptions::write_stall_time). A long poll is
// answered once. Both end when their credential does. Bounded per loop and per credential. One
// timer for all.
//
// Standards HTML Living Standard section 9.2 (server-sent events).
// Threads   The loop's thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "admin/problem.hpp"
#include "core/clock.hpp"
#include "net/loop.hpp"
#include "store/event_rows.hpp"

namespace hairpin::admin {

class Api;
struct Exchange;

enum class EventForm : std::uint8_t { Poll, Stream };

struct EventReader {
    std::shared_ptr<Exchange> exchange;
    EventForm form = EventForm::Poll;
    store::EventFilter filter;
    std::int64_t after = 0;    // The event up to which all was looked at.
    std::size_t limit = 100;   // Of a poll.
    MonotonicTime deadline{};  // When a poll is answered whatever there is; of a stream, when it
                               // is told that we are still here.
    bool is_full = false;      // Of a stream: its peer has enough to take.
    bool is_over = false;
};

class EventReaders {
public:
    static constexpr Milliseconds kTick{250};
    static constexpr Milliseconds kKeepAlive{15'000};

    /// Both outlive this.
    EventReaders(Api& api, net::Loop& loop);

    /// Answers a poll that has something to be told at once, and keeps the others.
    /// Errors: TooManyRequests too many follow already; Unavailable Hairpin stops. Then it is not
    /// answered.
    [[nodiscard]] Result<void, Problem> add(EventReader reader);
    /// There may be new events.
    void news();
    /// Sends all home, and takes no more.
    void end();
    [[nodiscard]] std::size_t size() const noexcept { return readers_.size(); }

private:
    using ReaderRef = std::shared_ptr<EventReader>;
    [[nodiscard]] Result<void, Problem> check_room(const EventReader& reader) const;
    void begin_stream(const ReaderRef& reader);
    void attend(const ReaderRef& reader);
    void answer_poll(EventReader& reader);
    void feed_stream(EventReader& reader);
    void write(EventReader& reader, std::string text);
    void finish(EventReader& reader);
    void tick();
    void sweep();
    void news_soon();

    Api& api_;
    net::Loop& loop_;
    std::vector<ReaderRef> readers_;
    bool is_ended_ = false;
    bool is_news_due_ = false;
    net::Timer timer_;  // Runs only while somebody follows.
};

}  // namespace hairpin::admin
