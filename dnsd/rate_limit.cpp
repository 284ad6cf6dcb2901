#include "dnsd/rate_limit.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <functional>
#include <utility>

#include "zones/name.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kSlotsOfBucket = 4;
constexpr std::size_t kAddressOctets = 16;

constexpr std::size_t kWordOctets = SipHash13::kWordOctets;

/// A run of ones as long as the prefix, and zeros.
std::array<std::uint8_t, kAddressOctets> mask_of(unsigned bits) noexcept {
    std::array<std::uint8_t, kAddressOctets> mask{};
    for (unsigned bit = 0; bit < bits && bit < 8 * kAddressOctets; ++bit)
        mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | 0x80u >> bit % 8);
    return mask;
}

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
    const auto ipv4 = mask_of(std::min(limits.ipv4_bits, 32u));
    const auto ipv6 = mask_of(limits.ipv6_bits);
    ipv4_mask_ = SipHash13::word_at(ipv4.data());
    ipv6_mask_ = {SipHash13::word_at(ipv6.data()), SipHash13::word_at(&ipv6[kWordOctets])};
    for (std::size_t kind = 0; kind < kAnswerKinds; ++kind)
        cost_[kind] = limits.per_second[kind] == 0 ? 0 : kSecond / limits.per_second[kind];
}

bool RateLimiter::is_exempt(const IpAddress& client) const noexcept {
    return std::any_of(limits_.exempt.begin(), limits_.exempt.end(),
                       [&](const Prefix& prefix) { return prefix.contains(client); });
}

IpAddress RateLimiter::network_of(const IpAddress& client) const noexcept {
    const OctetView address = client.octets();
    const auto mask = mask_of(client.is_v4() ? limits_.ipv4_bits : limits_.ipv6_bits);
    std::array<std::uint8_t, kAddressOctets> octets{};
    std::transform(address.begin(), address.end(), mask.begin(), octets.begin(), std::bit_and<>());
    return client.is_v4() ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]})
                          : IpAddress::v6(octets);
}

/// Of what an account is for, as words: an IPv6 network, the subject in lower case, and a last one
/// that says how to read them: the kind, the family, the size of the subject, an IPv4 network.
std::uint64_t RateLimiter::hash_of(const IpAddress& client, AnswerKind kind,
                                   OctetView subject) const noexcept {
    const std::uint8_t* address = client.octets().data();
    SipHash13 hash(key_);
    std::uint64_t last = static_cast<std::uint64_t>(kind) | subject.size() << 16;
    if (client.is_v4()) {
        const std::uint64_t network = SipHash13::part_of_word({address, 4}) & ipv4_mask_;
        last |= network << 32;
    } else {
        last |= 1u << 8;
        hash.add(SipHash13::word_at(address) & ipv6_mask_[0]);
        hash.add(SipHash13::word_at(address + kWordOctets) & ipv6_mask_[1]);
    }
    for (; subject.size() >= kWordOctets; subject = subject.subspan(kWordOctets))
        hash.add(zones::lower_eight(SipHash13::word_at(subject.data())));
    if (!subject.empty()) hash.add(zones::lower_eight(SipHash13::part_of_word(subject)));
    return hash.end(last);
}

/// The account with this hash; a new one where there is none. Null: all slots it might have belong
/// to networks that are being held back.
RateLimiter::Slot* RateLimiter::find(std::uint64_t hash, Nanoseconds now) noexcept {
    Bucket& bucket = buckets_[bucket_of(hash)];
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    // Without a branch for each slot: where an account is, or which is the lightest, is chance.
    Slot* found = nullptr;
    Slot* lightest = bucket.slots.data();
    Nanoseconds least = lightest->due;
    for (Slot& slot : bucket.slots) {
        const bool is_it = slot.tag == tag && slot.due > now;
        found = is_it ? &slot : found;
        lightest = slot.due < least ? &slot : lightest;
        least = std::min(least, slot.due);
    }
    if (found != nullptr) return found;
    if (least > now && lightest->is_held_back) return nullptr;
    *lightest = Slot{now, tag, 0, false};
    return lightest;
}

Verdict RateLimiter::charge(std::uint64_t hash, AnswerKind kind, const IpAddress& client,
                            Nanoseconds now) noexcept {
    Slot* slot = find(hash, now);
    if (slot == nullptr) return Verdict::Send;
    const Nanoseconds due = slot->due + cost_[static_cast<std::size_t>(kind)];
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
        note(client, kind);
    }
    ++slot->held_back;
    return limits_.slip != 0 && slot->held_back % limits_.slip == 0 ? Verdict::Slip : Verdict::Drop;
}

RateLimiter::Charge RateLimiter::charge_for(const IpAddress& client, Outcome outcome,
                                            OctetView subject) const noexcept {
    Charge charge;
    if (limits_.mode == RateLimiting::Off || is_exempt(client)) return charge;
    charge.client_ = client;
    charge.kind_ = kind_of(outcome);
    charge.has_kind_ = cost_[static_cast<std::size_t>(charge.kind_)] != 0;
    charge.has_all_ = cost_[static_cast<std::size_t>(AnswerKind::All)] != 0;
    constexpr int kToWrite = 1;
    if (charge.has_kind_) {
        charge.of_kind_ = hash_of(client, charge.kind_, subject);
        __builtin_prefetch(&buckets_[bucket_of(charge.of_kind_)], kToWrite);
    }
    if (charge.has_all_) {
        charge.of_all_ = hash_of(client, AnswerKind::All, {});
        __builtin_prefetch(&buckets_[bucket_of(charge.of_all_)], kToWrite);
    }
    return charge;
}

Verdict RateLimiter::judge(const Charge& charge, MonotonicTime now) noexcept {
    const Nanoseconds at = to_nanoseconds(now);
    Verdict verdict = Verdict::Send;
    if (charge.has_kind_) verdict = this->charge(charge.of_kind_, charge.kind_, charge.client_, at);
    if (charge.has_all_)
        verdict =
            std::max(verdict, this->charge(charge.of_all_, AnswerKind::All, charge.client_, at));
    return verdict;
}

void RateLimiter::note(const IpAddress& client, AnswerKind kind) noexcept {
    ++begun_;
    if (!first_) first_ = Beginning{network_of(client), kind};
}

std::optional<RateLimiter::Beginning> RateLimiter::take_first() noexcept {
    return std::exchange(first_, std::nullopt);
}

}  // namespace hairpin::dnsd
