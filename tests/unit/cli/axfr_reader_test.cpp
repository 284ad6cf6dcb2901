#include "cli/axfr_reader.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/axfr.hpp"
#include "tests/support/octets.hpp"
#include "zones/presentation.hpp"

namespace hairpin::cli {
namespace {

using hairpin::tests::add;
using hairpin::tests::add_soa;
using hairpin::tests::axfr_message;
using hairpin::tests::kAxfrApex;
using hairpin::tests::kAxfrId;
using hairpin::tests::MessageBuilder;
using zones::RType;

struct Reading {
    std::vector<std::string> records;
    bool is_done = false;
    std::string error;
};

Reading read_all(const std::vector<Octets>& messages, const AxfrLimits& limits = {}) {
    Reading reading;
    AxfrReader reader(tests::name(kAxfrApex), kAxfrId, limits, [&](AxfrRecord record) {
        reading.records.push_back(record.owner.text() + " " + std::to_string(record.ttl) + " " +
                                  zones::type_text(record.type) + " " +
                                  zones::rdata_text(record.type, record.rdata));
    });
    for (const Octets& message : messages) {
        if (const auto taken = reader.take(message); !taken) {
            reading.error = taken.error().cause;
            break;
        }
    }
    reading.is_done = reader.is_done();
    return reading;
}

TEST_CASE("A transfer is every record between two equal SOAs, in any number of messages",
          "[cli][rfc5936]") {
    MessageBuilder first = axfr_message();
    add_soa(first);
    add(first, "example.net.", RType::NS, "ns1.example.net.");
    MessageBuilder second(kAxfrId, 0x8400);  // Without a question (RFC 5936 section 2.2.2).
    add(second, "www.example.net.", RType::A, "192.0.2.1", 300);
    MessageBuilder third = axfr_message(0x8000);  // Knot sets no AA.
    add_soa(third);

    const Reading reading = read_all({first.octets(), second.octets(), third.octets()});

    CHECK(reading.error.empty());
    CHECK(reading.is_done);
    CHECK(reading.records ==
          std::vector<std::string>{
              "example.net. 60 SOA ns1.example.net. hostmaster.example.net. 7 3600 600 604800 60",
              "example.net. 60 NS ns1.example.net.", "www.example.net. 300 A 192.0.2.1"});
}

TEST_CASE("Names compressed in owners and in RDATA are spelled out", "[cli][rfc5936][rfc3597]") {
    MessageBuilder message = axfr_message();
    add_soa(message);
    // The question's name stands at 12.
    message.record(1, {0xC0, 12}, 15, 1, 60, {0, 10, 2, 'm', 'x', 0xC0, 12});
    message.record(1, {0xC0, 12}, 33, 1, 60, {0, 1, 0, 2, 0, 3, 1, 's', 0xC0, 12});
    add_soa(message);

    const Reading reading = read_all({message.octets()});

    CHECK(reading.error.empty());
    REQUIRE(reading.records.size() == 3);
    CHECK(reading.records[1] == "example.net. 60 MX 10 mx.example.net.");
    CHECK(reading.records[2] == "example.net. 60 SRV 1 2 3 s.example.net.");
}

TEST_CASE("A transfer that is not finished is not done", "[cli][rfc5936]") {
    MessageBuilder message = axfr_message();
    add_soa(message);

    const Reading reading = read_all({message.octets()});

    CHECK(reading.error.empty());
    CHECK_FALSE(reading.is_done);
}

struct Hostile {
    const char* why;
    std::function<Octets()> message;
    const char* error;
};

Octets only(MessageBuilder message) {
    return message.octets();
}

Octets behind_soa(const std::function<void(MessageBuilder&)>& more) {
    MessageBuilder message = axfr_message();
    add_soa(message);
    more(message);
    return message.octets();
}

TEST_CASE("What a source sends is held to RFC 5936, and the error says what is wrong",
          "[cli][rfc5936][hostile]") {
    static const std::vector<Hostile> kCases = {
        {"nothing", [] { return Octets(); }, "shorter than a DNS header"},
        {"an HTTP server", [] { return tests::octets("'HTTP/1.1 400'"); }, "its ID"},
        {"another ID", [] { return only(axfr_message(0x8400, 0x4321)); }, "its ID"},
        {"a query", [] { return only(axfr_message(0x0400)); }, "it is a query"},
        {"another opcode", [] { return only(axfr_message(0xA400)); }, "its opcode"},
        {"REFUSED", [] { return only(axfr_message(0x8005)); }, "REFUSED"},
        {"NOTAUTH", [] { return only(axfr_message(0x8009)); }, "NOTAUTH"},
        {"an RCODE nobody has", [] { return only(axfr_message(0x800f)); }, "RCODE 15"},
        {"TC", [] { return only(axfr_message(0x8600)); }, "truncated"},
        {"no question", [] { return MessageBuilder(kAxfrId, 0x8400).octets(); },
         "does not have the query's question"},
        {"another question",
         [] {
             return MessageBuilder(kAxfrId, 0x8400).question("example.org.", RType::AXFR).octets();
         },
         "its question is not the query's"},
        {"no records", [] { return only(axfr_message()); }, "holds no records"},
        {"no SOA first",
         [] {
             MessageBuilder message = axfr_message();
             return add(message, "www.example.net.", RType::A, "192.0.2.1").octets();
         },
         "begin with the zone's SOA"},
        {"the SOA of another zone first",
         [] {
             MessageBuilder message = axfr_message();
             return add(message, "example.org.", RType::SOA, tests::kAxfrSoa).octets();
         },
         "begin with the zone's SOA"},
        {"another class",
         [] {
             return behind_soa([](MessageBuilder& message) {
                 add(message, "www.example.net.", RType::A, "192.0.2.1", 60, 3);
             });
         },
         "is not IN"},
        {"another SOA at the end",
         [] {
             return behind_soa([](MessageBuilder& message) {
                 add_soa(message, "ns1.example.net. hostmaster.example.net. 8 3600 600 604800 60");
             });
         },
         "the zone changed meanwhile"},
        {"a record behind the end",
         [] {
             return behind_soa([](MessageBuilder& message) {
                 add_soa(message);
                 add(message, "www.example.net.", RType::A, "192.0.2.1");
             });
         },
         "follows the closing SOA"},
        {"an authority section",
         [] {
             return behind_soa(
                 [](MessageBuilder& message) { message.record(2, {0}, 2, 1, 60, {0}); });
         },
         "authority section"},
        {"octets behind the end",
         [] { return behind_soa([](MessageBuilder& message) {
                  message.raw(Octets{1, 2, 3});
              }); },
         "octets follow"},
        {"more records than there are",
         [] { return behind_soa([](MessageBuilder& message) {
                  message.counts({1, 9, 0, 0});
              }); },
         "runs past the end"},
        {"a pointer that points at itself",
         [] {
             return behind_soa([](MessageBuilder& message) {
                 const auto at = message.octets().size();
                 message.record(
                     1, {static_cast<std::uint8_t>(0xC0 | at >> 8), static_cast<std::uint8_t>(at)},
                     1, 1, 60, {192, 0, 2, 1});
             });
         },
         "backward"},
        {"a name that runs out of its RDATA",
         [] {
             return behind_soa([](MessageBuilder& message) {
                 message.record(1, {0xC0, 12}, 15, 1, 60, {0, 10, 9, 'm', 'x'});
             });
         },
         "RDATA"},
        {"octets behind the name in RDATA",
         [] {
             return behind_soa([](MessageBuilder& message) {
                 message.record(1, {0xC0, 12}, 2, 1, 60, {0xC0, 12, 0});
             });
         },
         "RDATA"},
    };
    for (const Hostile& hostile : kCases) {
        INFO(hostile.why);
        const Reading reading = read_all({hostile.message()});
        CHECK_FALSE(reading.is_done);
        CHECK_THAT(reading.error, Catch::Contains(hostile.error));
    }
}

TEST_CASE("A message after the end is an error", "[cli][rfc5936][hostile]") {
    const Octets whole = behind_soa([](MessageBuilder& message) { add_soa(message); });
    CHECK_THAT(read_all({whole, whole}).error, Catch::Contains("after the closing SOA"));
}

TEST_CASE("A transfer that does not end is ended by its bounds", "[cli][hostile]") {
    MessageBuilder message(kAxfrId, 0x8400);
    for (int each = 0; each < 10; ++each)
        add(message, "www.example.net.", RType::A, "192.0.2.1");
    std::vector<Octets> messages = {behind_soa([](MessageBuilder&) {})};
    messages.insert(messages.end(), 20, message.octets());

    CHECK_THAT(read_all(messages, {1'000'000, 100}).error,
               Catch::Contains("more than 100 records"));
    CHECK_THAT(read_all(messages, {1'000, 1'000}).error, Catch::Contains("more than 1000 octets"));
    CHECK(read_all(messages, {1'000'000, 201}).error.empty());
}

}  // namespace
}  // namespace hairpin::cli
