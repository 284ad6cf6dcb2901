// tests/support/tsig.hpp - keys for tests, and the TSIG of a message as a text.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "dnsd/key_ring.hpp"
#include "dnsd/tsig.hpp"
#include "dnsd/tsig_record.hpp"
#include "tests/support/dns_message.hpp"

namespace hairpin::dnsd::tests {

/// When the tests' messages are signed, in Unix seconds.
inline constexpr TsigTime kTsigNow = 1'795'000'000;

inline zones::Name key_name(std::string_view text) {
    const auto name = zones::Name::parse(text);
    if (!name) throw std::invalid_argument(std::string(text));
    return *name;
}

/// 32 octets of secret; the same for every key of that first octet.
inline TsigKeyRef make_key(std::string_view name, const TsigKeyOptions& options = {},
                           std::uint8_t first = 7) {
    Octets secret(32);
    for (std::size_t each = 0; each < secret.size(); ++each)
        secret[each] = static_cast<std::uint8_t>(first + each);
    return TsigKey::create(key_name(name), secret, options);
}

inline TsigKeyRef make_key(std::string_view name, TsigAlgorithm algorithm) {
    TsigKeyOptions options;
    options.algorithm = algorithm;
    options.weak = WeakAlgorithms::Allowed;
    return make_key(name, options);
}

/// The message with a TSIG of this stream.
inline Octets sign(TsigStream& stream, Octets message, TsigTime now = kTsigNow) {
    const std::size_t used = message.size();
    message.resize(used + stream.octets());
    const std::size_t size = stream.sign(message, used, now);
    if (size != message.size()) throw std::runtime_error("octets() is not what was needed");
    return message;
}

/// The TSIG of a message; throws where there is none.
inline TsigRecord tsig_of(OctetView message) {
    const auto offset = find_tsig(message);
    if (!offset || *offset == 0) throw std::runtime_error("no TSIG");
    const auto record = read_tsig(message, *offset);
    if (!record) throw std::runtime_error("a broken TSIG");
    return *record;
}

/// The message without its TSIG.
inline Octets without_tsig(OctetView message) {
    const TsigRecord record = tsig_of(message);
    Octets rest(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(record.offset));
    zones::write_u16(&rest[10], static_cast<std::uint16_t>(zones::read_u16(&rest[10]) - 1));
    return rest;
}

/// The message with another TSIG in place of its own.
inline Octets with_tsig(OctetView message, const TsigRecord& record) {
    Octets other = without_tsig(message);
    const std::size_t used = other.size();
    other.resize(used + tsig_octets(record));
    static_cast<void>(write_tsig(other, used, record));
    return other;
}

/// "unsigned", or "BADTIME key. hmac-sha256. mac=32 other=6".
inline std::string tsig_text(OctetView message) {
    const auto offset = find_tsig(message);
    if (!offset) return "malformed";
    if (*offset == 0) return "unsigned";
    const TsigRecord record = tsig_of(message);
    std::string text;
    switch (record.error) {
        case TsigError::None:
            text = "NOERROR";
            break;
        case TsigError::BadSig:
            text = "BADSIG";
            break;
        case TsigError::BadKey:
            text = "BADKEY";
            break;
        case TsigError::BadTime:
            text = "BADTIME";
            break;
        case TsigError::BadTrunc:
            text = "BADTRUNC";
            break;
    }
    text += " " + record.key.text();
    text += " " + zones::Name::from_wire(record.algorithm).value().text();
    text += " mac=" + std::to_string(record.mac.size());
    if (!record.other.empty()) text += " other=" + std::to_string(record.other.size());
    return text;
}

}  // namespace hairpin::dnsd::tests
