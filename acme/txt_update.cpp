#include "acme/txt_update.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "acme/dns_answer.hpp"
#include "core/assert.hpp"
#include "dnsd/code_names.hpp"
#include "dnsd/codes.hpp"
#include "zones/wire.hpp"

namespace hairpin::acme {
namespace {

constexpr std::uint8_t kAnswers = 0x80;
constexpr std::uint8_t kRcodeBits = 0x0f;

void put_u16(Octets& message, std::uint16_t number) {
    message.push_back(static_cast<std::uint8_t>(number >> 8));
    message.push_back(static_cast<std::uint8_t>(number & 0xff));
}

void put_name(Octets& message, const zones::Name& name) {
    message.insert(message.end(), name.wire().begin(), name.wire().end());
}

ServerRefusal lasting(std::string text) {
    return {ServerRefusal::Kind::Lasting, std::move(text)};
}

/// What the operator does about an RCODE of an UPDATE; `%` stands for the zone, `&` for the key.
struct RcodeAdvice {
    dnsd::Rcode rcode;
    std::string_view text;
};
constexpr std::array kAdvice = {
    RcodeAdvice{dnsd::Rcode::Refused,
                "grant the key & TXT records there (update-policy or allow-update, an acl of "
                "Knot's)"},
    RcodeAdvice{dnsd::Rcode::NotAuth,
                "it is not the primary of %, name that as server in [acme] elsewhere"},
    RcodeAdvice{dnsd::Rcode::NotZone,
                "its zone is not %, name the zone that it has in [acme] elsewhere"},
    RcodeAdvice{dnsd::Rcode::NotImp, "it takes no UPDATE, name a server that does (RFC 2136)"},
};

ServerRefusal update_refusal(std::uint8_t rcode, const ElsewhereZone& zone) {
    const std::string says = "answers " + dnsd::rcode_name(rcode) + " to an UPDATE: ";
    const auto advice = std::find_if(kAdvice.begin(), kAdvice.end(), [&](const RcodeAdvice& each) {
        return static_cast<std::uint8_t>(each.rcode) == rcode;
    });
    if (advice == kAdvice.end()) {
        const bool is_passing = rcode == static_cast<std::uint8_t>(dnsd::Rcode::ServFail);
        return {is_passing ? ServerRefusal::Kind::Passing : ServerRefusal::Kind::Lasting,
                says + "its own log says why"};
    }
    std::string text = says;
    for (const char letter : advice->text)
        text += letter == '%'   ? zone.apex.text_without_dot()
                : letter == '&' ? key_text(zone)
                                : std::string(1, letter);
    return lasting(std::move(text));
}

}  // namespace

Octets txt_update(std::uint16_t id, const ElsewhereZone& zone, TxtEffect effect,
                  std::span<const TxtQuestion> values) {
    HAIRPIN_ASSERT(values.size() <= kMostInUpdate);
    const bool is_add = effect == TxtEffect::Add;
    Octets message(zones::kHeaderOctets, 0);
    zones::write_u16(message.data(), id);
    message[2] = dnsd::kOpcodeUpdate << 3;
    zones::write_u16(message.data() + 4, 1);                                          // ZOCOUNT
    zones::write_u16(message.data() + 8, static_cast<std::uint16_t>(values.size()));  // UPCOUNT
    put_name(message, zone.apex);
    put_u16(message, zones::to_number(zones::RType::SOA));
    put_u16(message, static_cast<std::uint16_t>(zones::RClass::IN));
    for (const TxtQuestion& each : values) {
        const Octets rdata = txt_rdata(each.value);
        put_name(message, each.owner);
        put_u16(message, zones::to_number(zones::RType::TXT));
        // RFC 2136 section 2.5.4: class NONE and TTL 0 delete this one record.
        put_u16(message,
                static_cast<std::uint16_t>(is_add ? zones::RClass::IN : zones::RClass::NONE));
        const zones::Ttl ttl = is_add ? zone.ttl : 0;
        put_u16(message, static_cast<std::uint16_t>(ttl >> 16));
        put_u16(message, static_cast<std::uint16_t>(ttl & 0xffff));
        put_u16(message, static_cast<std::uint16_t>(rdata.size()));
        message.insert(message.end(), rdata.begin(), rdata.end());
    }
    return message;
}

Result<void, ServerRefusal> read_update_answer(OctetView answer, const ElsewhereZone& zone) {
    const bool is_answer = answer.size() >= zones::kHeaderOctets && (answer[2] & kAnswers) != 0 &&
                           (answer[2] >> 3 & kRcodeBits) == dnsd::kOpcodeUpdate;
    if (!is_answer) return fail(lasting("answers an UPDATE with something else"));
    const std::uint8_t rcode = answer[3] & kRcodeBits;
    if (rcode != 0) return fail(update_refusal(rcode, zone));
    return {};
}

Result<void, ServerRefusal> read_soa_answer(OctetView answer, const ElsewhereZone& zone) {
    if (answer.size() < zones::kHeaderOctets)
        return fail(lasting("answers with something that is no DNS message"));
    const std::string apex = zone.apex.text_without_dot();
    const DnsQuestion question{zone.apex, zones::RType::SOA, Asking::Server};
    const auto read = read_dns_answer(answer, zones::read_u16(answer.data()), question);
    if (!read) return fail(lasting("answers a question for the SOA of " + apex + " with nonsense"));
    if (read->has(Rcode::ServFail))
        return fail(ServerRefusal{ServerRefusal::Kind::Passing,
                                  "answers SERVFAIL about " + apex + ": its own log says why"});
    if (!read->has(Rcode::NoError) || !read->is_authoritative ||
        read->rdatas(zones::RType::SOA).empty())
        return fail(lasting("does not serve " + apex + " (" +
                            (read->has(Rcode::NoError) ? "it answers without authority"
                                                       : dnsd::rcode_name(read->rcode)) +
                            "): name the zone and its primary in [acme] elsewhere"));
    return {};
}

}  // namespace hairpin::acme
