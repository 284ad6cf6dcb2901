#include "observer/query_line.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_message.hpp"

namespace hairpin::observer {
namespace {

using hairpin::tests::MessageBuilder;

constexpr std::int64_t kReceived = 1'795'551'304'123'456'789;  // 2026-11-24T20:15:04.123456789Z

dnsd::Exchange logged(OctetView query, OctetView response) {
    dnsd::Exchange exchange;
    exchange.client = Endpoint::parse("192.0.2.7:41234").value();
    exchange.server = Endpoint::parse("[2001:db8::53]:53").value();
    exchange.received = dnsd::ExactTime(std::chrono::nanoseconds(kReceived));
    exchange.sent = exchange.received + std::chrono::nanoseconds(38'999);
    exchange.query = query;
    exchange.response = response;
    return exchange;
}

std::string line_of(const dnsd::Exchange& exchange) {
    std::string line;
    append_query_line(line, exchange);
    return line;
}

/// Field names in their order, and values by name.
std::vector<std::pair<std::string, std::string>> fields_of(const std::string& line) {
    std::vector<std::pair<std::string, std::string>> fields;
    std::istringstream words(line);
    for (std::string word; words >> word;)
        fields.emplace_back(word.substr(0, word.find('=')), word.substr(word.find('=') + 1));
    return fields;
}

std::string field(const std::string& line, const std::string& name) {
    for (const auto& [key, value] : fields_of(line))
        if (key == name) return value;
    return "(no such field)";
}

TEST_CASE("An exchange is one line of fifteen fields in a fixed order", "[observer][query_log]") {
    const Octets query = MessageBuilder(4660, 0x0100)
                             .question("nur1.example.net.", zones::RType::A)
                             .opt(1232, 0x8000)
                             .octets();
    const Octets response = MessageBuilder(4660, 0x8500)
                                .question("nur1.example.net.", zones::RType::A)
                                .record(1, {0xC0, 12}, 1, 1, 60, {198, 51, 100, 7})
                                .octets();
    CHECK(line_of(logged(query, response)) ==
          "time=2026-11-24T20:15:04.123456Z transport=udp client=192.0.2.7:41234 "
          "server=[2001:db8::53]:53 id=4660 opcode=QUERY name=nur1.example.net. class=IN type=A "
          "query_flags=rd,do rcode=NOERROR flags=aa,rd query_octets=45 response_octets=50 "
          "microseconds=38\n");
}

TEST_CASE("What is not there is a hyphen, and the fields are the same", "[observer][query_log]") {
    struct Case {
        const char* why;
        Octets query;
        std::string name;
        std::string opcode;
    };
    const auto each = GENERATE(values<Case>({
        {"less than a header", {1, 2, 3}, "-", "-"},
        {"nothing at all", {}, "-", "-"},
        {"no question", MessageBuilder(1).octets(), "-", "QUERY"},
        {"a response", MessageBuilder(1, 0x8000).question("a.", zones::RType::A).octets(), "a.",
         "QUERY"},
        {"a broken question", MessageBuilder(1).raw(Octets{0x7f}).counts({1, 0, 0, 0}).octets(),
         "-", "QUERY"},
    }));
    INFO(each.why);
    const std::string line = line_of(logged(each.query, {}));
    CHECK(fields_of(line).size() == 15);
    CHECK(field(line, "name") == each.name);
    CHECK(field(line, "opcode") == each.opcode);
    CHECK(field(line, "rcode") == "-");
    CHECK(field(line, "flags") == "-");
    CHECK(field(line, "response_octets") == "0");
    CHECK(field(line, "microseconds") == "-");
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
}

TEST_CASE("Transports, opcodes, classes, types and RCODEs go by their names, or by number",
          "[observer][query_log][rfc3597]") {
    struct Case {
        dnsd::Transport transport;
        std::uint16_t flags;
        zones::RType type;
        zones::RClass rclass;
        std::uint16_t response_flags;
        std::uint32_t opt;  // Of the response; its TTL.
        std::string told;
    };
    using dnsd::Transport;
    using zones::RClass;
    using zones::RType;
    const auto each = GENERATE(values<Case>({
        {Transport::Tcp, 0, RType::AXFR, RClass::IN, 0x8005, 0, "tcp QUERY AXFR IN REFUSED"},
        {Transport::Tls, 0x2000, RType::SOA, RClass::IN, 0xA000, 0, "tls NOTIFY SOA IN NOERROR"},
        {Transport::Https, 0x2800, RType::SOA, RClass::IN, 0xA804, 0, "https UPDATE SOA IN NOTIMP"},
        {Transport::Udp, 0x7800, RType{65280}, RClass{7}, 0xF804, 0,
         "udp 15 TYPE65280 CLASS7 NOTIMP"},
        {Transport::Udp, 0, RType::TXT, RClass::CH, 0x8000, 0x01000000, "udp QUERY TXT CH BADVERS"},
        {Transport::Udp, 0, RType::ANY, RClass::ANY, 0x8007, 0x01000000,
         "udp QUERY ANY ANY BADCOOKIE"},
        {Transport::Udp, 0, RType{0}, RClass::NONE, 0x800f, 0xff000000,
         "udp QUERY TYPE0 CLASS254 4095"},
    }));
    const Octets query =
        MessageBuilder(1, each.flags).question("a.", each.type, each.rclass).octets();
    const Octets response = MessageBuilder(1, each.response_flags).opt(1232, each.opt).octets();
    dnsd::Exchange exchange = logged(query, response);
    exchange.transport = each.transport;
    const std::string line = line_of(exchange);
    CHECK(field(line, "transport") + " " + field(line, "opcode") + " " + field(line, "type") + " " +
              field(line, "class") + " " + field(line, "rcode") ==
          each.told);
}

TEST_CASE("No name forges a line or a field", "[observer][query_log][hostile]") {
    // Every octet there is, in labels of 60.
    for (unsigned first = 0; first < 256; first += 60) {
        Octets name{60};
        for (unsigned octet = first; octet < first + 60; ++octet)
            name.push_back(static_cast<std::uint8_t>(octet));
        name.push_back(0);
        Octets message = MessageBuilder().raw(name).raw(Octets{0, 1, 0, 1}).octets();
        message[5] = 1;  // QDCOUNT
        const std::string line = line_of(logged(message, {}));
        INFO(line);
        CHECK(fields_of(line).size() == 15);
        CHECK(std::count(line.begin(), line.end(), ' ') == 14);
        CHECK(std::all_of(line.begin(), line.end() - 1,
                          [](char letter) { return letter >= 0x20 && letter < 0x7f; }));
        // It reads back as the octets that were sent.
        const auto read = zones::Name::parse(field(line, "name"));
        REQUIRE(read);
        CHECK(Octets(read->wire().begin(), read->wire().end()) == name);
    }
    const Octets forged =
        MessageBuilder().question("a\\010time=2026\\032rcode=NOERROR.", zones::RType::A).octets();
    CHECK(field(line_of(logged(forged, {})), "name") == "a\\010time=2026\\032rcode=NOERROR.");
}

}  // namespace
}  // namespace hairpin::observer
