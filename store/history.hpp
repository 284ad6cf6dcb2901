// store/history.hpp - the journal as the source of incremental zone transfers.
//
// A thread of its own with a Reader of its own: nobody who answers questions waits for the disk. It
// reads the journal in pages from the serial asked for, checks that the rows follow one another
// without a hole, and condenses them. It does not judge whether the outcome is worth sending or
// fits a snapshot (dnsd/transfer_choice.hpp).
//
// Rows of a Drop or a Create between the two serials mean that the history is gone: what a
// secondary holds is another zone of the same name. A Replace is a difference like any other.
//
// Standards RFC 1995.
// Threads   ask() from any thread, also after stop(). Everything else on one thread.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "store/reader.hpp"
#include "zones/history.hpp"

namespace hairpin::store {

/// Rows read at once; one row holds at most about kJournalPartOctets.
inline constexpr std::size_t kHistoryPageRows = 32;

/// One question, on the calling thread. `is_stopping` is looked at between pages.
[[nodiscard]] zones::HistorySource::Answer read_history(
    Queries& queries, const zones::HistoryRequest& request,
    const std::function<bool()>& is_stopping = [] { return false; });

class History final : public zones::HistorySource {
public:
    /// Opens the database; what is asked before start() waits. Errors: as Reader::open.
    [[nodiscard]] static Result<std::unique_ptr<History>> open(const std::string& database_path,
                                                               std::size_t queue_capacity = 256);
    /// Starts the thread. Call once. Errors: Unavailable the kernel gives none.
    [[nodiscard]] Result<void> start();
    /// Stops.
    ~History() override;
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    void ask(const zones::HistoryRequest& request, Done done) override;
    /// Gives up what is being read, answers everything that waits with Unavailable and ends the
    /// thread: within one page of the journal. Safe to call again.
    void stop();

private:
    class Impl;
    explicit History(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hairpin::store
