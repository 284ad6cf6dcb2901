#include "dnsd/query.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"
#include "tests/support/octets.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::MessageBuilder;
using hairpin::tests::octets;
using zones::RClass;
using zones::RType;

MessageBuilder plain() {
    return MessageBuilder().question("nur1.example.net.", RType::A);
}
const std::string kAnswer = "answer: nur1.example.net. 60 IN A 198.51.100.7\n";

struct Case {
    std::string why;
    Octets message;
    std::string response;
};

void check(const std::vector<Case>& cases) {
    World world;
    for (const Case& each : cases) {
        INFO(each.why);
        CHECK(world.ask_raw(each.message) == each.response);
    }
}

TEST_CASE("What cannot or must not be answered is met with silence", "[dnsd][hostile]") {
    const Octets whole = plain().octets();
    World world;
    for (std::size_t size = 0; size < 12; ++size) {
        INFO("a header of " << size << " octets");
        CHECK(world.answer_to(OctetView(whole).first(size)).empty());
    }
    CHECK(world.counters_.of(Silence::TooShort) == 12);
    CHECK(world.answer_to(MessageBuilder(1, 0x8000).question("example.net.", RType::A).octets())
              .empty());
    CHECK(world.answer_to(MessageBuilder(1, 0xA800).octets()).empty());
    CHECK(world.counters_.of(Silence::Response) == 2);
}

TEST_CASE("Another opcode than QUERY is not implemented", "[dnsd][rfc8906]") {
    World world;
    for (unsigned opcode = 1; opcode < 16; ++opcode) {
        const auto flags = static_cast<std::uint16_t>(opcode << 11 | 0x0100);
        const std::string text = "NOTIMP opcode=" + std::to_string(opcode) + " rd\nno question\n";
        CHECK(world.ask_raw(MessageBuilder(7, flags).octets()) == text);
        CHECK(world.ask_raw(MessageBuilder(7, flags).raw(octets("FF FF FF")).octets()) == text);
        CHECK(world.ask_raw(
                  MessageBuilder(7, flags).question("example.net.", RType::SOA).opt().octets()) ==
              text);
    }
}

TEST_CASE("A query has exactly one question", "[dnsd][rfc9619]") {
    check({
        {"none", MessageBuilder().octets(), "FORMERR\nno question\n"},
        {"none, with EDNS", MessageBuilder().opt().octets(), "FORMERR\nno question\nopt: 1232\n"},
        {"two", plain().question("www.example.net.", RType::A).octets(), "FORMERR\nno question\n"},
        {"two announced, one there", plain().counts({2, 0, 0, 0}).octets(),
         "FORMERR\nno question\n"},
        {"65,535 announced", plain().counts({0xffff, 0, 0, 0}).octets(), "FORMERR\nno question\n"},
    });
}

TEST_CASE("A broken question is a format error", "[dnsd][hostile]") {
    const auto asking = [](const Octets& question) {
        return MessageBuilder().raw(question).counts({1, 0, 0, 0}).octets();
    };
    const std::string refused = "FORMERR\nno question\n";
    Octets long_name;
    for (int each = 0; each < 4; ++each) {
        long_name.push_back(62);
        long_name.insert(long_name.end(), 62, 'a');
    }
    Octets just_fits = long_name;
    long_name.insert(long_name.end(), {3, 'a', 'a', 'a', 0, 0, 1, 0, 1});
    just_fits.insert(just_fits.end(), {1, 'a', 0, 0, 1, 0, 1});
    check({
        {"nothing", asking({}), refused},
        {"no type", asking(octets("03 'net' 00")), refused},
        {"half a type", asking(octets("03 'net' 00 00")), refused},
        {"half a class", asking(octets("03 'net' 00 00 01 00")), refused},
        {"a label past the end", asking(octets("20 'net' 00 00 01 00 01")), refused},
        {"no root label", asking(octets("03 'net'")), refused},
        {"a pointer to the header", asking(octets("C0 00 00 01 00 01")), refused},
        {"a pointer to itself", asking(octets("C0 0C 00 01 00 01")), refused},
        {"a label, then a pointer", asking(octets("03 'net' C0 04 00 01 00 01")), refused},
        {"label type 01", asking(octets("41 00 00 01 00 01")), refused},
        {"label type 10", asking(octets("80 00 00 01 00 01")), refused},
        {"256 octets of name", asking(long_name), refused},
        {"254 octets of name are none of ours", asking(just_fits), "REFUSED\n"},
    });
}

TEST_CASE("A query has no records but the additional ones", "[dnsd]") {
    const Octets address{192, 0, 2, 1};
    const auto with = [&](std::size_t section, RType qtype = RType::A) {
        return MessageBuilder()
            .question("nur1.example.net.", qtype)
            .record(section, octets("C0 0C"), 1, 1, 60, address);
    };
    check({
        {"answer", with(1).octets(), "FORMERR\n"},
        {"answer, with EDNS", with(1).opt().octets(), "FORMERR\nopt: 1232\n"},
        {"authority", with(2).octets(), "FORMERR\n"},
        {"additional: nothing to us", with(3).octets(), "NOERROR aa\n" + kAnswer},
        {"authority of an IXFR query", with(2, RType::IXFR).octets(), "REFUSED\n"},
        {"two of them", with(2, RType::IXFR).counts({1, 0, 2, 0}).octets(), "FORMERR\n"},
        {"an OPT in the authority section",
         MessageBuilder()
             .question("example.net.", RType::IXFR)
             .record(2, {0}, 41, 1232, 0, {})
             .octets(),
         "FORMERR\nopt: 1232\n"},
        {"announced and not there", plain().counts({1, 0, 0, 1}).octets(), "FORMERR\n"},
        {"cut in its fields", plain().raw(octets("00 00 29 04")).counts({1, 0, 0, 1}).octets(),
         "FORMERR\n"},
        {"RDATA past the end",
         plain().raw(octets("00 00 01 00 01 00 00 00 00 00 05 01")).counts({1, 0, 0, 1}).octets(),
         "FORMERR\n"},
        {"an owner that points forward",
         plain().record(3, octets("C0 FF"), 1, 1, 60, address).octets(), "FORMERR\n"},
        {"an owner that points to itself",
         plain().record(3, octets("C0 23"), 1, 1, 60, address).octets(), "FORMERR\n"},
        {"an owner of a reserved label type",
         plain().record(3, octets("41 00"), 1, 1, 60, address).octets(), "FORMERR\n"},
    });
}

TEST_CASE("Octets behind the message are a format error", "[dnsd][hostile]") {
    check({
        {"one", plain().raw(octets("00")).octets(), "FORMERR\n"},
        {"behind an OPT", plain().opt().raw(octets("00")).octets(), "FORMERR\nopt: 1232\n"},
        {"a record that was not announced", plain().opt().counts({1, 0, 0, 0}).octets(),
         "FORMERR\n"},
    });
}

TEST_CASE("Other classes than IN are refused", "[dnsd][rfc1035]") {
    check({
        {"CH", MessageBuilder().question("version.bind.", RType::TXT, RClass::CH).octets(),
         "REFUSED\n"},
        {"HS", MessageBuilder().question("example.net.", RType::A, RClass::HS).octets(),
         "REFUSED\n"},
        {"ANY", MessageBuilder().question("example.net.", RType::A, RClass::ANY).octets(),
         "REFUSED\n"},
        {"NONE", MessageBuilder().question("example.net.", RType::A, RClass::NONE).octets(),
         "REFUSED\n"},
        {"0", MessageBuilder().question("example.net.", RType::A, RClass{0}).octets(), "REFUSED\n"},
        {"with the reason",
         MessageBuilder().question("version.bind.", RType::TXT, RClass::CH).opt().octets(),
         "REFUSED\nopt: 1232 ede=21\n"},
    });
}

TEST_CASE("Types that are no data are refused by name", "[dnsd][rfc6895][rfc9824]") {
    const auto asking = [](unsigned type) {
        return MessageBuilder()
            .question("example.net.", RType{static_cast<std::uint16_t>(type)})
            .opt()
            .octets();
    };
    const std::string never = "FORMERR\nopt: 1232 ede=30\n";
    const std::string unknown = "NOTIMP\nopt: 1232 ede=21\n";
    const std::string prohibited = "REFUSED\nopt: 1232 ede=18\n";
    check({
        {"0", asking(0), never},
        {"OPT", asking(41), never},
        {"NXNAME", asking(128), never},
        {"TKEY", asking(249), never},
        {"TSIG", asking(250), never},
        {"129", asking(129), unknown},
        {"248", asking(248), unknown},
        {"IXFR", asking(251), prohibited},
        {"AXFR", asking(252), prohibited},
        {"MAILB", asking(253), unknown},
        {"MAILA", asking(254), unknown},
    });
}

TEST_CASE("A TSIG meets no key of ours", "[dnsd][rfc8945]") {
    const Octets rdata = octets("00 000000000000 012C 0000 1234 0000 0000");
    const auto signed_query = plain().record(3, octets("03 'key' 00"), 250, 255, 0, rdata);
    check({
        {"last", signed_query.octets(), "NOTAUTH\n"},
        {"not last", MessageBuilder(signed_query).opt().octets(), "FORMERR\n"},
        {"two", MessageBuilder(signed_query).record(3, octets("00"), 250, 255, 0, rdata).octets(),
         "FORMERR\n"},
    });
}

TEST_CASE("read_query is linear in hostile messages", "[dnsd][hostile]") {
    // Chains of pointers, each to the one before: decoding the owners would be quadratic.
    MessageBuilder builder;
    builder.question("net.", RType::A);
    std::uint16_t target = 12;
    std::uint16_t records = 0;
    while (builder.octets().size() < 16'000) {
        const auto here = static_cast<std::uint16_t>(builder.octets().size());
        builder.raw(Octets{static_cast<std::uint8_t>(0xC0 | target >> 8),
                           static_cast<std::uint8_t>(target), 0, 1, 0, 1, 0, 0, 0, 0, 0, 0});
        target = here;
        ++records;
    }
    builder.counts({1, 0, 0, records});
    const Query query = read_query(builder.octets());
    CHECK(query.form == Form::WellFormed);
    CHECK(query.qname == hairpin::tests::name("net."));
}

}  // namespace
}  // namespace hairpin::dnsd::tests
