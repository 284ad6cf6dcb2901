#include "acme/dns_answer.hpp"

#include <array>

#include "zones/wire.hpp"

namespace hairpin::acme {
namespace {

constexpr std::uint8_t kAnswerBit = 0x80;
constexpr std::uint8_t kAuthoritativeBit = 0x04;
constexpr std::uint8_t kCutBit = 0x02;
constexpr std::uint8_t kRecursionDesiredBit = 0x01;
constexpr std::uint8_t kCheckingDisabledBit = 0x10;

Error broken() {
    return Error{ErrorCode::Corrupt, "DNS message", "is a broken answer"};
}

/// How many names the RDATA of a type begins with, of those types that may be compressed (RFC 3597
/// section 4) and that we ask for.
int names_in_front(zones::RType type) noexcept {
    using zones::RType;
    if (type == RType::SOA) return 2;
    return type == RType::NS || type == RType::CNAME || type == RType::DNAME ? 1 : 0;
}

Result<Octets> expanded_rdata(OctetView message, const zones::RecordAt& record) {
    const std::size_t end = record.rdata + record.rdlength;
    Octets rdata;
    std::size_t at = record.rdata;
    for (int left = names_in_front(static_cast<zones::RType>(record.type)); left > 0; --left) {
        const auto name = zones::read_name(message, at);
        if (!name || name->next > end) return fail(broken());
        rdata.insert(rdata.end(), name->name.wire().begin(), name->name.wire().end());
        at = name->next;
    }
    const OctetView rest = message.subspan(at, end - at);
    rdata.insert(rdata.end(), rest.begin(), rest.end());
    return rdata;
}

}  // namespace

std::vector<Octets> DnsAnswer::rdatas(zones::RType type) const {
    std::vector<Octets> all;
    for (const DnsRecord& each : records)
        if (each.type == type) all.push_back(each.rdata);
    return all;
}

std::string rcode_text(std::uint8_t rcode) {
    constexpr std::array<std::string_view, 6> kNames = {"NOERROR",  "FORMERR", "SERVFAIL",
                                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
    if (rcode < kNames.size()) return std::string(kNames[rcode]);
    return "RCODE " + std::to_string(rcode);
}

Octets dns_query(std::uint16_t id, const DnsQuestion& question) {
    Octets query(zones::kHeaderOctets, 0);
    zones::write_u16(query.data(), id);
    if (question.asking != Asking::Server) query[2] = kRecursionDesiredBit;
    if (question.asking == Asking::ResolverUnchecked) query[3] = kCheckingDisabledBit;
    query[5] = 1;   // QDCOUNT
    query[11] = 1;  // ARCOUNT
    query.insert(query.end(), question.name.wire().begin(), question.name.wire().end());
    const std::uint16_t type = zones::to_number(question.type);
    const std::array<std::uint8_t, 4> kind = {static_cast<std::uint8_t>(type >> 8),
                                              static_cast<std::uint8_t>(type & 0xff), 0, 1};
    query.insert(query.end(), kind.begin(), kind.end());
    // RFC 6891 section 6.1.2: root, OPT, payload size, no extended RCODE, version 0, no options.
    const std::array<std::uint8_t, 11> opt = {
        0, 0, 41, kAnswerPayload >> 8, kAnswerPayload & 0xff, 0, 0, 0, 0, 0, 0};
    query.insert(query.end(), opt.begin(), opt.end());
    return query;
}

Result<DnsAnswer> read_dns_answer(OctetView message, std::uint16_t id,
                                  const DnsQuestion& question) {
    const Error other{ErrorCode::Protocol, "DNS message", "is not the answer to this query"};
    if (message.size() < zones::kHeaderOctets || zones::read_u16(message.data()) != id ||
        (message[2] & kAnswerBit) == 0 || zones::read_u16(message.data() + 4) != 1)
        return fail(other);
    const auto qname = zones::read_name(message, zones::kHeaderOctets);
    if (!qname || !(qname->name == question.name) || qname->next + 4 > message.size() ||
        zones::read_u16(message.data() + qname->next) != zones::to_number(question.type))
        return fail(other);
    DnsAnswer answer;
    answer.rcode = message[3] & 0x0f;
    answer.is_authoritative = (message[2] & kAuthoritativeBit) != 0;
    answer.is_truncated = (message[2] & kCutBit) != 0;
    const std::size_t count = zones::read_u16(message.data() + 6);
    if (count > kMaxAnswerRecords) return fail(broken());
    std::size_t at = qname->next + 4;
    for (std::size_t each = 0; each < count; ++each) {
        const auto record = zones::read_record(message, at);
        // What a cut leaves is not used: it is asked again over TCP.
        if (!record && answer.is_truncated) break;
        if (!record) return fail(broken());
        at = record->next;
        if (record->rclass != static_cast<std::uint16_t>(zones::RClass::IN)) continue;
        answer.records.push_back({record->owner, static_cast<zones::RType>(record->type),
                                  record->ttl, TRY(expanded_rdata(message, *record))});
    }
    return answer;
}

std::optional<std::uint32_t> serial_of(OctetView soa_rdata) noexcept {
    if (soa_rdata.size() < zones::kSoaNumbersOctets + 2) return std::nullopt;
    return zones::read_u32(soa_rdata.data() + soa_rdata.size() - zones::kSoaNumbersOctets);
}

}  // namespace hairpin::acme
