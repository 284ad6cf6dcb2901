// admin/door_counters.hpp - what came of requests at the doors of stock clients.
//
// Threads   Any; relaxed, for metrics.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hairpin::admin {

enum class Door : std::uint8_t { AcmeDns, HttpReq, PowerDns, Dyndns, Update, Acme };
inline constexpr std::array<std::string_view, 6> kDoors{"acme-dns", "httpreq", "powerdns",
                                                        "dyndns2",  "update",  "acme"};
[[nodiscard]] constexpr std::string_view to_string(Door door) noexcept {
    return kDoors[static_cast<std::size_t>(door)];
}

enum class DoorOutcome : std::uint8_t {
    Done,
    Refused,  // What was asked is wrong, or a rule of zones refuses it.
    Denied,   // No valid credential, or one that may not.
    Limited,
    Failed,  // Our fault.
};
inline constexpr std::array<std::string_view, 5> kDoorOutcomes{"done", "refused", "denied",
                                                               "limited", "failed"};

/// What an answer with this HTTP status, or a problem of it, comes to.
[[nodiscard]] constexpr DoorOutcome outcome_of_status(int status) noexcept {
    if (status < 400) return DoorOutcome::Done;
    if (status == 401 || status == 403) return DoorOutcome::Denied;
    if (status == 429) return DoorOutcome::Limited;
    return status < 500 ? DoorOutcome::Refused : DoorOutcome::Failed;
}

class DoorCounters {
public:
    void add(Door door, DoorOutcome outcome) noexcept {
        counts_[index(door)][index(outcome)].fetch_add(1, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t of(Door door, DoorOutcome outcome) const noexcept {
        return counts_[index(door)][index(outcome)].load(std::memory_order_relaxed);
    }

private:
    using Count = std::atomic<std::uint64_t>;
    template <typename Enum>
    [[nodiscard]] static constexpr std::size_t index(Enum value) noexcept {
        return static_cast<std::size_t>(value);
    }
    std::array<std::array<Count, kDoorOutcomes.size()>, kDoors.size()> counts_{};
};

}  // namespace hairpin::admin
