#include "admin/front_nonces.hpp"

#include <algorithm>

#include "core/crypto.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kTimeOctets = 8;

std::int64_t milliseconds_of(MonotonicTime time) {
    return time.time_since_epoch().count();
}

template <typename Seed>
std::int64_t issued_at(const Seed& seed) {
    std::uint64_t time = 0;
    for (std::size_t at = 0; at < kTimeOctets; ++at)
        time = time << 8U | seed[at];
    return static_cast<std::int64_t>(time);
}

}  // namespace

FrontNonces::FrontNonces(Options options) : options_(options), key_(random_octets(32)) {}

Octets FrontNonces::mac(const Seed& seed) const {
    const Sha256 whole = hmac_sha256(key_, seed);
    return {whole.begin(), whole.begin() + kMacOctets};
}

std::string FrontNonces::issue(MonotonicTime now) const {
    Seed seed{};
    const auto time = static_cast<std::uint64_t>(milliseconds_of(now));
    for (std::size_t at = 0; at < kTimeOctets; ++at)
        seed[at] = static_cast<std::uint8_t>(time >> (8 * (kTimeOctets - 1 - at)));
    fill_random(std::span(seed).subspan(kTimeOctets));
    Octets nonce(seed.begin(), seed.end());
    const Octets proof = mac(seed);
    nonce.insert(nonce.end(), proof.begin(), proof.end());
    return to_base64url(nonce);
}

bool FrontNonces::spend(std::string_view nonce, MonotonicTime now) {
    const auto octets = from_base64url(nonce);
    if (!octets || octets->size() != kSeedOctets + kMacOctets) return false;
    Seed seed{};
    std::copy_n(octets->begin(), kSeedOctets, seed.begin());
    if (!equal_in_constant_time(mac(seed), OctetView(*octets).subspan(kSeedOctets))) return false;
    const std::int64_t oldest = milliseconds_of(now) - options_.lifetime.count();
    const std::int64_t issued = issued_at(seed);
    return spent_.with([&](Spent& spent) {
        spent.floor = std::max(spent.floor, oldest);
        while (!spent.seeds.empty() && issued_at(*spent.seeds.begin()) < spent.floor)
            spent.seeds.erase(spent.seeds.begin());
        if (issued < spent.floor || !spent.seeds.insert(seed).second) return false;
        if (spent.seeds.size() > options_.remembered) {
            spent.floor = issued_at(*spent.seeds.begin()) + 1;
            while (!spent.seeds.empty() && issued_at(*spent.seeds.begin()) < spent.floor)
                spent.seeds.erase(spent.seeds.begin());
        }
        return true;
    });
}

}  // namespace hairpin::admin
