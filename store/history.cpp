#include "store/history.hpp"

#include <pthread.h>

#include <atomic>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/mailbox.hpp"
#include "store/journal_format.hpp"
#include "zones/condensed.hpp"

namespace hairpin::store {
namespace {

using zones::HistoryRequest;
using zones::HistorySource;
using zones::NoHistory;

/// Follows the rows of one zone from serial to serial.
class Chain {
public:
    explicit Chain(const HistoryRequest& request) : request_(request), serial_(request.from) {}

    enum class Next : std::uint8_t { More, Complete };

    /// The next row of the journal.
    [[nodiscard]] Result<Next, NoHistory> take(const JournalRow& row);
    /// No row follows.
    [[nodiscard]] bool is_complete() const noexcept { return serial_ == request_.to; }
    [[nodiscard]] zones::ZoneDifference difference() {
        return {request_.from, request_.to, condensed_.take()};
    }

private:
    const HistoryRequest& request_;
    zones::Condensed condensed_;
    std::uint32_t serial_;           // Where the steps taken so far lead to.
    std::uint32_t step_before_ = 0;  // The step taken last began here; more of its rows may follow
    bool any_ = false;               // (store/records.hpp).
};

Result<Chain::Next, NoHistory> Chain::take(const JournalRow& row) {
    const bool same_step = any_ && row.serial_before == step_before_ && row.serial_after == serial_;
    if (!same_step && is_complete()) return Next::Complete;
    // What a Drop ended or a Create began is another zone.
    const bool of_this_zone =
        row.action == zones::ZoneAction::Edit || row.action == zones::ZoneAction::Replace;
    if (!of_this_zone) return fail(NoHistory::Gone);
    if (!same_step && row.serial_before != serial_) return fail(NoHistory::Gone);

    auto rrsets = decode_difference(row.difference, request_.apex);
    if (!rrsets) return fail(NoHistory::Unavailable);
    for (zones::RRsetDifference& each : *rrsets)
        if (!condensed_.add(std::move(each))) return fail(NoHistory::Gone);
    if (condensed_.octets() > request_.most_octets) return fail(NoHistory::TooLarge);
    any_ = true;
    step_before_ = row.serial_before;
    serial_ = row.serial_after;
    return Next::More;
}

}  // namespace

HistorySource::Answer read_history(Queries& queries, const HistoryRequest& request,
                                   const std::function<bool()>& is_stopping) {
    // Rows move on while others are read (store/condensing.hpp).
    const auto snapshot = Snapshot::begin(queries.database());
    if (!snapshot) return fail(NoHistory::Unavailable);
    Chain chain(request);
    for (std::int64_t after_id = 0;;) {
        if (is_stopping()) return fail(NoHistory::Unavailable);
        const auto rows =
            queries.journal_since(request.apex, request.from, kHistoryPageRows, after_id);
        if (!rows) return fail(NoHistory::Unavailable);
        for (const JournalRow& row : *rows) {
            if (TRY(chain.take(row)) == Chain::Next::Complete) return chain.difference();
            after_id = row.id;
        }
        if (rows->size() == kHistoryPageRows) continue;
        if (!chain.is_complete()) return fail(NoHistory::Gone);
        return chain.difference();
    }
}

class History::Impl {
public:
    Impl(Reader reader, std::size_t capacity) : reader_(std::move(reader)), questions_(capacity) {}

    [[nodiscard]] Result<void> start() {
        try {
            thread_ = std::thread([this] {
                pthread_setname_np(pthread_self(), "history");
                run();
            });
        } catch (const std::system_error& error) {
            return fail(Error{ErrorCode::Unavailable, "history", error.what()});
        }
        return {};
    }
    void ask(const HistoryRequest& request, Done done) {
        Question question{request, std::move(done)};
        if (questions_.post(std::move(question))) return;
        // NOLINTNEXTLINE(bugprone-use-after-move): a refused letter is untouched.
        question.done(fail(stopping_.load() ? NoHistory::Unavailable : NoHistory::Busy));
    }
    void stop() {
        stopping_.store(true);
        questions_.close();
        if (thread_.joinable()) thread_.join();
    }

private:
    struct Question {
        HistoryRequest request;
        Done done;
    };

    void run() {
        for (;;) {
            std::vector<Question> waiting = questions_.wait_all();
            if (waiting.empty()) return;
            for (const Question& each : waiting)
                each.done(
                    read_history(*reader_, each.request, [this] { return stopping_.load(); }));
        }
    }

    Reader reader_;
    Mailbox<Question> questions_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

History::History(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

History::~History() {
    stop();
}

Result<std::unique_ptr<History>> History::open(const std::string& database_path,
                                               std::size_t queue_capacity) {
    auto impl = std::make_unique<Impl>(TRY(Reader::open(database_path)), queue_capacity);
    return std::unique_ptr<History>(new History(std::move(impl)));
}

Result<void> History::start() {
    return impl_->start();
}

void History::ask(const HistoryRequest& request, Done done) {
    impl_->ask(request, std::move(done));
}

void History::stop() {
    impl_->stop();
}

}  // namespace hairpin::store
