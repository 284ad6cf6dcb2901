#include "zones/special_ranges.hpp"

#include <algorithm>

namespace hairpin::zones {
namespace {

// Not constexpr on purpose: reaching it ends the compilation at the row that is wrong.
void bad_prefix() {}

constexpr unsigned digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
    if (letter >= 'a' && letter <= 'f') return static_cast<unsigned>(letter - 'a' + 10);
    bad_prefix();
    return 0;
}

constexpr unsigned number_of(std::string_view text, unsigned base) {
    unsigned number = 0;
    for (const char letter : text)
        number = number * base + digit_of(letter);
    if (text.empty() || text.size() > 4) bad_prefix();
    return number;
}

// Cuts the part in front of the next separator off `text`.
constexpr std::string_view cut(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

constexpr std::array<std::uint8_t, 16> octets_v4(std::string_view text) {
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t at = 0; at < 4; ++at)
        octets[at] = static_cast<std::uint8_t>(number_of(cut(text, '.'), 10));
    if (!text.empty()) bad_prefix();
    return octets;
}

// Groups in front of a "::", and groups behind it: enough for the rows below.
constexpr std::array<std::uint8_t, 16> octets_v6(std::string_view text) {
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) bad_prefix();
    std::array<std::uint8_t, 16> octets{};
    const auto put = [&octets](std::size_t group, unsigned number) {
        octets[2 * group] = static_cast<std::uint8_t>(number >> 8);
        octets[2 * group + 1] = static_cast<std::uint8_t>(number & 0xff);
    };
    std::string_view front = text.substr(0, gap);
    for (std::size_t group = 0; !front.empty(); ++group)
        put(group, number_of(cut(front, ':'), 16));
    std::string_view back = text.substr(gap + 2);
    std::size_t groups = back.empty() ? 0 : 1;
    for (const char letter : back)
        groups += letter == ':' ? 1u : 0u;
    for (std::size_t group = 8 - groups; !back.empty(); ++group)
        put(group, number_of(cut(back, ':'), 16));
    return octets;
}

consteval RangeRow row(std::string_view prefix, RangeKind kind, std::string_view reason) {
    const std::size_t slash = prefix.find('/');
    const std::string_view address = prefix.substr(0, slash);
    const bool v6 = address.find(':') != std::string_view::npos;
    const unsigned length = number_of(prefix.substr(slash + 1), 10);
    const auto octets = v6 ? octets_v6(address) : octets_v4(address);
    for (unsigned bit = length; bit < 128; ++bit)
        if ((octets[bit / 8] >> (7 - bit % 8) & 1) != 0) bad_prefix();  // Host bits.
    return {prefix, reason, kind, v6 ? AddressFamily::V6 : AddressFamily::V4, octets, length};
}

using enum RangeKind;

constexpr std::array kRows = {
    // IPv4: IANA IPv4 Special-Purpose Address Registry, and multicast.
    row("0.0.0.0/8", Own, "\"this network\" (RFC 791)"),
    row("0.0.0.0/32", Own, "the unspecified address (RFC 1122)"),
    row("10.0.0.0/8", Private, "private (RFC 1918)"),
    row("100.64.0.0/10", Carrier, "shared address space of carriers (RFC 6598)"),
    row("127.0.0.0/8", Own, "loopback (RFC 1122)"),
    row("169.254.0.0/16", Own, "link-local (RFC 3927)"),
    row("172.16.0.0/12", Private, "private (RFC 1918)"),
    row("192.0.0.0/24", Reserved, "IETF protocol assignments (RFC 6890)"),
    row("192.0.0.0/29", Carrier, "IPv4 service continuity behind a carrier's NAT64 (RFC 7335)"),
    row("192.0.0.8/32", Reserved, "the IPv4 dummy address (RFC 7600)"),
    // Globally reachable, but an anycast service of whichever network one is in, never one host.
    row("192.0.0.9/32", Reserved, "the Port Control Protocol's anycast address (RFC 7723)"),
    row("192.0.0.10/32", Reserved, "the TURN anycast address (RFC 8155)"),
    row("192.0.0.170/32", Reserved, "NAT64 and DNS64 discovery (RFC 7050)"),
    row("192.0.0.171/32", Reserved, "NAT64 and DNS64 discovery (RFC 7050)"),
    row("192.0.2.0/24", Reserved, "documentation (RFC 5737)"),
    // Globally reachable, but sinks for reverse look-ups that anybody may announce.
    row("192.31.196.0/24", Reserved, "the AS112 anycast service (RFC 7535)"),
    row("192.52.193.0/24", Reserved, "the AMT relays' anycast service (RFC 7450)"),
    row("192.88.99.0/24", Reserved, "the deprecated 6to4 relays' anycast service (RFC 7526)"),
    row("192.168.0.0/16", Private, "private (RFC 1918)"),
    row("192.175.48.0/24", Reserved, "the AS112 anycast service (RFC 7534)"),
    row("198.18.0.0/15", Reserved, "benchmarking (RFC 2544)"),
    row("198.51.100.0/24", Reserved, "documentation (RFC 5737)"),
    row("203.0.113.0/24", Reserved, "documentation (RFC 5737)"),
    row("224.0.0.0/4", Reserved, "multicast (RFC 5771)"),
    row("240.0.0.0/4", Reserved, "reserved (RFC 1112)"),
    row("255.255.255.255/32", Reserved, "the limited broadcast address (RFC 919)"),

    // IPv6: what is outside of 2000::/3 first; more specific rows say more.
    row("::/3", Reserved, "outside of 2000::/3, the only space of global unicast (RFC 4291)"),
    row("4000::/2", Reserved, "outside of 2000::/3, the only space of global unicast (RFC 4291)"),
    row("8000::/1", Reserved, "outside of 2000::/3, the only space of global unicast (RFC 4291)"),
    row("::/128", Own, "the unspecified address (RFC 4291)"),
    row("::1/128", Own, "loopback (RFC 4291)"),
    row("::/96", Embedded, "IPv4-compatible and deprecated (RFC 4291)"),
    row("::ffff:0:0/96", Embedded, "an IPv4 address written as IPv6 (RFC 4291)"),
    // Globally reachable, but through the translator of whichever network one is in.
    row("64:ff9b::/96", Embedded, "an IPv4 address behind a NAT64 (RFC 6052)"),
    row("64:ff9b:1::/48", Embedded, "an IPv4 address behind a local NAT64 (RFC 8215)"),
    row("100::/64", Reserved, "discard-only (RFC 6666)"),
    row("100:0:0:1::/64", Reserved, "the IPv6 dummy prefix (RFC 9780)"),
    row("2001::/23", Reserved, "IETF protocol assignments (RFC 2928)"),
    row("2001::/32", Embedded, "Teredo (RFC 4380)"),
    row("2001:1::1/128", Reserved, "the Port Control Protocol's anycast address (RFC 7723)"),
    row("2001:1::2/128", Reserved, "the TURN anycast address (RFC 8155)"),
    row("2001:1::3/128", Reserved, "the DNS-SD registration anycast address (RFC 9665)"),
    row("2001:2::/48", Reserved, "benchmarking (RFC 5180)"),
    row("2001:3::/32", Reserved, "the AMT relays' anycast service (RFC 7450)"),
    row("2001:4:112::/48", Reserved, "the AS112 anycast service (RFC 7535)"),
    row("2001:10::/28", Reserved, "deprecated ORCHID identifiers (RFC 4843)"),
    row("2001:20::/28", Reserved, "ORCHIDv2 identifiers, not addresses (RFC 7343)"),
    row("2001:30::/28", Reserved, "drone remote identifiers, not addresses (RFC 9374)"),
    row("2001:db8::/32", Reserved, "documentation (RFC 3849)"),
    row("2002::/16", Embedded, "6to4, an IPv4 address behind deprecated relays (RFC 3056)"),
    row("2620:4f:8000::/48", Reserved, "the AS112 anycast service (RFC 7534)"),
    row("3fff::/20", Reserved, "documentation (RFC 9637)"),
    row("5f00::/16", Reserved, "segment routing identifiers (RFC 9602)"),
    row("fc00::/7", Private, "unique local (RFC 4193)"),
    row("fe80::/10", Own, "link-local (RFC 4291)"),
    row("fec0::/10", Own, "deprecated site-local (RFC 3879)"),
    row("ff00::/8", Reserved, "multicast (RFC 4291)"),
};

bool holds(const RangeRow& range, const IpAddress& address) noexcept {
    if (range.family != address.family()) return false;
    const OctetView octets = address.octets();
    const unsigned whole = range.length / 8;
    for (unsigned at = 0; at < whole; ++at)
        if (octets[at] != range.address[at]) return false;
    const unsigned rest = range.length % 8;
    return rest == 0 || (octets[whole] ^ range.address[whole]) >> (8 - rest) == 0;
}

}  // namespace

std::span<const RangeRow> special_ranges() noexcept {
    return kRows;
}

const RangeRow* special_row(const IpAddress& address) noexcept {
    const RangeRow* best = nullptr;
    for (const RangeRow& range : kRows)
        if (holds(range, address) && (best == nullptr || range.length > best->length))
            best = &range;
    return best;
}

}  // namespace hairpin::zones
