#include "zones/rdata_writer.hpp"

#include <array>
#include <chrono>
#include <string_view>

#include "core/assert.hpp"
#include "core/ip_address.hpp"
#include "zones/master_text.hpp"
#include "zones/name.hpp"
#include "zones/presentation.hpp"
#include "zones/wire.hpp"

namespace hairpin::zones {
namespace {

std::string base32hex(OctetView octets) {
    constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuv";
    std::string text;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::uint8_t octet : octets) {
        bits = bits << 8 | octet;
        for (held += 8; held >= 5; held -= 5)
            text += kAlphabet[bits >> (held - 5) & 31];
    }
    if (held > 0) text += kAlphabet[bits << (5 - held) & 31];
    return text;
}

std::string number_text(OctetView octets) {
    std::uint32_t number = 0;
    for (const std::uint8_t octet : octets)
        number = number << 8 | octet;
    return std::to_string(number);
}

std::string two_digits(unsigned number) {
    return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

// RFC 4034 section 3.2: YYYYMMDDHHmmSS in UTC.
std::string time_text(std::uint32_t seconds) {
    using namespace std::chrono;
    const sys_seconds instant{std::chrono::seconds(seconds)};
    const auto midnight = floor<days>(instant);
    const year_month_day date(midnight);
    const hh_mm_ss clock(instant - midnight);
    return std::to_string(static_cast<int>(date.year())) +
           two_digits(static_cast<unsigned>(date.month())) +
           two_digits(static_cast<unsigned>(date.day())) +
           two_digits(static_cast<unsigned>(clock.hours().count())) +
           two_digits(static_cast<unsigned>(clock.minutes().count())) +
           two_digits(static_cast<unsigned>(clock.seconds().count()));
}

std::string hex_groups(OctetView octets, std::size_t octets_each, char separator) {
    std::string text;
    for (std::size_t at = 0; at < octets.size(); at += octets_each) {
        if (at > 0) text += separator;
        text += to_hex(octets.subspan(at, octets_each));
    }
    return text;
}

std::string address_text(OctetView octets) {
    const auto address = IpAddress::from_octets(octets);
    HAIRPIN_ASSERT(address.has_value());
    return address->text();
}

std::string name_text(OctetView octets) {
    const auto name = Name::from_wire(octets);
    HAIRPIN_ASSERT(name.has_value());
    return name->text();
}

std::string quoted(OctetView octets) {
    std::string text;
    append_quoted(text, octets);
    return text;
}

std::string strings_text(OctetView rest) {
    std::string text;
    for (; !rest.empty(); rest = rest.subspan(rest[0] + 1u)) {
        if (!text.empty()) text += ' ';
        append_quoted(text, rest.subspan(1, rest[0]));
    }
    return text;
}

std::string types_text(OctetView bitmap) {
    std::string text;
    for (; !bitmap.empty(); bitmap = bitmap.subspan(bitmap[1] + 2u)) {
        for (unsigned bit = 0; bit < bitmap[1] * 8u; ++bit) {
            if ((bitmap[2 + bit / 8] >> (7 - bit % 8) & 1) == 0) continue;
            if (!text.empty()) text += ' ';
            text += type_text(static_cast<RType>(static_cast<unsigned>(bitmap[0]) << 8 | bit));
        }
    }
    return text;
}

// Nullopt for families that have no text.
std::optional<std::string> prefixes_text(OctetView rest) {
    std::string text;
    while (!rest.empty()) {
        const std::uint16_t family = read_u16(rest.data());
        if (family != 1 && family != 2) return std::nullopt;
        const std::size_t octets = rest[3] & 0x7f;
        std::array<std::uint8_t, 16> address{};
        for (std::size_t at = 0; at < octets; ++at)
            address[at] = rest[4 + at];
        if (!text.empty()) text += ' ';
        if ((rest[3] & 0x80) != 0) text += '!';
        text += std::to_string(family) + ":" +
                address_text(OctetView(address).first(family == 1 ? 4 : 16)) + "/" +
                std::to_string(rest[2]);
        rest = rest.subspan(octets + 4);
    }
    return text;
}

std::string gateway_text(OctetView rest) {
    const std::uint8_t kind = rest[0];
    std::string text = std::to_string(kind) + " " + std::to_string(rest[1]) + " ";
    rest = rest.subspan(2);
    std::size_t octets = 0;
    if (kind == 1) octets = 4;
    if (kind == 2) octets = 16;
    if (kind == 3) octets = field_octets(Field::Name, rest).value_or(0);
    const OctetView gateway = rest.first(octets);
    if (kind == 0) text += '.';
    if (kind == 1 || kind == 2) text += address_text(gateway);
    if (kind == 3) text += name_text(gateway);
    rest = rest.subspan(octets);
    return rest.empty() ? text : text + " " + to_base64(rest);
}

std::string host_identity_text(OctetView rest) {
    const std::size_t hit = rest[0];
    const std::size_t key = read_u16(&rest[2]);
    std::string text = std::to_string(rest[1]) + " " + to_hex(rest.subspan(4, hit)) + " " +
                       to_base64(rest.subspan(4 + hit, key));
    rest = rest.subspan(4 + hit + key);
    while (!rest.empty()) {
        const std::size_t octets = field_octets(Field::Name, rest).value_or(rest.size());
        text += " " + name_text(rest.first(octets));
        rest = rest.subspan(octets);
    }
    return text;
}

// "12.05" from 1205 and two decimals.
std::string fixed_text(std::uint64_t number, std::uint64_t unit, std::size_t decimals) {
    std::string fraction = std::to_string(number % unit);
    fraction.insert(0, decimals - fraction.size(), '0');
    return std::to_string(number / unit) + "." + fraction;
}

std::string angle_text(std::uint32_t angle, char above, char below) {
    constexpr std::uint32_t kMiddle = 0x8000'0000u;
    const bool positive = angle >= kMiddle;
    const std::uint32_t distance = positive ? angle - kMiddle : kMiddle - angle;
    return std::to_string(distance / 3'600'000) + " " + std::to_string(distance / 60'000 % 60) +
           " " + fixed_text(distance % 60'000, 1'000, 3) + " " + (positive ? above : below);
}

std::string size_text(std::uint8_t octet) {
    std::uint64_t centimetres = octet >> 4;
    for (unsigned power = octet & 0x0fu; power > 0; --power)
        centimetres *= 10;
    return fixed_text(centimetres, 100, 2) + "m";
}

// Nullopt where text would not say all: zero times a power of ten is written as zero.
std::optional<std::string> location_text(OctetView rdata) {
    constexpr std::uint32_t kBelow = 10'000'000;
    for (std::size_t at = 1; at <= 3; ++at)
        if (rdata[at] > 0 && rdata[at] < 0x10) return std::nullopt;
    const std::uint32_t height = read_u32(&rdata[12]);
    const std::string altitude = height >= kBelow ? fixed_text(height - kBelow, 100, 2)
                                                  : "-" + fixed_text(kBelow - height, 100, 2);
    return angle_text(read_u32(&rdata[4]), 'N', 'S') + " " +
           angle_text(read_u32(&rdata[8]), 'E', 'W') + " " + altitude + "m " + size_text(rdata[1]) +
           " " + size_text(rdata[2]) + " " + size_text(rdata[3]);
}

// `octets` is one field. An empty text is a field that leaves nothing between the blanks.
std::optional<std::string> field_text(Field field, OctetView octets) {
    switch (field) {
        case Field::Octet:
        case Field::Algorithm:
        case Field::Short:
        case Field::CertType:
        case Field::Long:
        case Field::Period:
            return number_text(octets);
        case Field::Time:
            return time_text(read_u32(octets.data()));
        case Field::Type:
            return type_text(static_cast<RType>(read_u16(octets.data())));
        case Field::Ipv4:
        case Field::Ipv6:
            return address_text(octets);
        case Field::Eui48:
        case Field::Eui64:
            return hex_groups(octets, 1, '-');
        case Field::Node64:
            return hex_groups(octets, 2, ':');
        case Field::Location:
            return location_text(octets);
        case Field::Name:
            return name_text(octets);
        case Field::String:
        case Field::OptionalString:
        case Field::Strings:
            return strings_text(octets);
        case Field::Salt:
            return octets.size() == 1 ? "-" : to_hex(octets.subspan(1));
        case Field::Hash:
            return base32hex(octets.subspan(1));
        case Field::Tag:
            return std::string(as_text(octets.subspan(1)));
        case Field::Hex:
            return to_hex(octets);
        case Field::Base64:
        case Field::OptionalBase64:
            return to_base64(octets);
        case Field::Value:
        case Field::Target:
            return quoted(octets);
        case Field::Types:
            return types_text(octets);
        case Field::Prefixes:
            return prefixes_text(octets);
        case Field::Gateway:
            return gateway_text(octets);
        case Field::HostIdentity:
            return host_identity_text(octets);
        case Field::Nsap:
            return "0x" + to_hex(octets);
        case Field::Parameters:
        case Field::Services:
        case Field::Opaque:
        case Field::End:
            break;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> write_fields(const RdataLayout& layout, OctetView rdata) {
    std::string text;
    for (const Field field : layout.fields) {
        if (field == Field::End) break;
        const auto octets = field_octets(field, rdata);
        HAIRPIN_ASSERT(octets.has_value());
        const auto part = field_text(field, rdata.first(*octets));
        if (!part) return std::nullopt;
        if (!text.empty() && !part->empty()) text += ' ';
        text += *part;
        rdata = rdata.subspan(*octets);
    }
    return text;
}

}  // namespace hairpin::zones
