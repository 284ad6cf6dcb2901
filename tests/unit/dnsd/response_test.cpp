#include "dnsd/response.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"
#include "tests/support/octets.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::message_text;
using hairpin::tests::MessageBuilder;
using hairpin::tests::octets;
using zones::RType;

MessageBuilder plain() {
    return MessageBuilder().question("nur1.example.net.", RType::A);
}
const std::string kAnswer = "answer: nur1.example.net. 60 IN A 198.51.100.7\n";

TEST_CASE("EDNS is answered with EDNS", "[dnsd][rfc6891]") {
    struct Case {
        std::string why;
        Octets message;
        std::string response;
    };
    const Octets nsid{0, 3, 0, 0};
    const std::vector<Case> cases = {
        {"none asked, none sent", plain().octets(), "NOERROR aa\n" + kAnswer},
        {"our size", plain().opt(4096).octets(), "NOERROR aa\n" + kAnswer + "opt: 1232\n"},
        {"DO is echoed", plain().opt(1232, 0x8000).octets(),
         "NOERROR aa\n" + kAnswer + "opt: 1232 do\n"},
        {"other flags are not", plain().opt(1232, 0x7fff).octets(),
         "NOERROR aa\n" + kAnswer + "opt: 1232\n"},
        {"an unknown option is ignored", plain().opt(1232, 0, octets("FDE9 0002 'hi'")).octets(),
         "NOERROR aa\n" + kAnswer + "opt: 1232\n"},
        {"a cookie and a client subnet too",
         plain()
             .opt(1232, 0, octets("000A 0008 0102030405060708 0008 0007 00011800 C00002"))
             .octets(),
         "NOERROR aa\n" + kAnswer + "opt: 1232\n"},
        {"NSID to who asks", plain().opt(1232, 0, nsid).octets(),
         "NOERROR aa\n" + kAnswer + "opt: 1232 nsid=ns-a\n"},
        {"NSID behind an unknown option",
         plain().opt(1232, 0, octets("FDE9 0001 'x' 0003 0000")).octets(),
         "NOERROR aa\n" + kAnswer + "opt: 1232 nsid=ns-a\n"},
        {"version 1", plain().opt(1232, 0x00010000).octets(), "BADVERS\nopt: 1232\n"},
        {"version 255, DO", plain().opt(1232, 0x00ff8000).octets(), "BADVERS\nopt: 1232 do\n"},
        {"version 1 with an unknown option",
         plain().opt(1232, 0x00010000, octets("FDE9 0002 'hi'")).octets(), "BADVERS\nopt: 1232\n"},
        {"an extended RCODE in a query is ignored", plain().opt(1232, 0x01000000).octets(),
         "NOERROR aa\n" + kAnswer + "opt: 1232\n"},
        {"two OPTs", plain().opt().opt().octets(), "FORMERR\nopt: 1232\n"},
        {"an owner that is not the root", plain().opt(1232, 0, {}, octets("03 'net' 00")).octets(),
         "FORMERR\nopt: 1232\n"},
        {"an owner that points to the root label",
         plain().opt(1232, 0, {}, octets("C0 1D")).octets(), "FORMERR\nopt: 1232\n"},
        {"half an option", plain().opt(1232, 0, octets("0003 00")).octets(),
         "FORMERR\nopt: 1232\n"},
        {"an option longer than the OPT", plain().opt(1232, 0, octets("0003 0005 01")).octets(),
         "FORMERR\nopt: 1232\n"},
    };
    World world;
    for (const Case& each : cases) {
        INFO(each.why);
        CHECK(world.ask_raw(each.message) == each.response);
    }
}

TEST_CASE("An extended error says why, to who speaks EDNS", "[dnsd][rfc8914]") {
    World world;
    Ask edns;
    edns.edns = true;
    CHECK(world.ask("www.example.com. A") == "REFUSED\n");
    CHECK(world.ask("www.example.com. A", edns) == "REFUSED\nopt: 1232 ede=20\n");
    CHECK(world.ask("example.net. AXFR", edns) == "REFUSED\nopt: 1232 ede=18\n");
    CHECK(world.ask("nur1.example.net. A", edns).find("ede") == std::string::npos);
    world.zones_ = {};
    CHECK(world.ask("nur1.example.net. A", edns) == "REFUSED\nopt: 1232 ede=14\n");
}

TEST_CASE("An answer that does not fit is truncated to nothing", "[dnsd][rfc2181]") {
    World world;
    Ask how;
    CHECK(world.ask("big.example.net. TXT", how) == "NOERROR aa tc\n");
    how.edns = true;
    CHECK(world.ask("big.example.net. TXT", how) == "NOERROR aa tc\nopt: 1232\n");
    how.transport = Transport::Tcp;
    const std::string whole = world.ask("big.example.net. TXT", how);
    CHECK(whole.substr(0, 11) == "NOERROR aa\n");
    CHECK(std::count(whole.begin(), whole.end(), '\n') == 42);
}

TEST_CASE("A UDP response is as large as both sides take", "[dnsd][rfc6891]") {
    struct Case {
        const char* why;
        bool edns;
        std::uint16_t theirs;
        std::uint16_t ours;
        std::size_t records;  // Of 62 octets each, beside 30 octets and an OPT of 11.
        bool truncated;
    };
    const auto each = GENERATE(values<Case>({
        {"no EDNS: 512", false, 0, 1232, 7, false},
        {"no EDNS: over 512", false, 0, 1232, 8, true},
        {"less than 512 means 512", true, 100, 1232, 7, false},
        {"0 means 512", true, 0, 1232, 8, true},
        {"theirs is smaller", true, 600, 1232, 9, false},
        {"theirs is smaller, over it", true, 600, 1232, 10, true},
        {"ours is smaller", true, 4096, 1232, 19, false},
        {"ours is smaller, over it", true, 4096, 1232, 20, true},
        {"ours is larger than usual", true, 4096, 4096, 60, false},
    }));
    INFO(each.why);
    World world;
    world.identity_.udp_octets = each.ours;
    std::string text;
    for (std::size_t record = 0; record < each.records; ++record)
        text += "t 60 IN TXT \"" + std::string(47, 'y') + std::to_string(10 + record) + "\"\n";
    world.zones_.put(hairpin::tests::zone("sizes.test.", text));

    MessageBuilder query;
    query.question("t.sizes.test.", RType::TXT);
    if (each.edns) query.opt(each.theirs);
    const Octets response = world.answer_to(query.octets());
    CHECK(((response[2] & 2) != 0) == each.truncated);
    CHECK(response.size() <=
          (each.edns ? std::max<std::size_t>(512, std::min(each.theirs, each.ours)) : 512));
    CHECK(zones::read_u16(&response[6]) == (each.truncated ? 0 : each.records));
}

TEST_CASE("Glue of the cut that does not fit sets TC, other addresses do not", "[dnsd][rfc9471]") {
    World world;
    Ask how;
    how.edns = true;
    const auto additionals = [](const std::string& text) {
        std::size_t count = 0;
        for (auto at = text.find("additional: "); at != std::string::npos;
             at = text.find("additional: ", at + 1))
            ++count;
        return count;
    };
    const std::string glue = world.ask("x.manyglue.example.net. A", how);
    CHECK(glue.substr(0, 11) == "NOERROR tc\n");
    CHECK(additionals(glue) > 0);
    CHECK(additionals(glue) < 44);
    const std::string siblings = world.ask("x.manysiblings.example.net. A", how);
    CHECK(siblings.substr(0, 8) == "NOERROR\n");
    CHECK(additionals(siblings) > 0);
    CHECK(additionals(siblings) < 44);
    how.transport = Transport::Tcp;
    CHECK(additionals(world.ask("x.manyglue.example.net. A", how)) == 44);
    CHECK(additionals(world.ask("x.manysiblings.example.net. A", how)) == 44);
}

TEST_CASE("A referral whose NS do not fit is truncated to nothing", "[dnsd][rfc2181]") {
    World world;
    std::string text;
    for (int each = 0; each < 40; ++each)
        text += "cut 60 IN NS n" + std::to_string(each) + ".elsewhere.invalid.\n";
    world.zones_.put(hairpin::tests::zone("wide.test.", text));
    CHECK(world.ask("x.cut.wide.test. A") == "NOERROR tc\n");
}

TEST_CASE("A negative answer whose SOA does not fit keeps its RCODE", "[dnsd][rfc2308]") {
    const std::string label(63, 's');
    const std::string host = label + "." + label + "." + label + "." + std::string(50, 's') + ".";
    World world;
    world.zones_.put(hairpin::tests::zone(
        "soa.test.", "@ 60 IN SOA " + host + " " + host + " 1 2 3 4 5\n@ 60 IN NS " + host + "\n"));
    CHECK(world.ask("missing.soa.test. A") == "NXDOMAIN aa tc\n");
    CHECK(world.ask("soa.test. A") == "NOERROR aa tc\n");
}

TEST_CASE("Names in RDATA are never compressed", "[dnsd][rfc3597][rfc1035]") {
    // RFC 3597 section 4 forbids it for all but the oldest types; we do it for none.
    World world;
    world.zones_.put(hairpin::tests::zone("raw.test.",
                                          "mx 60 IN MX 10 mx\nsrv 60 IN SRV 1 2 3 srv\n"
                                          "svc 60 IN SVCB 1 svc\nrp 60 IN RP rp rp\n"));
    struct Case {
        std::string owner;
        RType type;
        Octets rdata;
    };
    const std::vector<Case> cases = {
        {"mx", RType::MX, octets("000A 02 'mx' 03 'raw' 04 'test' 00")},
        {"srv", RType::SRV, octets("0001 0002 0003 03 'srv' 03 'raw' 04 'test' 00")},
        {"svc", RType::SVCB, octets("0001 03 'svc' 03 'raw' 04 'test' 00")},
        {"rp", RType{17}, octets("02 'rp' 03 'raw' 04 'test' 00 02 'rp' 03 'raw' 04 'test' 00")},
    };
    for (const Case& each : cases) {
        INFO(each.owner);
        const Octets response = world.answer_to(
            MessageBuilder().question(each.owner + ".raw.test.", each.type).octets());
        CHECK(response.size() > each.rdata.size());
        CHECK(Octets(response.end() - static_cast<std::ptrdiff_t>(each.rdata.size()),
                     response.end()) == each.rdata);
    }
}

TEST_CASE("An owner past the reach of a pointer is spelled out", "[dnsd][rfc1035]") {
    // NS names that alone fill more than 16,384 octets: the glue's owners stand behind them.
    std::string text;
    for (int each = 0; each < 300; ++each) {
        const std::string ns = "n" + std::to_string(each) + "." + std::string(50, 'p') + ".cut";
        text +=
            "cut 60 IN NS " + ns + "\n" + ns + " 60 IN A 192.0.2.1\n" + ns + " 60 IN A 192.0.2.2\n";
    }
    World world;
    world.zones_.put(hairpin::tests::zone("far.test.", text));
    Ask how;
    how.transport = Transport::Tcp;
    const std::string whole = world.ask("x.cut.far.test. A", how);
    CHECK(whole.substr(0, 8) == "NOERROR\n");
    for (const int each : {0, 199, 299}) {
        const std::string owner =
            "additional: n" + std::to_string(each) + "." + std::string(50, 'p') + ".cut.far.test.";
        CHECK(whole.find(owner + " 60 IN A 192.0.2.1\n") != std::string::npos);
        CHECK(whole.find(owner + " 60 IN A 192.0.2.2\n") != std::string::npos);
    }
}

}  // namespace
}  // namespace hairpin::dnsd::tests
