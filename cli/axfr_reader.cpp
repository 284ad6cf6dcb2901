#include "cli/axfr_reader.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "dnsd/codes.hpp"
#include "zones/presentation.hpp"
#include "zones/rdata_wire.hpp"
#include "zones/wire.hpp"

namespace hairpin::cli {
namespace {

using zones::read_u16;
using zones::RType;

constexpr std::uint16_t kRcodeMask = 0x000f;

// What a source says with an RCODE, and what can be done about it.
struct RcodeRow {
    std::uint16_t rcode;
    ErrorCode code;
    std::string_view cause;
};
constexpr std::array kRcodeRows = {
    RcodeRow{1, ErrorCode::Protocol, "FORMERR: it does not understand the query"},
    RcodeRow{2, ErrorCode::Protocol, "SERVFAIL: it cannot send the zone now; see its log"},
    RcodeRow{3, ErrorCode::Protocol, "NXDOMAIN: it has no such zone"},
    RcodeRow{4, ErrorCode::Protocol, "NOTIMP: it does not do zone transfers"},
    RcodeRow{5, ErrorCode::Denied,
             "REFUSED: it does not let this address, or this key, transfer the zone"},
    RcodeRow{9, ErrorCode::Denied,
             "NOTAUTH: it is not authoritative for the zone, or does not accept the key"},
};

Result<void> check_rcode(std::uint16_t rcode, const std::string& zone) {
    if (rcode == 0) return {};
    for (const RcodeRow& row : kRcodeRows)
        if (row.rcode == rcode)
            return fail(Error{row.code, zone, "the source answers " + std::string(row.cause)});
    return fail(Error{ErrorCode::Protocol, zone,
                      "the source answers with the RCODE " + std::to_string(rcode)});
}

}  // namespace

AxfrReader::AxfrReader(const zones::Name& apex, std::uint16_t id, const AxfrLimits& limits,
                       Sink sink)
    : apex_(apex), id_(id), limits_(limits), sink_(std::move(sink)) {}

Error AxfrReader::broken(std::string cause) const {
    return {ErrorCode::Protocol, apex_.text(),
            "message " + std::to_string(messages_) + " of the transfer: " + std::move(cause)};
}

Result<void> AxfrReader::take(OctetView message) {
    ++messages_;
    octets_ += message.size();
    if (octets_ > limits_.octets)
        return fail(Error{
            ErrorCode::Limit, apex_.text(),
            "the source has sent more than " + std::to_string(limits_.octets) + " octets of it"});
    if (is_done_) return fail(broken("it comes after the closing SOA"));
    TRY(check_header(message));
    std::size_t at = TRY(check_question(message));
    const std::size_t answers = read_u16(&message[6]);
    // RFC 5936 section 2.2: each message has records, or the stream would not get on.
    if (answers == 0) return fail(broken("it holds no records"));
    for (std::size_t each = 0; each < answers; ++each)
        at = TRY(take_record(message, at));
    // Section 2.2.4: the authority section is empty. What stands behind is meta-data (section
    // 2.2.5): OPT and TSIG.
    if (read_u16(&message[8]) != 0) return fail(broken("it has an authority section"));
    const std::size_t additional = read_u16(&message[10]);
    for (std::size_t each = 0; each < additional; ++each) {
        const auto record = zones::read_record(message, at);
        if (!record) return fail(broken(std::string(to_string(record.error()))));
        at = record->next;
    }
    if (at != message.size()) return fail(broken("octets follow its last record"));
    is_done_ = has_ended_;
    return {};
}

Result<void> AxfrReader::check_header(OctetView message) const {
    if (message.size() < zones::kHeaderOctets)
        return fail(broken("it is shorter than a DNS header: is this a name server?"));
    const std::uint16_t flags = read_u16(&message[2]);
    if (read_u16(message.data()) != id_) return fail(broken("its ID is not the query's"));
    if ((flags & dnsd::kFlagResponse) == 0) return fail(broken("it is a query, not an answer"));
    if ((flags & dnsd::kOpcodeMask) != 0) return fail(broken("its opcode is not the query's"));
    TRY(check_rcode(flags & kRcodeMask, apex_.text()));
    // RFC 5936 section 2.2.1 wants AA too. Knot leaves it out, so that it is not asked for.
    if ((flags & dnsd::kFlagTruncated) != 0) return fail(broken("it says that it was truncated"));
    return {};
}

// RFC 5936 section 2.2.2: the query's question in the first message, and it or none in the others.
// Returns the offset behind it.
Result<std::size_t> AxfrReader::check_question(OctetView message) const {
    const std::size_t questions = read_u16(&message[4]);
    if (questions == 0 && messages_ > 1) return zones::kHeaderOctets;
    if (questions != 1) return fail(broken("it does not have the query's question"));
    const auto asked = zones::read_name(message, zones::kHeaderOctets);
    if (!asked || message.size() - asked->next < 4) return fail(broken("its question is broken"));
    const bool is_ours =
        asked->name == apex_ && read_u16(&message[asked->next]) == to_number(RType::AXFR) &&
        read_u16(&message[asked->next + 2]) == static_cast<std::uint16_t>(zones::RClass::IN);
    if (!is_ours) return fail(broken("its question is not the query's"));
    return asked->next + 4;
}

Result<std::size_t> AxfrReader::take_record(OctetView message, std::size_t at) {
    const auto found = zones::read_record(message, at);
    if (!found) return fail(broken(std::string(to_string(found.error()))));
    if (has_ended_) return fail(broken("a record follows the closing SOA"));
    if (found->rclass != static_cast<std::uint16_t>(zones::RClass::IN))
        return fail(broken("the class of " + found->owner.text() + " is not IN"));
    auto rdata = zones::expanded_rdata(message, *found);
    const auto type = static_cast<RType>(found->type);
    if (!rdata)
        return fail(broken("the RDATA of " + found->owner.text() + " " + zones::type_text(type) +
                           ": " + std::string(to_string(rdata.error()))));
    AxfrRecord record{found->owner, type, found->ttl, *std::move(rdata)};
    const bool is_apex_soa = type == RType::SOA && record.owner == apex_;
    if (soa_.empty() && !is_apex_soa) return fail(broken("it does not begin with the zone's SOA"));
    if (is_apex_soa) TRY(take_soa(record));
    if (has_ended_) return found->next;
    if (++records_ > limits_.records)
        return fail(
            Error{ErrorCode::Limit, apex_.text(),
                  "the source has sent more than " + std::to_string(limits_.records) + " records"});
    sink_(std::move(record));
    return found->next;
}

// RFC 5936 section 2.2: the first and the last record are the same SOA.
Result<void> AxfrReader::take_soa(const AxfrRecord& record) {
    if (!zones::rdata_is_valid(RType::SOA, record.rdata)) return fail(broken("a broken SOA"));
    if (soa_.empty()) {
        soa_ = record.rdata;
        return {};
    }
    const std::size_t names = soa_.size() - 20;  // Five numbers of four octets behind two names.
    const bool is_same = record.rdata.size() == soa_.size() &&
                         zones::equal_ignoring_case(OctetView(soa_).first(names),
                                                    OctetView(record.rdata).first(names)) &&
                         std::equal(soa_.end() - 20, soa_.end(), record.rdata.end() - 20);
    if (!is_same)
        return fail(broken(
            "the closing SOA is not the opening one: the zone changed meanwhile; try again"));
    has_ended_ = true;
    return {};
}

}  // namespace hairpin::cli
