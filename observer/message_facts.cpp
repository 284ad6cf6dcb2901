#include "observer/message_facts.hpp"

#include "dnsd/codes.hpp"
#include "zones/wire.hpp"

namespace hairpin::observer {
namespace {

constexpr std::size_t kQuestionFieldOctets = 4;  // QTYPE, QCLASS.

std::size_t count_at(OctetView message, std::size_t offset) noexcept {
    return zones::read_u16(&message[offset]);
}

/// The offset behind what begins with a name and goes on with `fixed` octets, all of them there.
std::optional<std::size_t> behind(OctetView message, std::size_t offset,
                                  std::size_t fixed) noexcept {
    const auto next = zones::skip_name(message, offset);
    if (!next || message.size() - *next < fixed) return std::nullopt;
    return *next + fixed;
}

}  // namespace

std::optional<Header> header_of(OctetView message) noexcept {
    if (message.size() < zones::kHeaderOctets) return std::nullopt;
    return Header{zones::read_u16(&message[0]), zones::read_u16(&message[2])};
}

std::optional<Question> question_of(OctetView message) noexcept {
    if (message.size() < zones::kHeaderOctets || count_at(message, 4) == 0) return std::nullopt;
    const auto name = zones::read_name(message, zones::kHeaderOctets);
    if (!name || message.size() - name->next < kQuestionFieldOctets) return std::nullopt;
    return Question{name->name, zones::RType{zones::read_u16(&message[name->next])},
                    zones::RClass{zones::read_u16(&message[name->next + 2])}};
}

std::optional<Opt> opt_of(OctetView message) noexcept {
    if (message.size() < zones::kHeaderOctets) return std::nullopt;
    std::size_t at = zones::kHeaderOctets;
    for (std::size_t left = count_at(message, 4); left > 0; --left) {
        const auto next = behind(message, at, kQuestionFieldOctets);
        if (!next) return std::nullopt;
        at = *next;
    }
    const std::size_t earlier = count_at(message, 6) + count_at(message, 8);
    const std::size_t records = earlier + count_at(message, 10);
    for (std::size_t each = 0; each < records; ++each) {
        const auto rdata = behind(message, at, dnsd::kRecordFieldOctets);
        if (!rdata) return std::nullopt;
        const std::uint8_t* fields = message.data() + *rdata - dnsd::kRecordFieldOctets;
        const bool is_opt = zones::RType{zones::read_u16(fields)} == zones::RType::OPT;
        if (is_opt && each >= earlier)
            return Opt{fields[4], (zones::read_u16(fields + 6) & dnsd::kEdnsDnssecOk) != 0};
        const std::size_t rdlength = zones::read_u16(fields + 8);
        if (message.size() - *rdata < rdlength) return std::nullopt;
        at = *rdata + rdlength;
    }
    return std::nullopt;
}

}  // namespace hairpin::observer
