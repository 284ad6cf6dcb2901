// observer/dnstap.hpp - the dnstap sink: exchanges in, frames to a reader out.
//
// It joins the three parts: which zone an exchange is about (the published zones), how that is
// written (observer/dnstap_message.hpp), how it travels (observer/frame_stream.hpp). And it tells
// when a reader is gone, or does not keep up, once for each time.
//
// Threads   The watching one.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "dnsd/exchange.hpp"
#include "observer/dnstap_message.hpp"
#include "observer/frame_stream.hpp"
#include "observer/options.hpp"
#include "observer/sink_counters.hpp"
#include "zones/zone.hpp"

namespace hairpin::observer {

class Dnstap {
public:
    /// Off. The counters outlive it.
    explicit Dnstap(SinkCounters& counters) noexcept : counters_(counters) {}

    /// From now on. A connection to the same reader goes on, one to another ends; that may take up
    /// to kGoodbye.
    void set(const DnstapOptions& options);
    /// Only while on.
    void see(const dnsd::Exchange& exchange, const zones::ZoneTable& zones);
    /// Goes as far as it can without waiting. @return Whether there is more to send.
    bool advance(MonotonicTime now);
    /// Ends the connection in good form, within kGoodbye. set() may follow.
    void close();

    [[nodiscard]] bool is_connected() const noexcept { return stream_ && stream_->is_running(); }

    static constexpr Milliseconds kGoodbye{1'000};

private:
    void put(const dnsd::Exchange& exchange, Half half, OctetView zone);
    void tell_of_reader();
    void tell_of_pace(MonotonicTime now);

    SinkCounters& counters_;
    DnstapOptions options_;
    DnstapSpeaker speaker_;
    std::optional<FrameStream> stream_;
    bool is_out_ = false;               // No reader, and that was told.
    std::uint64_t dropped_before_ = 0;  // When the trouble began.
    std::uint64_t no_room_ = 0;         // Frames that a connected reader had no room for.
    std::uint64_t no_room_told_ = 0;
    MonotonicTime told_of_pace_{};  // Never: the epoch.
};

}  // namespace hairpin::observer
