#include "zones/wire.hpp"

#include <algorithm>
#include <array>

namespace hairpin::zones {

std::string_view to_string(WireError error) noexcept {
    switch (error) {
        case WireError::Truncated:
            return "a name or field runs past the end of the message";
        case WireError::ReservedLabelType:
            return "a label has a reserved type";
        case WireError::PointerNotBackward:
            return "a compression pointer does not point backward";
        case WireError::NameTooLong:
            return "a name is longer than 255 octets";
    }
    return "malformed";
}

Result<NameAt, WireError> read_name(OctetView message, std::size_t offset) noexcept {
    std::array<std::uint8_t, kMaxNameOctets> wire;
    std::size_t size = 0;
    std::optional<std::size_t> next;  // Set by the first pointer we follow.
    std::size_t barrier = offset;     // A pointer must land before this octet.

    for (std::size_t at = offset;;) {
        if (at >= message.size()) return fail(WireError::Truncated);
        const std::uint8_t head = message[at];

        if ((head & 0xC0) == 0xC0) {
            if (at + 1 >= message.size()) return fail(WireError::Truncated);
            const std::size_t target =
                static_cast<std::size_t>((head & 0x3F) << 8 | message[at + 1]);
            if (target >= barrier) return fail(WireError::PointerNotBackward);
            if (!next) next = at + 2;
            at = barrier = target;
            continue;
        }
        if (head > kMaxLabelOctets) return fail(WireError::ReservedLabelType);

        const std::size_t label_octets = 1u + head;
        if (label_octets > message.size() - at) return fail(WireError::Truncated);
        if (size + label_octets > kMaxNameOctets) return fail(WireError::NameTooLong);
        std::copy_n(message.begin() + static_cast<std::ptrdiff_t>(at), label_octets,
                    wire.begin() + static_cast<std::ptrdiff_t>(size));
        size += label_octets;
        at += label_octets;
        if (head != 0) continue;

        const auto name = Name::from_wire(OctetView(wire).first(size));
        if (!name) return fail(WireError::NameTooLong);
        return NameAt{*name, next.value_or(at)};
    }
}

std::optional<std::size_t> skip_name(OctetView message, std::size_t offset) noexcept {
    std::size_t at = offset;
    while (at < message.size() && at - offset < kMaxNameOctets) {
        const std::size_t left = message.size() - at;
        const std::size_t head = message[at];
        if (head >= 0xC0) {
            if (left < 2 || (read_u16(&message[at]) & 0x3fffu) >= offset) return std::nullopt;
            return at + 2;
        }
        if (head > kMaxLabelOctets || head + 1 > left) return std::nullopt;
        at += head + 1;
        if (head == 0) return at;
    }
    return std::nullopt;
}

Result<RecordAt, WireError> read_record(OctetView message, std::size_t offset) noexcept {
    const NameAt owner = TRY(read_name(message, offset));
    constexpr std::size_t kFixedOctets = 10;  // Type, class, TTL, RDLENGTH.
    if (message.size() - owner.next < kFixedOctets) return fail(WireError::Truncated);
    const std::uint8_t* at = message.data() + owner.next;
    RecordAt record{owner.name,
                    read_u16(at),
                    read_u16(at + 2),
                    read_u32(at + 4),
                    owner.next + kFixedOctets,
                    read_u16(at + 8),
                    0};
    if (message.size() - record.rdata < record.rdlength) return fail(WireError::Truncated);
    record.next = record.rdata + record.rdlength;
    return record;
}

}  // namespace hairpin::zones
