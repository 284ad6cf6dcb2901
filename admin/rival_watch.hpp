// admin/rival_watch.hpp - second machines that report under a server's identity, for a while.
//
// A heartbeat from another machine than the one agreed is held back (heartbeat.hpp) and remembered
// here, so that the agreed machine's next report reveals that both are alive. In memory only: after
// a restart both report again within a minute. Bounded: when full, the oldest rival is forgotten.
//
// Threads   Any.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "core/ip_address.hpp"

namespace hairpin::admin {

struct Rival {
    std::string machine;
    IpAddress observed;
    WallTime at{};
    friend bool operator==(const Rival&, const Rival&) = default;
};

class RivalWatch {
public:
    static constexpr std::size_t kCapacity = 10'000;

    void remember(std::int64_t server_id, Rival rival);
    [[nodiscard]] std::optional<Rival> find(std::int64_t server_id) const;
    void forget(std::int64_t server_id);

private:
    Guarded<std::unordered_map<std::int64_t, Rival>> rivals_;
};

}  // namespace hairpin::admin
