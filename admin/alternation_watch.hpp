// admin/alternation_watch.hpp - two sources that take turns under one identity.
//
// A dyndns2 client or an UPDATE names no machine, so that a clone is seen by what it does: the
// public addresses go A, B, A, B within minutes, each from a source of its own. A line that really
// changed does not go back. The fourth turn is not taken: what the name holds then is A, the value
// agreed first, and it stays (heartbeats, which name their machine, have their own rule:
// heartbeat.hpp).
//
// In memory only: after a restart it is seen again four turns later. Bounded: when full, a server
// is forgotten.
//
// Threads   Any.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/ip_address.hpp"

namespace hairpin::admin {

class AlternationWatch {
public:
    static constexpr std::size_t kCapacity = 20'000;
    /// Four turns within this are no coincidence.
    static constexpr Milliseconds kWindow{15 * 60'000};

    /// Notes that `source` makes the server's public addresses `addresses`.
    /// @return The other source, where this is the fourth turn: it must not be taken.
    [[nodiscard]] std::optional<IpAddress> note(std::int64_t server_id,
                                                const std::string& addresses,
                                                const IpAddress& source, WallTime now);
    void forget(std::int64_t server_id);

private:
    struct Turn {
        std::string addresses;
        IpAddress source;
        WallTime at{};
    };
    using Turns = std::array<Turn, 3>;  // The oldest first; without addresses: none yet.
    Guarded<std::unordered_map<std::int64_t, Turns>> servers_;
};

}  // namespace hairpin::admin
