#include "dnsd/cookies.hpp"

#include <algorithm>

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

/// RFC 9018 section 4.4, over the first 16 octets of the option and the client's address: 20 or 32
/// octets, as words.
std::uint64_t hash(const SipKey& secret, OctetView option, const IpAddress& client) noexcept {
    const OctetView address = client.octets();
    SipHash24 hash(secret);
    hash.add(SipHash24::word_at(&option[0]));
    hash.add(SipHash24::word_at(&option[SipHash24::kWordOctets]));
    return hash.end(address, kHashAt + address.size());
}

/// Puts a fresh server cookie behind the client cookie in `reply`.
void make(Cookie& cookie, const SipKey& secret, const IpAddress& client,
          std::uint32_t now) noexcept {
    cookie.reply[kClientCookieOctets] = kVersion;
    zones::write_u32(&cookie.reply[kTimeStampAt], now);
    const std::uint64_t value = hash(secret, cookie.reply, client);
    for (std::size_t each = 0; each < 8; ++each)
        cookie.reply[kHashAt + each] = static_cast<std::uint8_t>(value >> (8 * each));
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
    const std::size_t kept = worth.goes_back ? kOurCookiesOctets : kClientCookieOctets;
    std::copy_n(option.begin(), kept, cookie.reply.begin());
    if (!worth.goes_back) make(cookie, policy.secrets.current, client, now);
    return cookie;
}

}  // namespace hairpin::dnsd
