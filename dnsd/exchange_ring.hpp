// dnsd/exchange_ring.hpp - exchanges on their way from one worker to the one thread that watches.
//
// A ring of octets, made once: a record for each exchange, its messages copied in. The worker never
// waits: what does not fit is not put in. The watcher never wakes the worker, nor the worker the
// watcher, who looks from time to time.
//
//   put():    room? -> copy -> head_ released
//   drain():  head_ acquired -> visit -> tail_ released
//
// Records are whole and never wrap: where the rest of the memory is too small for one, it is
// skipped.
//
// Threads   put() on one, drain() on one other.
// Cost      put() copies about 100 octets and the messages; no allocation, lock or system call.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "dnsd/exchange.hpp"

namespace hairpin::dnsd {

/// Who is to be shown an exchange.
struct Audience {
    bool everything = false;  // Who watches all of them (dnstap).
    bool sample = false;      // Who watches some (the query log).
    bool challenge = false;   // Who watches what CAs ask for.
};

class ExchangeRing {
public:
    /// Holds the exchanges of 10 milliseconds at a rate that no worker reaches.
    static constexpr std::size_t kOctets = 4 * 1024 * 1024;

    /// @param octets  A power of two, at least 512 KiB: two of the largest exchanges fit.
    explicit ExchangeRing(std::size_t octets = kOctets);
    ExchangeRing(const ExchangeRing&) = delete;
    ExchangeRing& operator=(const ExchangeRing&) = delete;

    /// False: there is no room, and nothing was put in.
    [[nodiscard]] bool put(const Exchange& exchange, Audience audience) noexcept;
    /// Shows what was put in before the call, in that order; `visit(const Exchange&, Audience)`.
    /// The views are valid inside it. @return How many there were.
    template <typename Visit>
    std::size_t drain(Visit&& visit) {
        const std::uint64_t head = head_.load(std::memory_order_acquire);
        std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        std::size_t count = 0;
        while (tail != head) {
            const std::size_t octets = show(tail, visit);
            tail += octets != 0 ? octets : room_until_end(tail);
            tail_.store(tail, std::memory_order_release);
            count += octets != 0 ? 1 : 0;
        }
        return count;
    }

private:
    /// What stands before the messages of one exchange.
    struct Record {
        std::uint32_t octets = 0;  // With everything; first, so that 0 can say: skip to the end.
        std::uint32_t query_octets = 0;
        std::uint32_t response_octets = 0;
        Transport transport = Transport::Udp;
        Audience audience;
        Endpoint client;
        Endpoint server;
        ExactTime received{};
        ExactTime sent{};
    };
    static_assert(std::is_trivially_copyable_v<Record>);

    [[nodiscard]] std::size_t room_until_end(std::uint64_t position) const noexcept {
        return memory_.size() - (position & mask_);
    }
    /// @return Octets of the record; 0: nothing was here but the mark to skip to the end.
    template <typename Visit>
    std::size_t show(std::uint64_t position, Visit& visit) const {
        const std::uint8_t* at = memory_.data() + (position & mask_);
        Record record;
        std::memcpy(&record.octets, at, sizeof record.octets);
        if (record.octets == 0) return 0;
        std::memcpy(&record, at, sizeof record);
        const OctetView query{at + sizeof record, record.query_octets};
        const OctetView response{query.data() + query.size(), record.response_octets};
        visit(Exchange{record.transport, record.client, record.server, record.received, record.sent,
                       query, response},
              record.audience);
        return record.octets;
    }

    std::vector<std::uint8_t> memory_;
    const std::uint64_t mask_;
    // Positions only grow; each side writes its own, on a cache line of its own.
    alignas(64) std::atomic<std::uint64_t> head_{0};
    std::uint64_t known_tail_ = 0;  // The worker's: the tail when it last had to look.
    alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace hairpin::dnsd
