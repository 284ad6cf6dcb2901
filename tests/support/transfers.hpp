// tests/support/transfers.hpp - zone transfers for tests: read by ldns, which knows nothing of our
// own codec, and compared as sorted lines of text.
#pragma once

#include <algorithm>
#include <cctype>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/transfer.hpp"
#include "tests/support/dns_message.hpp"
#include "zones/zone.hpp"

namespace hairpin::tests {

using Lines = std::multiset<std::string>;

/// One record as ldns prints it.
inline std::string record_line(const zones::Name& owner, OctetView stored) {
    Octets wire(owner.wire().begin(), owner.wire().end());
    wire.insert(wire.end(), stored.begin() + 2, stored.end());
    ldns_rr* raw = nullptr;
    std::size_t at = 0;
    if (ldns_wire2rr(&raw, wire.data(), wire.size(), &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
        throw std::runtime_error("ldns cannot read a record");
    const Handle<ldns_rr, ldns_rr_free> rr(raw);
    return detail::one_line(raw);
}

/// Every record of a zone.
inline Lines lines_of(const zones::Zone& zone) {
    Lines lines;
    zone.for_each([&](const zones::Name& owner, const zones::Node& node) {
        for (const zones::RRsetRef& rrset : node.rrsets())
            for (const OctetView rdata : rrset->rdatas())
                lines.insert(record_line(owner, {rdata.data() - zones::kRecordHeadOctets,
                                                 zones::kRecordHeadOctets + rdata.size()}));
        return true;
    });
    return lines;
}

/// The answer sections of all messages, in order.
inline std::vector<std::string> answer_lines(std::span<const Octets> messages) {
    std::vector<std::string> lines;
    for (const Octets& message : messages) {
        if (const auto fault = frame_fault(message); !fault.empty())
            throw std::runtime_error(fault);
        ldns_pkt* raw = nullptr;
        if (ldns_wire2pkt(&raw, message.data(), message.size()) != LDNS_STATUS_OK)
            throw std::runtime_error("ldns cannot read a message");
        const detail::PacketHandle packet(raw);
        const ldns_rr_list* answers = ldns_pkt_answer(raw);
        for (std::size_t each = 0; each < ldns_rr_list_rr_count(answers); ++each)
            lines.push_back(detail::one_line(ldns_rr_list_rr(answers, each)));
    }
    return lines;
}

/// In lower case: names are compared so (RFC 4343).
inline std::string lower(std::string line) {
    std::transform(line.begin(), line.end(), line.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return line;
}
inline Lines lower(const Lines& lines) {
    Lines lowered;
    for (const std::string& line : lines)
        lowered.insert(lower(line));
    return lowered;
}

inline bool is_soa(const std::string& line) {
    return lower(line).find(" in soa ") != std::string::npos;
}

/// A transfer of a whole zone, taken apart as RFC 5936 section 2.2 says.
inline Lines whole_zone(const std::vector<std::string>& lines) {
    if (lines.size() < 2 || !is_soa(lines.front()) || lines.front() != lines.back())
        throw std::runtime_error("not between two equal SOAs");
    Lines zone(lines.begin(), lines.end() - 1);
    if (std::count_if(zone.begin(), zone.end(), is_soa) != 1)
        throw std::runtime_error("a SOA in between");
    return zone;
}

namespace detail {

/// What stands from `at` to the next SOA is deleted from or added to `zone`. @return Where that SOA
/// is.
inline std::size_t apply_part(Lines& zone, const std::vector<std::string>& lines, std::size_t at,
                              bool deletes) {
    if (!is_soa(lines.at(at))) throw std::runtime_error("no SOA where a part begins");
    for (bool first = true; first || !is_soa(lines.at(at)); first = false, ++at) {
        const auto held = zone.find(lines[at]);
        if (deletes && held == zone.end()) throw std::runtime_error("deleted but not there");
        if (!deletes && held != zone.end()) throw std::runtime_error("added twice");
        if (deletes)
            zone.erase(held);
        else
            zone.insert(lines[at]);
    }
    return at;
}

}  // namespace detail

/// An incremental transfer applied to `zone`, strictly: RFC 1995 section 4. All in lower case.
inline Lines applied(const Lines& zone, const std::vector<std::string>& as_sent) {
    Lines content = lower(zone);
    std::vector<std::string> lines;
    for (const std::string& line : as_sent)
        lines.push_back(lower(line));
    if (lines.size() < 4 || lines.front() != lines.back()) throw std::runtime_error("no frame");
    for (std::size_t at = 1; at + 1 < lines.size();) {
        at = detail::apply_part(content, lines, at, true);
        at = detail::apply_part(content, lines, at, false);
    }
    if (!content.contains(lines.front())) throw std::runtime_error("another SOA at the end");
    return content;
}

/// All messages of a transfer.
inline std::vector<Octets> messages_of(dnsd::Transfer& transfer) {
    std::vector<Octets> messages;
    Octets out(dnsd::kMaxMessageOctets);
    while (const std::size_t size = transfer.next(out))
        messages.emplace_back(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size));
    return messages;
}

/// A query for a transfer: "zone. AXFR", or with the serial that the client has "zone. IXFR".
inline Octets transfer_query(std::string_view question, std::uint32_t serial = 0,
                             std::uint16_t id = 0x1234, std::uint16_t flags = 0,
                             bool edns = false) {
    MessageBuilder builder(id, flags);
    add_question(builder, question);
    if (question.find("IXFR") != std::string_view::npos) {
        Octets rdata(22);  // MNAME and RNAME are the root.
        zones::write_u32(&rdata[2], serial);
        builder.record(2, {0xC0, 12}, 6, 1, 0, rdata);
    }
    if (edns) builder.opt(1232, 0x8000);
    return builder.octets();
}

}  // namespace hairpin::tests
