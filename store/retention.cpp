#include "store/retention.hpp"

#include <algorithm>
#include <string_view>

#include "store/condensing.hpp"

namespace hairpin::store {
namespace {

Result<std::int64_t> one_number(Statement& statement) {
    const bool found = TRY(statement.step());
    return found ? statement.integer(0) : 0;
}

// The last row of the run of rows that were written at the same time as `id`: one commit. A commit
// is never cut, for half a step of a zone would look like a whole one.
Result<std::int64_t> end_of_commit(Database& database, std::int64_t id) {
    Statement find = TRY(database.statement(
        "SELECT coalesce((SELECT min(id) FROM journal WHERE id > ?1"
        " AND at <> (SELECT at FROM journal WHERE id = ?1)) - 1, (SELECT max(id) FROM journal))"));
    find.bind(id);
    return one_number(find);
}

// The same of the merged history, where a step of several rows has one time too.
Result<std::int64_t> end_of_merged_step(Database& database, std::int64_t id) {
    Statement find =
        TRY(database.statement("SELECT coalesce((SELECT min(id) FROM condensed WHERE id > ?1"
                               " AND at <> (SELECT at FROM condensed WHERE id = ?1)) - 1,"
                               " (SELECT max(id) FROM condensed))"));
    find.bind(id);
    return one_number(find);
}

// The newest row that age or size says must go, at most `rows` after the oldest; 0: none.
Result<std::int64_t> journal_cut(Database& database, const Retention& retention, WallTime now) {
    Statement find = TRY(database.statement(
        "SELECT coalesce(max(id), 0) FROM (SELECT id, at, octets_so_far, length(difference) AS size"
        " FROM journal ORDER BY id LIMIT ?1) WHERE at < ?2 OR octets_so_far - size <"
        " (SELECT octets_so_far FROM journal ORDER BY id DESC LIMIT 1) - ?3"));
    find.bind(static_cast<std::int64_t>(retention.rows_per_step), now - retention.journal_age,
              retention.journal_octets);
    return one_number(find);
}

Result<std::size_t> prune_journal(Database& database, const Retention& retention, WallTime now) {
    const std::int64_t cut = TRY(journal_cut(database, retention, now));
    if (cut == 0) return std::size_t{0};
    return condense_journal(database, TRY(end_of_commit(database, cut)));
}

// As journal_cut, of the merged history. Sizes are summed over the few rows of one step.
Result<std::int64_t> condensed_cut(Database& database, const Retention& retention, WallTime now) {
    Statement find = TRY(database.statement(
        "SELECT coalesce(max(id), 0) FROM (SELECT id, at, sum(size) OVER (ORDER BY id) - size AS "
        "before"
        " FROM (SELECT id, at, length(difference) AS size FROM condensed ORDER BY id LIMIT ?1))"
        " WHERE at < ?2 OR (SELECT condensed_octets FROM history_bounds) - before > ?3"));
    find.bind(static_cast<std::int64_t>(retention.rows_per_step),
              now - retention.journal_age - retention.condensed_age, retention.condensed_octets);
    return one_number(find);
}

Result<std::size_t> prune_condensed(Database& database, const Retention& retention, WallTime now) {
    const std::int64_t cut = TRY(condensed_cut(database, retention, now));
    if (cut == 0) return std::size_t{0};
    const std::int64_t end = TRY(end_of_merged_step(database, cut));
    TRY(
        database.run("UPDATE history_bounds SET lost_at = max(coalesce(lost_at, 0),"
                     " (SELECT max(at) FROM condensed WHERE id <= ?1))",
                     end));
    TRY(database.run("DELETE FROM condensed WHERE id <= ?1", end));
    return static_cast<std::size_t>(database.changed_rows());
}

Result<std::size_t> prune_followers(Database& database, const Retention& retention, WallTime now) {
    TRY(
        database.run("DELETE FROM zone_followers WHERE (zone_id, follower) IN (SELECT zone_id,"
                     " follower FROM zone_followers WHERE at < ?2 ORDER BY at LIMIT ?1)",
                     static_cast<std::int64_t>(retention.rows_per_step),
                     now - retention.journal_age - retention.condensed_age));
    return static_cast<std::size_t>(database.changed_rows());
}

Result<std::size_t> prune_audit(Database& database, const Retention& retention, WallTime now) {
    TRY(
        database.run("DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id, at FROM audit"
                     " ORDER BY id LIMIT ?1) WHERE at < ?2 OR id <= (SELECT max(id) FROM audit)"
                     " - ?3)",
                     static_cast<std::int64_t>(retention.rows_per_step), now - retention.audit_age,
                     retention.audit_rows));
    return static_cast<std::size_t>(database.changed_rows());
}

Result<std::size_t> prune_events(Database& database, const Retention& retention, WallTime now) {
    TRY(
        database.run("DELETE FROM events WHERE id IN (SELECT id FROM (SELECT id, at FROM events"
                     " ORDER BY id LIMIT ?1) WHERE at < ?2 OR id <= (SELECT max(id) FROM events)"
                     " - ?3)",
                     static_cast<std::int64_t>(retention.rows_per_step), now - retention.event_age,
                     retention.event_rows));
    return static_cast<std::size_t>(database.changed_rows());
}

Result<std::size_t> prune_idempotency(Database& database, const Retention& retention,
                                      WallTime now) {
    TRY(database.run(
        "DELETE FROM idempotency WHERE (credential_id, key) IN (SELECT credential_id,"
        " key FROM idempotency WHERE at < ?2 ORDER BY at LIMIT ?1)",
        static_cast<std::int64_t>(retention.rows_per_step), now - retention.idempotency_age));
    return static_cast<std::size_t>(database.changed_rows());
}

Result<std::size_t> prune_retired(Database& database, const Retention& retention, WallTime now) {
    TRY(database.run(
        "DELETE FROM retired_zones WHERE apex IN (SELECT apex FROM retired_zones WHERE at < ?2"
        " ORDER BY at LIMIT ?1)",
        static_cast<std::int64_t>(retention.rows_per_step), now - retention.retired_age));
    return static_cast<std::size_t>(database.changed_rows());
}

}  // namespace

Result<Pruned> prune(Database& database, const Retention& retention, WallTime now) {
    const std::size_t journal = TRY(prune_journal(database, retention, now));
    const std::size_t condensed = TRY(prune_condensed(database, retention, now));
    const std::size_t audit = TRY(prune_audit(database, retention, now));
    const std::size_t events = TRY(prune_events(database, retention, now));
    const std::size_t idempotency = TRY(prune_idempotency(database, retention, now));
    const std::size_t retired = TRY(prune_retired(database, retention, now));
    const std::size_t followers = TRY(prune_followers(database, retention, now));
    const std::size_t most =
        std::max({journal, condensed, audit, events, idempotency, retired, followers});
    return Pruned{journal + condensed + audit + events + idempotency + retired + followers,
                  most >= retention.rows_per_step};
}

}  // namespace hairpin::store
