// dnsd/update_memory.hpp - UPDATEs that came as datagrams a moment ago, so that a repetition is
// answered and not done again.
//
// A client that hears nothing sends the same octets again. What is still in flight is answered
// once; what was answered gets the same answer, for doing it again could give another: the name
// that must not be in use is in use by now. Who repeats is known by key, ID, address, port and MAC;
// over a stream nobody repeats.
//
// Standards RFC 2136 sections 5.3 and 7.15 (repetition); RFC 8945 section 5.3.1 (a MAC is as good
// as
//           the octets).
// Threads   One.
// Cost      At most kMostAnswers answers of some 200 octets.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"

namespace hairpin::dnsd {

class UpdateMemory {
public:
    /// Clients give up long before; the signature is valid for longer (fudge).
    static constexpr Seconds kKept{30};
    static constexpr std::size_t kMostAnswers = 4'096;

    struct Mark {
        std::int64_t key = 0;
        Endpoint client;
        std::uint16_t id = 0;
        std::array<std::uint8_t, 64> mac{};
        friend bool operator==(const Mark&, const Mark&) = default;
    };
    [[nodiscard]] static Mark mark_of(std::int64_t key, const Endpoint& client, std::uint16_t id,
                                      OctetView mac) noexcept;

    /// The answer to what is known; empty while it is in flight; nullopt: it is new.
    [[nodiscard]] std::optional<OctetView> find(const Mark& mark, MonotonicTime now);
    /// It is in flight from now on.
    void begin(const Mark& mark);
    void answered(const Mark& mark, OctetView answer, MonotonicTime now);
    /// It may be tried again.
    void forget(const Mark& mark);
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    struct MarkHash {
        std::size_t operator()(const Mark& mark) const noexcept;
    };
    struct Old {
        Mark mark;
        MonotonicTime until;
    };
    void drop_old(MonotonicTime now);

    std::unordered_map<Mark, Octets, MarkHash> entries_;  // Empty: in flight.
    std::deque<Old> answered_;                            // In the order of their end.
};

}  // namespace hairpin::dnsd
