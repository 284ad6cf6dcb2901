#include "dnsd/transfer_message.hpp"

#include <algorithm>
#include <cstring>

#include "core/assert.hpp"
#include "dnsd/codes.hpp"
#include "zones/rrset.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::size_t kPaddingHeadOctets = 4;  // Code and length.
constexpr std::size_t kStoredOwnerOctets = 2;  // What stands for the owner in a stored record.

}  // namespace

TransferMessage::Labels::Labels(OctetView name) noexcept {
    for (std::size_t at = 0; name[at] != 0; at += name[at] + 1u)
        start[count++] = static_cast<std::uint8_t>(at);
    start[count] = static_cast<std::uint8_t>(name.size() - 1);  // The root label.
}

TransferMessage::TransferMessage(std::span<std::uint8_t> out, std::size_t soft_octets) noexcept
    : out_(out.first(std::min(out.size(), kMaxMessageOctets))),
      soft_octets_(std::min(soft_octets, out_.size())),
      at_(zones::kHeaderOctets) {
    HAIRPIN_ASSERT(out_.size() >= kMinUdpOctets);
}

void TransferMessage::put_question(OctetView question) noexcept {
    const auto qname = zones::Name::from_wire(question.first(question.size() - 4));
    HAIRPIN_ASSERT(qname.has_value() && at_ == zones::kHeaderOctets);
    const Labels labels(qname->wire());
    remember(*qname, labels, labels.count);
    put_octets(question);
    questions_ = 1;
}

bool TransferMessage::put(const zones::Name& owner, OctetView record) noexcept {
    const OctetView wire = owner.wire();
    const Labels labels(wire);
    const Labels last(last_.wire());
    // Labels in common from the right, as long as they can be pointed to.
    std::size_t shared = 0;
    for (std::size_t back = 1; back <= std::min(labels.count, last.count); ++back) {
        const std::size_t ours = labels.start[labels.count - back];
        const std::size_t theirs = last.start[last.count - back];
        const std::size_t size = wire[ours] + 1u;
        if (std::memcmp(&wire[ours], &last_.wire()[theirs],
                        std::min(size, last_.size() - theirs)) != 0)
            break;
        if (suffix_[back] != 0) shared = back;
    }
    const std::size_t fresh = labels.count - shared;
    const std::size_t prefix = labels.start[fresh];
    const std::size_t size = prefix + (shared == 0 ? 1 : 2) + record.size() - kStoredOwnerOctets;
    const std::size_t limit = answers_ == 0 ? out_.size() : soft_octets_;
    if (at_ + size + kOptOctets > limit) return false;

    remember(owner, labels, fresh);
    const std::uint16_t pointer = suffix_[shared];
    put_octets(wire.first(prefix));
    if (shared == 0)
        out_[at_++] = 0;
    else
        put_u16(static_cast<std::uint16_t>(kPointer | pointer));
    put_octets(record.subspan(kStoredOwnerOctets));
    ++answers_;
    return true;
}

/// `owner` is about to be written here, its first `fresh` labels spelled out.
void TransferMessage::remember(const zones::Name& owner, const Labels& labels,
                               std::size_t fresh) noexcept {
    for (std::size_t each = 0; each < fresh; ++each) {
        const std::size_t where = at_ + labels.start[each];
        suffix_[labels.count - each] =
            where <= kMaxPointer ? static_cast<std::uint16_t>(where) : std::uint16_t{0};
    }
    last_ = owner;
}

void TransferMessage::put_opt(std::uint16_t udp_octets, std::uint16_t flags) noexcept {
    out_[at_++] = 0;
    put_u16(to_number(zones::RType::OPT));
    put_u16(udp_octets);
    put_u16(0);  // Extended RCODE, version.
    put_u16(flags);
    put_u16(0);
    additionals_ = 1;
}

void TransferMessage::put_padding(std::size_t behind) noexcept {
    const std::size_t rdlength = at_ - 2;  // The last field of the OPT.
    const std::size_t least = at_ + kPaddingHeadOctets + behind;
    const std::size_t most = std::min(out_.size() + behind, kMaxMessageOctets);
    if (least > most) return;
    const std::size_t zeros = std::min(padded_octets(least), most) - least;
    put_u16(kOptionPadding);
    put_u16(static_cast<std::uint16_t>(zeros));
    std::memset(out_.data() + at_, 0, zeros);
    at_ += zeros;
    zones::write_u16(out_.data() + rdlength, static_cast<std::uint16_t>(at_ - rdlength - 2));
}

std::size_t TransferMessage::finish(std::uint16_t id, std::uint16_t flags) noexcept {
    std::uint8_t* header = out_.data();
    zones::write_u16(header, id);
    zones::write_u16(header + 2, flags);
    zones::write_u16(header + 4, questions_);
    zones::write_u16(header + 6, answers_);
    zones::write_u16(header + 8, 0);
    zones::write_u16(header + 10, additionals_);
    return at_;
}

void TransferMessage::put_u16(std::uint16_t value) noexcept {
    zones::write_u16(out_.data() + at_, value);
    at_ += 2;
}

void TransferMessage::put_octets(OctetView octets) noexcept {
    if (octets.empty()) return;
    std::memcpy(out_.data() + at_, octets.data(), octets.size());
    at_ += octets.size();
}

}  // namespace hairpin::dnsd
