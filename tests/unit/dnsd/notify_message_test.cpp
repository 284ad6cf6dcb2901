#include "dnsd/notify_message.hpp"

#include <array>

#include <catch2/catch.hpp>

#include "tests/support/dns_message.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::dnsd {
namespace {

using hairpin::tests::message_text;
using hairpin::tests::MessageBuilder;
using hairpin::tests::name;

constexpr std::uint16_t kAnswerFlags = 0xA000;  // QR, opcode 4.

TEST_CASE("A NOTIFY asks for the SOA and brings the new one along", "[dnsd][rfc1996]") {
    const auto zone = hairpin::tests::zone("Example.net.", "www 60 IN A 192.0.2.1\n");
    std::array<std::uint8_t, kMaxNotifyOctets> buffer{};
    const OctetView message = OctetView(buffer).first(write_notify(*zone, 0xBEEF, buffer));

    CHECK(zones::read_u16(message.data()) == 0xBEEF);
    const std::string text = message_text(message);
    CHECK(text.starts_with("NOERROR query opcode=4 aa\nanswer: Example.net. "));
    CHECK(text.find(" IN SOA ") != std::string::npos);
    CHECK(zones::read_u16(&message[4]) == 1);
    const auto asked = zones::read_name(message, 12);
    REQUIRE(asked);
    CHECK(asked->name == zone->apex());
    CHECK(zones::read_u16(&message[asked->next]) == to_number(zones::RType::SOA));
}

TEST_CASE("The longest names fit into a NOTIFY", "[dnsd]") {
    const std::string label(63, 'x');
    const std::string longest =
        label + "." + label + "." + label + "." + std::string(61, 'y') + ".";
    const auto zone = hairpin::tests::zone(
        longest, "@ 60 IN SOA " + longest + " " + longest + " 1 2 3 4 5\n@ 60 IN NS ns.example.\n");
    std::array<std::uint8_t, kMaxNotifyOctets> buffer{};
    CHECK(write_notify(*zone, 1, buffer) <= kMaxNotifyOctets);
}

struct Case {
    const char* what;
    Octets message;
    bool is_answer;
    Rcode rcode;
};

TEST_CASE("An answer to a NOTIFY is known by opcode, QR and question", "[dnsd][rfc1996][hostile]") {
    const auto apex = name("example.net.");
    const auto soa = zones::RType::SOA;
    const auto answer = GENERATE_COPY(values<Case>({
        {"as it should be", MessageBuilder(7, kAnswerFlags).question("example.net.", soa).octets(),
         true, Rcode::NoError},
        {"in another case", MessageBuilder(7, kAnswerFlags).question("EXAMPLE.net.", soa).octets(),
         true, Rcode::NoError},
        {"refused", MessageBuilder(7, kAnswerFlags | 5).question("example.net.", soa).octets(),
         true, Rcode::Refused},
        {"without the question", MessageBuilder(7, kAnswerFlags | 1).octets(), true,
         Rcode::FormErr},
        {"of another zone",
         MessageBuilder(7, kAnswerFlags).question("example.com.", soa).octets(),
         false,
         {}},
        {"of another type",
         MessageBuilder(7, kAnswerFlags).question("example.net.", zones::RType::A).octets(),
         false,
         {}},
        {"a NOTIFY itself",
         MessageBuilder(7, 0x2000).question("example.net.", soa).octets(),
         false,
         {}},
        {"an answer to a query",
         MessageBuilder(7, 0x8000).question("example.net.", soa).octets(),
         false,
         {}},
        {"two questions",
         MessageBuilder(7, kAnswerFlags)
             .question("example.net.", soa)
             .question("example.net.", soa)
             .octets(),
         false,
         {}},
        {"a question that is not there",
         MessageBuilder(7, kAnswerFlags).counts({1, 0, 0, 0}).octets(),
         false,
         {}},
        {"half a header", {0, 7, 0xA0}, false, {}},
    }));
    INFO(answer.what);
    const auto read = read_notify_answer(answer.message, apex);
    REQUIRE(read.has_value() == answer.is_answer);
    if (!read) return;
    CHECK(read->id == 7);
    CHECK(read->rcode == answer.rcode);
}

}  // namespace
}  // namespace hairpin::dnsd
