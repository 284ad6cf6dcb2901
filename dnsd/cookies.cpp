#include "dnsd/cookies.hpp"

#include <endian.h>

#include <array>
#include <cstring>

#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kTimeStampAt = 12;  // Behind client cookie, version and reserved.
constexpr std::size_t kHashAt = 16;       // What stands in front of it is hashed.

// RFC 9018 section 4.3: one hour into the past, five minutes into the future, and a fresh cookie
// for who shows one that is more than half an hour old.
constexpr std::int32_t kMaxAge = 3'600;
constexpr std::int32_t kMaxFuture = 300;
constexpr std::int32_t kFreshAge = 1'800;

/// What is hashed of an option beside the client's address, as words: client cookie; version,
/// reserved and time stamp.
struct HashedWords {
    std::uint64_t client_cookie;
    std::uint64_t head;
};

/// RFC 9018 section 4.4: 20 or 32 octets.
std::uint64_t hash(const SipKey& secret, const HashedWords& words,
                   const IpAddress& client) noexcept {
    const OctetView address = client.octets();
    SipHash24 hash(secret);
    hash.add(words.client_cookie);
    hash.add(words.head);
    return hash.end(address, kHashAt + address.size());
}
std::uint64_t hash(const SipKey& secret, OctetView option, const IpAddress& client) noexcept {
    return hash(secret,
                {SipHash24::word_at(&option[0]), SipHash24::word_at(&option[kClientCookieOctets])},
                client);
}

/// The client cookie, and a fresh server cookie behind it. Made in registers: what was just written
/// octet by octet is slow to read as a word.
void make(Cookie& cookie, OctetView option, const SipKey& secret, const IpAddress& client,
          std::uint32_t now) noexcept {
    constexpr unsigned kTimeStampShift = 8 * (kTimeStampAt - kClientCookieOctets);
    const std::uint64_t time = be32toh(htole32(now));  // Big-endian, within a little-endian word.
    const HashedWords words{SipHash24::word_at(option.data()), kVersion | time << kTimeStampShift};
    const std::array<std::uint64_t, 3> reply = {htole64(words.client_cookie), htole64(words.head),
                                                htole64(hash(secret, words, client))};
    static_assert(sizeof reply == kOurCookiesOctets);
    std::memcpy(cookie.reply.data(), reply.data(), sizeof reply);
}

enum class Maker : std::uint8_t { Nobody, Other, Current };

/// Who made the server cookie. The reserved octets are hashed as they came (RFC 9018 section 4.2).
Maker maker(const CookieSecrets& secrets, OctetView option, const IpAddress& client) noexcept {
    if (option.size() != kOurCookiesOctets || option[kClientCookieOctets] != kVersion)
        return Maker::Nobody;
    const std::uint64_t shown = SipHash24::word_at(&option[kHashAt]);
    if (hash(secrets.current, option, client) == shown) return Maker::Current;
    const bool of_other = secrets.other && hash(*secrets.other, option, client) == shown;
    return of_other ? Maker::Other : Maker::Nobody;
}

/// What a query's cookies are worth, and whether the server cookie is good for another time.
struct Worth {
    CookieState state;
    bool goes_back = false;
};

Worth judge(const CookieSecrets& secrets, OctetView option, const IpAddress& client,
            std::uint32_t now) noexcept {
    if (option.size() == kClientCookieOctets) return {CookieState::ClientOnly};
    const Maker made_by = maker(secrets, option, client);
    if (made_by == Maker::Nobody) return {CookieState::Bad};
    // RFC 9018 section 4.3: in serial number arithmetic (RFC 1982).
    const auto age = static_cast<std::int32_t>(now - zones::read_u32(&option[kTimeStampAt]));
    if (age > kMaxAge || age < -kMaxFuture) return {CookieState::Bad};
    return {CookieState::Valid, age <= kFreshAge && made_by == Maker::Current};
}

}  // namespace

Cookie judge_cookie(const CookiePolicy& policy, OctetView option, const IpAddress& client,
                    std::uint32_t now) noexcept {
    Cookie cookie;
    if (policy.use == CookieUse::Off || option.empty()) return cookie;
    const Worth worth = judge(policy.secrets, option, client, now);
    cookie.state = worth.state;
    if (worth.goes_back)
        std::memcpy(cookie.reply.data(), option.data(), kOurCookiesOctets);
    else
        make(cookie, option, policy.secrets.current, client, now);
    return cookie;
}

}  // namespace hairpin::dnsd
