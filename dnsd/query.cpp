#include "dnsd/query.hpp"

#include "dnsd/codes.hpp"
#include "dnsd/cookies.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

using zones::kHeaderOctets;
using zones::read_u16;

/// Reads the parts of one message in their order.
class Reader {
public:
    Reader(OctetView message, Transport transport, Query& query) noexcept
        : message_(message), transport_(transport), query_(query) {}

    [[nodiscard]] Form question() noexcept;
    [[nodiscard]] Form records(std::size_t count) noexcept;
    [[nodiscard]] bool at_end() const noexcept { return at_ == message_.size(); }

private:
    [[nodiscard]] Form opt(bool root_owner, std::size_t fields, OctetView rdata) noexcept;
    [[nodiscard]] bool cookie(OctetView value) noexcept;
    [[nodiscard]] std::size_t left() const noexcept { return message_.size() - at_; }

    OctetView message_;
    Transport transport_;
    Query& query_;
    std::size_t at_ = kHeaderOctets;
};

/// A name in the question has nothing in front of it that a pointer could mean, so none is taken.
Form Reader::question() noexcept {
    for (;;) {
        if (left() == 0) return Form::Question;
        const std::size_t head = message_[at_];
        if (head > zones::kMaxLabelOctets || head + 1 > left()) return Form::Question;
        at_ += head + 1;
        if (at_ - kHeaderOctets > zones::kMaxNameOctets) return Form::Question;
        if (head == 0) break;
    }
    if (left() < 4) return Form::Question;
    const auto name = zones::Name::from_wire(message_.subspan(kHeaderOctets, at_ - kHeaderOctets));
    if (!name) return Form::Question;
    query_.qname = *name;
    query_.qtype = zones::RType{read_u16(&message_[at_])};
    query_.qclass = zones::RClass{read_u16(&message_[at_ + 2])};
    at_ += 4;
    query_.question = message_.subspan(kHeaderOctets, at_ - kHeaderOctets);
    return Form::WellFormed;
}

Form Reader::records(std::size_t count) noexcept {
    for (; count > 0; --count) {
        const std::size_t start = at_;
        const bool root_owner = left() > 0 && message_[at_] == 0;
        const auto owner_end = zones::skip_name(message_, at_);
        if (!owner_end || message_.size() - *owner_end < kRecordFieldOctets) return Form::Records;
        const std::size_t fields = at_ = *owner_end;
        const auto type = zones::RType{read_u16(&message_[fields])};
        const std::size_t rdlength = read_u16(&message_[fields + 8]);
        at_ += kRecordFieldOctets;
        if (left() < rdlength) return Form::Records;
        const OctetView rdata = message_.subspan(at_, rdlength);
        at_ += rdlength;

        if (query_.tsig != 0) return Form::TsigPlace;
        if (type == zones::RType::TSIG) query_.tsig = start;
        if (type != zones::RType::OPT) continue;
        const Form form = opt(root_owner, fields, rdata);
        if (form != Form::WellFormed) return form;
    }
    return Form::WellFormed;
}

/// RFC 6891 section 6.1.2: CLASS is the requestor's size, TTL is extended RCODE, version and flags.
Form Reader::opt(bool root_owner, std::size_t fields, OctetView rdata) noexcept {
    if (query_.edns.present) return Form::OptTwice;
    query_.edns.present = true;
    if (!root_owner) return Form::OptOwner;
    query_.edns.udp_octets = read_u16(&message_[fields + 2]);
    query_.edns.version = message_[fields + 5];
    query_.edns.dnssec_ok = (read_u16(&message_[fields + 6]) & kEdnsDnssecOk) != 0;
    while (!rdata.empty()) {
        if (rdata.size() < 4) return Form::OptOptions;
        const std::size_t size = read_u16(&rdata[2]);
        if (rdata.size() - 4 < size) return Form::OptOptions;
        const std::size_t code = read_u16(rdata.data());
        if (code == kOptionNsid) query_.edns.nsid = true;
        // RFC 7830 section 4: who pads wants a padded answer. In clear it would hide nothing and
        // only make a reflector of us.
        if (code == kOptionPadding) query_.edns.padding = is_encrypted(transport_);
        if (code == kOptionCookie && !cookie(rdata.subspan(4, size))) return Form::CookieSize;
        rdata = rdata.subspan(4 + size);
    }
    return Form::WellFormed;
}

/// RFC 7873 section 5.2: only the first one counts. What the option is in another version of EDNS
/// nobody knows.
bool Reader::cookie(OctetView value) noexcept {
    if (query_.edns.version != 0 || !query_.edns.cookie.empty()) return true;
    const bool both =
        value.size() >= kMinBothCookiesOctets && value.size() <= kMaxBothCookiesOctets;
    if (value.size() != kClientCookieOctets && !both) return false;
    query_.edns.cookie = value;
    return true;
}

/// Everything behind the header of a QUERY. Records in the wrong section are read nevertheless: an
/// OPT behind them belongs into the refusal.
Form read_body(OctetView message, Transport transport, Query& query) noexcept {
    const std::size_t questions = read_u16(&message[4]);
    const std::size_t answers = read_u16(&message[6]);
    const std::size_t authorities = read_u16(&message[8]);
    const std::size_t additionals = read_u16(&message[10]);

    if (questions > 1) return Form::QuestionCount;
    Reader reader(message, transport, query);
    Form form = questions == 1 ? reader.question() : Form::WellFormed;
    if (form == Form::WellFormed) form = reader.records(answers + authorities);
    const bool misplaced = query.edns.present || query.tsig != 0;
    if (form == Form::WellFormed) form = reader.records(additionals);
    if (form != Form::WellFormed) return form;

    if (questions == 0) {
        const bool cookie_only =
            !query.edns.cookie.empty() && answers + authorities == 0 && reader.at_end();
        return cookie_only ? Form::CookieOnly : Form::QuestionCount;
    }
    // RFC 1995 section 3: the authority section of an IXFR query holds the client's SOA.
    const bool ixfr = query.qtype == zones::RType::IXFR && authorities <= 1;
    if (answers != 0 || (authorities != 0 && !ixfr) || misplaced) return Form::UnexpectedRecords;
    return reader.at_end() ? Form::WellFormed : Form::TrailingOctets;
}

/// RFC 2136 sections 2.3 and 3.1.1: one zone. An OPT or a TSIG among prerequisites or updates is no
/// record that a zone could hold.
Form read_update_body(OctetView message, Transport transport, Query& query) noexcept {
    if (read_u16(&message[4]) != 1) return Form::QuestionCount;
    Reader reader(message, transport, query);
    Form form = reader.question();
    const std::size_t middle = std::size_t{read_u16(&message[6])} + read_u16(&message[8]);
    if (form == Form::WellFormed) form = reader.records(middle);
    const bool misplaced = query.edns.present || query.tsig != 0;
    if (form == Form::WellFormed) form = reader.records(read_u16(&message[10]));
    if (form != Form::WellFormed) return form;
    if (misplaced) return Form::UnexpectedRecords;
    return reader.at_end() ? Form::WellFormed : Form::TrailingOctets;
}

}  // namespace

Query read_query(OctetView message, Transport transport) noexcept {
    Query query;
    if (message.size() < kHeaderOctets) {
        query.form = Form::TooShort;
        return query;
    }
    query.id = read_u16(message.data());
    query.flags = read_u16(&message[2]);
    if ((query.flags & kFlagResponse) != 0)
        query.form = Form::IsResponse;
    else if ((query.flags & kOpcodeMask) != kOpcodeQuery)
        query.form = Form::OtherOpcode;
    else
        query.form = read_body(message, transport, query);
    return query;
}

Query read_update_query(OctetView message, Transport transport) noexcept {
    Query query;
    query.id = read_u16(message.data());
    query.flags = read_u16(&message[2]) & kOpcodeMask;
    query.form = read_update_body(message, transport, query);
    return query;
}

}  // namespace hairpin::dnsd
