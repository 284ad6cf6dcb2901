// store/committer.hpp - the change path: the one writer of zones and of the database.
//
//   submit() -> queue -> group -> [ rows, prerequisites, rules, next snapshot, journal ] for each
//   work, in a savepoint of its own
//            -> COMMIT (durable) -> publish the table once -> verdicts
//
// Everything that waits (up to a bound) shares one transaction and one fsync; each work keeps its
// own verdict. A work that is refused is undone alone, rows and zones; the others do not see it.
// Works of one group on one zone share one new serial. Nothing is published that is not durable,
// nothing acknowledged that is not published (invariant 1).
//
// When COMMIT fails (disk full, I/O error) nobody is acknowledged, nothing is published, the next
// zones are dropped, and each work of the group gets Unavailable. Whether SQLite's last frames
// reached the disk is then unknown, so before the next group the serials of its zones are compared
// with the database; where it did take the change after all, those zones are loaded from it and
// published (store/write_connection.hpp). After the second failure in a row there is a pause before
// the next attempt. A row that somebody else changed fails the commit it is met in. So Unavailable
// means "not acknowledged": after a crash right behind it the change may be found to have happened.
// A deleted or replaced database file is an error, never a fresh start.
//
// A table, not this class, says what a zone is: open() takes the table that load_zones() made
// (store/load.hpp).
//
// Threads   submit, seen, used, holds, set_rules, counters, trouble: any thread. `done`, `rows`,
// `after`,
//           on_published, on_tsig_keys, on_servers, on_transfers, on_events and on_webhooks run on
//           the commit thread and must only hand over (rows and after: only write rows;
//           on_tsig_keys and on_transfers: read a few). No lock is held meanwhile.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/published.hpp"
#include "core/result.hpp"
#include "store/retention.hpp"
#include "store/seen.hpp"
#include "store/writer.hpp"
#include "zones/change.hpp"
#include "zones/edit.hpp"
#include "zones/history.hpp"
#include "zones/name.hpp"
#include "zones/zone.hpp"

namespace hairpin::store {

struct WorkReceipt {
    std::vector<zones::ZoneReceipt> zones;  // In the order of Change::zones.
};

/// Error: the rows said no. Refusal: the zones said no, or nothing is durable (Unavailable).
using WorkRefusal = std::variant<Error, zones::Refusal>;
/// One face for both: NoSuchZone, OwnerMissing, RRsetMissing NotFound; ZoneExists, other
/// prerequisites Conflict; NotZone, Rule Invalid; TooLarge Limit; Unavailable Unavailable.
[[nodiscard]] Error to_error(const WorkRefusal& refusal);
[[nodiscard]] zones::Refusal to_refusal(const WorkRefusal& refusal);

/// What the audit calls a work.
struct AuditNote {
    std::string action = "change";
    std::string subject;  // Empty: the apexes of the change.
};

/// Rows and zones that change together or not at all.
struct Work {
    zones::Change change;  // May have no zones.
    AuditNote audit;
    /// Runs first. May complete `change` from what it reads (a free label, say).
    std::function<Result<void>(Writer& writer, zones::Change& change)> rows;
    /// Runs last, when the serials are known: idempotency rows.
    std::function<Result<void>(Writer& writer, const WorkReceipt& receipt)> after;
};

struct CommitterOptions {
    std::string path;
    zones::EditRules rules;
    /// The catalog zone that lists every zone made or dropped, in the same commit; where it exists.
    std::optional<zones::Name> catalog;
    std::size_t queue_capacity = 8192;  // Works that may wait; more get Unavailable at once.
    std::size_t group_size = 512;       // Works in one commit.
    std::size_t seen_capacity = 400'000;
    Milliseconds seen_interval{2000};  // Last-seen waits at most so long.
    std::size_t refused_audits_per_minute = 600;
    // Between attempts to get a lost database back; doubled up to 16 times between failing writes.
    Milliseconds reopen_interval{200};
    Retention retention;
    /// Zones whose serial moved (or that were dropped), after they were published: NOTIFY, events,
    /// metrics.
    std::function<void(const std::vector<zones::ZoneReceipt>&)> on_published;
    /// Names of TSIG keys whose credentials were made, changed or removed, once that is durable and
    /// before it is acknowledged. May name a key that did not change. Quick: commits wait for it.
    std::function<void(const std::vector<std::string>& names)> on_tsig_keys;
    /// Servers as in Touched::servers, as on_tsig_keys and after it.
    std::function<void(const std::vector<std::int64_t>& servers)> on_servers;
    /// Zones whose secondaries or transfer grants were written or went (Touched::transfers), as
    /// on_tsig_keys and after it.
    std::function<void(const std::vector<zones::Name>& apexes)> on_transfers;
    /// The newest event, where there are new ones, as on_tsig_keys and after it.
    std::function<void(std::int64_t last_event)> on_events;
    /// That some web-hook was made, written or went, the same way.
    std::function<void()> on_webhooks;
    std::string vfs;  // As in DatabaseOptions: for tests.
};

/// Relaxed: for metrics, not for decisions.
struct CommitterCounters {
    std::atomic<std::uint64_t> commits{0};         // Groups made durable.
    std::atomic<std::uint64_t> failed_commits{0};  // Of groups with works.
    std::atomic<std::uint64_t> works{0};           // Accepted.
    std::atomic<std::uint64_t> refused{0};         // By rows, prerequisites or rules.
    std::atomic<std::uint64_t> unavailable{0};     // Full queue, failed commit, stopping.
    std::atomic<std::uint64_t> rrset_rows{0};      // RRset rows written or deleted.
    std::atomic<std::uint64_t> seen_rows{0};
    std::atomic<std::uint64_t> pruned_rows{0};
    std::atomic<std::uint64_t> last_commit_microseconds{
        0};                                     // From the first work of the group to durable.
    std::atomic<std::uint64_t> last_group{0};   // Works in it.
    std::atomic<std::int64_t> published_at{0};  // Unix seconds: the newest table, whatever moved.
};

class Committer final : public zones::ChangeSink, public zones::FollowerSink {
public:
    using WorkDone = std::function<void(Result<WorkReceipt, WorkRefusal>)>;

    /// Opens and migrates nothing: the schema must be this program's (migrate() first). Starts the
    /// thread. `zones` holds what load_zones() made of the same database; it and `clock` outlive
    /// the committer. Errors: Unavailable, Corrupt as Database::open; Corrupt where `zones` is not
    /// of this database.
    [[nodiscard]] static Result<std::unique_ptr<Committer>> open(
        CommitterOptions options, const Clock& clock, Published<zones::ZoneTable>& zones);
    /// Stops.
    ~Committer() override;
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    /// zones/change.hpp. The audit calls it "change".
    void submit(zones::Change change, Done done) override;
    void submit(Work work, WorkDone done);

    /// Remembers what a server said, without a commit of its own: kept per server, the newest wins,
    /// written with the next commit or after seen_interval. Lost in a crash, by design.
    void seen(SeenUpdate update);
    /// Remembers that servers were heard (SeenBuffer::put_heard), the same way.
    void heard(std::span<const HeardAt> servers);
    /// Remembers when a credential was last used, the same way.
    void used(std::int64_t credential_id, WallTime at);
    /// Remembers what a secondary holds, the same way.
    void holds(zones::Held held) override;

    /// For the groups that follow.
    void set_rules(zones::EditRules rules);

    /// Finishes what is queued, then ends the thread; later submits get Unavailable. Twice is no
    /// harm.
    void stop();

    [[nodiscard]] const CommitterCounters& counters() const noexcept;
    [[nodiscard]] std::size_t queue_depth() const;
    /// Why nothing can be written now; empty while all is well. For readiness and the operator.
    [[nodiscard]] std::optional<Error> trouble() const;

private:
    class Impl;
    explicit Committer(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hairpin::store
