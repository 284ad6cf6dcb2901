// admin/certificate_waits.hpp - long polls that wait for a certificate to change.
//
// Each wait is woken by news about its server, or by its deadline, whichever comes first, exactly
// once; one whose client has gone is dropped at the next tick. Bounded per loop and per server. One
// timer for all of them.
//
// Threads   The loop's thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "core/clock.hpp"
#include "net/loop.hpp"

namespace hairpin::admin {

class CertificateWaits {
public:
    static constexpr Milliseconds kTick{250};

    struct Wait {
        MonotonicTime deadline;
        std::function<void()> wake;
        std::function<bool()> is_open;  // Whether anybody still waits.
    };

    CertificateWaits(net::Loop& loop, std::size_t most, std::size_t most_per_server);

    /// False: too many wait already.
    [[nodiscard]] bool add(std::int64_t server_id, Wait wait);
    /// Wakes all of a server. A wake may add a wait again.
    void news(std::int64_t server_id);
    [[nodiscard]] std::size_t size() const noexcept { return waits_.size(); }

private:
    void tick();

    net::Loop& loop_;
    std::size_t most_;
    std::size_t most_per_server_;
    std::unordered_multimap<std::int64_t, Wait> waits_;
    net::Timer timer_;  // Runs only while somebody waits.
};

}  // namespace hairpin::admin
