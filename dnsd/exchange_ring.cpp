#include "dnsd/exchange_ring.hpp"

#include <bit>

#include "core/assert.hpp"
#include "dnsd/codes.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::size_t kLeastRingOctets = 512 * 1024;
/// Of records: so a mark always fits into what is left before the end.
constexpr std::size_t kRecordAlignment = 8;

constexpr std::size_t aligned(std::size_t octets) noexcept {
    return (octets + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

void copy(std::uint8_t* to, OctetView octets) noexcept {
    if (!octets.empty()) std::memcpy(to, octets.data(), octets.size());
}

}  // namespace

ExchangeRing::ExchangeRing(std::size_t octets) : memory_(octets), mask_(octets - 1) {
    HAIRPIN_ASSERT(std::has_single_bit(octets) && octets >= kLeastRingOctets);
}

bool ExchangeRing::put(const Exchange& exchange, Audience audience) noexcept {
    HAIRPIN_ASSERT(exchange.query.size() <= kMaxMessageOctets &&
                   exchange.response.size() <= kMaxMessageOctets);
    const std::size_t needed =
        aligned(sizeof(Record) + exchange.query.size() + exchange.response.size());
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    const std::size_t until_end = room_until_end(head);
    const std::size_t skipped = needed > until_end ? until_end : 0;
    const std::uint64_t end = head + skipped + needed;
    if (end - known_tail_ > memory_.size()) {
        known_tail_ = tail_.load(std::memory_order_acquire);
        if (end - known_tail_ > memory_.size()) return false;
    }
    if (skipped != 0) {
        const std::uint32_t mark = 0;
        std::memcpy(memory_.data() + (head & mask_), &mark, sizeof mark);
        head += skipped;
    }

    const Record record{static_cast<std::uint32_t>(needed),
                        static_cast<std::uint32_t>(exchange.query.size()),
                        static_cast<std::uint32_t>(exchange.response.size()),
                        exchange.transport,
                        audience,
                        exchange.client,
                        exchange.server,
                        exchange.received,
                        exchange.sent};
    std::uint8_t* at = memory_.data() + (head & mask_);
    std::memcpy(at, &record, sizeof record);
    copy(at + sizeof record, exchange.query);
    copy(at + sizeof record + exchange.query.size(), exchange.response);
    head_.store(end, std::memory_order_release);
    return true;
}

}  // namespace hairpin::dnsd
