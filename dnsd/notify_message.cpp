#include "dnsd/notify_message.hpp"

#include <cstring>

#include "core/assert.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

using zones::kHeaderOctets;
using zones::read_u16;
using zones::write_u16;

constexpr unsigned kOpcodeShift = 11;
constexpr std::uint16_t kNotify = kOpcodeNotify << kOpcodeShift;

}  // namespace

std::size_t write_notify(const zones::Zone& zone, std::uint16_t id,
                         std::span<std::uint8_t> out) noexcept {
    HAIRPIN_ASSERT(out.size() >= kMaxNotifyOctets);
    const OctetView apex = zone.apex().wire();
    const OctetView soa = zone.soa().wire();  // Its owner is a pointer to the question's name.
    HAIRPIN_ASSERT(kHeaderOctets + apex.size() + 4 + soa.size() <= kMaxNotifyOctets);
    std::uint8_t* at = out.data();
    write_u16(at, id);
    write_u16(at + 2, kNotify | kFlagAuthoritative);  // RFC 1996 section 3.7 wants AA.
    write_u16(at + 4, 1);
    write_u16(at + 6, 1);
    write_u16(at + 8, 0);
    write_u16(at + 10, 0);
    at += kHeaderOctets;
    std::memcpy(at, apex.data(), apex.size());
    at += apex.size();
    write_u16(at, to_number(zones::RType::SOA));
    write_u16(at + 2, static_cast<std::uint16_t>(zones::RClass::IN));
    at += 4;
    std::memcpy(at, soa.data(), soa.size());
    return kHeaderOctets + apex.size() + 4 + soa.size();
}

std::optional<std::uint16_t> message_id(OctetView message) noexcept {
    if (message.size() < kHeaderOctets) return std::nullopt;
    return read_u16(message.data());
}

std::optional<NotifyAnswer> read_notify_answer(OctetView message,
                                               const zones::Name& apex) noexcept {
    if (message.size() < kHeaderOctets) return std::nullopt;
    const std::uint16_t flags = read_u16(&message[2]);
    if ((flags & kFlagResponse) == 0 || (flags & kOpcodeMask) != kNotify) return std::nullopt;
    const std::uint16_t questions = read_u16(&message[4]);
    if (questions > 1) return std::nullopt;
    if (questions == 1) {
        const auto asked = zones::read_name(message, kHeaderOctets);
        if (!asked || !(asked->name == apex) || message.size() - asked->next < 4)
            return std::nullopt;
        if (read_u16(&message[asked->next]) != to_number(zones::RType::SOA)) return std::nullopt;
    }
    return NotifyAnswer{read_u16(message.data()), static_cast<Rcode>(flags & 0x0f)};
}

}  // namespace hairpin::dnsd
