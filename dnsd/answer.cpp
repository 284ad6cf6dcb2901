#include "dnsd/answer.hpp"

#include <algorithm>
#include <optional>

#include "dnsd/query.hpp"
#include "dnsd/walk.hpp"

namespace hairpin::dnsd {
namespace {

using zones::RClass;
using zones::RType;

struct Refusal {
    Rcode rcode;
    ExtendedError error = ExtendedError::None;
};

std::optional<Silence> stay_silent(const Query& query) noexcept {
    if (query.form == Form::TooShort) return Silence::TooShort;
    if (query.form == Form::IsResponse) return Silence::Response;
    return std::nullopt;
}

/// RFC 6895 section 3.1: 128 to 255 are questions about questions, not data.
std::optional<Refusal> refuse_type(RType qtype) noexcept {
    if (!is_meta(qtype) || qtype == RType::ANY) return std::nullopt;
    // Over TCP and in good form they do not come here (dnsd/transfer_request.hpp). RFC 5936 section
    // 4.2: AXFR over UDP is not defined.
    if (qtype == RType::AXFR) return Refusal{Rcode::Refused, ExtendedError::Prohibited};
    if (qtype == RType::IXFR) return Refusal{Rcode::Refused, ExtendedError::Prohibited};
    // Types that never can be asked for: RFC 9824 section 3.4 for NXNAME.
    const bool never = to_number(qtype) == 0 || qtype == RType::OPT || qtype == RType::NXNAME ||
                       qtype == RType::TKEY || qtype == RType::TSIG;
    if (never) return Refusal{Rcode::FormErr, ExtendedError::InvalidQueryType};
    return Refusal{Rcode::NotImp, ExtendedError::NotSupported};  // MAILA, MAILB, unassigned.
}

/// The ladder: why a message gets no answer from a zone, in the order of the standards.
std::optional<Refusal> refuse(const Query& query) noexcept {
    if (query.form == Form::OtherOpcode) return Refusal{Rcode::NotImp};  // RFC 8906 section 3.1.4
    if (query.edns.version != 0) return Refusal{Rcode::BadVers};         // RFC 6891 section 6.1.3
    if (query.form != Form::WellFormed) return Refusal{Rcode::FormErr};
    if (query.has_tsig) return Refusal{Rcode::NotAuth};  // We hold no keys yet.
    if (query.qclass != RClass::IN) return Refusal{Rcode::Refused, ExtendedError::NotSupported};
    return refuse_type(query.qtype);
}

/// RFC 6891 section 6.2.5: less than 512 means 512; ours is the upper bound. TCP has no such bound.
std::size_t room(const Query& query, const Identity& identity, Transport transport,
                 std::size_t octets) noexcept {
    if (transport == Transport::Tcp) return octets;
    const std::size_t theirs = query.edns.present ? query.edns.udp_octets : kMinUdpOctets;
    const std::size_t ours = std::min<std::size_t>(identity.udp_octets, octets);
    return std::clamp(theirs, kMinUdpOctets, std::max(ours, kMinUdpOctets));
}

std::size_t finish(Counters& counters, Response& response, Outcome outcome, Rcode rcode,
                   ExtendedError error = ExtendedError::None) noexcept {
    counters.count(outcome);
    counters.count(rcode);
    if (response.is_truncated()) counters.truncated.add();
    return response.finish(rcode, error);
}

}  // namespace

std::size_t answer(const Engine& engine, OctetView message, Transport transport,
                   std::span<std::uint8_t> out) noexcept {
    Counters& counters = engine.counters;
    counters.count(transport);

    const Query query = read_query(message);
    if (const auto silence = stay_silent(query)) {
        counters.count(*silence);
        return 0;
    }

    // QUESTION: as received, case included, where it could be read.
    Response response(query, engine.identity,
                      out.first(room(query, engine.identity, transport, out.size())));
    if (const auto refusal = refuse(query))
        return finish(counters, response, Outcome::Refused, refusal->rcode, refusal->error);

    Walk walk(engine.zones, query, response);
    if (!walk.has_zone()) {
        const auto error =
            engine.zones.size() == 0 ? ExtendedError::NotReady : ExtendedError::NotAuthoritative;
        return finish(counters, response, Outcome::Refused, Rcode::Refused, error);
    }

    walk.answer();      // ANSWER: the RRset asked for, and the aliases on the way to it.
    walk.authority();   // AUTHORITY: where to ask instead, or the proof that there is nothing.
    walk.additional();  // ADDITIONAL: addresses without which a referral leads nowhere.
    return finish(counters, response, walk.outcome(), walk.rcode());
}

}  // namespace hairpin::dnsd
