#include "dnsd/transfer_request.hpp"

#include <algorithm>

#include "zones/edit.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

using zones::kHeaderOctets;
using zones::read_u16;
using zones::RType;

/// RFC 1995 section 3: the SOA of the version that the client has, alone in the authority section.
std::optional<std::uint32_t> serial_of_client(OctetView message, const Query& query) noexcept {
    if (read_u16(&message[8]) != 1) return std::nullopt;
    const auto record = zones::read_record(message, kHeaderOctets + query.question.size());
    if (!record || record->type != to_number(RType::SOA)) return std::nullopt;
    if (record->rclass != static_cast<std::uint16_t>(zones::RClass::IN)) return std::nullopt;
    if (!(record->owner == query.qname)) return std::nullopt;
    const auto mname = zones::read_name(message, record->rdata);
    if (!mname) return std::nullopt;
    const auto rname = zones::read_name(message, mname->next);
    if (!rname || rname->next + zones::kSoaNumbersOctets != record->next) return std::nullopt;
    return zones::read_u32(&message[rname->next]);
}

/// What is wrong in the sense of answer()'s ladder is said by answer().
bool is_for_us(const Query& query, Transport transport) noexcept {
    const bool is_axfr = query.qtype == RType::AXFR;
    if (!is_axfr && query.qtype != RType::IXFR) return false;
    if (query.form != Form::WellFormed || query.edns.version != 0) return false;
    if (query.qclass != zones::RClass::IN) return false;
    // RFC 8484 knows answers of one message only; who wants a zone comes over TCP or TLS.
    if (transport == Transport::Https) return false;
    return !is_axfr || transport != Transport::Udp;  // RFC 5936 section 4.2: AXFR is TCP's.
}

/// RFC 1995 section 2: the same version as ours or a newer one is answered with our SOA.
bool is_up_to_date(std::uint32_t client, std::uint32_t ours) noexcept {
    return client == ours || zones::serial_greater(client, ours);
}

std::size_t room_for(const Engine& engine, const Query& query,
                     std::span<std::uint8_t> out) noexcept {
    const std::size_t theirs = query.edns.present ? query.edns.udp_octets : kMinUdpOctets;
    const std::size_t ours = std::min<std::size_t>(engine.identity.udp_octets, out.size());
    return std::clamp(theirs, kMinUdpOctets, std::max(ours, kMinUdpOctets));
}

/// Not even the TSIG fits, as in dnsd/answer.cpp.
std::size_t answer_cut(const Engine& engine, Response& response, Gist& gist) noexcept {
    response.truncate();
    return finish(engine, Requestor(), response, gist, Rcode::NoError);
}

}  // namespace

bool asks_for_transfer(OctetView message) noexcept {
    std::size_t at = kHeaderOctets;
    while (at < message.size() && message[at] != 0)
        at += message[at] + 1u;  // A pointer only leads too far.
    if (at + 3 > message.size()) return false;
    const auto qtype = RType{read_u16(&message[at + 1])};
    return qtype == RType::AXFR || qtype == RType::IXFR;
}

TransferDecision decide_transfer(OctetView message, const Query& query, Transport transport,
                                 const TransferClient& client, const zones::ZoneTable& zones,
                                 const TransferPolicy& policy) noexcept {
    if (!is_for_us(query, transport)) return NotForTransfer{};
    std::optional<std::uint32_t> from;
    if (query.qtype == RType::IXFR) {
        from = serial_of_client(message, query);
        if (!from) return TransferRefusal{Rcode::FormErr};
    }
    // RFC 5936 section 2.2.1: the zone itself, not one that merely holds the name.
    const zones::Zone* zone = zones.find(query.qname);
    if (zone == nullptr) return TransferRefusal{Rcode::NotAuth, ExtendedError::NotAuthoritative};
    if (!policy.permits_over(transport) || !policy.permits(zone->apex(), client))
        return TransferRefusal{Rcode::Refused, ExtendedError::Prohibited};
    const bool alone =
        transport == Transport::Udp || (from && is_up_to_date(*from, zone->serial()));
    if (alone) return SingleSoa{zone};
    return TransferOrder{zone, from};
}

std::size_t answer_refusal(const Engine& engine, const Query& query, const TransferRefusal& refusal,
                           std::span<std::uint8_t> out, const Requestor& who) noexcept {
    engine.counters.transfers_refused.add();
    Gist gist;
    Response response(query, engine.identity, out);
    if (!response.reserve(who.tsig_octets())) return answer_cut(engine, response, gist);
    return finish(engine, who, response, gist, refusal.rcode, refusal.error);
}

std::size_t answer_single_soa(const Engine& engine, const Query& query, const SingleSoa& answer,
                              std::span<std::uint8_t> out, const Requestor& who) noexcept {
    Gist gist;
    gist.outcome = Outcome::Match;
    Response response(query, engine.identity, out);
    if (!response.reserve(who.tsig_octets())) return answer_cut(engine, response, gist);
    response.set_authoritative();
    // A SOA of more than 400 octets, over UDP, does not fit.
    if (!response.put(Section::Answer, answer.zone->soa(), kQnameOffset)) response.truncate();
    return finish(engine, who, response, gist, Rcode::NoError);
}

std::size_t answer_transfer_datagram(const Engine& engine, OctetView message, const IpAddress& from,
                                     const TransferPolicy& policy,
                                     std::span<std::uint8_t> out) noexcept {
    const Query query = read_query(message);
    const Requestor who = identify(engine.keys, message, query, engine.now);
    if (who.refusal() != Rcode::NoError)
        return answer(engine, message, {Transport::Udp, from}, out);
    const auto key = who.key_name();
    const TransferDecision decision =
        decide_transfer(message, query, Transport::Udp, {from, key ? &*key : nullptr, engine.now},
                        engine.zones, policy);
    const auto* refusal = std::get_if<TransferRefusal>(&decision);
    const auto* alone = std::get_if<SingleSoa>(&decision);
    if (refusal == nullptr && alone == nullptr)
        return answer(engine, message, {Transport::Udp, from}, out);
    engine.counters.count(Transport::Udp);
    const auto room = out.first(room_for(engine, query, out));
    if (who.tsig()) engine.counters.count(*who.tsig());
    return refusal != nullptr ? answer_refusal(engine, query, *refusal, room, who)
                              : answer_single_soa(engine, query, *alone, room, who);
}

}  // namespace hairpin::dnsd
