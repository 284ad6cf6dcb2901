// store/reader.hpp - typed questions to the store.
//
// Queries asks over a given connection; Reader is Queries with a read-only connection of its own,
// one per thread. A Reader sees every commit once it is durable, and never waits for the writer
// (WAL).
//
// Pages: at most `limit` rows (1..kMaxPage; more is cut to that) after the cursor, which is the
// last row's key of the page before; an empty cursor (or 0) is the beginning. Fewer rows than
// `limit` means the end.
//
// Errors everywhere: Unavailable or Corrupt as in sqlite_error.hpp. Not being there is an empty
// optional, no error.
//
// Threads   One thread per Reader.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/records.hpp"
#include "zones/name.hpp"

namespace hairpin::store {

inline constexpr std::size_t kMaxPage = 1000;

class Queries {
public:
    /// `database` outlives this.
    explicit Queries(Database& database) noexcept : database_(database) {}

    /// The credential with this SHA-256 of its token, its server and licence: one indexed query, a
    /// few microseconds. Whether it is expired, revoked or suspended is for the caller to judge.
    [[nodiscard]] Result<std::optional<Identity>> credential_by_hash(const Sha256& token_hash);
    /// The same by the credential's id: what a TSIG key stands for.
    [[nodiscard]] Result<std::optional<Identity>> identity(std::int64_t credential_id);
    [[nodiscard]] Result<std::optional<CredentialRow>> credential(std::int64_t id);
    /// The newest credential with that TSIG key that was not revoked. By index.
    [[nodiscard]] Result<std::optional<CredentialRow>> credential_by_tsig_name(
        std::string_view name);
    [[nodiscard]] Result<std::vector<CredentialRow>> credentials_of_server(std::int64_t server_id);
    [[nodiscard]] Result<std::vector<CredentialRow>> credentials(std::size_t limit,
                                                                 std::int64_t after_id);
    /// Those with grants of their own (neither operators' nor servers' tokens), by id.
    [[nodiscard]] Result<std::vector<CredentialRow>> granted_credentials(std::size_t limit,
                                                                         std::int64_t after_id);
    /// Those that a licence owns, by id.
    [[nodiscard]] Result<std::vector<CredentialRow>> credentials_of_licence(
        std::string_view licence, std::size_t limit, std::int64_t after_id);
    /// With grants of their own, owned by nobody but the operator.
    [[nodiscard]] Result<std::int64_t> count_operators_credentials();
    /// With grants of their own, owned by the licence or one of its servers.
    [[nodiscard]] Result<std::int64_t> count_credentials_of_licence(std::string_view licence);

    [[nodiscard]] Result<std::optional<LicenceRow>> licence(std::string_view name);
    [[nodiscard]] Result<std::optional<LicenceRow>> licence_of_zone(const zones::Name& apex);
    /// By name.
    [[nodiscard]] Result<std::vector<LicenceRow>> licences(std::size_t limit,
                                                           std::string_view after_name);

    [[nodiscard]] Result<std::optional<ServerRow>> server(std::int64_t id);
    [[nodiscard]] Result<std::optional<ServerRow>> server(std::string_view licence,
                                                          std::string_view label);
    /// By label. Labels sort as text: nur10 comes before nur2.
    [[nodiscard]] Result<std::vector<ServerRow>> servers(std::string_view licence,
                                                         std::size_t limit,
                                                         std::string_view after_label);
    /// Of all licences, by id.
    [[nodiscard]] Result<std::vector<ServerRow>> all_servers(std::size_t limit,
                                                             std::int64_t after_id);
    /// Online servers not seen since `time`, the longest silent first.
    [[nodiscard]] Result<std::vector<ServerRow>> silent_since(WallTime time, std::size_t limit);

    [[nodiscard]] Result<std::optional<ZoneRow>> zone(const zones::Name& apex);
    /// By apex as text.
    [[nodiscard]] Result<std::vector<ZoneRow>> zones(std::size_t limit,
                                                     std::string_view after_apex);
    /// The same of those with a catalog group of their own. Walks all zones: for the start.
    [[nodiscard]] Result<std::vector<ZoneRow>> grouped_zones(std::size_t limit,
                                                             std::string_view after_apex);

    /// Everything after `serial`, oldest first, rows with id > `after_id` only: IXFR. Empty when no
    /// step that is kept begins there (or the zone has that serial now).
    [[nodiscard]] Result<std::vector<JournalRow>> journal_since(const zones::Name& apex,
                                                                std::uint32_t serial,
                                                                std::size_t limit,
                                                                std::int64_t after_id = 0);
    /// Newest first, rows with id < `before_id` only (0: from the newest): history.
    [[nodiscard]] Result<std::vector<JournalRow>> journal_page(const zones::Name& apex,
                                                               std::size_t limit,
                                                               std::int64_t before_id);
    /// The row that holds a change; it may hold others of the zone too, or only stand around it.
    [[nodiscard]] Result<std::optional<JournalRow>> change_with(const zones::Name& apex,
                                                                std::int64_t id);
    [[nodiscard]] Result<std::optional<JournalRow>> oldest_change(const zones::Name& apex);
    [[nodiscard]] Result<HistoryBounds> history_bounds();

    /// Newest first, rows with id < `before_id` only (0: from the newest).
    [[nodiscard]] Result<std::vector<AuditRow>> audit(std::size_t limit, std::int64_t before_id);
    [[nodiscard]] Result<std::optional<IdempotencyRow>> idempotency(std::int64_t credential_id,
                                                                    std::string_view key);
    /// For metrics: walks indexes, so not for every request.
    [[nodiscard]] Result<Counts> counts();

    [[nodiscard]] Database& database() noexcept { return database_; }

private:
    Database& database_;
};

/// Keeps to its file, and follows when that file is replaced (a copy put back in its place, the log
/// deleted): looked at most four times a second, before a question. A database of another history
/// is not followed to; until hairpind is restarted what was read before goes on being read.
class Reader {
public:
    /// Errors: Unavailable, Corrupt as Database::open; the schema must be this program's.
    [[nodiscard]] static Result<Reader> open(const std::string& path);

    [[nodiscard]] Queries* operator->() {
        follow();
        return &queries_;
    }
    [[nodiscard]] Queries& operator*() { return *operator->(); }

private:
    Reader(std::unique_ptr<Database> database, Octets identity)
        : database_(std::move(database)), queries_(*database_), identity_(std::move(identity)) {}
    void follow();

    std::unique_ptr<Database> database_;  // On the heap: queries_ refers to it when a Reader moves.
    Queries queries_;
    Octets identity_;
    std::chrono::steady_clock::time_point next_look_{};
};

}  // namespace hairpin::store
