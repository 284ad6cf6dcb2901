// admin/token_buckets.hpp - how often each of many may do something.
//
// A token bucket per key. Bounded: when the table is full, the key that has been quiet the longest
// is forgotten.
//
// Threads   Any.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/guarded.hpp"

namespace hairpin::admin {

struct BucketOptions {
    double burst = 60;                // At once.
    Milliseconds refill{1'000};       // For each further one.
    std::size_t capacity = 8 * 1024;  // Keys remembered.
};

/// What one key may, where keys differ.
struct BucketRate {
    double burst = 60;
    double refill = 1'000;  // Milliseconds for each further one.
};

template <typename Key, typename Hash = std::hash<Key>>
class TokenBuckets {
public:
    explicit TokenBuckets(BucketOptions options) noexcept : options_(options) {}

    /// Takes one. Nullopt: it was there; else how long until there is one, 1 s or more.
    [[nodiscard]] std::optional<Seconds> take(const Key& key, MonotonicTime now) {
        return take(key, now, {options_.burst, static_cast<double>(options_.refill.count())});
    }
    /// The same at a rate of the key's own.
    [[nodiscard]] std::optional<Seconds> take(const Key& key, MonotonicTime now,
                                              const BucketRate& rate) {
        const double refill = rate.refill;
        return table_.with([&](Table& table) -> std::optional<Seconds> {
            Bucket& bucket = use(table, key, now, rate.burst);
            const double passed = static_cast<double>((now - bucket.at).count());
            bucket.left = std::min(rate.burst, bucket.left + passed / refill);
            bucket.at = now;
            if (bucket.left >= 1) {
                bucket.left -= 1;
                return std::nullopt;
            }
            const double wait = std::ceil((1 - bucket.left) * refill / 1000);
            return Seconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(wait)));
        });
    }
    [[nodiscard]] std::size_t size() const {
        return table_.with([](const Table& table) { return table.index.size(); });
    }

private:
    struct Bucket {
        Key key;
        double left;
        MonotonicTime at;
    };
    struct Table {
        std::list<Bucket> by_use;  // The most recent first.
        std::unordered_map<Key, typename std::list<Bucket>::iterator, Hash> index;
    };
    Bucket& use(Table& table, const Key& key, MonotonicTime now, double burst) {
        const auto found = table.index.find(key);
        if (found != table.index.end()) {
            table.by_use.splice(table.by_use.begin(), table.by_use, found->second);
            return table.by_use.front();
        }
        if (table.index.size() >= options_.capacity) {
            table.index.erase(table.by_use.back().key);
            table.by_use.pop_back();
        }
        table.by_use.push_front({key, burst, now});
        table.index.emplace(key, table.by_use.begin());
        return table.by_use.front();
    }

    BucketOptions options_;
    Guarded<Table> table_;
};

}  // namespace hairpin::admin
