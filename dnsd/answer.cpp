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
    // Transfers are for those who may have them (RFC 5936 section 2.2.1); nobody may yet.
    if (qtype == RType::AXFR) return Refusal{Rcode::Refused, ExtendedError::Prohibited};
    if (qtype == RType::IXFR) return Refusal{Rcode::Refused, ExtendedError::Prohibited};
    // Types that never can be asked for: RFC 9824 section 3.4 for NXNAME.
    const bool never = to_number(qtype) == 0 || qtype == RType::OPT || qtype == RType::NXNAME ||
                       qtype == RType::TKEY || qtype == RType::TSIG;
    if (never) return Refusal{Rcode::FormErr, ExtendedError::InvalidQueryType};
    return Refusal{Rcode::NotImp, ExtendedError::NotSupported};  // MAILA, MAILB, unassigned.
}

/// RFC 7873 sections 5.2.3 and 5.2.4: what TCP carries needs no other proof of its source.
bool lacks_cookie(const Engine& engine, const Cookie& cookie, Transport transport) noexcept {
    if (cookie.state == CookieState::None || cookie.state == CookieState::Valid) return false;
    return engine.cookies->use == CookieUse::Required && transport == Transport::Udp;
}

/// RFC 7873 section 5.4: a query without a question. Without cookies it is one question too few.
Rcode answer_to_cookie(const Cookie& cookie) noexcept {
    if (cookie.state == CookieState::None) return Rcode::FormErr;
    return cookie.state == CookieState::Bad ? Rcode::BadCookie : Rcode::NoError;
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

std::size_t finish(Counters& counters, Response& response, Gist& gist, Rcode rcode,
                   ExtendedError error = ExtendedError::None) noexcept {
    counters.count(gist.outcome);
    counters.count(rcode);
    if (response.is_truncated()) counters.truncated.add();
    const std::size_t octets = response.finish(rcode, error);
    gist.opt_octets = response.opt_octets();
    return octets;
}

Cookie cookie_of(const Engine& engine, const Query& query, const IpAddress& client) noexcept {
    if (engine.cookies == nullptr || engine.cookies->use == CookieUse::Off) return {};
    const Cookie cookie = judge_cookie(*engine.cookies, query.edns.cookie, client,
                                       static_cast<std::uint32_t>(engine.now));
    engine.counters.count(cookie.state);
    return cookie;
}

}  // namespace

std::size_t answer(const Engine& engine, OctetView message, const Source& source,
                   std::span<std::uint8_t> out, Gist& gist) noexcept {
    Counters& counters = engine.counters;
    counters.count(source.transport);

    const Query query = read_query(message);
    if (const auto silence = stay_silent(query)) {
        counters.count(*silence);
        return 0;
    }
    const Cookie cookie = cookie_of(engine, query, source.client);
    gist = {Outcome::Refused, {}, cookie.state, 0};

    // QUESTION: as received, case included, where it could be read.
    Response response(query, engine.identity,
                      out.first(room(query, engine.identity, source.transport, out.size())));
    if (cookie.state != CookieState::None) response.set_cookie(cookie.reply);
    if (query.form == Form::CookieOnly) {
        gist.outcome = Outcome::CookieOnly;
        return finish(counters, response, gist, answer_to_cookie(cookie));
    }
    if (const auto refusal = refuse(query))
        return finish(counters, response, gist, refusal->rcode, refusal->error);
    if (lacks_cookie(engine, cookie, source.transport))
        return finish(counters, response, gist, Rcode::BadCookie);

    Walk walk(engine.zones, query, response);
    if (!walk.has_zone()) {
        const auto error =
            engine.zones.size() == 0 ? ExtendedError::NotReady : ExtendedError::NotAuthoritative;
        return finish(counters, response, gist, Rcode::Refused, error);
    }

    walk.answer();      // ANSWER: the RRset asked for, and the aliases on the way to it.
    walk.authority();   // AUTHORITY: where to ask instead, or the proof that there is nothing.
    walk.additional();  // ADDITIONAL: addresses without which a referral leads nowhere.
    gist.outcome = walk.outcome();
    gist.subject = walk.subject();
    return finish(counters, response, gist, walk.rcode());
}

std::size_t answer(const Engine& engine, OctetView message, const Source& source,
                   std::span<std::uint8_t> out) noexcept {
    Gist gist;
    return answer(engine, message, source, out, gist);
}

}  // namespace hairpin::dnsd
