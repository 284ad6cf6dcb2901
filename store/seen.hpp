// store/seen.hpp - what servers said since the last flush, one slot per server.
//
// A heartbeat that changes nothing costs no commit: it lands here, the newest wins, and the
// committer writes the slots in batches. Bounded: when `capacity` servers wait, a further one is
// dropped and counted.
//
// Threads   SeenBuffer: any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/records.hpp"

namespace hairpin::store {

struct SeenUpdate {
    std::int64_t server_id = 0;
    std::optional<WallTime> last_seen_at;
    std::optional<Report> report;  // Whole: replaces the report columns.
    std::optional<Online> online;
};

/// A server that was heard, and nothing else is known of it.
struct HeardAt {
    std::int64_t server_id = 0;
    WallTime at{};
};

class SeenBuffer {
public:
    explicit SeenBuffer(std::size_t capacity) noexcept : capacity_(capacity) {}

    void put(SeenUpdate update);
    /// Servers that were heard: online, and last seen then unless they were seen later. A call has
    /// each once.
    void put_heard(std::span<const HeardAt> heard);
    void put_used(std::int64_t credential_id, WallTime at);

    struct Batch {
        std::vector<SeenUpdate> servers;
        std::vector<HeardAt> heard;
        std::unordered_map<std::int64_t, WallTime> credentials;
        [[nodiscard]] std::size_t size() const noexcept {
            return servers.size() + heard.size() + credentials.size();
        }
    };
    [[nodiscard]] Batch take();
    /// After a failed commit: what came since then stays the newer.
    void give_back(Batch batch);
    [[nodiscard]] bool empty() const;
    [[nodiscard]] std::uint64_t dropped() const;

private:
    struct Slots {
        std::unordered_map<std::int64_t, SeenUpdate> servers;
        std::vector<HeardAt> heard;
        std::unordered_map<std::int64_t, WallTime> credentials;
        std::uint64_t dropped = 0;
    };
    std::size_t capacity_;
    Guarded<Slots> slots_;
};

/// Writes a batch inside the open transaction. A server or credential that is gone is passed over,
/// and so is a report that breaks a CHECK (its writer should have looked): one bad report must not
/// keep the others from the disk. @return How many broke one.
[[nodiscard]] Result<std::size_t> write_seen(Database& database, const SeenBuffer::Batch& batch);

}  // namespace hairpin::store
