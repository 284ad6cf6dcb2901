// admin/bulk_worker.hpp - one thread for what would hold a loop up: reading and writing zone files.
//
// A zone of a million names takes a second to print. The loop hands such work over and goes on.
// Bounded: what does not fit is refused, and the caller answers 503.
//
// Threads   post() and stop() from any thread.

#pragma once

#include <cstddef>
#include <functional>
#include <thread>

#include "core/mailbox.hpp"

namespace hairpin::admin {

class BulkWorker {
public:
    explicit BulkWorker(std::size_t capacity = 16);
    ~BulkWorker() { stop(); }
    BulkWorker(const BulkWorker&) = delete;
    BulkWorker& operator=(const BulkWorker&) = delete;

    /// False when too much waits already, or after stop().
    [[nodiscard]] bool post(std::function<void()> job) { return jobs_.post(std::move(job)); }
    /// Finishes what waits and ends the thread. Twice is no harm.
    void stop();

private:
    Mailbox<std::function<void()>> jobs_;
    std::thread thread_;
};

}  // namespace hairpin::admin
