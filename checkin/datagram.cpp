#include "checkin/datagram.hpp"

#include <algorithm>
#include <span>

namespace hairpin::checkin {
namespace {

constexpr std::string_view kKeyLabel = "hairpin check-in 1";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kServerAt = 1;
constexpr std::size_t kTimeAt = 7;
constexpr std::size_t kMachineAt = 13;
constexpr std::size_t kMacAt = 16;

std::uint64_t read_48(const std::uint8_t* at) noexcept {
    std::uint64_t number = 0;
    for (int each = 0; each < 6; ++each)
        number = number << 8 | at[each];
    return number;
}

void write_48(std::uint8_t* at, std::uint64_t number) noexcept {
    for (int each = 5; each >= 0; --each, number >>= 8)
        at[each] = static_cast<std::uint8_t>(number);
}

}  // namespace

MachineTag machine_tag(std::string_view machine) {
    MachineTag tag{};
    if (machine.empty()) return tag;
    const Sha256 digest = sha256(as_octets(machine));
    std::copy_n(digest.begin(), tag.size(), tag.begin());
    return tag;
}

Sha256 check_in_key_octets(OctetView tsig_secret) {
    return hmac_sha256(tsig_secret, as_octets(kKeyLabel));
}

Key check_in_key(OctetView tsig_secret) {
    return Key(check_in_key_octets(tsig_secret));
}

std::optional<Datagram> read_datagram(OctetView octets) noexcept {
    if (octets.size() != kDatagramOctets) return std::nullopt;
    if (octets[0] >> 4 != kVersion) return std::nullopt;
    Datagram datagram;
    datagram.kind = Kind{static_cast<std::uint8_t>(octets[0] & 0x0f)};
    if (datagram.kind != Kind::CheckIn && datagram.kind != Kind::Challenge) return std::nullopt;
    datagram.server = read_48(&octets[kServerAt]);
    datagram.milliseconds = read_48(&octets[kTimeAt]);
    std::copy_n(&octets[kMachineAt], datagram.machine.size(), datagram.machine.begin());
    return datagram;
}

bool is_authentic(OctetView octets, const Key& key) noexcept {
    const Sha256 whole = key.mac(octets.first(kMacAt));
    return equal_in_constant_time(OctetView(whole).first(kMacOctets), octets.subspan(kMacAt));
}

DatagramOctets write_datagram(const Datagram& datagram, const Key& key) noexcept {
    DatagramOctets octets{};
    octets[0] = static_cast<std::uint8_t>(kVersion << 4 | static_cast<unsigned>(datagram.kind));
    write_48(&octets[kServerAt], datagram.server);
    write_48(&octets[kTimeAt], datagram.milliseconds);
    std::copy(datagram.machine.begin(), datagram.machine.end(), &octets[kMachineAt]);
    const Sha256 mac = key.mac(OctetView(octets).first(kMacAt));
    std::copy_n(mac.begin(), kMacOctets, &octets[kMacAt]);
    return octets;
}

}  // namespace hairpin::checkin
