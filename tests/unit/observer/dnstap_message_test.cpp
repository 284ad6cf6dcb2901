#include "observer/dnstap_message.hpp"

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/octets.hpp"
#include "observer/protobuf_writer.hpp"
#include "tests/support/dns_message.hpp"
#include "tests/support/octets.hpp"

namespace hairpin::observer {
namespace {

using hairpin::tests::MessageBuilder;

dnsd::Exchange tapped(OctetView query, OctetView response) {
    dnsd::Exchange exchange;
    exchange.transport = dnsd::Transport::Tls;
    exchange.client = Endpoint::parse("192.0.2.7:41234").value();
    exchange.server = Endpoint::parse("192.0.2.53:853").value();
    exchange.received = dnsd::ExactTime(std::chrono::nanoseconds(1'795'551'304'000'000'258));
    exchange.sent = exchange.received + std::chrono::milliseconds(1);
    exchange.query = query;
    exchange.response = response;
    return exchange;
}

Octets encoded(const dnsd::Exchange& exchange, Half half, OctetView zone = {},
               const DnstapSpeaker& speaker = {}) {
    Octets room(kMaxDnstapOctets);
    room.resize(encode_dnstap(exchange, half, zone, speaker, room));
    return room;
}

/// Fields by number, as another reading of the encoding has them: numbers, or octets.
using Fields = std::map<std::uint64_t, std::variant<std::uint64_t, Octets>>;
class Reading {
public:
    explicit Reading(OctetView octets) : left_(octets) {}
    Fields fields() {
        Fields all;
        while (!left_.empty()) {
            const std::uint64_t tag = varint();
            if ((tag & 7) == 0) {
                all[tag >> 3] = varint();
            } else if ((tag & 7) == 5) {
                const Octets four = take(4);
                all[tag >> 3] = std::uint64_t{four[0]} | std::uint64_t{four[1]} << 8 |
                                std::uint64_t{four[2]} << 16 | std::uint64_t{four[3]} << 24;
            } else if ((tag & 7) == 2) {
                all[tag >> 3] = take(varint());
            } else {
                throw std::runtime_error("wire type");
            }
        }
        return all;
    }

private:
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const std::uint8_t octet = take(1).front();
            value |= std::uint64_t{octet & 0x7fu} << shift;
            if (octet < 0x80) return value;
        }
    }
    Octets take(std::uint64_t count) {
        if (count > left_.size()) throw std::runtime_error("cut short");
        const OctetView part = left_.first(count);
        left_ = left_.subspan(count);
        return {part.begin(), part.end()};
    }
    OctetView left_;
};

Fields message_in(const Octets& frame) {
    return Reading(std::get<Octets>(Reading(frame).fields().at(14))).fields();
}
std::uint64_t number(const Fields& fields, std::uint64_t field) {
    return std::get<std::uint64_t>(fields.at(field));
}

TEST_CASE("Fields are written as Protocol Buffers want them", "[observer][dnstap]") {
    std::vector<std::uint8_t> room(64);
    ProtobufWriter out(room);
    out.put_number(1, 150);  // The example of the specification.
    out.put_octets(2, as_octets("testing"));
    out.put_number(15, 0);
    out.put_number(16, 0xffff'ffff'ffff'ffff);
    out.put_fixed32(9, 0x01020304);
    room.resize(out.octets());
    CHECK(to_hex(room) == "089601120774657374696e6778008001ffffffffffffffffff014d04030201");
}

TEST_CASE("Without room a message is counted and not written", "[observer][dnstap]") {
    ProtobufWriter counting;
    counting.put_octets(2, Octets(1'000));
    CHECK(counting.octets() == 1 + 2 + 1'000);
    CHECK_FALSE(counting.fits());
    std::vector<std::uint8_t> room(5);
    ProtobufWriter out(std::span<std::uint8_t>(room).first(4));
    out.put_octets(2, as_octets("abcd"));
    CHECK_FALSE(out.fits());
    CHECK(room.back() == 0);
}

TEST_CASE("A query is these octets", "[observer][dnstap]") {
    const Octets query{1, 2, 3};
    const Octets zone{1, 'a', 0};
    // identity "me", version "v1", message of 46 octets: type 1, family 1, protocol 3, addresses,
    // ports 41234 and 853, time, query, zone; type 1.
    CHECK(to_hex(encoded(tapped(query, {}), Half::Query, zone, {"me", "v1"})) ==
          "0a026d65"
          "12027631"
          "722e"
          "0801"
          "1001"
          "1803"
          "2204c0000207"
          "2a04c0000235"
          "3092c202"
          "38d506"
          "40c8e097d806"
          "4d02010000"
          "5203010203"
          "5a03016100"
          "7801");
}

TEST_CASE("Both halves say what they are, who spoke to whom, and when", "[observer][dnstap]") {
    const Octets query = MessageBuilder(7).question("a.", zones::RType::A).octets();
    const Octets response = MessageBuilder(7, 0x8400).question("a.", zones::RType::A).octets();
    const dnsd::Exchange exchange = tapped(query, response);

    const Fields asked = message_in(encoded(exchange, Half::Query));
    CHECK(number(asked, 1) == 1);  // AUTH_QUERY
    CHECK(std::get<Octets>(asked.at(10)) == query);
    CHECK_FALSE(asked.contains(14));
    CHECK_FALSE(asked.contains(12));
    CHECK_FALSE(asked.contains(11));  // In no zone of ours.

    const Fields answered = message_in(encoded(exchange, Half::Response));
    CHECK(number(answered, 1) == 2);  // AUTH_RESPONSE
    CHECK(std::get<Octets>(answered.at(14)) == response);
    CHECK_FALSE(answered.contains(10));
    CHECK(number(answered, 12) == 1'795'551'304);
    CHECK(number(answered, 13) == 1'000'258);
    for (const Fields* each : {&asked, &answered}) {
        CHECK(number(*each, 8) == 1'795'551'304);
        CHECK(number(*each, 9) == 258);
        CHECK(number(*each, 6) == 41'234);
        CHECK(number(*each, 7) == 853);
    }
}

TEST_CASE("Transports, families and opcodes have their numbers", "[observer][dnstap][rfc2136]") {
    struct Case {
        const char* why;
        dnsd::Transport transport;
        const char* client;
        std::uint16_t flags;
        std::uint64_t protocol, family, query_type, response_type;
    };
    using dnsd::Transport;
    const auto each = GENERATE(values<Case>({
        {"UDP", Transport::Udp, "192.0.2.1:1", 0, 1, 1, 1, 2},
        {"TCP", Transport::Tcp, "[2001:db8::1]:1", 0, 2, 2, 1, 2},
        {"TLS", Transport::Tls, "192.0.2.1:1", 0, 3, 1, 1, 2},
        {"HTTPS", Transport::Https, "192.0.2.1:1", 0, 4, 1, 1, 2},
        {"NOTIFY", Transport::Udp, "192.0.2.1:1", 0x2400, 1, 1, 1, 2},
        {"UPDATE", Transport::Udp, "192.0.2.1:1", 0x2800, 1, 1, 13, 14},
    }));
    INFO(each.why);
    const Octets query = MessageBuilder(7, each.flags).octets();
    dnsd::Exchange exchange = tapped(query, query);
    exchange.transport = each.transport;
    exchange.client = Endpoint::parse(each.client).value();
    exchange.server = {exchange.client.address, 53};
    const Fields asked = message_in(encoded(exchange, Half::Query));
    const Fields answered = message_in(encoded(exchange, Half::Response));
    CHECK(number(asked, 1) == each.query_type);
    CHECK(number(answered, 1) == each.response_type);
    CHECK(number(asked, 2) == each.family);
    CHECK(number(asked, 3) == each.protocol);
    CHECK(std::get<Octets>(asked.at(4)).size() == (each.family == 1 ? 4 : 16));
}

TEST_CASE("An address of ours that is not known is left out", "[observer][dnstap]") {
    const auto unknown = GENERATE(as<std::string>{}, "0.0.0.0:53", "[::]:53");
    dnsd::Exchange exchange = tapped({}, {});
    exchange.server = Endpoint::parse(unknown).value();
    const Fields asked = message_in(encoded(exchange, Half::Query));
    CHECK_FALSE(asked.contains(5));
    CHECK(number(asked, 7) == 53);
}

TEST_CASE("The largest exchange has room, and none is written into too little",
          "[observer][dnstap]") {
    const Octets largest(65'535, 0x5a);
    Octets zone(255, 1);
    const DnstapSpeaker speaker{std::string(255, 'i'), "hairpin 99.99.99"};
    dnsd::Exchange exchange = tapped(largest, largest);
    exchange.client = Endpoint::parse("[2001:db8::1]:65535").value();
    exchange.server = exchange.client;
    for (const Half half : {Half::Query, Half::Response}) {
        const Octets frame = encoded(exchange, half, zone, speaker);
        REQUIRE_FALSE(frame.empty());
        CHECK(std::get<Octets>(message_in(frame).at(half == Half::Query ? 10 : 14)) == largest);
        for (std::size_t room = 0; room < frame.size(); room += 61) {
            Octets little(room + 1, 0xee);
            CHECK(encode_dnstap(exchange, half, zone, speaker,
                                std::span<std::uint8_t>(little).first(room)) == 0);
            CHECK(little.back() == 0xee);
        }
    }
}

}  // namespace
}  // namespace hairpin::observer
