#include "dnsd/rate_limit.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "zones/name.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kSlotsOfBucket = 4;
constexpr std::size_t kAddressOctets = 16;

std::uint64_t to_nanoseconds(MonotonicTime time) noexcept {
    const auto since = std::chrono::nanoseconds(time.time_since_epoch()).count();
    return static_cast<std::uint64_t>(since);
}

}  // namespace

std::string_view to_string(AnswerKind kind) noexcept {
    switch (kind) {
        case AnswerKind::Positive:
            return "answers";
        case AnswerKind::NoData:
            return "nodata";
        case AnswerKind::NxDomain:
            return "nxdomain";
        case AnswerKind::Referral:
            return "referrals";
        case AnswerKind::Error:
            return "errors";
        case AnswerKind::All:
            return "all";
    }
    return "";
}

AnswerKind kind_of(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::Match:
        case Outcome::Alias:
        case Outcome::Redirection:
            return AnswerKind::Positive;
        case Outcome::Referral:
            return AnswerKind::Referral;
        case Outcome::NoData:
            return AnswerKind::NoData;
        case Outcome::NxDomain:
            return AnswerKind::NxDomain;
        case Outcome::Refused:
        case Outcome::CookieOnly:
            return AnswerKind::Error;
    }
    return AnswerKind::Error;
}

RateLimiter::RateLimiter(const RateLimits& limits, const SipKey& key)
    : key_(key), slots_(limits.slots) {
    set(limits);
}

void RateLimiter::set(const RateLimits& limits) {
    limits_ = limits;
    // Off needs no memory.
    if (limits.mode != RateLimiting::Off && buckets_.empty())
        buckets_.resize(std::bit_ceil(std::max<std::size_t>(slots_ / kSlotsOfBucket, 1)));
    window_ = static_cast<Nanoseconds>(limits.window.count()) * kSecond;
    for (std::size_t kind = 0; kind < kAnswerKinds; ++kind)
        cost_[kind] = limits.per_second[kind] == 0 ? 0 : kSecond / limits.per_second[kind];
}

bool RateLimiter::is_exempt(const IpAddress& client) const noexcept {
    return std::any_of(limits_.exempt.begin(), limits_.exempt.end(),
                       [&](const Prefix& prefix) { return prefix.contains(client); });
}

IpAddress RateLimiter::network_of(const IpAddress& client) const noexcept {
    std::array<std::uint8_t, kAddressOctets> octets{};
    const OctetView address = client.octets();
    const std::size_t bits = client.is_v4() ? limits_.ipv4_bits : limits_.ipv6_bits;
    const std::size_t whole = std::min(bits / 8, address.size());
    std::copy_n(address.begin(), whole, octets.begin());
    if (whole < address.size())
        octets[whole] = static_cast<std::uint8_t>(address[whole] & (0xff00u >> (bits % 8)));
    return client.is_v4() ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]})
                          : IpAddress::v6(octets);
}

/// The network's account of this kind; a new one where there is none. Null: all slots it might have
/// belong to networks that are being held back.
RateLimiter::Slot* RateLimiter::find(const IpAddress& network, AnswerKind kind, OctetView subject,
                                     Nanoseconds now) noexcept {
    std::array<std::uint8_t, kAddressOctets + 2 + zones::kMaxNameOctets> input;
    const OctetView address = network.octets();
    auto end = std::copy(address.begin(), address.end(), input.begin());
    *end++ = static_cast<std::uint8_t>(kind);
    end = std::transform(subject.begin(), subject.end(), end, zones::lower);
    const auto octets = static_cast<std::size_t>(end - input.begin());
    const std::uint64_t hash = siphash24(key_, OctetView(input).first(octets));

    Bucket& bucket = buckets_[hash & (buckets_.size() - 1)];
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    Slot* lightest = bucket.slots.data();
    for (Slot& slot : bucket.slots) {
        if (slot.tag == tag && slot.due > now) return &slot;
        if (slot.due < lightest->due) lightest = &slot;
    }
    if (lightest->due > now && lightest->is_held_back) return nullptr;
    *lightest = Slot{};
    lightest->due = now;
    lightest->tag = tag;
    return lightest;
}

Verdict RateLimiter::charge(const IpAddress& network, AnswerKind kind, OctetView subject,
                            Nanoseconds now) noexcept {
    const Nanoseconds cost = cost_[static_cast<std::size_t>(kind)];
    if (cost == 0) return Verdict::Send;
    Slot* slot = find(network, kind, subject, now);
    if (slot == nullptr) return Verdict::Send;
    const Nanoseconds due = slot->due + cost;
    if (due <= now + kSecond) {
        slot->due = due;
        slot->is_held_back = false;
        slot->held_back = 0;
        return Verdict::Send;
    }
    // What is held back is charged too, up to the window: who goes on asking stays held back.
    if (window_ != 0) slot->due = std::min(due, now + kSecond + window_);
    if (!slot->is_held_back) {
        slot->is_held_back = true;
        note(network, kind);
    }
    ++slot->held_back;
    return limits_.slip != 0 && slot->held_back % limits_.slip == 0 ? Verdict::Slip : Verdict::Drop;
}

Verdict RateLimiter::judge(const IpAddress& client, Outcome outcome, OctetView subject,
                           MonotonicTime now) noexcept {
    if (limits_.mode == RateLimiting::Off || is_exempt(client)) return Verdict::Send;
    const IpAddress network = network_of(client);
    const Nanoseconds at = to_nanoseconds(now);
    const Verdict of_kind = charge(network, kind_of(outcome), subject, at);
    const Verdict of_all = charge(network, AnswerKind::All, {}, at);
    return std::max(of_kind, of_all);
}

void RateLimiter::note(const IpAddress& network, AnswerKind kind) noexcept {
    ++begun_;
    if (!first_) first_ = Beginning{network, kind};
}

std::optional<RateLimiter::Beginning> RateLimiter::take_first() noexcept {
    return std::exchange(first_, std::nullopt);
}

}  // namespace hairpin::dnsd
