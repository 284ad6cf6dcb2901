#include "dnsd/update_message.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/updates.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::rdata;
using zones::RType;

const Octets kAddress{192, 0, 2, 1};
constexpr RType kMailA{254};
constexpr RType kUnknown{65280};

TEST_CASE("An UPDATE is known by its header", "[dnsd][rfc2136]") {
    CHECK(asks_for_update(UpdateBuilder().octets()));
    const auto with_flags = [](std::uint16_t flags) {
        Octets message = UpdateBuilder().octets();
        zones::write_u16(&message[2], flags);
        return message;
    };
    CHECK(asks_for_update(with_flags(kUpdateFlags | 0x07ff)));  // Z "should be ignored".
    CHECK_FALSE(asks_for_update(with_flags(0x8000 | kUpdateFlags)));
    CHECK_FALSE(asks_for_update(with_flags(0)));
    CHECK_FALSE(asks_for_update(with_flags(4 << 11)));
    CHECK_FALSE(asks_for_update(OctetView(UpdateBuilder().octets()).first(11)));
}

TEST_CASE("Each form of prerequisite is read as what it is", "[dnsd][rfc2136]") {
    struct Case {
        const char* why;
        UpdateBuilder message;
        const char* text;
    };
    const auto at = [](std::uint16_t rclass, RType type, const Octets& data = {},
                       std::uint32_t ttl = 0, const char* owner = "www.example.net.") {
        return UpdateBuilder().prerequisite(owner, rclass, type, data, ttl);
    };
    const auto tried = GENERATE_COPY(values<Case>({
        {"2.4.1 RRset exists", at(kAny, RType::A), "exists www.example.net. A\n"},
        {"2.4.2 RRset is", at(kIn, RType::A, kAddress), "is www.example.net. A 192.0.2.1\n"},
        {"2.4.3 RRset is absent", at(kNone, RType::A), "absent www.example.net. A\n"},
        {"2.4.4 name is in use", at(kAny, RType::ANY), "in-use www.example.net.\n"},
        {"2.4.5 name is not in use", at(kNone, RType::ANY), "not-in-use www.example.net.\n"},
        {"an unknown type", at(kIn, kUnknown, {1, 2}),
         "is www.example.net. TYPE65280 \\# 2 0102\n"},
        {"RDATA may be empty where the type says so", at(kIn, RType{10}),
         "is www.example.net. NULL \\# 0\n"},
        {"a type that no zone holds never exists", at(kAny, RType::AXFR),
         "exists www.example.net. AXFR\n"},
        {"3.2.1: a TTL", at(kAny, RType::A, {}, 1), "error 1\n"},
        {"a TTL comes before the zone", at(kAny, RType::A, {}, 1, "example.org."), "error 1\n"},
        {"3.2.2: outside of the zone", at(kAny, RType::A, {}, 0, "example.org."), "error 10\n"},
        {"above the zone", at(kAny, RType::A, {}, 0, "net."), "error 10\n"},
        {"class ANY with RDATA", at(kAny, RType::A, kAddress), "error 1\n"},
        {"class NONE with RDATA", at(kNone, RType::A, kAddress), "error 1\n"},
        {"class CH", at(3, RType::A, kAddress), "error 1\n"},
        {"a class that does not exist", at(77, RType::A), "error 1\n"},
        {"an address of three octets", at(kIn, RType::A, {192, 0, 2}), "error 1\n"},
        {"a value that no zone has", at(kIn, RType::ANY, kAddress),
         "is www.example.net. ANY \\# 4 c0000201\n"},
    }));
    INFO(tried.why);
    CHECK(update_text(tried.message.octets()) == tried.text);
}

TEST_CASE("Each form of update is read as what it is", "[dnsd][rfc2136]") {
    struct Case {
        const char* why;
        UpdateBuilder message;
        const char* text;
    };
    const auto at = [](std::uint16_t rclass, RType type, const Octets& data = {},
                       std::uint32_t ttl = 0, const char* owner = "www.example.net.") {
        return UpdateBuilder().update(owner, rclass, type, data, ttl);
    };
    const auto tried = GENERATE_COPY(values<Case>({
        {"2.5.1 add", at(kIn, RType::A, kAddress, 60), "add www.example.net. A 60 192.0.2.1\n"},
        {"2.5.2 delete an RRset", at(kAny, RType::A), "delete-rrset www.example.net. A\n"},
        {"2.5.3 delete all RRsets", at(kAny, RType::ANY), "delete-owner www.example.net.\n"},
        {"2.5.4 delete a record", at(kNone, RType::A, kAddress),
         "delete www.example.net. A 192.0.2.1\n"},
        {"an unknown type", at(kIn, kUnknown, {1}, 60),
         "add www.example.net. TYPE65280 60 \\# 1 01\n"},
        {"RFC 2181 section 8: a TTL of 32 bits is zero", at(kIn, RType::A, kAddress, 0x8000'0000),
         "add www.example.net. A 0 192.0.2.1\n"},
        {"the zone itself", at(kIn, RType::A, kAddress, 60, "EXAMPLE.net."),
         "add EXAMPLE.net. A 60 192.0.2.1\n"},
        {"3.4.1.3: outside of the zone", at(kIn, RType::A, kAddress, 60, "example.org."),
         "prescan 10\n"},
        {"outside comes before everything else", at(77, RType::ANY, kAddress, 60, "example.org."),
         "prescan 10\n"},
        {"3.4.1.2: a meta type added", at(kIn, RType::ANY, {}, 60), "prescan 1\n"},
        {"MAILA added", at(kIn, kMailA, {}, 60), "prescan 1\n"},
        {"type 0 added", at(kIn, RType{0}, {}, 60), "prescan 1\n"},
        {"class ANY with a TTL", at(kAny, RType::A, {}, 1), "prescan 1\n"},
        {"class ANY with RDATA", at(kAny, RType::A, kAddress), "prescan 1\n"},
        {"AXFR deleted", at(kAny, RType::AXFR), "prescan 1\n"},
        {"class NONE with a TTL", at(kNone, RType::A, kAddress, 1), "prescan 1\n"},
        {"class NONE with type ANY", at(kNone, RType::ANY), "prescan 1\n"},
        {"class CH", at(3, RType::A, kAddress, 60), "prescan 1\n"},
        {"what we sign with", at(kIn, RType::DNSKEY, rdata(RType::DNSKEY, "257 3 13 AAAA"), 60),
         "prescan 5\n"},
        {"not even deleted", at(kAny, RType::RRSIG), "prescan 5\n"},
        {"an address of three octets", at(kIn, RType::A, {192, 0, 2}, 60), "error 1\n"},
        {"nothing to delete a record by", at(kNone, RType::A), "error 1\n"},
        {"a text that runs past its end", at(kIn, RType::TXT, {5, 'a'}, 60), "error 1\n"},
        {"an NS with something behind its name", at(kIn, RType::NS, {1, 'a', 0, 0}, 60),
         "error 1\n"},
    }));
    INFO(tried.why);
    CHECK(update_text(tried.message.octets()) == tried.text);
}

TEST_CASE("The first record that is wrong is told, and edits behind it are left out",
          "[dnsd][rfc2136]") {
    UpdateBuilder message;
    message.prerequisite("www.example.net.", kAny, RType::ANY)
        .add("a.example.net.", RType::A, "192.0.2.1")
        .update("b.example.org.", kAny, RType::A)
        .update("c.example.net.", kNone, RType::ANY)
        .add("d.example.net.", RType::A, "192.0.2.1");
    CHECK(update_text(message.octets()) ==
          "in-use www.example.net.\nadd a.example.net. A 60 192.0.2.1\nprescan 10\n");
    // That the rest cannot be read is told before anything else.
    message.update("e.example.net.", kIn, RType::A, {1}, 60);
    CHECK(update_text(message.octets()) == "error 1\n");
}

TEST_CASE("Values of one RRset are compared together and last", "[dnsd][rfc2136]") {
    UpdateBuilder message;
    message.prerequisite("www.example.net.", kIn, RType::A, kAddress)
        .prerequisite("txt.example.net.", kIn, RType::TXT, {1, 'a'})
        .prerequisite("WWW.example.net.", kIn, RType::A, {192, 0, 2, 2})
        .prerequisite("x.example.net.", kNone, RType::ANY);
    CHECK(update_text(message.octets()) ==
          "not-in-use x.example.net.\n"
          "is www.example.net. A 192.0.2.1; 192.0.2.2\n"
          "is txt.example.net. TXT \"a\"\n");
}

TEST_CASE("Records of one RRset become one edit where order cannot matter", "[dnsd]") {
    UpdateBuilder message;
    message.add("www.example.net.", RType::A, "192.0.2.1")
        .add("txt.example.net.", RType::TXT, "a")
        .add("www.example.net.", RType::A, "192.0.2.2")
        .add("www.example.net.", RType::A, "192.0.2.3", 61)
        .update("www.example.net.", kAny, RType::AAAA)
        .update("www.example.net.", kAny, RType::AAAA)
        .update("www.example.net.", kNone, RType::A, kAddress)
        .add("www.example.net.", RType::A, "192.0.2.3", 61);
    CHECK(update_text(message.octets()) ==
          "add www.example.net. A 60 192.0.2.1; 192.0.2.2\n"
          "add txt.example.net. TXT 60 \"a\"\n"
          "add www.example.net. A 61 192.0.2.3\n"
          "delete-rrset www.example.net. AAAA\n"
          "delete-rrset www.example.net. AAAA\n"
          "delete www.example.net. A 192.0.2.1\n"
          "add www.example.net. A 61 192.0.2.3\n");
}

TEST_CASE("Names in RDATA are read through their pointers", "[dnsd][rfc2136][rfc3597]") {
    UpdateBuilder message;
    message.update("example.net.", kIn, RType::MX, {0, 10, 4, 'm', 'a', 'i', 'l', 0xC0, 12}, 60);
    CHECK(update_text(message.octets()) == "add example.net. MX 60 10 mail.example.net.\n");
    UpdateBuilder never;  // HTTPS is younger than RFC 3597.
    never.update("example.net.", kIn, RType::HTTPS, {0, 1, 0xC0, 12}, 60);
    CHECK(update_text(never.octets()) == "error 1\n");
}

TEST_CASE("The frame of an UPDATE is read as strictly as that of a query", "[dnsd][hostile]") {
    const auto form_of = [](const Octets& message) {
        return read_update_query(message, Transport::Udp).form;
    };
    UpdateBuilder plain;
    CHECK(form_of(plain.octets()) == Form::WellFormed);
    CHECK(form_of(UpdateBuilder(plain).message().counts({0, 0, 0, 0}).octets()) ==
          Form::QuestionCount);
    CHECK(form_of(UpdateBuilder(plain).message().counts({2, 0, 0, 0}).octets()) ==
          Form::QuestionCount);
    CHECK(form_of(UpdateBuilder(plain).message().counts({1, 1, 0, 0}).octets()) == Form::Records);
    CHECK(form_of(UpdateBuilder(plain).message().counts({1, 0, 1, 0}).octets()) == Form::Records);
    CHECK(form_of(UpdateBuilder(plain).message().raw(Octets{0}).octets()) == Form::TrailingOctets);
    CHECK(form_of(UpdateBuilder(plain).message().opt().octets()) == Form::WellFormed);
    CHECK(form_of(UpdateBuilder(plain).message().opt().opt().octets()) == Form::OptTwice);
    CHECK(form_of(UpdateBuilder(plain).update(".", 1232, RType::OPT).octets()) ==
          Form::UnexpectedRecords);
    CHECK(form_of(UpdateBuilder(plain).update("k.", kAny, RType::TSIG).octets()) ==
          Form::UnexpectedRecords);
    // Section 2.6: what the additional section holds beside is no concern of ours.
    const Octets glue{1, 'x', 0};
    CHECK(form_of(UpdateBuilder(plain).message().record(3, glue, 1, 1, 0, kAddress).octets()) ==
          Form::WellFormed);
    Octets cut = UpdateBuilder().add("www.example.net.", RType::A, "192.0.2.1").octets();
    while (cut.size() > zones::kHeaderOctets) {
        cut.pop_back();
        CHECK(form_of(cut) != Form::WellFormed);
    }
}

TEST_CASE("Thousands of records of one message are read in no time", "[dnsd][hostile]") {
    UpdateBuilder message;
    for (int each = 0; each < 2'000; ++each)
        message.add(each % 2 == 0 ? "a.example.net." : "b.example.net.", RType::A,
                    "192.0." + std::to_string(each / 250) + "." + std::to_string(each % 250));
    const Query query = read_update_query(message.octets(), Transport::Tcp);
    const auto order = read_update(message.octets(), query);
    REQUIRE(order);
    CHECK(order->change.edits.size() == 2);
    CHECK(order->change.edits[0].rdatas.size() == 1'000);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
