#include "dnsd/answer.hpp"

#include <algorithm>
#include <optional>

#include "dnsd/chaos.hpp"
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
std::optional<Refusal> refuse(const Query& query, const Identity& identity,
                              const Requestor& who) noexcept {
    if (query.form == Form::OtherOpcode) return Refusal{Rcode::NotImp};  // RFC 8906 section 3.1.4
    // RFC 8945 section 5.2: before anything else of a signed request is looked at.
    if (const Rcode rcode = who.refusal(); rcode != Rcode::NoError) return Refusal{rcode};
    if (query.edns.version != 0) return Refusal{Rcode::BadVers};  // RFC 6891 section 6.1.3
    if (query.form != Form::WellFormed) return Refusal{Rcode::FormErr};
    if (query.qclass != RClass::IN && chaos_text(query, identity).empty())
        return Refusal{Rcode::Refused, ExtendedError::NotSupported};
    return refuse_type(query.qtype);
}

/// RFC 6891 section 6.2.5: less than 512 means 512; ours is the upper bound. Streams have no such
/// bound; RFC 8484 section 6: DoH ignores it.
std::size_t room(const Query& query, const Identity& identity, Transport transport,
                 std::size_t octets) noexcept {
    if (transport != Transport::Udp) return octets;
    const std::size_t theirs = query.edns.present ? query.edns.udp_octets : kMinUdpOctets;
    const std::size_t ours = std::min<std::size_t>(identity.udp_octets, octets);
    return std::clamp(theirs, kMinUdpOctets, std::max(ours, kMinUdpOctets));
}

}  // namespace

std::size_t finish(const Engine& engine, const Requestor& who, Response& response, Gist& gist,
                   Rcode wanted, ExtendedError error) noexcept {
    // RFC 8945 section 5.3: what a TSIG leaves no room for "has the TC bit set, and has an RCODE
    // of 0 (NOERROR)".
    const bool cut = who.tsig() && response.is_truncated();
    const Rcode rcode = cut ? Rcode::NoError : wanted;
    engine.counters.count(gist.outcome);
    engine.counters.count(rcode);
    if (response.is_truncated()) engine.counters.truncated.add();
    const std::size_t octets = response.finish(rcode, error);
    if (who.tsig_octets() != 0) return who.put_tsig(response.buffer(), octets, engine.now);
    gist.opt_octets = response.opt_octets();
    return octets;
}

namespace {

/// Not even the TSIG fits: the question alone, unsigned, sends the client to TCP. It takes names of
/// hundreds of octets and no EDNS.
std::size_t refuse_room(const Engine& engine, Response& response, Gist& gist) noexcept {
    response.truncate();
    return finish(engine, Requestor(), response, gist, Rcode::NoError);
}

Cookie cookie_of(const Engine& engine, const Query& query, const IpAddress& client) noexcept {
    if (engine.cookies == nullptr || engine.cookies->use == CookieUse::Off) return {};
    const Cookie cookie = judge_cookie(*engine.cookies, query.edns.cookie, client,
                                       static_cast<std::uint32_t>(engine.now));
    engine.counters.count(cookie.state);
    return cookie;
}

/// The answer from our zones, whatever they say.
std::size_t answer_from_zones(const Engine& engine, const Query& query, const Requestor& who,
                              Response& response, Gist& gist) noexcept {
    Walk walk(engine.zones, query, response);
    if (!walk.has_zone()) {
        engine.counters.zoneless.add();
        const auto error =
            engine.zones.size() == 0 ? ExtendedError::NotReady : ExtendedError::NotAuthoritative;
        return finish(engine, who, response, gist, Rcode::Refused, error);
    }
    walk.answer();      // ANSWER: the RRset asked for, and the aliases on the way to it.
    walk.authority();   // AUTHORITY: where to ask instead, or the proof that there is nothing.
    walk.additional();  // ADDITIONAL: addresses of name servers and of service targets.
    gist.outcome = walk.outcome();
    gist.subject = walk.subject();
    return finish(engine, who, response, gist, walk.rcode());
}

}  // namespace

std::size_t answer(const Engine& engine, OctetView message, const Source& source,
                   std::span<std::uint8_t> out, Gist& gist) noexcept {
    Counters& counters = engine.counters;
    counters.count(source.transport);

    const Query query = read_query(message, source.transport);
    if (const auto silence = stay_silent(query)) {
        counters.count(*silence);
        return 0;
    }
    counters.opcodes[opcode_of(query.flags)].add();
    const Requestor who = identify(engine.keys, message, query, engine.now);
    if (who.tsig()) counters.count(*who.tsig());
    const Cookie cookie = cookie_of(engine, query, source.client);
    gist = {Outcome::Refused, {}, cookie.state, who.key() != nullptr, 0};

    // QUESTION: as received, case included, where it could be read.
    Response response(query, engine.identity,
                      out.first(room(query, engine.identity, source.transport, out.size())));
    if (cookie.state != CookieState::None) response.set_cookie(cookie.reply);
    if (!response.reserve(who.tsig_octets())) return refuse_room(engine, response, gist);
    if (query.form == Form::CookieOnly) {
        gist.outcome = Outcome::CookieOnly;
        return finish(engine, who, response, gist, answer_to_cookie(cookie));
    }
    if (const auto refusal = refuse(query, engine.identity, who))
        return finish(engine, who, response, gist, refusal->rcode, refusal->error);
    if (lacks_cookie(engine, cookie, source.transport) && who.key() == nullptr)
        return finish(engine, who, response, gist, Rcode::BadCookie);
    if (const OctetView text = chaos_text(query, engine.identity); !text.empty()) {
        response.set_authoritative();
        response.put_chaos(text);
        gist.outcome = Outcome::Match;
        return finish(engine, who, response, gist, Rcode::NoError);
    }
    return answer_from_zones(engine, query, who, response, gist);
}

std::size_t answer(const Engine& engine, OctetView message, const Source& source,
                   std::span<std::uint8_t> out) noexcept {
    Gist gist;
    return answer(engine, message, source, out, gist);
}

}  // namespace hairpin::dnsd
