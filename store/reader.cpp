#include "store/reader.hpp"

#include "store/migrations.hpp"
#include "store/row_reading.hpp"

namespace hairpin::store {
namespace {

// Filled as needed: the rows behind 50,000 servers' heartbeats.
constexpr std::size_t kReaderCacheOctets = 32u << 20;
// Looking costs two stat(2), a few microseconds.
constexpr Milliseconds kLookInterval{250};

Result<Database> open_for_readers(const std::string& path) {
    DatabaseOptions options;
    options.access = Access::ReadOnly;
    options.cache_octets = kReaderCacheOctets;
    Database database = TRY(Database::open(path, options));
    TRY(check_schema(database));
    return database;
}

}  // namespace

Result<Reader> Reader::open(const std::string& path) {
    auto database = std::make_unique<Database>(TRY(open_for_readers(path)));
    Octets identity = TRY(read_identity(*database));
    return Reader(std::move(database), std::move(identity));
}

void Reader::follow() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return;
    next_look_ = now + kLookInterval;
    if (!database_->is_lost() || database_->has_statements_out()) return;
    // While there is nothing to follow to, what was read last is as good as the zones that are
    // answered from memory; the committer says aloud what is wrong (store/committer.hpp).
    auto found = open_for_readers(database_->path());
    if (!found) return;
    const auto identity = read_identity(*found);
    if (!identity || *identity != identity_) return;
    *database_ = *std::move(found);
}

}  // namespace hairpin::store
