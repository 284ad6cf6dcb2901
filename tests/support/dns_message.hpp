// tests/support/dns_message.hpp - DNS messages for tests: composed octet by octet, well-formed or
// not, and read back by ldns, which knows nothing of our own codec.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/handle.hpp"
#include "core/octets.hpp"
#include "zones/name.hpp"
#include "zones/presentation.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"

// Behind the standard library: its macros break the headers of libstdc++ for clang.
#include <ldns/ldns.h>

namespace hairpin::tests {

/// Composes a message. Counts follow what is added, until counts() says otherwise.
class MessageBuilder {
public:
    explicit MessageBuilder(std::uint16_t id = 0x1234, std::uint16_t flags = 0) {
        octets_.resize(12);
        zones::write_u16(octets_.data(), id);
        zones::write_u16(&octets_[2], flags);
    }
    MessageBuilder& question(std::string_view name, zones::RType type,
                             zones::RClass rclass = zones::RClass::IN) {
        const auto parsed = zones::Name::parse(name);
        if (!parsed) throw std::invalid_argument(std::string(name));
        raw(parsed->wire());
        u16(to_number(type));
        u16(static_cast<std::uint16_t>(rclass));
        return grow(0);
    }
    /// `section`: 1 answer, 2 authority, 3 additional; `owner` in wire form, pointers included.
    MessageBuilder& record(std::size_t section, const Octets& owner, std::uint16_t type,
                           std::uint16_t rclass, std::uint32_t ttl, const Octets& rdata) {
        raw(owner);
        u16(type);
        u16(rclass);
        u16(static_cast<std::uint16_t>(ttl >> 16));
        u16(static_cast<std::uint16_t>(ttl));
        u16(static_cast<std::uint16_t>(rdata.size()));
        raw(rdata);
        return grow(section);
    }
    MessageBuilder& opt(std::uint16_t udp_octets = 1232, std::uint32_t version_and_flags = 0,
                        const Octets& options = {}, const Octets& owner = {0}) {
        return record(3, owner, 41, udp_octets, version_and_flags, options);
    }
    MessageBuilder& raw(OctetView more) {
        octets_.insert(octets_.end(), more.begin(), more.end());
        return *this;
    }
    MessageBuilder& counts(const std::array<std::uint16_t, 4>& counts) {
        for (std::size_t each = 0; each < 4; ++each)
            zones::write_u16(&octets_[4 + 2 * each], counts[each]);
        return *this;
    }
    [[nodiscard]] const Octets& octets() const { return octets_; }

private:
    void u16(std::uint16_t value) {
        octets_.push_back(static_cast<std::uint8_t>(value >> 8));
        octets_.push_back(static_cast<std::uint8_t>(value));
    }
    MessageBuilder& grow(std::size_t section) {
        std::uint8_t* count = &octets_[4 + 2 * section];
        zones::write_u16(count, static_cast<std::uint16_t>(zones::read_u16(count) + 1));
        return *this;
    }
    Octets octets_;
};

/// What is wrong with the frame of a message, strictly: counts, records, exactly one question at
/// most, one OPT at most and only among the additional records, nothing behind. Empty: nothing.
inline std::string frame_fault(OctetView message) {
    if (message.size() < 12) return "shorter than a header";
    std::size_t at = 12;
    const std::size_t questions = zones::read_u16(&message[4]);
    if (questions > 1) return "more than one question";
    for (std::size_t each = 0; each < questions; ++each) {
        const auto name = zones::read_name(message, at);
        if (!name || message.size() - name->next < 4) return "broken question";
        at = name->next + 4;
    }
    int opts = 0;
    for (std::size_t section = 1; section < 4; ++section) {
        const std::size_t records = zones::read_u16(&message[4 + 2 * section]);
        for (std::size_t each = 0; each < records; ++each) {
            const auto record = zones::read_record(message, at);
            if (!record) return "broken record";
            at = record->next;
            if (record->type != to_number(zones::RType::OPT)) continue;
            if (section != 3 || ++opts > 1 || !record->owner.is_root()) return "stray OPT";
        }
    }
    return at == message.size() ? "" : "octets behind the last record";
}

namespace detail {

using PacketHandle = Handle<ldns_pkt, ldns_pkt_free>;

inline std::string one_line(ldns_rr* rr) {
    char* text = ldns_rr2str(rr);
    if (text == nullptr) throw std::runtime_error("ldns cannot print a record");
    std::string line;
    for (const char* at = text; *at != '\0'; ++at)
        line += *at == '\t' ? ' ' : *at;
    LDNS_FREE(text);
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0)
        line.pop_back();
    const auto comment = line.find(" ;{");  // ldns adds remarks to keys and DS.
    return comment == std::string::npos ? line : line.substr(0, comment);
}

inline std::string section_text(std::string_view label, const ldns_rr_list* list) {
    std::string text;
    for (std::size_t each = 0; each < ldns_rr_list_rr_count(list); ++each)
        text += std::string(label) + ": " + one_line(ldns_rr_list_rr(list, each)) + "\n";
    return text;
}

inline std::string opt_text(const ldns_pkt* packet) {
    std::string text = "opt: " + std::to_string(ldns_pkt_edns_udp_size(packet));
    if (ldns_pkt_edns_version(packet) != 0)
        text += " version=" + std::to_string(ldns_pkt_edns_version(packet));
    if (ldns_pkt_edns_do(packet)) text += " do";
    if ((ldns_pkt_edns_z(packet) & 0x7fff) != 0) text += " z";
    const ldns_rdf* options = ldns_pkt_edns_data(packet);
    if (options == nullptr) return text + "\n";
    OctetView left(ldns_rdf_data(options), ldns_rdf_size(options));
    while (left.size() >= 4) {
        const std::size_t code = zones::read_u16(left.data());
        const std::size_t size = zones::read_u16(&left[2]);
        if (size > left.size() - 4) throw std::runtime_error("option runs past the OPT");
        const OctetView value = left.subspan(4, size);
        if (code == 3)
            text += " nsid=" + std::string(as_text(value));
        else if (code == 15)
            text += " ede=" + std::to_string(zones::read_u16(value.data()));
        else
            text += " option" + std::to_string(code);
        left = left.subspan(4 + size);
    }
    return text + "\n";
}

}  // namespace detail

/// A response as a text, one line each: RCODE and flags, records by section, OPT. The question is
/// shown only without one. Throws when ldns cannot read it or its frame is broken.
///
///     NOERROR aa rd
///     answer: www.example.net. 300 IN A 192.0.2.1
///     opt: 1232 do
inline std::string message_text(OctetView message) {
    if (message.empty()) return "silence\n";
    const std::string fault = frame_fault(message);
    if (!fault.empty()) throw std::runtime_error("response: " + fault);
    ldns_pkt* raw = nullptr;
    if (ldns_wire2pkt(&raw, message.data(), message.size()) != LDNS_STATUS_OK)
        throw std::runtime_error("ldns cannot read the response");
    const detail::PacketHandle packet(raw);
    const std::uint16_t flags = zones::read_u16(&message[2]);
    const unsigned rcode = (flags & 15u) | static_cast<unsigned>(ldns_pkt_edns_extended_rcode(raw))
                                               << 4;
    static constexpr std::array<const char*, 10> kNames = {
        "NOERROR", "FORMERR",  "SERVFAIL", "NXDOMAIN", "NOTIMP",
        "REFUSED", "YXDOMAIN", "YXRRSET",  "NXRRSET",  "NOTAUTH"};
    std::string text = rcode == 16             ? "BADVERS"
                       : rcode < kNames.size() ? kNames[rcode]
                                               : "RCODE" + std::to_string(rcode);
    if ((flags & 0x8000) == 0) text += " query";
    if ((flags >> 11 & 15) != 0) text += " opcode=" + std::to_string(flags >> 11 & 15);
    if ((flags & 0x0400) != 0) text += " aa";
    if ((flags & 0x0200) != 0) text += " tc";
    if ((flags & 0x0100) != 0) text += " rd";
    if ((flags & 0x0080) != 0) text += " ra";
    if ((flags & 0x0040) != 0) text += " z";
    if ((flags & 0x0020) != 0) text += " ad";
    if ((flags & 0x0010) != 0) text += " cd";
    text += "\n";
    if (ldns_rr_list_rr_count(ldns_pkt_question(raw)) == 0) text += "no question\n";
    text += detail::section_text("answer", ldns_pkt_answer(raw));
    text += detail::section_text("authority", ldns_pkt_authority(raw));
    text += detail::section_text("additional", ldns_pkt_additional(raw));
    if (ldns_pkt_edns(raw)) text += detail::opt_text(raw);
    return text;
}

/// "name TYPE" or "name TYPE CLASS-number".
inline void add_question(MessageBuilder& builder, std::string_view text) {
    const auto first = text.find(' ');
    const auto second = text.find(' ', first + 1);
    const auto type = zones::type_from_text(text.substr(first + 1, second - first - 1));
    if (!type) throw std::invalid_argument(std::string(text));
    auto rclass = zones::RClass::IN;
    if (second != std::string_view::npos)
        rclass = zones::RClass{
            static_cast<std::uint16_t>(std::stoi(std::string(text.substr(second + 1))))};
    builder.question(text.substr(0, first), *type, rclass);
}

}  // namespace hairpin::tests
