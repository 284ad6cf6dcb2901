// Fields with a text form of their own: EUI, ILNP, NSAP, APL, IPSECKEY, HIP, LOC.

#include <algorithm>
#include <array>

#include "zones/field_reader.hpp"

namespace hairpin::zones {
namespace {

using Done = FieldReader::Done;

// "12.34" in units of 10^-decimals: 1234 for two. Nullopt for anything else or over `maximum`.
std::optional<std::uint64_t> parse_fixed(std::string_view text, std::size_t decimals,
                                         std::uint64_t maximum) {
    const std::size_t dot = text.find('.');
    const std::string_view fraction =
        dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    if (fraction.size() > decimals || (dot != std::string_view::npos && fraction.empty()))
        return std::nullopt;
    std::string digits(text.substr(0, dot));
    if (digits.empty()) return std::nullopt;
    digits += fraction;
    digits.append(decimals - fraction.size(), '0');
    return parse_decimal(digits, maximum);
}

// RFC 1876 section 2: a size as mantissa 0..9 and power of ten, in centimetres, rounded down.
std::uint8_t size_octet(std::uint64_t centimetres) {
    std::uint8_t power = 0;
    for (; centimetres > 9; centimetres /= 10)
        ++power;
    return static_cast<std::uint8_t>(centimetres << 4 | power);
}

}  // namespace

// EUI-48, EUI-64 (RFC 7043: two digits each) and the identifiers of RFC 6742 (one to four digits).
Done FieldReader::hex_groups(std::size_t groups, std::size_t digits, char separator) {
    const std::string_view whole = TRY(word("hexadecimal groups"));
    std::string_view text = whole;
    std::string joined;
    for (std::size_t group = 1; group <= groups; ++group) {
        const std::size_t end = group < groups ? text.find(separator) : text.size();
        const bool short_ones = separator == ':';
        if (end > digits || end == 0 || (!short_ones && end != digits)) {
            return wrong(shown(whole) + " is not " + std::to_string(groups) + " groups of " +
                         std::to_string(digits) + " hexadecimal digits with '" + separator +
                         "' between them");
        }
        joined.append(digits - end, '0').append(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    const auto octets = from_hex(joined);
    if (!octets) return wrong(shown(whole) + " has other than hexadecimal digits");
    append(*octets);
    return {};
}

// RFC 1706 section 5: "0x" and hexadecimal digits with dots anywhere.
Done FieldReader::nsap() {
    const std::string_view text = TRY(word("an NSAP address"));
    std::string digits(text);
    digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
    const bool marked = digits.starts_with("0x") || digits.starts_with("0X");
    const auto octets = marked ? from_hex(std::string_view(digits).substr(2)) : std::nullopt;
    if (!octets || octets->empty()) return wrong(shown(text) + " is not 0x and hexadecimal digits");
    append(*octets);
    return {};
}

// RFC 3123 section 5: "!1:192.168.38.0/28", any number of them.
Done FieldReader::prefixes() {
    while (!tokens_.empty()) {
        std::string_view text = TRY(word("an address prefix"));
        const std::string whole(text);
        const bool negated = text.starts_with('!');
        if (negated) text.remove_prefix(1);
        const std::size_t colon = text.find(':');
        const std::size_t slash = text.rfind('/');
        if (colon == std::string_view::npos || slash == std::string_view::npos || slash < colon)
            return wrong(shown(whole) + " is not family:address/length");
        const auto family = parse_decimal(text.substr(0, colon), 2);
        const auto address = IpAddress::parse(text.substr(colon + 1, slash - colon - 1));
        if (!family || !address || *family != (address->is_v4() ? 1u : 2u))
            return wrong(shown(whole) + " is not 1:<IPv4 prefix> or 2:<IPv6 prefix>");
        OctetView octets = address->octets();
        const auto length = parse_decimal(text.substr(slash + 1), octets.size() * 8);
        if (!length) return wrong(shown(whole) + " has a length over that of the address");
        while (!octets.empty() && octets.back() == 0)
            octets = octets.first(octets.size() - 1);
        append_number(*family, 2);
        append_number(*length, 1);
        append_number(octets.size() | (negated ? 0x80u : 0u), 1);
        append(octets);
    }
    return {};
}

// RFC 4025 section 3.1 behind the precedence: gateway type, algorithm, gateway, public key.
Done FieldReader::gateway() {
    const std::uint64_t kind = TRY(number_value(3));
    const std::uint64_t algorithm = TRY(number_value(255));
    append_number(kind, 1);
    append_number(algorithm, 1);
    if (kind == 0 && TRY(word("a gateway")) != ".") return wrong("gateway type 0 has gateway '.'");
    if (kind == 1) TRY(address(AddressFamily::V4));
    if (kind == 2) TRY(address(AddressFamily::V6));
    if (kind == 3) TRY(name());
    return algorithm == 0 ? Done() : base64();
}

// RFC 8005 section 6: algorithm, HIT in hexadecimal, key in base64, rendezvous servers.
Done FieldReader::host_identity() {
    const std::uint64_t algorithm = TRY(number_value(255));
    const auto hit = from_hex(TRY(word("a host identity tag")));
    if (!hit || hit->empty() || hit->size() > 255)
        return wrong("not a host identity tag: an even number of hexadecimal digits, at most 510");
    const auto key = from_base64(TRY(word("a public key")));
    if (!key || key->empty() || key->size() > 65'535) return wrong("not a public key in base64");
    append_number(hit->size(), 1);
    append_number(algorithm, 1);
    append_number(key->size(), 2);
    append(*hit);
    append(*key);
    while (!tokens_.empty())
        TRY(name());
    return {};
}

// RFC 1876 section 3: d1 [m1 [s1]] {N|S} d2 [m2 [s2]] {E|W} altitude [size [horizontal
// [vertical]]].
Done FieldReader::location() {
    const std::uint32_t latitude = TRY(angle(90, "NS"));
    const std::uint32_t longitude = TRY(angle(180, "EW"));
    const std::uint32_t height = TRY(altitude());
    append_number(0, 1);
    append_number(TRY(size(100)), 1);
    append_number(TRY(size(1'000'000)), 1);
    append_number(TRY(size(1'000)), 1);
    append_number(latitude, 4);
    append_number(longitude, 4);
    append_number(height, 4);
    return {};
}

// Up to the letter of the hemisphere; thousandths of a second of arc around 2^31.
Result<std::uint32_t, MasterTextError> FieldReader::angle(std::uint64_t most_degrees,
                                                          std::string_view letters) {
    constexpr std::uint64_t kMiddle = 0x8000'0000u;
    constexpr std::array<std::uint64_t, 3> kUnits = {3'600'000, 60'000, 1};
    std::uint64_t total = 0;
    for (std::size_t part = 0; part <= kUnits.size(); ++part) {
        const std::string_view text = TRY(word("degrees and N, S, E or W"));
        if (part > 0 && text.size() == 1) {
            const std::size_t letter = letters.find(static_cast<char>(text[0] & ~0x20));
            if (letter != std::string_view::npos)
                return static_cast<std::uint32_t>(letter == 0 ? kMiddle + total : kMiddle - total);
        }
        if (part == kUnits.size())
            return wrong(shown(text) + " stands where " + letters[0] + " or " + letters[1] +
                         " belongs");
        const auto count = part == 2 ? parse_fixed(text, 3, 59'999)
                                     : parse_decimal(text, part == 0 ? most_degrees : 59);
        if (count) total += *count * kUnits[part];
        if (!count || total > most_degrees * kUnits[0])
            return wrong(shown(text) + " is no part of an angle up to " +
                         std::to_string(most_degrees) + " degrees");
    }
    return wrong("not an angle");
}

// "12.50m" or "12.50".
Result<std::uint64_t, MasterTextError> FieldReader::centimetres(std::uint64_t maximum) {
    const std::string_view text = TRY(word("metres"));
    const bool unit = text.ends_with('m') || text.ends_with('M');
    const auto length = parse_fixed(text.substr(0, text.size() - (unit ? 1 : 0)), 2, maximum);
    if (!length)
        return wrong(shown(text) + " is not a length of at most " + std::to_string(maximum / 100) +
                     " metres");
    return *length;
}

Result<std::uint8_t, MasterTextError> FieldReader::size(std::uint64_t otherwise) {
    constexpr std::uint64_t kMost = 9'000'000'000;  // 9e9 cm is all that the octet can say.
    return size_octet(tokens_.empty() ? otherwise : TRY(centimetres(kMost)));
}

// Centimetres above a point 100,000 m below the reference spheroid.
Result<std::uint32_t, MasterTextError> FieldReader::altitude() {
    constexpr std::uint64_t kBelow = 10'000'000;
    constexpr std::uint64_t kMost = 0xffff'ffff - kBelow;
    if (tokens_.empty()) return wrong("missing: the altitude");
    if (!tokens_.front().text.starts_with('-'))
        return static_cast<std::uint32_t>(kBelow + TRY(centimetres(kMost)));
    std::string_view text = TRY(word("metres"));
    const std::string whole(text);
    text.remove_prefix(1);
    if (text.ends_with('m') || text.ends_with('M')) text.remove_suffix(1);
    const auto depth = parse_fixed(text, 2, kBelow);
    if (!depth) return wrong(shown(whole) + " is not a depth of at most 100000 metres");
    return static_cast<std::uint32_t>(kBelow - *depth);
}

}  // namespace hairpin::zones
