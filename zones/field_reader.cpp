#include "zones/field_reader.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "zones/ldns_text.hpp"
#include "zones/presentation.hpp"
#include "zones/rdata_reader.hpp"

namespace hairpin::zones {
namespace {

using Done = FieldReader::Done;

// RFC 4648 section 7, without padding, in either case; nullopt for anything else or stray bits.
std::optional<Octets> from_base32hex(std::string_view text) {
    Octets octets;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char letter : text) {
        const char low = static_cast<char>(lower(static_cast<std::uint8_t>(letter)));
        const bool digit = low >= '0' && low <= '9';
        if (!digit && (low < 'a' || low > 'v')) return std::nullopt;
        bits = bits << 5 | static_cast<std::uint32_t>(digit ? low - '0' : low - 'a' + 10);
        held += 5;
        if (held >= 8) {
            held -= 8;
            octets.push_back(static_cast<std::uint8_t>(bits >> held));
        }
    }
    const bool stray = held >= 5 || (bits & ((1u << held) - 1)) != 0;
    return stray ? std::nullopt : std::optional(octets);
}

// RFC 4034 section 4.1.2.
Octets type_bitmap(std::vector<std::uint16_t> types) {
    std::sort(types.begin(), types.end());
    Octets bitmap;
    for (std::size_t at = 0; at < types.size();) {
        const unsigned window = types[at] >> 8;
        std::array<std::uint8_t, 32> bits{};
        std::size_t octets = 0;
        for (; at < types.size() && types[at] >> 8 == window; ++at) {
            octets = (types[at] & 0xffu) / 8 + 1;
            bits[octets - 1] = static_cast<std::uint8_t>(bits[octets - 1] | 0x80u >> types[at] % 8);
        }
        bitmap.push_back(static_cast<std::uint8_t>(window));
        bitmap.push_back(static_cast<std::uint8_t>(octets));
        bitmap.insert(bitmap.end(), bits.begin(),
                      bits.begin() + static_cast<std::ptrdiff_t>(octets));
    }
    return bitmap;
}

}  // namespace

// The next token where no quotation marks belong.
Result<std::string_view, MasterTextError> FieldReader::word(std::string_view what) {
    if (tokens_.empty()) return wrong("missing: " + std::string(what));
    const Token& token = tokens_.front();
    last_line_ = token.line;
    if (token.quoted || token.quotes_inside)
        return wrong("quotation marks where " + std::string(what) + " belongs");
    tokens_ = tokens_.subspan(1);
    return token.text;
}

Result<Octets, MasterTextError> FieldReader::string_octets(std::string_view what) {
    if (tokens_.empty()) return wrong("missing: " + std::string(what));
    const Token& token = tokens_.front();
    last_line_ = token.line;
    if (token.quotes_inside) return wrong("a quotation mark inside of a word");
    auto octets = unescape(token.text);
    if (!octets)
        return wrong("a backslash is not followed by a character or by three digits up to 255");
    tokens_ = tokens_.subspan(1);
    return *std::move(octets);
}

// All tokens that are left, put together: long hexadecimal and base64 may be split.
Result<std::string, MasterTextError> FieldReader::words_joined(std::string_view what) {
    std::string joined;
    while (!tokens_.empty())
        joined += TRY(word(what));
    return joined;
}

Result<std::uint64_t, MasterTextError> FieldReader::number_value(std::uint64_t maximum) {
    const std::string_view text = TRY(word("a number"));
    const auto number = parse_decimal(text, maximum);
    if (!number)
        return wrong(shown(text) + " is not a number from 0 to " + std::to_string(maximum));
    return *number;
}

Done FieldReader::number(std::size_t octets) {
    append_number(TRY(number_value((std::uint64_t{1} << (8 * octets)) - 1)), octets);
    return {};
}

// A number, or one of the names that IANA gave to some.
Done FieldReader::number_or(std::size_t octets, std::string_view what, NumberByName by_name) {
    if (!tokens_.empty() && !tokens_.front().quoted) {
        if (const auto known = by_name(tokens_.front().text)) {
            append_number(*known, octets);
            last_line_ = tokens_.front().line;
            tokens_ = tokens_.subspan(1);
            return {};
        }
    }
    const Done read = number(octets);
    if (!read) return wrong(read.error().reason + " or the name of " + std::string(what));
    return {};
}

Done FieldReader::address(AddressFamily family) {
    const std::string_view what =
        family == AddressFamily::V4 ? "an IPv4 address" : "an IPv6 address";
    const std::string_view text = TRY(word(what));
    const auto address = IpAddress::parse(text);
    if (!address || address->family() != family)
        return wrong(shown(text) + " is not " + std::string(what));
    append(address->octets());
    return {};
}

Done FieldReader::name() {
    const std::string_view text = TRY(word("a name"));
    const auto name = name_under(text, origin_);
    if (!name)
        return wrong(shown(text) + " is not a name: " + std::string(to_string(name.error())));
    append(name->wire());
    return {};
}

Done FieldReader::string() {
    const Octets octets = TRY(string_octets("a string"));
    if (octets.size() > 255)
        return wrong("a string of " + std::to_string(octets.size()) +
                     " octets: at most 255 fit into one, so split it into several");
    append_counted(octets);
    return {};
}

Done FieldReader::strings() {
    do
        TRY(string());
    while (!tokens_.empty());
    return {};
}

Done FieldReader::tag() {
    const std::string_view text = TRY(word("a property tag"));
    if (text.empty() || text.size() > 255) return wrong("a property tag has 1 to 255 characters");
    append_counted(as_octets(text));
    return {};
}

Done FieldReader::salt() {
    const std::string_view text = TRY(word("a salt"));
    const auto octets = text == "-" ? std::optional(Octets()) : from_hex(text);
    if (!octets || octets->size() > 255 || text.empty())
        return wrong(shown(text) +
                     " is not a salt: '-' or an even number of hexadecimal digits, at most 510");
    append_counted(*octets);
    return {};
}

Done FieldReader::hash() {
    const std::string_view text = TRY(word("a hashed owner name"));
    const auto octets = from_base32hex(text);
    if (!octets || octets->empty() || octets->size() > 255)
        return wrong(shown(text) + " is not base32hex");
    append_counted(*octets);
    return {};
}

Done FieldReader::hex() {
    const std::string joined = TRY(words_joined("hexadecimal digits"));
    const auto octets = from_hex(joined);
    if (!octets || octets->empty())
        return wrong(joined.empty() ? "missing: hexadecimal digits"
                                    : "not an even number of hexadecimal digits");
    append(*octets);
    return {};
}

Done FieldReader::base64() {
    const std::string joined = TRY(words_joined("base64"));
    const auto octets = from_base64(joined);
    if (!octets || octets->empty())
        return wrong(joined.empty() ? "missing: base64" : "not base64 with its padding");
    append(*octets);
    return {};
}

Done FieldReader::types() {
    std::vector<std::uint16_t> numbers;
    while (!tokens_.empty()) {
        const std::string_view text = TRY(word("a type"));
        const auto type = type_from_text(text);
        if (!type) return wrong(shown(text) + " is not a record type");
        numbers.push_back(to_number(*type));
    }
    append(type_bitmap(std::move(numbers)));
    return {};
}

Done FieldReader::period() {
    const std::string_view text = TRY(word("a number of seconds"));
    const auto seconds = parse_period(text, 0xffff'ffff);
    if (!seconds) return wrong(shown(text) + " is not a time such as 3600 or 1h, below 2^32 s");
    append_number(*seconds, 4);
    return {};
}

Done FieldReader::time() {
    const std::string_view text = TRY(word("a time"));
    const auto seconds = parse_time(text);
    if (!seconds)
        return wrong(shown(text) + " is not a time: YYYYMMDDHHmmSS or seconds since 1970");
    append_number(*seconds, 4);
    return {};
}

Done FieldReader::type() {
    const std::string_view text = TRY(word("a type"));
    const auto type = type_from_text(text);
    if (!type) return wrong(shown(text) + " is not a record type");
    append_number(to_number(*type), 2);
    return {};
}

// CAA values and URI targets: one string without a length octet, so of any length.
Done FieldReader::value(std::size_t least) {
    const Octets octets = TRY(string_octets("a quoted string"));
    if (octets.size() < least) return wrong("the string is empty");
    append(octets);
    return {};
}

Done FieldReader::field(Field field) {
    using R = FieldReader;
    struct Row {
        Field field;
        Done (*read)(R&);
    };
    static constexpr std::array kRows = {
        Row{Field::Octet, [](R& r) { return r.number(1); }},
        Row{Field::Short, [](R& r) { return r.number(2); }},
        Row{Field::Long, [](R& r) { return r.number(4); }},
        Row{Field::Period, [](R& r) { return r.period(); }},
        Row{Field::Time, [](R& r) { return r.time(); }},
        Row{Field::Algorithm,
            [](R& r) { return r.number_or(1, "a DNSSEC algorithm", ldns_algorithm); }},
        Row{Field::CertType,
            [](R& r) { return r.number_or(2, "a certificate type", ldns_cert_type); }},
        Row{Field::Type, [](R& r) { return r.type(); }},
        Row{Field::Ipv4, [](R& r) { return r.address(AddressFamily::V4); }},
        Row{Field::Ipv6, [](R& r) { return r.address(AddressFamily::V6); }},
        Row{Field::Eui48, [](R& r) { return r.hex_groups(6, 2, '-'); }},
        Row{Field::Eui64, [](R& r) { return r.hex_groups(8, 2, '-'); }},
        Row{Field::Node64, [](R& r) { return r.hex_groups(4, 4, ':'); }},
        Row{Field::Location, [](R& r) { return r.location(); }},
        Row{Field::Name, [](R& r) { return r.name(); }},
        Row{Field::String, [](R& r) { return r.string(); }},
        Row{Field::Salt, [](R& r) { return r.salt(); }},
        Row{Field::Hash, [](R& r) { return r.hash(); }},
        Row{Field::Tag, [](R& r) { return r.tag(); }},
        Row{Field::OptionalString, [](R& r) { return r.tokens_.empty() ? Done() : r.string(); }},
        Row{Field::Strings, [](R& r) { return r.strings(); }},
        Row{Field::Hex, [](R& r) { return r.hex(); }},
        Row{Field::Base64, [](R& r) { return r.base64(); }},
        Row{Field::OptionalBase64, [](R& r) { return r.tokens_.empty() ? Done() : r.base64(); }},
        Row{Field::Value, [](R& r) { return r.value(0); }},
        Row{Field::Target, [](R& r) { return r.value(1); }},
        Row{Field::Types, [](R& r) { return r.types(); }},
        Row{Field::Prefixes, [](R& r) { return r.prefixes(); }},
        Row{Field::Gateway, [](R& r) { return r.gateway(); }},
        Row{Field::HostIdentity, [](R& r) { return r.host_identity(); }},
        Row{Field::Nsap, [](R& r) { return r.nsap(); }},
    };
    const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                   [field](const Row& one) { return one.field == field; });
    if (row == kRows.end()) return wrong("the field has no text of its own");
    return row->read(*this);
}

Done FieldReader::generic() {
    constexpr std::uint64_t kMaxRdataOctets = 65'535;
    const std::uint64_t octets = TRY(number_value(kMaxRdataOctets));
    const std::string joined = TRY(words_joined("hexadecimal digits"));
    const auto rdata = from_hex(joined);
    if (!rdata) return wrong("not an even number of hexadecimal digits");
    if (rdata->size() != octets)
        return wrong("\\# says " + std::to_string(octets) + " octets, but " +
                     std::to_string(rdata->size()) + " follow");
    append(*rdata);
    return {};
}

}  // namespace hairpin::zones
