// dnsd/rate_limit.hpp - how often one network is told the same thing over UDP.
//
// Who forges the source of questions makes us send answers to a victim. A client network that gets
// the same kind of answer about the same subject more often than the limit is answered no more
// until it has calmed down, but for every slip-th answer, which is sent empty with TC: a resolver
// that really asks goes on over TCP, or has shown a cookie and is not limited at all. The limiter
// is asked once an answer is made and says whether it is sent; it sends and counts nothing itself.
// It is asked in two steps, charge_for() and judge(): an account is seldom in the processor's
// cache, and comes there while other answers of the batch are made.
//
// An account is one point in time, "due": each answer moves it by 1 s / limit, and it falls behind
// by itself as time goes by. An account whose due has passed is worth nothing and its slot is free.
//
//   now ---- 1 s: answered ---- due? ---- window: held back, and the debt grows no further ----
//
// Accounts live in buckets of four (one cache line); a keyed hash chooses the bucket. A new account
// takes the slot of the lightest, never of one that is being held back: a flood from a million
// networks does not free the one that floods, and nobody is held back for what others did.
//
// Standards None. ISC-TN-2012-1 describes what BIND, Knot DNS and NSD do; docs/adr/0007.
// Threads   One; each worker has its own.
// Cost      Allocates once. Then one SipHash and one cache line for each limit that applies. Nobody
//           sees the hashes, so they are SipHash-1-3.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/siphash.hpp"
#include "dnsd/counters.hpp"

namespace hairpin::dnsd {

/// What is counted apart, and by what besides the client's network.
enum class AnswerKind : std::uint8_t {
    Positive,  // The QNAME; the zone where a wildcard or a DNAME answers.
    NoData,    // The same.
    NxDomain,  // The zone.
    Referral,  // The zone cut.
    Error,     // Nothing: all refusals are alike.
    All,       // Nothing: every answer counts here too.
};
inline constexpr std::size_t kAnswerKinds = 6;
[[nodiscard]] std::string_view to_string(AnswerKind kind) noexcept;
[[nodiscard]] AnswerKind kind_of(Outcome outcome) noexcept;

enum class RateLimiting : std::uint8_t {
    Off,
    LogOnly,  // Judged, counted and told, and everything is sent.
    On,
};

struct RateLimits {
    RateLimiting mode = RateLimiting::Off;
    /// Answers a second to one network, by AnswerKind; 0: not limited.
    std::array<std::uint32_t, kAnswerKinds> per_second{1000, 1000, 1000, 1000, 1000, 0};
    /// How long a network that asked too often is held back once it stops, at most; 0: only what is
    /// over the limit is held back.
    Seconds window{15};
    /// Every how many answers held back one is sent empty with TC; 0: none.
    std::uint32_t slip = 1;
    unsigned ipv4_bits = 24;  // What is one network: 0..32
    unsigned ipv6_bits = 56;  // and 0..128.
    std::vector<Prefix> exempt;
    std::size_t slots = 16'384;  // Accounts of one worker, 16 octets each; rounded up.
    friend bool operator==(const RateLimits&, const RateLimits&) = default;
};

enum class Verdict : std::uint8_t { Send, Slip, Drop };

class RateLimiter {
public:
    /// The key is secret and random outside of tests.
    RateLimiter(const RateLimits& limits, const SipKey& key);
    RateLimiter(const RateLimiter&) = delete;
    RateLimiter& operator=(const RateLimiter&) = delete;

    /// New limits, from the next answer on. The number of slots stays.
    void set(const RateLimits& limits);
    [[nodiscard]] RateLimiting mode() const noexcept { return limits_.mode; }

    /// What an answer is charged to: good until the next set(). Empty: nothing limits it.
    class Charge {
    private:
        friend RateLimiter;
        std::uint64_t of_kind_ = 0;  // The hash of the account; its kind's cost is not 0.
        std::uint64_t of_all_ = 0;
        IpAddress client_;
        AnswerKind kind_ = AnswerKind::All;
        bool has_kind_ = false;
        bool has_all_ = false;
    };
    /// Of an answer over UDP to a client without a valid cookie. Asks for its accounts' memory and
    /// does not wait for it.
    /// @param subject  What it is about (Gist::subject), in any case.
    [[nodiscard]] Charge charge_for(const IpAddress& client, Outcome outcome,
                                    OctetView subject) const noexcept;
    /// Charges it, once. @return Whether the answer is sent.
    [[nodiscard]] Verdict judge(const Charge& charge, MonotonicTime now) noexcept;
    /// Both at once.
    [[nodiscard]] Verdict judge(const IpAddress& client, Outcome outcome, OctetView subject,
                                MonotonicTime now) noexcept {
        return judge(charge_for(client, outcome, subject), now);
    }

    /// A network that began to be held back.
    struct Beginning {
        IpAddress network;
        AnswerKind kind = AnswerKind::All;
    };
    /// How often that has happened, and when it first did since the last take_first().
    [[nodiscard]] std::uint64_t begun() const noexcept { return begun_; }
    [[nodiscard]] std::optional<Beginning> take_first() noexcept;

private:
    using Nanoseconds = std::uint64_t;
    struct Slot {
        Nanoseconds due = 0;
        std::uint32_t tag = 0;        // The part of the hash that the bucket does not say.
        std::uint16_t held_back = 0;  // Answers, for the slip; it may wrap.
        bool is_held_back = false;
    };
    struct alignas(64) Bucket {
        std::array<Slot, 4> slots;
    };

    [[nodiscard]] bool is_exempt(const IpAddress& client) const noexcept;
    [[nodiscard]] IpAddress network_of(const IpAddress& client) const noexcept;
    [[nodiscard]] std::uint64_t hash_of(const IpAddress& client, AnswerKind kind,
                                        OctetView subject) const noexcept;
    [[nodiscard]] std::size_t bucket_of(std::uint64_t hash) const noexcept {
        return hash & (buckets_.size() - 1);
    }
    [[nodiscard]] Slot* find(std::uint64_t hash, Nanoseconds now) noexcept;
    [[nodiscard]] Verdict charge(std::uint64_t hash, AnswerKind kind, const IpAddress& client,
                                 Nanoseconds now) noexcept;
    void note(const IpAddress& client, AnswerKind kind) noexcept;

    RateLimits limits_;
    std::array<Nanoseconds, kAnswerKinds> cost_{};  // Of one answer; 0: not limited.
    Nanoseconds window_ = 0;
    /// The bits of an address that say which network it is in, as words (SipHash::word_at).
    std::uint64_t ipv4_mask_ = 0;
    std::array<std::uint64_t, 2> ipv6_mask_{};
    const SipKey key_;
    const std::size_t slots_;
    std::vector<Bucket> buckets_;  // A power of two of them.
    std::uint64_t begun_ = 0;
    std::optional<Beginning> first_;
};

}  // namespace hairpin::dnsd
