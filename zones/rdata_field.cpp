// How long each kind of field is: the second half of rdata_layout.hpp.

#include <algorithm>

#include "zones/name.hpp"
#include "zones/rdata_layout.hpp"
#include "zones/wire.hpp"

namespace hairpin::zones {
namespace {

using Length = std::optional<std::size_t>;

Length fixed(OctetView rest, std::size_t octets) noexcept {
    if (rest.size() < octets) return std::nullopt;
    return octets;
}

Length whole(OctetView rest, bool fits) noexcept {
    if (!fits) return std::nullopt;
    return rest.size();
}

Length name_octets(OctetView rest) noexcept {
    for (std::size_t at = 0; at < rest.size() && at < kMaxNameOctets; at += rest[at] + 1u) {
        if (rest[at] == 0) return at + 1;
        if (rest[at] > kMaxLabelOctets) return std::nullopt;  // Compressed, or a reserved type.
    }
    return std::nullopt;
}

Length string_octets(OctetView rest, std::size_t least = 0) noexcept {
    if (rest.empty() || rest[0] < least) return std::nullopt;
    return fixed(rest, rest[0] + 1u);
}

Length tag_octets(OctetView rest) noexcept {
    const Length length = string_octets(rest, 1);
    if (!length) return std::nullopt;
    const OctetView tag = rest.subspan(1, *length - 1);
    const bool plain = std::all_of(tag.begin(), tag.end(), [](std::uint8_t octet) {
        const std::uint8_t letter = lower(octet);
        return (octet >= '0' && octet <= '9') || (letter >= 'a' && letter <= 'z');
    });
    return plain ? length : std::nullopt;
}

bool are_strings(OctetView rest) noexcept {
    if (rest.empty()) return false;
    while (!rest.empty()) {
        const Length length = string_octets(rest);
        if (!length) return false;
        rest = rest.subspan(*length);
    }
    return true;
}

// RFC 4034 section 4.1.2: windows in ascending order, none of them empty, no trailing zero octet.
bool is_type_bitmap(OctetView rest) noexcept {
    int last_window = -1;
    while (!rest.empty()) {
        if (rest.size() < 3 || rest[0] <= last_window) return false;
        const std::size_t octets = rest[1];
        if (octets == 0 || octets > 32 || octets + 2 > rest.size()) return false;
        if (rest[octets + 1] == 0) return false;
        last_window = rest[0];
        rest = rest.subspan(octets + 2);
    }
    return true;
}

// RFC 1876 section 2: version 0, sizes as two decimal digits, angles on the globe.
bool is_location(OctetView rest) noexcept {
    constexpr std::uint32_t kMiddle = 0x8000'0000u;
    constexpr std::uint32_t kQuarterTurn = 90u * 3600 * 1000;  // Thousandths of a second of arc.
    if (rest.size() < 16 || rest[0] != 0) return false;
    for (std::size_t at = 1; at <= 3; ++at)
        if (rest[at] >> 4 > 9 || (rest[at] & 0x0f) > 9) return false;
    const std::uint32_t latitude = read_u32(&rest[4]);
    const std::uint32_t longitude = read_u32(&rest[8]);
    return latitude >= kMiddle - kQuarterTurn && latitude <= kMiddle + kQuarterTurn &&
           longitude >= kMiddle - 2 * kQuarterTurn && longitude <= kMiddle + 2 * kQuarterTurn;
}

// RFC 3123 section 4: family, prefix, negation and length, address without trailing zero octets.
bool are_prefixes(OctetView rest) noexcept {
    while (!rest.empty()) {
        if (rest.size() < 4) return false;
        const std::uint16_t family = read_u16(rest.data());
        const std::size_t octets = rest[3] & 0x7f;
        if (octets + 4 > rest.size()) return false;
        if (octets > 0 && rest[octets + 3] == 0) return false;
        if (family == 1 && (octets > 4 || rest[2] > 32)) return false;
        if (family == 2 && (octets > 16 || rest[2] > 128)) return false;
        rest = rest.subspan(octets + 4);
    }
    return true;
}

// The value of "mandatory" (RFC 9460 section 8): keys in ascending order, itself not among them.
bool is_mandatory_list(OctetView value) noexcept {
    if (value.empty() || value.size() % 2 != 0) return false;
    std::uint16_t last = 0;
    for (std::size_t at = 0; at < value.size(); at += 2) {
        const std::uint16_t key = read_u16(&value[at]);
        if (key <= last) return false;
        last = key;
    }
    return true;
}

bool are_protocols(OctetView value) noexcept {  // RFC 9460 section 7.1.1
    if (!are_strings(value)) return false;
    for (; !value.empty(); value = value.subspan(value[0] + 1u))
        if (value[0] == 0) return false;
    return true;
}

bool is_parameter_value(std::uint16_t key, OctetView value) noexcept {
    switch (key) {  // RFC 9460 section 14.3.2; keys that are not there are opaque.
        case 0:
            return is_mandatory_list(value);
        case 1:
            return are_protocols(value);
        case 2:
            return value.empty();
        case 3:
            return value.size() == 2;
        case 4:
            return !value.empty() && value.size() % 4 == 0;
        case 5:
            return !value.empty();
        case 6:
            return !value.empty() && value.size() % 16 == 0;
        case 65535:
            return false;  // Reserved ("Invalid key").
        default:
            return true;
    }
}

// Whether a parameter with this key is in the list, which is well-formed.
bool has_key(OctetView parameters, std::uint16_t wanted) noexcept {
    while (!parameters.empty()) {
        if (read_u16(parameters.data()) == wanted) return true;
        parameters = parameters.subspan(4u + read_u16(&parameters[2]));
    }
    return false;
}

bool are_parameters(OctetView parameters) noexcept {
    int last_key = -1;
    OctetView mandatory;
    for (OctetView rest = parameters; !rest.empty();) {
        if (rest.size() < 4) return false;
        const std::uint16_t key = read_u16(rest.data());
        const std::size_t octets = read_u16(&rest[2]);
        if (key <= last_key || octets + 4 > rest.size()) return false;
        const OctetView value = rest.subspan(4, octets);
        if (!is_parameter_value(key, value)) return false;
        if (key == 0) mandatory = value;
        last_key = key;
        rest = rest.subspan(octets + 4);
    }
    for (std::size_t at = 0; at < mandatory.size(); at += 2)
        if (!has_key(parameters, read_u16(&mandatory[at]))) return false;
    // RFC 9460 section 7.1.1: "no-default-alpn" without "alpn" is malformed.
    return !has_key(parameters, 2) || has_key(parameters, 1);
}

// RFC 4025 section 2 behind the precedence: gateway type, algorithm, gateway, public key.
bool is_gateway(OctetView rest) noexcept {
    if (rest.size() < 2) return false;
    const std::uint8_t kind = rest[0];
    const std::uint8_t algorithm = rest[1];
    rest = rest.subspan(2);
    Length gateway;
    if (kind == 0) gateway = 0;
    if (kind == 1) gateway = fixed(rest, 4);
    if (kind == 2) gateway = fixed(rest, 16);
    if (kind == 3) gateway = name_octets(rest);
    if (!gateway) return false;
    return (algorithm == 0) == (rest.size() == *gateway);
}

// RFC 8005 section 5: lengths, algorithm, HIT, public key, rendezvous servers.
bool is_host_identity(OctetView rest) noexcept {
    if (rest.size() < 4) return false;
    const std::size_t hit = rest[0];
    const std::size_t key = read_u16(&rest[2]);
    if (hit == 0 || key == 0 || rest.size() < 4 + hit + key) return false;
    rest = rest.subspan(4 + hit + key);
    while (!rest.empty()) {
        const Length name = name_octets(rest);
        if (!name) return false;
        rest = rest.subspan(*name);
    }
    return true;
}

}  // namespace

Length field_octets(Field field, OctetView rest) noexcept {
    switch (field) {
        case Field::End:
            return std::nullopt;
        case Field::Octet:
        case Field::Algorithm:
            return fixed(rest, 1);
        case Field::Short:
        case Field::CertType:
        case Field::Type:
            return fixed(rest, 2);
        case Field::Long:
        case Field::Period:
        case Field::Time:
        case Field::Ipv4:
            return fixed(rest, 4);
        case Field::Eui48:
            return fixed(rest, 6);
        case Field::Eui64:
        case Field::Node64:
            return fixed(rest, 8);
        case Field::Ipv6:
            return fixed(rest, 16);
        case Field::Location:
            return is_location(rest) ? fixed(rest, 16) : std::nullopt;
        case Field::Name:
            return name_octets(rest);
        case Field::String:
        case Field::Salt:
        case Field::Hash:
            return string_octets(rest, field == Field::Hash ? 1 : 0);
        case Field::Tag:
            return tag_octets(rest);
        case Field::OptionalString:
            return rest.empty() ? Length(0) : string_octets(rest);
        case Field::Strings:
            return whole(rest, are_strings(rest));
        case Field::Hex:
        case Field::Base64:
        case Field::Nsap:
        case Field::Target:
            return whole(rest, !rest.empty());
        case Field::OptionalBase64:
        case Field::Value:
        case Field::Opaque:
            return rest.size();
        case Field::Types:
            return whole(rest, is_type_bitmap(rest));
        case Field::Prefixes:
            return whole(rest, are_prefixes(rest));
        case Field::Parameters:
            return whole(rest, are_parameters(rest));
        case Field::Services:
            return whole(rest, rest.size() <= 8192);
        case Field::Gateway:
            return whole(rest, is_gateway(rest));
        case Field::HostIdentity:
            return whole(rest, is_host_identity(rest));
    }
    return std::nullopt;
}

}  // namespace hairpin::zones
