#include "acme/txt_update.hpp"

#include <catch2/catch.hpp>

#include "dnsd/update_message.hpp"
#include "dnsd/update_request.hpp"
#include "tests/support/octets.hpp"
#include "tests/support/tsig.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::acme {
namespace {

using hairpin::tests::name;
using hairpin::tests::octets;

ElsewhereZone validation_zone() {
    ElsewhereZone zone;
    zone.apex = name("v.example.");
    zone.server = *Endpoint::parse("192.0.2.53:5300");
    zone.key = dnsd::tests::make_key("acme.v.example.");
    zone.ttl = 120;
    return zone;
}

TEST_CASE("an UPDATE adds values, and takes away those alone", "[acme][rfc2136]") {
    const std::vector<TxtQuestion> values = {{name("a.v.example."), "one"},
                                             {name("b.v.example."), "two!"}};
    CHECK(txt_update(0x1234, validation_zone(), TxtEffect::Add, values) ==
          octets("1234 2800 0001 0000 0002 0000"
                 "01 'v' 07 'example' 00 0006 0001"
                 "01 'a' 01 'v' 07 'example' 00 0010 0001 00000078 0004 03 'one'"
                 "01 'b' 01 'v' 07 'example' 00 0010 0001 00000078 0005 04 'two!'"));
    // RFC 2136 section 2.5.4: class NONE, TTL 0, the RDATA of the one record.
    CHECK(txt_update(0x1234, validation_zone(), TxtEffect::Remove, std::span(values).first(1)) ==
          octets("1234 2800 0001 0000 0001 0000"
                 "01 'v' 07 'example' 00 0006 0001"
                 "01 'a' 01 'v' 07 'example' 00 0010 00fe 00000000 0004 03 'one'"));
}

/// An answer to an UPDATE with that RCODE, without any section.
Octets update_answer(std::uint8_t rcode) {
    Octets answer = octets("1234 a800 0000 0000 0000 0000");
    answer[3] = rcode;
    return answer;
}

TEST_CASE("each RCODE of an UPDATE is told with what to do", "[acme][rfc2136]") {
    using Kind = ServerRefusal::Kind;
    CHECK(read_update_answer(update_answer(0), validation_zone()));
    struct Case {
        std::uint8_t rcode;
        Kind kind;
        const char* words;
    };
    for (const Case& each : std::initializer_list<Case>{
             {1, Kind::Lasting, "answers FORMERR to an UPDATE: its own log says why"},
             {2, Kind::Passing, "answers SERVFAIL to an UPDATE: its own log says why"},
             {3, Kind::Lasting, "answers NXDOMAIN to an UPDATE: "},
             {4, Kind::Lasting, "answers NOTIMP to an UPDATE: it takes no UPDATE"},
             {5, Kind::Lasting, "answers REFUSED to an UPDATE: grant the key acme.v.example TXT"},
             {6, Kind::Lasting, "answers YXDOMAIN to an UPDATE: "},
             {7, Kind::Lasting, "answers YXRRSET to an UPDATE: "},
             {8, Kind::Lasting, "answers NXRRSET to an UPDATE: "},
             {9, Kind::Lasting, "answers NOTAUTH to an UPDATE: it is not the primary of v.example"},
             {10, Kind::Lasting, "answers NOTZONE to an UPDATE: its zone is not v.example"},
             {11, Kind::Lasting, "answers 11 to an UPDATE: "}}) {
        INFO(each.words);
        const auto read = read_update_answer(update_answer(each.rcode), validation_zone());
        REQUIRE_FALSE(read);
        CHECK(read.error().kind == each.kind);
        CHECK_THAT(read.error().text, Catch::StartsWith(each.words));
    }
}

TEST_CASE("what is no answer to an UPDATE is not taken for one", "[acme][hostile]") {
    const ElsewhereZone zone = validation_zone();
    const Octets good = update_answer(0);
    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK_FALSE(read_update_answer(OctetView(good).first(size), zone));
    Octets request = good;
    request[2] = 0x28;
    CHECK_FALSE(read_update_answer(request, zone));
    Octets query = good;
    query[2] = 0x80;
    CHECK_FALSE(read_update_answer(query, zone));
}

TEST_CASE("a server has the zone whose SOA it answers with authority", "[acme][rfc1035]") {
    const ElsewhereZone zone = validation_zone();
    const std::string question = "01 'v' 07 'example' 00 0006 0001";
    const std::string soa =
        "c00c 0006 0001 0000003c 0018 c00c c00c 00000001 00000001 00000001 00000001 00000001";
    CHECK(read_soa_answer(octets("1234 8400 0001 0001 0000 0000" + question + soa), zone));
    const auto refused = [&](const std::string& text) {
        const auto read = read_soa_answer(octets(text), zone);
        return read ? "taken" : read.error().text;
    };
    CHECK_THAT(refused("1234 8000 0001 0001 0000 0000" + question + soa),
               Catch::Contains("without authority"));
    CHECK_THAT(refused("1234 8400 0001 0000 0000 0000" + question),
               Catch::Contains("does not serve v.example"));
    CHECK_THAT(refused("1234 8005 0001 0000 0000 0000" + question), Catch::Contains("(REFUSED)"));
    CHECK_THAT(refused("1234 8002 0001 0000 0000 0000" + question), Catch::Contains("SERVFAIL"));
    CHECK_THAT(refused("1234 8400 0001 0001 0000 0000" + question + "c0"),
               Catch::Contains("nonsense"));
    CHECK_FALSE(read_soa_answer(octets("1234"), zone));
}

TEST_CASE("the nearest zone above a name is the one", "[acme]") {
    std::vector<ElsewhereZone> all(3);
    all[0].apex = name("example.");
    all[1].apex = name("v.example.");
    all[2].apex = name("other.example.");
    CHECK(find_elsewhere(all, name("x.V.example.")) == &all[1]);
    CHECK(find_elsewhere(all, name("xv.example.")) == &all[0]);
    CHECK(find_elsewhere(all, name("v.example.")) == &all[1]);
    CHECK(find_elsewhere(all, name("example.net.")) == nullptr);
    CHECK(find_elsewhere({}, name("v.example.")) == nullptr);
    CHECK(elsewhere_zone(all, name("other.example.")) == &all[2]);
    CHECK(elsewhere_zone(all, name("x.other.example.")) == nullptr);
}

}  // namespace
}  // namespace hairpin::acme
