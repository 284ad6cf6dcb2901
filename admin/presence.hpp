// admin/presence.hpp - whether a server is online: heard from within three intervals.
//
// Computed whenever it is shown; stored when it flips, so that lists and counts agree. The sweep
// stores "offline" (in the committer's batches, not in a commit of its own), a heartbeat "online".
//
// Threads   online_now is pure. A PresenceSweep belongs to its loop.

#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "admin/context.hpp"
#include "core/clock.hpp"
#include "net/loop.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"

namespace hairpin::admin {

inline constexpr int kMissedIntervals = 3;

[[nodiscard]] inline Milliseconds presence_window(Seconds interval) noexcept {
    return interval * kMissedIntervals;
}
[[nodiscard]] store::Online online_now(const store::ServerRow& server, WallTime now,
                                       Milliseconds window) noexcept;

/// Run one of these in the whole process.
class PresenceSweep {
    struct Private {
        explicit Private() = default;
    };

public:
    PresenceSweep(Private, ApiContext& context, store::Reader reader) noexcept
        : context_(context), reader_(std::move(reader)) {}
    static constexpr std::size_t kRowsPerStep = 500;
    static constexpr Milliseconds kInterval{5'000};

    /// `context` and `loop` outlive this.
    [[nodiscard]] static std::unique_ptr<PresenceSweep> start(ApiContext& context, net::Loop& loop,
                                                              store::Reader reader);
    /// One step: marks up to kRowsPerStep silent servers as offline; the next step finds the rest.
    void step();

private:
    ApiContext& context_;
    store::Reader reader_;
    net::Timer timer_;
};

}  // namespace hairpin::admin
