#include "store/write_connection.hpp"

#include <utility>

#include "store/load.hpp"
#include "store/migrations.hpp"
#include "store/row_reading.hpp"

namespace hairpin::store {
namespace {

constexpr std::size_t kWriterCacheOctets = 64u << 20;

Error differs(std::string subject) {
    return {ErrorCode::Corrupt, std::move(subject),
            "the database does not hold what is being served, as if it had been replaced while "
            "running: restart hairpind to serve what it holds"};
}

}  // namespace

Result<std::optional<WriteConnection::Takeover>> WriteConnection::ensure(
    const zones::ZoneTable& table, MonotonicTime now) {
    if (database_ && database_->is_lost()) database_.reset();
    if (database_ && !doubted_) return std::optional<Takeover>();
    if (next_attempt_ && now < *next_attempt_) return fail(*last_error_);
    auto regained = regain(table);
    if (regained) {
        doubted_ = false;
        suspects_.clear();
        next_attempt_.reset();
        return regained;
    }
    next_attempt_ = now + options_.reopen_interval;
    last_error_ = regained.error();
    return fail(*last_error_);
}

void WriteConnection::distrust(const std::vector<zones::ZoneReceipt>& suspects) {
    for (const zones::ZoneReceipt& suspect : suspects)
        suspects_.insert(suspect.apex);
    doubted_ = true;
}

Result<std::optional<WriteConnection::Takeover>> WriteConnection::regain(
    const zones::ZoneTable& table) {
    if (database_ && !database_->in_transaction()) {
        database_->forget_failure();
        auto compared = compare(*database_, table);
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
    database_.emplace(std::move(database));
    return takeover;
}

Result<void> WriteConnection::check_identity(Database& database) {
    Statement find = TRY(database.statement("SELECT id FROM identity"));
    const bool found = TRY(find.step());
    if (!found || (!identity_.empty() && identity_ != find.copy_octets(0)))
        return fail(differs(options_.path));
    identity_ = find.copy_octets(0);
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

Result<void> WriteConnection::take_over(Database& database, const zones::Name& apex,
                                        Takeover& takeover) const {
    const zones::ZoneRef held = TRY(load_zone(database, apex));
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
