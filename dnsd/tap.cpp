#include "dnsd/tap.hpp"

namespace hairpin::dnsd {

void Tap::set(const Watch& watch, std::shared_ptr<ExchangeRing> ring) noexcept {
    watch_ = watch;
    const bool watches = watch.everything || watch.sample != 0;
    ring_ = watches ? std::move(ring) : nullptr;
    if (watch.sample != 0) choose_next();
}

void Tap::see(const Exchange& exchange) noexcept {
    const Audience audience{watch_.everything, is_sampled()};
    if (!audience.everything && !audience.sample) return;
    counters_.observed.add();
    if (!ring_->put(exchange, audience)) counters_.observed_dropped.add();
}

bool Tap::is_sampled() noexcept {
    if (watch_.sample == 0 || --until_sample_ != 0) return false;
    choose_next();
    return true;
}

/// The next is 1 to 2N-1 away, N on average: every Nth would see only one half of clients that ask
/// for A and AAAA in turns. xorshift64 is random enough for that, and cheap.
void Tap::choose_next() noexcept {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    until_sample_ = 1 + random_ % (2 * std::uint64_t{watch_.sample} - 1);
}

}  // namespace hairpin::dnsd
