// admin/alarm_sweep.hpp - tells of certificates that something is wrong with, and when it is over.
//
// An alarm (acme/certificate_alarm.hpp) is a view of what is stored and of the time: nobody writes
// it. So the servers are looked through again and again, some at a time, and where the alarm is not
// what was told of last there is an event. One whose order just moved is looked at at once.
//
// Threads   Its loop's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "admin/context.hpp"
#include "core/clock.hpp"
#include "net/loop.hpp"
#include "store/certificate_overview.hpp"
#include "store/reader.hpp"

namespace hairpin::admin {

/// Run one of these in the whole process.
class AlarmSweep {
    struct Private {
        explicit Private() = default;
    };

public:
    AlarmSweep(Private, ApiContext& context, store::Reader reader) noexcept
        : context_(context), reader_(std::move(reader)) {}
    static constexpr std::size_t kServersPerStep = 500;
    static constexpr Milliseconds kInterval{1'000};  // Between steps, ..
    static constexpr Milliseconds kRest{30'000};     // .. and between rounds.

    /// `context` and `loop` outlive this.
    [[nodiscard]] static std::unique_ptr<AlarmSweep> start(ApiContext& context, net::Loop& loop,
                                                           store::Reader reader);
    /// Looks at the next servers, where it is time.
    void step();
    /// Looks at one server now.
    void look_at(std::int64_t server_id);

private:
    [[nodiscard]] Result<std::vector<store::CertificateOverview>> look(std::int64_t after,
                                                                       std::size_t most);

    ApiContext& context_;
    store::Reader reader_;
    std::int64_t last_ = 0;
    MonotonicTime rests_until_{};
    net::Timer timer_;
};

}  // namespace hairpin::admin
