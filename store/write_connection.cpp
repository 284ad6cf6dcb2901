#include "store/write_connection.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "store/load.hpp"
#include "store/migrations.hpp"
#include "store/row_reading.hpp"

namespace hairpin::store {
namespace {

constexpr std::size_t kWriterCacheOctets = 64u << 20;
constexpr int kMostDoublings = 4;

Error differs(std::string subject) {
    return {ErrorCode::Corrupt, std::move(subject),
            "the database does not hold what is being served, as if it had been replaced while "
            "running: restart hairpind to serve what it holds"};
}

}  // namespace

Result<std::optional<WriteConnection::Takeover>> WriteConnection::ensure(
    const zones::ZoneTable& table, MonotonicTime now, WallTime at) {
    published_at_ = at;
    if (database_ && database_->is_lost()) database_.reset();
    if (next_attempt_ && now < *next_attempt_) return fail(*last_error_);
    if (database_ && doubt_ == Doubt::None) return std::optional<Takeover>();
    auto regained = regain(table);
    if (regained) {
        doubt_ = Doubt::None;
        suspects_.clear();
        next_attempt_.reset();
        return regained;
    }
    wait_until(now + options_.reopen_interval, regained.error());
    return regained;
}

void WriteConnection::distrust(const std::vector<zones::ZoneReceipt>& suspects,
                               const Error& failure, MonotonicTime now) {
    for (const zones::ZoneReceipt& suspect : suspects)
        suspects_.insert(suspect.apex);
    doubt_ =
        std::max(doubt_, failure.code == ErrorCode::Corrupt ? Doubt::Everything : Doubt::Suspects);
    // The first may pass; a disk that stays full is not asked with every change.
    if (failures_ > 0) wait_until(now + options_.reopen_interval * (1 << (failures_ - 1)), failure);
    failures_ = std::min(failures_ + 1, kMostDoublings + 1);
}

void WriteConnection::wait_until(MonotonicTime time, const Error& error) {
    next_attempt_ = time;
    last_error_ = error;
}

Result<std::optional<WriteConnection::Takeover>> WriteConnection::regain(
    const zones::ZoneTable& table) {
    if (database_ && !database_->in_transaction()) {
        database_->forget_failure();
        auto compared = doubt_ == Doubt::Suspects ? compare_suspects(*database_, table)
                                                  : compare(*database_, table);
        // What is published must be durable, and that COMMIT did not say so.
        if (compared && *compared) TRY(database_->sync_log());
        if (compared) return compared;
    }
    database_.reset();
    return reopen(table);
}

Result<std::optional<WriteConnection::Takeover>> WriteConnection::reopen(
    const zones::ZoneTable& table) {
    DatabaseOptions options;
    options.access = Access::ReadWrite;
    options.cache_octets = kWriterCacheOctets;
    options.vfs = options_.vfs;
    Database database = TRY(Database::open(options_.path, options));
    TRY(check_schema(database));
    TRY(check_identity(database));
    auto takeover = TRY(compare(database, table));
    const bool is_other_file = file_ && *file_ != database.file();
    // Another file knows nothing of our last COMMIT: what it holds is no outcome of it.
    if (is_other_file && takeover) return fail(differs(options_.path));
    TRY(database.sync_log());
    if (is_other_file)
        log::logger("store").warn(
            "{} is another file than before, with the zones that are served: going on with it; "
            "credentials, licences and servers are as that file has them",
            options_.path);
    file_ = database.file();
    database_.emplace(std::move(database));
    return takeover;
}

Result<void> WriteConnection::check_identity(Database& database) {
    Octets found = TRY(read_identity(database));
    if (!identity_.empty() && identity_ != found) return fail(differs(options_.path));
    identity_ = std::move(found);
    return {};
}

// Every zone: the same serial on both sides, or a suspect.
Result<std::optional<WriteConnection::Takeover>> WriteConnection::compare(
    Database& database, const zones::ZoneTable& table) {
    Takeover takeover{table, {}};
    std::size_t agreeing = 0;
    std::unordered_set<zones::Name, zones::NameHash> uncertain = suspects_;
    Statement rows = TRY(database.statement("SELECT apex, serial FROM zones"));
    while (TRY(rows.step())) {
        const zones::Name apex = TRY(parse_apex(rows.text(0)));
        const zones::Zone* served = table.find(apex);
        const bool agrees = served != nullptr && served->serial() == rows.integer(1);
        if (!agrees && !suspects_.contains(apex)) return fail(differs(apex.text()));
        if (agrees) uncertain.erase(apex);
        agreeing += agrees ? 1 : 0;
    }
    for (const zones::Name& apex : uncertain) {
        if (table.find(apex) != nullptr) ++agreeing;  // Accounted for: it is taken over below.
        TRY(take_over(database, apex, takeover));
    }
    if (agreeing != table.size()) return fail(differs(options_.path));
    if (takeover.moved.empty()) return std::optional<Takeover>();
    return std::optional(std::move(takeover));
}

// After a failure of our own on a connection that we kept: no other zone can have moved.
Result<std::optional<WriteConnection::Takeover>> WriteConnection::compare_suspects(
    Database& database, const zones::ZoneTable& table) const {
    Takeover takeover{table, {}};
    for (const zones::Name& apex : suspects_) {
        Statement find = TRY(database.statement("SELECT serial FROM zones WHERE apex = ?1"));
        find.bind(apex.lower().text());
        const bool is_held = TRY(find.step());
        const zones::Zone* served = table.find(apex);
        const bool agrees =
            served == nullptr ? !is_held : is_held && find.integer(0) == served->serial();
        if (!agrees) TRY(take_over(database, apex, takeover));
    }
    if (takeover.moved.empty()) return std::optional<Takeover>();
    return std::optional(std::move(takeover));
}

Result<void> WriteConnection::take_over(Database& database, const zones::Name& apex,
                                        Takeover& takeover) const {
    const zones::ZoneRef held = TRY(load_zone(database, apex, published_at_));
    const zones::ZoneRef served = takeover.table.share(apex);
    if (!held && !served) return {};
    takeover.moved.push_back({apex, held ? held->serial() : served->serial(), true});
    if (held) {
        takeover.table.put(held);
    } else {
        takeover.table.erase(apex);
    }
    return {};
}

}  // namespace hairpin::store
