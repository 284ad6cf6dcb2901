#include "dnsd/tap.hpp"

#include <algorithm>
#include <string_view>

#include "zones/rtype.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::string_view kChallengeLabel = "\x0f_acme-challenge";

/// Of a label, with its length before it, in any case of letters.
bool is_challenge_label(OctetView label) noexcept {
    return label.size() >= kChallengeLabel.size() &&
           std::equal(kChallengeLabel.begin(), kChallengeLabel.end(), label.begin(),
                      [](char wanted, std::uint8_t octet) {
                          const bool is_upper = octet >= 'A' && octet <= 'Z';
                          return wanted == static_cast<char>(is_upper ? octet | 0x20 : octet);
                      });
}

}  // namespace

bool asks_for_challenge(OctetView message) noexcept {
    if (message.size() < zones::kHeaderOctets || zones::read_u16(&message[4]) == 0) return false;
    if (is_challenge_label(message.subspan(zones::kHeaderOctets))) return true;
    const auto next = zones::skip_name(message, zones::kHeaderOctets);
    return next && message.size() - *next >= 2 &&
           zones::RType{zones::read_u16(&message[*next])} == zones::RType::CAA;
}

void Tap::set(const Watch& watch, std::shared_ptr<ExchangeRing> ring) noexcept {
    watch_ = watch;
    const bool watches = watch.everything || watch.sample != 0 || watch.challenges;
    ring_ = watches ? std::move(ring) : nullptr;
    if (watch.sample != 0) choose_next();
}

void Tap::see(const Exchange& exchange) noexcept {
    const Audience audience{watch_.everything, is_sampled(),
                            watch_.challenges && asks_for_challenge(exchange.query)};
    if (!audience.everything && !audience.sample && !audience.challenge) return;
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
