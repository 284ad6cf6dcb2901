#include "store/committer.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "core/assert.hpp"
#include "core/guarded.hpp"
#include "core/log.hpp"
#include "core/mailbox.hpp"
#include "store/work_group.hpp"
#include "store/write_connection.hpp"
#include "zones/presentation.hpp"

namespace hairpin::store {
namespace {

using Verdict = Result<WorkReceipt, WorkRefusal>;

constexpr auto kRelaxed = std::memory_order_relaxed;

struct Letter {
    Work work;
    Committer::WorkDone done;
};

void refuse(const Letter& letter, std::string_view cause) {
    if (letter.done) letter.done(fail(WorkRefusal(not_durable(cause))));
}

// Once, when an RRset passes the mark: every change after that would say the same.
void warn_of_crowded(const std::vector<zones::ZoneReceipt>& moved) {
    for (const zones::ZoneReceipt& zone : moved) {
        if (zone.newly_crowded.empty()) continue;
        const zones::CrowdedRRset& first = zone.newly_crowded.front();
        log::logger("store").warn(
            "{} RRsets of {} now have more than {} records, {} {} with {} first: BIND as secondary "
            "refuses the zone by default",
            zone.newly_crowded.size(), zone.apex.text(), zones::kMostRecordsEverywhere,
            first.owner.text(), zones::type_text(first.type), first.records);
    }
}

// Lets the commit thread sleep until there is work, or a while.
class Alarm {
public:
    void ring() {
        {
            const std::lock_guard hold(mutex_);
            rung_ = true;
        }
        rung_changed_.notify_one();
    }
    void wait_for(Milliseconds most) {
        std::unique_lock hold(mutex_);
        rung_changed_.wait_for(hold, most, [this] { return rung_; });
        rung_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable rung_changed_;
    bool rung_ = false;
};

}  // namespace

class Committer::Impl {
public:
    Impl(CommitterOptions options, const Clock& clock, Published<zones::ZoneTable>& zones)
        : options_(std::move(options)),
          clock_(clock),
          published_(zones),
          table_(*zones.snapshot()),
          connection_({options_.path, options_.vfs, options_.reopen_interval}),
          rules_(std::make_shared<const zones::EditRules>(options_.rules)),
          budget_(options_.refused_audits_per_minute),
          queue_(options_.queue_capacity, [this] { alarm_.ring(); }),
          seen_(options_.seen_capacity) {}

    Result<void> start();
    void stop();
    void submit(Letter letter);

    SeenBuffer& seen() noexcept { return seen_; }
    void note_held(zones::Held held) { seen_.put_held(std::move(held), clock_.now()); }
    void set_rules(zones::EditRules rules) {
        rules_.with([next = std::make_shared<const zones::EditRules>(std::move(rules))](
                        auto& current) mutable { current = std::move(next); });
    }
    [[nodiscard]] const CommitterCounters& counters() const noexcept { return counters_; }
    [[nodiscard]] std::size_t queue_depth() const { return queue_.size(); }
    [[nodiscard]] std::optional<Error> trouble() const {
        return trouble_.with([](const auto& trouble) { return trouble; });
    }

private:
    struct Commit {
        std::vector<Verdict> verdicts;
        std::vector<zones::ZoneReceipt> moved;
        std::optional<Error> failure;
    };

    void run();
    void tick();
    [[nodiscard]] Milliseconds patience() const;
    void commit_in_groups(std::vector<Letter> letters);
    void commit_group(std::span<Letter> letters);
    [[nodiscard]] Result<void> ensure_connection();
    [[nodiscard]] Commit commit(std::span<Letter> letters);
    [[nodiscard]] Result<void> commit_transaction(std::span<Letter> letters, WorkGroup& group,
                                                  Commit& commit);
    [[nodiscard]] static Result<void> probe(Database& database);
    [[nodiscard]] Result<void> flush_seen(Database& database);
    [[nodiscard]] Result<void> prune_step(Database& database, WallTime now);
    void settle_upkeep(bool is_durable);
    void postpone_upkeep();
    void publish(const zones::ZoneTable& table, const std::vector<zones::ZoneReceipt>& moved);
    void note_publication();
    void tell_touched();
    void answer(std::span<Letter> letters, Commit& commit);
    void refuse_all(std::span<Letter> letters, const Error& error);
    void note_trouble(std::optional<Error> trouble);
    [[nodiscard]] bool seen_is_due(MonotonicTime now) const;
    [[nodiscard]] bool prune_is_due(MonotonicTime now) const { return now >= next_prune_; }

    const CommitterOptions options_;
    const Clock& clock_;
    Published<zones::ZoneTable>& published_;
    zones::ZoneTable table_;  // What is published.
    WriteConnection connection_;
    // What nobody was told of yet: a commit that failed may have happened after all.
    Touched touched_;
    Guarded<std::shared_ptr<const zones::EditRules>> rules_;
    RefusalBudget budget_;
    Alarm alarm_;
    Mailbox<Letter> queue_;
    SeenBuffer seen_;
    SeenBuffer::Batch flushing_;  // In the transaction that is not durable yet.
    MonotonicTime last_flush_{};
    bool flush_now_ = false;  // Stopping: whatever waits.
    MonotonicTime next_prune_{};
    std::size_t pruned_rows_ = 0;  // In the transaction that is not durable yet.
    CommitterCounters counters_;
    Guarded<std::optional<Error>> trouble_;
    std::atomic<bool> stopping_{false};
    std::once_flag stopped_;
    std::thread thread_;
};

Result<void> Committer::Impl::start() {
    const auto takeover = TRY(connection_.ensure(table_, clock_.monotonic()));
    HAIRPIN_ASSERT(!takeover);  // Nothing is suspect at the start.
    last_flush_ = clock_.monotonic();
    next_prune_ = clock_.monotonic() + options_.retention.interval;
    note_publication();  // Of the table that was loaded.
    thread_ = std::thread([this] { run(); });
    return {};
}

void Committer::Impl::stop() {
    std::call_once(stopped_, [this] {
        queue_.close();
        stopping_.store(true);
        alarm_.ring();
        if (thread_.joinable()) thread_.join();
    });
}

void Committer::Impl::submit(Letter letter) {
    if (queue_.post(std::move(letter))) return;
    counters_.unavailable.fetch_add(1, kRelaxed);
    // NOLINTNEXTLINE(bugprone-use-after-move): a refused letter is untouched (core/mailbox.hpp).
    refuse(letter, stopping_.load() ? "the server is stopping" : "too many changes are waiting");
}

void Committer::Impl::run() {
    while (!stopping_.load()) {
        std::vector<Letter> letters = queue_.take_all();
        if (letters.empty()) {
            alarm_.wait_for(patience());
            letters = queue_.take_all();
        }
        if (letters.empty()) {
            tick();
        } else {
            commit_in_groups(std::move(letters));
        }
    }
    commit_in_groups(queue_.take_all());  // The queue is closed: these are the last.
    flush_now_ = true;
    if (!seen_.empty()) commit_group({});
}

// How long to sleep when there is no work.
Milliseconds Committer::Impl::patience() const {
    if (prune_is_due(clock_.monotonic())) return Milliseconds{0};
    return std::min(options_.seen_interval, options_.retention.interval);
}

void Committer::Impl::tick() {
    const MonotonicTime now = clock_.monotonic();
    if (seen_is_due(now) || prune_is_due(now) || trouble()) {
        commit_group({});
    } else if (const auto ready = ensure_connection(); !ready) {
        note_trouble(ready.error());  // The file is gone: say so before somebody's change meets it.
    }
    published_.reclaim();
}

void Committer::Impl::commit_in_groups(std::vector<Letter> letters) {
    for (std::span<Letter> rest = letters; !rest.empty();) {
        const std::size_t size = std::min(options_.group_size, rest.size());
        commit_group(rest.first(size));
        rest = rest.subspan(size);
    }
}

void Committer::Impl::commit_group(std::span<Letter> letters) {
    const auto begin = std::chrono::steady_clock::now();
    if (const auto ready = ensure_connection(); !ready) {
        postpone_upkeep();
        refuse_all(letters, ready.error());
        return;
    }
    Commit done = commit(letters);
    if (done.failure) {
        connection_.distrust(done.moved, *done.failure, clock_.monotonic());
        settle_upkeep(false);
        postpone_upkeep();
        refuse_all(letters, *done.failure);
        return;
    }
    const auto spent = std::chrono::steady_clock::now() - begin;
    counters_.last_commit_microseconds.store(
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(spent).count()),
        kRelaxed);
    counters_.commits.fetch_add(1, kRelaxed);
    counters_.last_group.store(letters.size(), kRelaxed);
    connection_.confirm();
    settle_upkeep(true);
    note_trouble(std::nullopt);
    answer(letters, done);
}

Result<void> Committer::Impl::ensure_connection() {
    auto ready = connection_.ensure(table_, clock_.monotonic(), clock_.now());
    if (!ready) return fail(std::move(ready).error());
    if (*ready) publish((*ready)->table, (*ready)->moved);
    return {};
}

Committer::Impl::Commit Committer::Impl::commit(std::span<Letter> letters) {
    Commit commit;
    const auto rules = rules_.with([](const auto& current) { return current; });
    WorkGroup group(connection_.database(), table_, {*rules, options_.catalog},
                    {clock_.now(), clock_.monotonic()}, budget_);
    const auto committed = commit_transaction(letters, group, commit);
    commit.moved = group.moved();
    append(touched_, group.touched());
    if (!committed) {
        commit.failure = committed.error();
        return commit;
    }
    counters_.rrset_rows.fetch_add(group.rrset_rows(), kRelaxed);
    if (!commit.moved.empty()) publish(group.table(), commit.moved);
    tell_touched();
    return commit;
}

Result<void> Committer::Impl::commit_transaction(std::span<Letter> letters, WorkGroup& group,
                                                 Commit& commit) {
    Database& database = connection_.database();
    Transaction transaction = TRY(Transaction::begin(database));
    if (trouble()) TRY(probe(database));
    commit.verdicts.reserve(letters.size());
    for (Letter& letter : letters) {
        commit.verdicts.push_back(group.run(letter.work));
        if (group.failure()) return fail(*group.failure());
    }
    if (seen_is_due(clock_.monotonic())) TRY(flush_seen(database));
    if (prune_is_due(clock_.monotonic())) TRY(prune_step(database, clock_.now()));
    return transaction.commit();
}

// After trouble a commit must really write, or it proves nothing.
Result<void> Committer::Impl::probe(Database& database) {
    return database.run("UPDATE identity SET probes = probes + 1");
}

Result<void> Committer::Impl::flush_seen(Database& database) {
    flushing_ = seen_.take();
    last_flush_ = clock_.monotonic();
    const std::size_t broken = TRY(write_seen(database, flushing_));
    if (broken != 0)
        log::logger("store").warn("{} reports were not stored: a column was out of range", broken);
    return {};
}

Result<void> Committer::Impl::prune_step(Database& database, WallTime now) {
    const Pruned pruned = TRY(prune(database, options_.retention, now));
    pruned_rows_ = pruned.rows;
    next_prune_ =
        clock_.monotonic() + (pruned.more ? Milliseconds{0} : options_.retention.interval);
    return {};
}

void Committer::Impl::settle_upkeep(bool is_durable) {
    if (is_durable) {
        counters_.pruned_rows.fetch_add(pruned_rows_, kRelaxed);
        counters_.seen_rows.fetch_add(flushing_.size(), kRelaxed);
    } else {
        seen_.give_back(std::move(flushing_));
    }
    flushing_ = {};
    pruned_rows_ = 0;
}

// What is due stays due only until its next turn, or an idle thread would never sleep.
void Committer::Impl::postpone_upkeep() {
    const MonotonicTime now = clock_.monotonic();
    if (prune_is_due(now)) next_prune_ = now + options_.retention.interval;
}

void Committer::Impl::publish(const zones::ZoneTable& table,
                              const std::vector<zones::ZoneReceipt>& moved) {
    table_ = table;
    published_.publish(std::make_shared<const zones::ZoneTable>(table));
    note_publication();
    warn_of_crowded(moved);
    if (options_.on_published) options_.on_published(moved);
}

void Committer::Impl::note_publication() {
    counters_.published_at.store(to_unix_seconds(clock_.now()), kRelaxed);
}

void Committer::Impl::tell_touched() {
    const Touched touched = std::exchange(touched_, {});
    if (!touched.tsig_names.empty() && options_.on_tsig_keys)
        options_.on_tsig_keys(touched.tsig_names);
    if (!touched.servers.empty() && options_.on_servers) options_.on_servers(touched.servers);
    if (!touched.transfers.empty() && options_.on_transfers)
        options_.on_transfers(touched.transfers);
    if (touched.webhooks && options_.on_webhooks) options_.on_webhooks();
    if (touched.last_event != 0 && options_.on_events) options_.on_events(touched.last_event);
}

void Committer::Impl::answer(std::span<Letter> letters, Commit& commit) {
    for (std::size_t each = 0; each < letters.size(); ++each) {
        Verdict& verdict = commit.verdicts[each];
        (verdict ? counters_.works : counters_.refused).fetch_add(1, kRelaxed);
        if (letters[each].done) letters[each].done(std::move(verdict));
    }
}

void Committer::Impl::refuse_all(std::span<Letter> letters, const Error& error) {
    // An empty group is a look whether all is well again, nobody's commit.
    if (!letters.empty()) counters_.failed_commits.fetch_add(1, kRelaxed);
    counters_.unavailable.fetch_add(letters.size(), kRelaxed);
    note_trouble(error);
    for (const Letter& letter : letters)
        refuse(letter, error.cause);
}

// One line when it begins, changes or ends; not one for each group.
void Committer::Impl::note_trouble(std::optional<Error> trouble) {
    const bool is_new = trouble_.with([&](auto& current) {
        if (current == trouble) return false;
        current = trouble;
        return true;
    });
    if (!is_new) return;
    if (trouble) {
        log::logger("store").error(
            "changes are refused for now, answers go on from memory: {}: check the disk and the "
            "data directory",
            trouble->text());
    } else {
        log::logger("store").info("changes are accepted again");
    }
}

bool Committer::Impl::seen_is_due(MonotonicTime now) const {
    return (flush_now_ || now - last_flush_ >= options_.seen_interval) && !seen_.empty();
}

Committer::Committer(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Committer::~Committer() {
    stop();
}

Result<std::unique_ptr<Committer>> Committer::open(CommitterOptions options, const Clock& clock,
                                                   Published<zones::ZoneTable>& zones) {
    auto impl = std::make_unique<Impl>(std::move(options), clock, zones);
    TRY(impl->start());
    return std::unique_ptr<Committer>(new Committer(std::move(impl)));
}

void Committer::submit(zones::Change change, Done done) {
    Work work;
    work.change = std::move(change);
    submit(std::move(work), [done = std::move(done)](Verdict verdict) {
        if (!done) return;
        if (verdict) {
            done(zones::Receipt{std::move(verdict->zones)});
        } else {
            done(fail(to_refusal(verdict.error())));
        }
    });
}

void Committer::submit(Work work, WorkDone done) {
    impl_->submit({std::move(work), std::move(done)});
}

void Committer::seen(SeenUpdate update) {
    impl_->seen().put(std::move(update));
}
void Committer::holds(zones::Held held) {
    impl_->note_held(std::move(held));
}

void Committer::heard(std::span<const HeardAt> servers) {
    impl_->seen().put_heard(servers);
}
void Committer::used(std::int64_t credential_id, WallTime at) {
    impl_->seen().put_used(credential_id, at);
}
void Committer::set_rules(zones::EditRules rules) {
    impl_->set_rules(std::move(rules));
}
void Committer::stop() {
    impl_->stop();
}
const CommitterCounters& Committer::counters() const noexcept {
    return impl_->counters();
}
std::size_t Committer::queue_depth() const {
    return impl_->queue_depth();
}
std::optional<Error> Committer::trouble() const {
    return impl_->trouble();
}

}  // namespace hairpin::store
