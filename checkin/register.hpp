// checkin/register.hpp - the servers that may check in: their keys, and how far each has come.
//
// What the store says of a server (Enrolment) is replaced whole when it changes; the newest time
// taken from it (Progress) stays meanwhile, and is in memory only: checkin/judge.hpp says what
// makes up for that after a restart. Published addresses are not here: they are the zone's.
//
// Memory    About 370 octets a server; servers over the capacity are left out.
// Threads   One: it belongs to the thread that judges.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checkin/datagram.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "zones/name.hpp"

namespace hairpin::checkin {

inline constexpr WallTime kForever = WallTime::max();

struct CheckInKey {
    Key key;
    WallTime until = kForever;    // From then on it is none.
    std::int64_t credential = 0;  // Whose key it is, by the store's number.
};

/// Keys of one server that are looked at: during a rotation there are two.
inline constexpr std::size_t kMaxKeys = 4;

/// A server as the store has it.
struct Enrolment {
    Octets public_name;            // Its wire form.
    std::uint8_t apex_at = 0;      // Where its zone's apex begins in there.
    std::vector<CheckInKey> keys;  // The newest first; kMaxKeys count.
    MachineTag machine{};          // Of the machine that reported last.
    /// An address that is right although it is not published: the source of the last report where
    /// that did not ask for it to be published, or where it may not stand in a public name.
    std::optional<IpAddress> reported_from;
    WallTime welcome_until = kForever;  // Suspended or expired from then on.

    void set_name(const zones::Name& name, const zones::Name& apex) {
        public_name.assign(name.wire().begin(), name.wire().end());
        apex_at = static_cast<std::uint8_t>(name.size() - apex.size());
    }
};

/// Where it was found that a source is right, one for each family: the same source is right as long
/// as the zone has that serial, for no serial stands for two contents (docs/adr/0005).
struct FoundRight {
    IpAddress source;
    std::uint32_t serial = 0;
    bool is_set = false;
};

/// How far a server has come.
struct Progress {
    std::uint64_t newest = 0;  // The latest time of an authentic check-in, in milliseconds.
    bool is_spent = false;     // It was counted as a sign of life.
};

class Register {
public:
    struct Row {
        Enrolment enrolment;
        Progress progress;
        std::array<FoundRight, 2> found_right;  // By family; of this enrolment's name.
        std::int64_t used_credential = 0;       // That was handed on last as used, ..
        WallTime used_at{};                     // .. and when.
    };

    explicit Register(std::size_t capacity) noexcept : capacity_(capacity) {}

    /// Puts a server, or what is new about it. False: there is no room for another.
    [[nodiscard]] bool put(std::uint64_t server, Enrolment enrolment) {
        const auto found = rows_.find(server);
        if (found != rows_.end()) {
            found->second.enrolment = std::move(enrolment);
            found->second.found_right = {};
            return true;
        }
        if (rows_.size() >= capacity_) return false;
        rows_.emplace(server, Row{std::move(enrolment), {}, {}});
        return true;
    }
    void erase(std::uint64_t server) noexcept { rows_.erase(server); }
    /// Null: there is no such server. Valid until the next put() or erase().
    [[nodiscard]] Row* find(std::uint64_t server) noexcept {
        const auto found = rows_.find(server);
        return found == rows_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

private:
    std::size_t capacity_;
    std::unordered_map<std::uint64_t, Row> rows_;
};

}  // namespace hairpin::checkin
