#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"
#include "tests/support/octets.hpp"
#include "tests/support/transfers.hpp"
#include "tests/support/tsig.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::MessageBuilder;
using hairpin::tests::messages_of;
using zones::RType;

const Octets kPadding{0, 12, 0, 4, 0, 0, 0, 0};

Octets padded_query(std::string_view question, const Octets& options = kPadding) {
    MessageBuilder builder(0xBEEF);
    hairpin::tests::add_question(builder, question);
    return builder.opt(1232, 0, options).octets();
}

std::string text_of(OctetView message) {
    return hairpin::tests::message_text(message);
}

TEST_CASE("Only what is encrypted is padded, and only for who pads", "[dnsd][rfc7830][rfc8467]") {
    struct Case {
        const char* why;
        Transport transport;
        Octets options;
        bool padded;
    };
    const std::vector<Case> cases = {
        {"over TLS", Transport::Tls, kPadding, true},
        {"over HTTPS", Transport::Https, kPadding, true},
        {"an empty option asks as well", Transport::Tls, {0, 12, 0, 0}, true},
        {"among others", Transport::Tls, {0, 3, 0, 0, 0, 12, 0, 1, 7, 0xfd, 0xe9, 0, 0}, true},
        {"over UDP never", Transport::Udp, kPadding, false},
        {"over TCP never", Transport::Tcp, kPadding, false},
        {"who does not pad", Transport::Tls, {0, 3, 0, 0}, false},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        World world;
        const Octets query = padded_query("nur1.example.net. A", each.options);
        const Octets response = world.answer_to(query, each.transport);
        const std::string text = text_of(response);
        CHECK((text.find("option12") != std::string::npos) == each.padded);
        CHECK((response.size() % kPaddingBlockOctets == 0) == each.padded);
        CHECK(text.starts_with("NOERROR aa\nanswer: nur1.example.net. 60 IN A 198.51.100.7\n"));
    }
    World world;
    MessageBuilder without;
    hairpin::tests::add_question(without, "nur1.example.net. A");
    CHECK(text_of(world.answer_to(without.octets(), Transport::Tls)).find("opt") ==
          std::string::npos);
}

TEST_CASE("Every kind of answer is padded to a multiple of 468 octets, with zeros",
          "[dnsd][rfc7830][rfc8467]") {
    World world;
    for (const char* question :
         {"nur1.example.net. A", "big.example.net. TXT", "missing.example.net. A",
          "host.sub.example.net. A", "alias.example.net. A", "www.example.com. A",
          "example.net. AXFR", "svc.example.net. HTTPS"}) {
        INFO(question);
        const Octets response = world.answer_to(padded_query(question), Transport::Tls);
        const Octets bare = world.answer_to(padded_query(question, {}), Transport::Tls);
        CHECK(response.size() == padded_octets(bare.size() + 4));
        const auto filled = static_cast<std::ptrdiff_t>(response.size() - bare.size() - 4);
        CHECK(std::all_of(response.end() - filled, response.end(),
                          [](std::uint8_t octet) { return octet == 0; }));
    }
    const Octets another =
        MessageBuilder(7).question("example.net.", RType::A).opt(1232, 0x10000, kPadding).octets();
    CHECK(text_of(world.answer_to(another, Transport::Tls)).starts_with("BADVERS\n"));
}

TEST_CASE("Padding ends where a message ends", "[dnsd][rfc8467]") {
    World world;
    const Engine engine{world.zones_, world.identity_, world.counters_};
    const auto answer_in = [&](const Octets& query, std::size_t room) {
        Octets response(room);
        response.resize(answer(engine, query, Transport::Tls, response));
        return response;
    };
    // A referral takes as much glue as there is room.
    const char* question = "x.manyglue.example.net. A";
    for (std::size_t room = kMinUdpOctets; room < 1'400; ++room) {
        const std::size_t bare = answer_in(padded_query(question, {}), room).size();
        const Octets response = answer_in(padded_query(question), room);
        const bool fits = bare + 4 <= room;  // The option's head.
        const std::size_t padded = fits ? std::min(padded_octets(bare + 4), room) : bare;
        REQUIRE(response.size() == padded);
        REQUIRE((text_of(response).find("option12") != std::string::npos) == fits);
    }
}

TEST_CASE("The TSIG of a padded answer is inside its block", "[dnsd][rfc7830][rfc8945]") {
    World world;
    KeyRing ring;
    ring.put(make_key("key."));
    const Engine engine{world.zones_, world.identity_, world.counters_, &ring, kTsigNow};
    for (const TsigTime signed_at : {kTsigNow, kTsigNow - 3'600}) {  // Timely, and BADTIME.
        const TsigKeyRef key = make_key("key.");
        TsigStream stream(key);
        const Octets query = sign(stream, padded_query("nur1.example.net. A"), signed_at);
        Octets response(kMaxMessageOctets);
        response.resize(answer(engine, query, Transport::Tls, response));
        CHECK(response.size() == kPaddingBlockOctets);
        TsigVerifier verifier(key, stream.mac());
        const TsigVerdict verdict = verifier.verify(response, signed_at);
        CHECK(verdict == (signed_at == kTsigNow ? TsigVerdict::Ok : TsigVerdict::PeerError));
        CHECK(text_of(without_tsig(response)).find("option12") != std::string::npos);
    }
}

TEST_CASE("Each message of a transfer is padded, and holds the same records",
          "[dnsd][rfc8467][rfc9103]") {
    const auto zone = make_world().share(hairpin::tests::name("example.net."));
    for (const std::size_t octets : {1'000u, 16'384u}) {
        const auto send = [&](Transport transport) {
            const Octets query = padded_query("example.net. AXFR");
            Transfer transfer(TransferQuestion(read_query(query, transport), Identity()), zone,
                              nullptr, octets);
            return messages_of(transfer);
        };
        const auto clear = send(Transport::Tcp);
        const auto padded = send(Transport::Tls);
        CHECK(hairpin::tests::answer_lines(padded) == hairpin::tests::answer_lines(clear));
        for (const Octets& message : padded) {
            CHECK(message.size() % kPaddingBlockOctets == 0);
            CHECK(text_of(message).find("option12") != std::string::npos);
        }
        for (const Octets& message : clear)
            CHECK(text_of(message).find("option12") == std::string::npos);
    }
}

}  // namespace
}  // namespace hairpin::dnsd::tests
