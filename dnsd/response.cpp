#include "dnsd/response.hpp"

#include <algorithm>
#include <cstring>

#include "core/assert.hpp"
#include "dnsd/codes.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

using zones::kHeaderOctets;
using zones::kRecordHeadOctets;
using zones::read_u16;
using zones::write_u16;
using zones::write_u32;

constexpr std::size_t kOptionHeadOctets = 4;     // Code and length.
constexpr std::size_t kExtendedErrorOctets = 2;  // INFO-CODE, no text.
constexpr std::size_t kMaxStringOctets = 255;    // RFC 1035 section 3.3.

std::uint16_t pointer_to(std::size_t offset) noexcept {
    return static_cast<std::uint16_t>(kPointer | offset);
}

/// Octets of the uncompressed name at `offset`, which we wrote ourselves.
std::size_t name_octets(std::span<const std::uint8_t> message, std::size_t offset) noexcept {
    std::size_t at = offset;
    while (message[at] != 0)
        at += message[at] + 1u;
    return at + 1 - offset;
}

}  // namespace

Response::Response(const Query& query, const Identity& identity,
                   std::span<std::uint8_t> out) noexcept
    : query_(query),
      identity_(identity),
      out_(out.first(std::min(out.size(), kMaxMessageOctets))),
      at_(kHeaderOctets),
      // RFC 1035 section 4.1.1: opcode and RD are copied. RA is never set, and neither are AD and
      // CD: RFC 4035 section 3.1.6.
      flags_(static_cast<std::uint16_t>(kFlagResponse |
                                        (query.flags & (kOpcodeMask | kFlagRecursionDesired)))) {
    HAIRPIN_ASSERT(out_.size() >= kMinUdpOctets);
    put_octets(query.question);
    if (!query.edns.present) return;
    // An extended error needs no room of its own: it goes with refusals, which hold no records.
    reserved_ = kOptOctets;
    if (query.edns.nsid) reserved_ += kOptionHeadOctets + identity.nsid.size();
    HAIRPIN_ASSERT(at_ + reserved_ <= out_.size());
}

bool Response::reserve(std::size_t octets) noexcept {
    // An extended error may still come, and then there must be room for all of it.
    if (!fits(octets + kOptionHeadOctets + kExtendedErrorOctets)) return false;
    reserved_ += octets;
    behind_ = octets;
    return true;
}

void Response::set_cookie(OctetView cookie) noexcept {
    cookie_ = cookie;
    reserved_ += kOptionHeadOctets + cookie.size();
    HAIRPIN_ASSERT(at_ + reserved_ <= out_.size());
}

bool Response::put(Section section, const zones::RRset& rrset, std::size_t owner) noexcept {
    if (owner > kMaxPointer) {
        if (!put_spelled_out(rrset, owner)) return false;
        count(section, rrset.count());
        return true;
    }
    const OctetView wire = rrset.wire();
    if (!fits(wire.size())) return false;
    std::uint8_t* record = out_.data() + at_;
    std::memcpy(record, wire.data(), wire.size());
    last_rdata_ = at_ + kRecordHeadOctets;
    at_ += wire.size();
    count(section, rrset.count());
    if (owner == kQnameOffset) return true;  // As stored (zones/rrset.hpp).
    const std::uint8_t* const end = out_.data() + at_;
    while (record != end) {
        write_u16(record, pointer_to(owner));
        record += kRecordHeadOctets + read_u16(record + kRecordHeadOctets - 2);
    }
    return true;
}

/// For an owner that stands past the reach of a pointer: after a very large RRset over TCP.
bool Response::put_spelled_out(const zones::RRset& rrset, std::size_t owner) noexcept {
    const std::size_t size = name_octets(out_, owner);
    if (!fits(rrset.wire().size() + rrset.count() * (size - 2))) return false;
    last_rdata_ = at_ + size + kRecordHeadOctets - 2;
    for (const OctetView rdata : rrset.rdatas()) {
        const OctetView record(rdata.data() - kRecordHeadOctets, kRecordHeadOctets + rdata.size());
        put_octets(out_.subspan(owner, size));
        put_octets(record.subspan(2));
    }
    return true;
}

bool Response::put_cname(std::size_t owner, zones::Ttl ttl, const zones::Name& target) noexcept {
    if (owner > kMaxPointer || !fits(kRecordHeadOctets + target.size())) return false;
    put_u16(pointer_to(owner));
    put_u16(to_number(zones::RType::CNAME));
    put_u16(static_cast<std::uint16_t>(zones::RClass::IN));
    write_u32(out_.data() + at_, ttl);
    at_ += 4;
    put_u16(static_cast<std::uint16_t>(target.size()));
    last_rdata_ = at_;
    put_octets(target.wire());
    count(Section::Answer, 1);
    return true;
}

/// TTL 0: the next packet may come to another instance (RFC 4892 section 2).
void Response::put_chaos(OctetView text) noexcept {
    HAIRPIN_ASSERT(text.size() <= kMaxStringOctets &&
                   fits(kRecordHeadOctets + 1 + text.size()));  // Alone in its message.
    put_u16(pointer_to(kQnameOffset));
    put_u16(to_number(zones::RType::TXT));
    put_u16(static_cast<std::uint16_t>(zones::RClass::CH));
    write_u32(out_.data() + at_, 0);
    at_ += 4;
    put_u16(static_cast<std::uint16_t>(text.size() + 1));
    out_[at_++] = static_cast<std::uint8_t>(text.size());
    put_octets(text);
    count(Section::Answer, 1);
}

void Response::truncate() noexcept {
    set_truncated();
    at_ = kHeaderOctets + query_.question.size();
    counts_ = {};
}

std::size_t Response::finish(Rcode rcode, ExtendedError error) noexcept {
    std::uint8_t* header = out_.data();
    const bool opt = query_.edns.present;
    const std::size_t opt_at = at_;
    if (opt) put_opt(rcode, error);
    opt_octets_ = at_ - opt_at;
    write_u16(header, query_.id);
    write_u16(header + 2,
              static_cast<std::uint16_t>(flags_ | (static_cast<unsigned>(rcode) & 0x0fu)));
    write_u16(header + 4, query_.question.empty() ? 0 : 1);
    write_u16(header + 6, counts_[0]);
    write_u16(header + 8, counts_[1]);
    write_u16(header + 10, static_cast<std::uint16_t>(counts_[2] + (opt ? 1 : 0)));
    return at_;
}

/// RFC 6891 section 6.1.2. Version 0, whatever was asked; unknown options and flags are ignored.
void Response::put_opt(Rcode rcode, ExtendedError error) noexcept {
    out_[at_++] = 0;
    put_u16(to_number(zones::RType::OPT));
    put_u16(identity_.udp_octets);
    out_[at_++] = static_cast<std::uint8_t>(static_cast<unsigned>(rcode) >> 4);
    out_[at_++] = 0;
    put_u16(query_.edns.dnssec_ok ? kEdnsDnssecOk : std::uint16_t{0});
    const std::size_t rdlength = at_;
    at_ += 2;
    if (query_.edns.nsid && !identity_.nsid.empty()) {
        put_u16(kOptionNsid);
        put_u16(static_cast<std::uint16_t>(identity_.nsid.size()));
        put_octets(identity_.nsid);
    }
    if (!cookie_.empty()) {
        put_u16(kOptionCookie);
        put_u16(static_cast<std::uint16_t>(cookie_.size()));
        put_octets(cookie_);
    }
    if (error != ExtendedError::None) {
        put_u16(kOptionExtendedError);
        put_u16(kExtendedErrorOctets);
        put_u16(static_cast<std::uint16_t>(error));
    }
    if (query_.edns.padding) put_padding();
    write_u16(out_.data() + rdlength, static_cast<std::uint16_t>(at_ - rdlength - 2));
}

/// RFC 8467 section 4.1: up to the next multiple of 468 octets, what comes behind included; where
/// that is more than a message can hold, up to that. The size that the requestor names in its OPT
/// is about UDP.
void Response::put_padding() noexcept {
    const std::size_t least = at_ + kOptionHeadOctets + behind_;
    if (least > out_.size()) return;
    const std::size_t zeros = std::min(padded_octets(least), out_.size()) - least;
    put_u16(kOptionPadding);
    put_u16(static_cast<std::uint16_t>(zeros));
    std::memset(out_.data() + at_, 0, zeros);  // RFC 7830 section 3: "SHOULD be set to 0x00".
    at_ += zeros;
}

std::size_t cut_short(std::span<std::uint8_t> message, std::size_t opt_octets) noexcept {
    constexpr std::size_t kFixedOctets = 4;  // QTYPE, QCLASS.
    constexpr std::uint16_t kKeptFlags = kFlagResponse | kOpcodeMask | kFlagRecursionDesired;
    std::uint8_t* header = message.data();
    std::size_t end = kHeaderOctets;
    if (read_u16(header + 4) != 0) end += name_octets(message, end) + kFixedOctets;
    write_u16(header + 2,
              static_cast<std::uint16_t>((read_u16(header + 2) & kKeptFlags) | kFlagTruncated));
    write_u16(header + 6, 0);
    write_u16(header + 8, 0);
    write_u16(header + 10, opt_octets == 0 ? 0 : 1);
    if (opt_octets == 0) return end;
    const auto opt = message.last(opt_octets);
    std::memmove(header + end, opt.data(), opt.size());
    header[end + 5] = 0;  // The upper bits of the RCODE.
    return end + opt.size();
}

void Response::count(Section section, std::size_t records) noexcept {
    auto& counted = counts_[static_cast<std::size_t>(section)];
    counted = static_cast<std::uint16_t>(counted + records);
}

void Response::put_u16(std::uint16_t value) noexcept {
    write_u16(out_.data() + at_, value);
    at_ += 2;
}

void Response::put_octets(OctetView octets) noexcept {
    if (octets.empty()) return;
    std::memcpy(out_.data() + at_, octets.data(), octets.size());
    at_ += octets.size();
}

}  // namespace hairpin::dnsd
