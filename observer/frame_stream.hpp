// observer/frame_stream.hpp - frames to a reader at a Unix socket, who may come, go and dawdle.
//
//   Waiting -- connected, READY sent --> Offering -- ACCEPT; START sent --> Running
//      ^                                    |                                  |
//      '---- refused, gone, too late -------+---- gone, or broken -------------'
//                                                                    close(): STOP, FINISH, Off
//
// Nothing here waits but close(): the socket does not block, the kernel takes what it takes when
// advance() is called, and what no reader has room for is not put in. So it needs no thread and no
// loop of its own, which is what libfstrm's own writers would bring
// (docs/adr/0009-what-is-answered-is-watched-through-rings.md). Between failures it lets a growing
// time pass. A frame counts as written when the kernel has all of it, as dropped when the
// connection broke before.
//
// Standards Frame Streams (farsightsec/fstrm): the bidirectional handshake.
// Threads   One.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "observer/control_frame.hpp"
#include "observer/sink_counters.hpp"

namespace hairpin::observer {

class FrameStream {
public:
    /// Frames that wait for the kernel to take them.
    static constexpr std::size_t kBufferOctets = 1024 * 1024;
    static constexpr Milliseconds kFirstPause{500};
    static constexpr Milliseconds kLongestPause{10'000};
    /// For the reader to say ACCEPT.
    static constexpr Milliseconds kHandshake{5'000};

    /// @param path           Of the reader's socket.
    /// @param max_frame      Octets of the largest frame.
    FrameStream(std::string path, std::string_view content_type, std::size_t max_frame,
                SinkCounters& counters);

    /// Goes as far as it can: connects, agrees, sends.
    void advance(MonotonicTime now);
    /// Where the next frame is written, max_frame octets at least; empty: it cannot be taken now.
    [[nodiscard]] std::span<std::uint8_t> room();
    /// The first octets of room(), at least one, are a frame.
    void commit(std::size_t octets);
    /// Sends what waits, STOP, and waits for FINISH: for that long at most.
    void close(Milliseconds patience);

    [[nodiscard]] bool is_running() const noexcept {
        return std::holds_alternative<Running>(state_);
    }
    /// Whether the kernel has not taken everything yet.
    [[nodiscard]] bool has_waiting() const noexcept { return sent_ < end_; }
    /// Why the last connection failed or ended; empty: none did.
    [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

private:
    struct Waiting {
        MonotonicTime until{};
    };
    struct Offering {
        Fd socket;
        MonotonicTime deadline{};
        Octets received;
    };
    struct Running {
        Fd socket;
    };
    using State = std::variant<Waiting, Offering, Running>;

    void connect(MonotonicTime now);
    void await_accept(Offering& offering, MonotonicTime now);
    void run(Running& running, MonotonicTime now);
    void fail_with(std::string trouble, MonotonicTime now);
    void put_control(ControlType type, std::string_view content_type);
    /// False: the connection is broken.
    [[nodiscard]] bool send(int socket);
    void settle_frames();
    void make_room();
    void drop_all();

    const std::string path_;
    const std::string content_type_;
    const std::size_t max_frame_;
    SinkCounters& counters_;
    State state_;
    Milliseconds pause_ = kFirstPause;
    std::string trouble_;

    // frame_ <= sent_ <= end_: the first frame that is not all sent, what is sent, what is there.
    std::vector<std::uint8_t> buffer_;
    std::size_t frame_ = 0;
    std::size_t sent_ = 0;
    std::size_t end_ = 0;
    bool is_full_ = false;  // The kernel took no more; until advance() is called again.
};

}  // namespace hairpin::observer
