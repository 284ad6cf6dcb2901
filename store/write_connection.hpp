// store/write_connection.hpp - the committer's connection, and whether it can be trusted.
//
// A connection is trusted when its database is the one we started on (identity row, file still in
// its place) and holds exactly the zones that readers see, serial by serial. All are compared when
// it is opened and when a row was found changed by somebody else; in between a commit keeps both in
// step, and notices that (store/zone_rows.hpp). After a failed COMMIT the zones of that group are
// *suspect*: the database may hold them as they were or as they would have become. Only they are
// then compared, and what the database holds is taken over, once it is surely on the disk.
//
//   trusted --failure--> doubted --rolled back, suspects agree or are taken over--> trusted
//      |                    | cannot be read, or changed by somebody else
//      | file gone          v
//      +---------------> closed --reopened, same identity, zones agree--> trusted
//                         ^  | cannot be opened, another database, zones differ
//                         +--+ tried again after an interval
//
// Another file of the same history (a copy put back) is accepted with a warning where every zone
// agrees; nothing is taken over from it.
//
// After the second failure in a row nothing is tried for reopen_interval, then for twice as long
// each time up to 16 times; everybody gets the last error meanwhile.
//
// A doubted connection is kept where it can be: SQLite then writes the next frames over those of
// the failed COMMIT, whereas reopening would replay them when they reached the log whole.
//
// Threads   The commit thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/clock.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "zones/zone.hpp"

namespace hairpin::store {

class WriteConnection {
public:
    struct Options {
        std::string path;
        std::string vfs;
        Milliseconds reopen_interval{200};
    };
    explicit WriteConnection(Options options) : options_(std::move(options)) {}

    /// What differed and was taken over from the database.
    struct Takeover {
        zones::ZoneTable table;
        std::vector<zones::ZoneReceipt> moved;
    };
    /// Makes sure of a trusted connection; then database() may be used for one group.
    /// @param table  What readers see.
    /// @param at     When what is taken over is published (Zone::published_at).
    /// @return Nothing, or the zones to publish before anything else.
    /// Errors: Unavailable, Corrupt: no trusted connection for now.
    [[nodiscard]] Result<std::optional<Takeover>> ensure(const zones::ZoneTable& table,
                                                         MonotonicTime now, WallTime at = {});
    /// Only after ensure() succeeded and before distrust().
    [[nodiscard]] Database& database() noexcept { return *database_; }
    /// After a failure, with the transaction rolled back. `suspects`: the zones whose rows are
    /// uncertain. Corrupt: all are.
    void distrust(const std::vector<zones::ZoneReceipt>& suspects, const Error& failure,
                  MonotonicTime now);
    /// A commit was durable: failures are no longer "in a row".
    void confirm() noexcept { failures_ = 0; }

private:
    enum class Doubt : std::uint8_t { None, Suspects, Everything };

    [[nodiscard]] Result<std::optional<Takeover>> reopen(const zones::ZoneTable& table);
    [[nodiscard]] Result<void> check_identity(Database& database);
    [[nodiscard]] Result<std::optional<Takeover>> compare_suspects(
        Database& database, const zones::ZoneTable& table) const;
    [[nodiscard]] Result<std::optional<Takeover>> compare(Database& database,
                                                          const zones::ZoneTable& table);
    [[nodiscard]] Result<void> take_over(Database& database, const zones::Name& apex,
                                         Takeover& takeover) const;
    [[nodiscard]] Result<std::optional<Takeover>> regain(const zones::ZoneTable& table);
    void wait_until(MonotonicTime time, const Error& error);

    Options options_;
    std::optional<Database> database_;
    Doubt doubt_ = Doubt::None;
    int failures_ = 0;  // In a row.
    Octets identity_;   // Empty before the first opening.
    std::optional<FileId> file_;
    std::unordered_set<zones::Name, zones::NameHash> suspects_;
    WallTime published_at_{};  // Of what ensure() is taking over.
    std::optional<MonotonicTime> next_attempt_;
    std::optional<Error> last_error_;
};

}  // namespace hairpin::store
