// Signed requests and their answers, through the whole of answering.

#include "dnsd/tsig.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "dnsd/answer.hpp"
#include "tests/support/dns_world.hpp"
#include "tests/support/octets.hpp"
#include "tests/support/tsig.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::MessageBuilder;
using hairpin::tests::octets;
using zones::RType;

/// A server that knows some keys.
struct Keyed {
    World world;
    KeyRing ring;
    TsigTime now = kTsigNow;

    Keyed() {
        ring.put(make_key("key."));
        TsigKeyOptions sha1;
        sha1.algorithm = TsigAlgorithm::HmacSha1;
        ring.put(make_key("weak.", sha1));
        TsigKeyOptions strict;
        strict.least_mac_octets = 24;
        ring.put(make_key("strict.", strict));
        TsigKeyOptions ended;
        ended.expires = kTsigNow - 1;
        ring.put(make_key("ended.", ended));
    }

    Octets answer_to(OctetView message, Transport transport = Transport::Udp,
                     Requestor* told = nullptr) {
        Octets out(transport == Transport::Udp ? 1232 : kMaxMessageOctets);
        const Engine engine{world.zones_, world.identity_, world.counters_, &ring, now};
        out.resize(answer(engine, message, transport, out));
        if (told != nullptr) *told = identify(&ring, message, read_query(message), now);
        return out;
    }
    /// RCODE and flags, and what the TSIG says: "NOTAUTH | BADKEY key. hmac-sha256. mac=0".
    std::string outcome(OctetView message, Transport transport = Transport::Udp) {
        const Octets response = answer_to(message, transport);
        const std::string text = hairpin::tests::message_text(response);
        return text.substr(0, text.find('\n')) + " | " + tsig_text(response);
    }
};

Octets question(std::string_view name = "nur1.example.net.", RType type = RType::A) {
    return MessageBuilder(0xBEEF).question(name, type).octets();
}

/// A question signed with a key.
struct Signed {
    explicit Signed(TsigKeyRef with, Octets message = question(), TsigTime time = kTsigNow)
        : key(std::move(with)), stream(key), octets(sign(stream, std::move(message), time)) {}
    [[nodiscard]] TsigVerdict verify(OctetView response, TsigTime now = kTsigNow) const {
        TsigVerifier verifier(key, stream.mac());
        return verifier.verify(response, now);
    }
    TsigKeyRef key;
    TsigStream stream;
    Octets octets;
};

TEST_CASE("A signed query gets a signed answer", "[dnsd][rfc8945]") {
    struct Case {
        const char* why;
        Octets message;
        std::string text;
    };
    const std::vector<Case> cases = {
        {"an address", question(), "NOERROR aa\nanswer: nur1.example.net. 60 IN A 198.51.100.7\n"},
        {"with EDNS", MessageBuilder().question("nur1.example.net.", RType::A).opt().octets(),
         "NOERROR aa\nanswer: nur1.example.net. 60 IN A 198.51.100.7\nopt: 1232\n"},
        {"a refusal", question("www.example.com."), "REFUSED\n"},
        {"a refused type", question("example.net.", RType::AXFR), "REFUSED\n"},
        {"another version of EDNS",
         MessageBuilder().question("example.net.", RType::A).opt(1232, 0x10000).octets(),
         "BADVERS\nopt: 1232\n"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        Keyed server;
        const Signed query(make_key("KEY."), each.message);
        const Octets response = server.answer_to(query.octets);
        CHECK(hairpin::tests::message_text(response) == each.text);
        CHECK(tsig_text(response) == "NOERROR key. hmac-sha256. mac=32");
        CHECK(query.verify(response) == TsigVerdict::Ok);
        CHECK(server.world.counters_.of(TsigOutcome::Ok) == 1);
    }
}

TEST_CASE("An unsigned query gets an unsigned answer", "[dnsd][rfc8945]") {
    Keyed server;
    Requestor who;
    CHECK(tsig_text(server.answer_to(question(), Transport::Udp, &who)) == "unsigned");
    CHECK_FALSE(who.tsig());
    CHECK(who.key() == nullptr);
    CHECK(who.refusal() == Rcode::NoError);
}

TEST_CASE("The caller learns who asked", "[dnsd][rfc8945]") {
    Keyed server;
    TsigKeyOptions options;
    options.id = 77;
    server.ring.put(make_key("transfer.", options));
    const Signed query(make_key("transfer."), question("example.net.", RType::AXFR));
    Requestor who;
    static_cast<void>(server.answer_to(query.octets, Transport::Tcp, &who));
    REQUIRE(who.key() != nullptr);
    CHECK(who.key()->id() == 77);
    CHECK(to_hex(who.request_mac()) == to_hex(query.stream.mac()));

    const Signed late(make_key("transfer."), question(), kTsigNow - 1000);
    static_cast<void>(server.answer_to(late.octets, Transport::Tcp, &who));
    CHECK(who.tsig() == TsigOutcome::BadTime);
    CHECK(who.key() == nullptr);  // Known, and may nevertheless do nothing.
}

TEST_CASE("A key that is not known is BADKEY, unsigned", "[dnsd][rfc8945]") {
    Keyed server;
    struct Case {
        const char* why;
        TsigKeyRef key;
        std::string tsig;
    };
    const std::vector<Case> cases = {
        {"no such key", make_key("Other."), "BADKEY other. hmac-sha256. mac=0"},
        {"another algorithm", make_key("key.", TsigAlgorithm::HmacSha512),
         "BADKEY key. hmac-sha512. mac=0"},
        {"a weak algorithm that the key must not have", make_key("weak.", TsigAlgorithm::HmacSha1),
         "BADKEY weak. hmac-sha1. mac=0"},
        {"it has expired", make_key("ended."), "BADKEY ended. hmac-sha256. mac=0"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const Signed query(each.key);
        CHECK(server.outcome(query.octets) == "NOTAUTH | " + each.tsig);
        TsigVerifier verifier(each.key, query.stream.mac());
        CHECK(verifier.verify(server.answer_to(query.octets), kTsigNow) == TsigVerdict::PeerError);
        CHECK(verifier.error() == TsigError::BadKey);
    }
    // An algorithm that nobody knows goes back as it came.
    const Signed query(make_key("key."));
    TsigRecord record = tsig_of(query.octets);
    const Octets gss = octets("08 'GSS-TSIG' 00");
    record.algorithm = gss;
    CHECK(server.outcome(with_tsig(query.octets, record)) ==
          "NOTAUTH | BADKEY key. GSS-TSIG. mac=0");
    CHECK(server.world.counters_.of(TsigOutcome::BadKey) == 9);
}

TEST_CASE("Without a ring every key is BADKEY", "[dnsd][rfc8945]") {
    World world;
    const Signed query(make_key("key."));
    const Octets response = world.answer_to(query.octets);
    CHECK(hairpin::tests::message_text(response) == "NOTAUTH\n");
    CHECK(tsig_text(response) == "BADKEY key. hmac-sha256. mac=0");
}

TEST_CASE("A MAC that is not the key's is BADSIG, unsigned", "[dnsd][rfc8945]") {
    Keyed server;
    const std::string badsig = "NOTAUTH | BADSIG key. hmac-sha256. mac=0";
    CHECK(server.outcome(Signed(make_key("key.", TsigKeyOptions{}, 8)).octets) == badsig);

    const Signed query(make_key("key."));
    // Any octet of the message is covered, but for the ID, which goes under the original one.
    for (std::size_t at = 2; at < query.octets.size(); ++at) {
        INFO(at);
        Octets changed = query.octets;
        changed[at] ^= 0x01;
        Requestor who;
        static_cast<void>(server.answer_to(changed, Transport::Tcp, &who));
        CHECK(who.key() == nullptr);
    }
    // Each field of the record that leaves it a TSIG of this key.
    const auto with = [&](const std::function<void(TsigRecord&)>& change) {
        TsigRecord record = tsig_of(query.octets);
        change(record);
        return server.outcome(with_tsig(query.octets, record));
    };
    CHECK(with([](TsigRecord& record) { ++record.time_signed; }) == badsig);
    CHECK(with([](TsigRecord& record) { ++record.fudge; }) == badsig);
    CHECK(with([](TsigRecord& record) { ++record.original_id; }) == badsig);
    const Octets other{1};
    CHECK(with([&](TsigRecord& record) { record.other = other; }) == badsig);
    // A wrong MAC is told before a wrong time (section 5.2).
    CHECK(with([](TsigRecord& record) { record.time_signed -= 100'000; }) == badsig);
    CHECK(with([](TsigRecord&) {}) == "NOERROR aa | NOERROR key. hmac-sha256. mac=32");
}

TEST_CASE("Case of names and a new ID leave a signature valid", "[dnsd][rfc8945]") {
    Keyed server;
    const Signed query(make_key("key."));
    Octets forwarded = query.octets;
    forwarded[0] = 0x12;  // As a forwarder does (section 5.5): the original ID is in the TSIG.
    const Octets response = server.answer_to(forwarded);
    CHECK(response[0] == 0x12);
    CHECK(tsig_of(response).original_id == 0x12EF);
    CHECK(tsig_text(response) == "NOERROR key. hmac-sha256. mac=32");

    TsigRecord record = tsig_of(query.octets);
    record.key = key_name("KEY.");
    const Octets loud = octets("0B 'HMAC-SHA256' 00");
    record.algorithm = loud;
    CHECK(server.outcome(with_tsig(query.octets, record)) ==
          "NOERROR aa | NOERROR key. hmac-sha256. mac=32");
}

TEST_CASE("A time outside the fudge is BADTIME, signed, with our time", "[dnsd][rfc8945]") {
    struct Case {
        const char* why;
        TsigTime signed_at;
        bool good;
    };
    const std::vector<Case> cases = {
        {"now", kTsigNow, true},
        {"as old as allowed", kTsigNow - 300, true},
        {"too old", kTsigNow - 301, false},
        {"as early as allowed", kTsigNow + 300, true},
        {"too early", kTsigNow + 301, false},
        {"1970", 0, false},
        {"the last of 48 bits", 0xffff'ffff'ffff, false},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        Keyed server;
        const Signed query(make_key("key."), question(), each.signed_at);
        const Octets response = server.answer_to(query.octets);
        if (each.good) {
            CHECK(tsig_text(response) == "NOERROR key. hmac-sha256. mac=32");
            CHECK(tsig_of(response).time_signed == kTsigNow);
            continue;
        }
        CHECK(hairpin::tests::message_text(response) == "NOTAUTH\n");
        CHECK(tsig_text(response) == "BADTIME key. hmac-sha256. mac=32 other=6");
        const TsigRecord record = tsig_of(response);
        CHECK(record.time_signed == each.signed_at);  // Section 5.2.3: the client's.
        CHECK(to_hex(record.other) == "00006afd86c0");
        // The client, whose clock is wrong, can verify it.
        TsigVerifier verifier(query.key, query.stream.mac());
        CHECK(verifier.verify(response, each.signed_at) == TsigVerdict::PeerError);
        CHECK(verifier.error() == TsigError::BadTime);
        CHECK(server.world.counters_.of(TsigOutcome::BadTime) == 1);
    }
}

TEST_CASE("A truncated MAC is good down to half, or what the key wants", "[dnsd][rfc8945]") {
    struct Case {
        const char* key;
        std::size_t octets;
        std::string outcome;
    };
    const std::vector<Case> cases = {
        {"key.", 31, "NOERROR aa | NOERROR key. hmac-sha256. mac=32"},
        {"key.", 16, "NOERROR aa | NOERROR key. hmac-sha256. mac=32"},
        {"key.", 15, "FORMERR | unsigned"},
        {"key.", 1, "FORMERR | unsigned"},
        {"key.", 0, "FORMERR | unsigned"},
        {"strict.", 24, "NOERROR aa | NOERROR strict. hmac-sha256. mac=32"},
        {"strict.", 23, "NOTAUTH | BADTRUNC strict. hmac-sha256. mac=32"},
        {"strict.", 15, "FORMERR | unsigned"},
        {"other.", 15, "NOTAUTH | BADKEY other. hmac-sha256. mac=0"},
    };
    for (const Case& each : cases) {
        INFO(each.key << " " << each.octets);
        Keyed server;
        const Signed query(make_key(each.key));
        TsigRecord record = tsig_of(query.octets);
        record.mac = record.mac.first(each.octets);
        const Octets cut = with_tsig(query.octets, record);
        CHECK(server.outcome(cut) == each.outcome);
        if (each.outcome.find("mac=32") == std::string::npos) continue;
        // The answer covers the MAC as it was sent.
        TsigVerifier verifier(query.key, record.mac);
        const TsigVerdict verdict = verifier.verify(server.answer_to(cut), kTsigNow);
        const bool good = each.outcome.starts_with("NOERROR");
        CHECK(verdict == (good ? TsigVerdict::Ok : TsigVerdict::PeerError));
    }
    // Longer than the hash (section 5.2.2.1, case 1).
    Keyed server;
    const Signed query(make_key("key."));
    TsigRecord record = tsig_of(query.octets);
    const Octets longer(33, 1);
    record.mac = longer;
    CHECK(server.outcome(with_tsig(query.octets, record)) == "FORMERR | unsigned");
    // The time is checked before the truncation policy (section 5.2).
    const Signed late(make_key("strict."), question(), kTsigNow - 1000);
    record = tsig_of(late.octets);
    record.mac = record.mac.first(16);
    CHECK(server.outcome(with_tsig(late.octets, record)) ==
          "NOTAUTH | BADTIME strict. hmac-sha256. mac=32 other=6");
}

TEST_CASE("A malformed TSIG is a format error", "[dnsd][rfc8945][hostile]") {
    const std::string algorithm = "0B 'hmac-sha256' 00";
    const std::string mac = "0020" + std::string(64, '0');
    const std::string rdata = algorithm + "00006AFD86C0 012C" + mac + "BEEF 0000 0000";
    struct Case {
        const char* why;
        std::string rdata;
        std::uint16_t rclass = 255;
        std::uint32_t ttl = 0;
        std::string owner = "03 'key' 00";
    };
    const std::vector<Case> broken = {
        {"class IN", rdata, 1},
        {"class NONE", rdata, 254},
        {"a TTL", rdata, 255, 1},
        {"no RDATA", ""},
        {"a compressed algorithm", "C00C 00006AFD86C0 012C" + mac + "BEEF 0000 0000"},
        {"an algorithm past the end", "3F 'hmac'"},
        {"an algorithm of a reserved label type",
         "41 00 00006AFD86C0 012C" + mac + "BEEF 0000 0000"},
        {"cut in the time", algorithm + "00006AFD"},
        {"a MAC past the end", algorithm + "00006AFD86C0 012C 0021" + std::string(64, '0')},
        {"cut behind the MAC", algorithm + "00006AFD86C0 012C" + mac + "BEEF 0000"},
        {"other data past the end", algorithm + "00006AFD86C0 012C" + mac + "BEEF 0000 0001"},
        {"octets behind other data", rdata + "00"},
        {"an error in a request", algorithm + "00006AFD86C0 012C" + mac + "BEEF 0011 0000"},
    };
    const auto ask = [](const Case& each) {
        return MessageBuilder(MessageBuilder(0xBEEF).question("nur1.example.net.", RType::A))
            .record(3, octets(each.owner), 250, each.rclass, each.ttl, octets(each.rdata))
            .octets();
    };
    Keyed server;
    for (const Case& each : broken) {
        INFO(each.why);
        CHECK(server.outcome(ask(each)) == "FORMERR | unsigned");
    }
    CHECK(server.world.counters_.of(TsigOutcome::FormErr) == broken.size());
    CHECK(server.outcome(ask({"whole", rdata})) == "NOTAUTH | BADSIG key. hmac-sha256. mac=0");
    // The owner may be compressed: here it is the question's name.
    CHECK(server.outcome(ask({"an owner compressed", rdata, 255, 0, "C00C"})) ==
          "NOTAUTH | BADKEY nur1.example.net. hmac-sha256. mac=0");
}

TEST_CASE("A TSIG that is not the last record is a format error", "[dnsd][rfc8945]") {
    Keyed server;
    const Signed query(make_key("key."));
    MessageBuilder builder(0xBEEF);
    const Octets behind(query.octets.begin() + 12, query.octets.end());
    builder.raw(behind).counts({1, 0, 0, 1});
    CHECK(server.outcome(builder.octets()) == "NOERROR aa | NOERROR key. hmac-sha256. mac=32");
    CHECK(server.outcome(MessageBuilder(builder).opt().octets()) == "FORMERR | unsigned");
    CHECK(server.outcome(MessageBuilder(builder).counts({1, 1, 0, 0}).octets()) ==
          "FORMERR | unsigned");
    Signed twice(make_key("key."));
    CHECK(server.outcome(sign(twice.stream, twice.octets)) == "FORMERR | unsigned");
}

TEST_CASE("What leaves no room for the TSIG is truncated", "[dnsd][rfc8945]") {
    Keyed server;
    const Signed big(make_key("key."),
                     MessageBuilder().question("big.example.net.", RType::TXT).opt().octets());
    const Octets cut = server.answer_to(big.octets);
    // RFC 8945 section 5.3: the question and a TSIG, TC, NOERROR.
    CHECK(hairpin::tests::message_text(cut) == "NOERROR aa tc\nopt: 1232\n");
    CHECK(big.verify(cut) == TsigVerdict::Ok);
    CHECK(big.verify(server.answer_to(big.octets, Transport::Tcp)) == TsigVerdict::Ok);

    // Just as large as is allowed without the TSIG: 512 octets hold the answer, but not both.
    const std::string denied = "missing.example.net.";
    Keyed small;
    const Octets plain = small.answer_to(question(denied));
    CHECK(plain.size() < 512);
    const Octets long_name =
        octets("3F '" + std::string(63, 'k') + "' 3F '" + std::string(63, 'k') + "' 3F '" +
               std::string(63, 'k') + "' 3D '" + std::string(61, 'k') + "' 00");
    const zones::Name longest = zones::Name::from_wire(long_name).value();
    small.ring.put(make_key(longest.text()));
    const Signed query(make_key(longest.text()),
                       question(std::string(60, 'x') + "." + std::string(30, 'y') + "." + denied));
    const Octets response = small.answer_to(query.octets);
    CHECK(response.size() <= 512);
    CHECK(hairpin::tests::message_text(response) == "NOERROR aa tc\n");  // Was NXDOMAIN.
    CHECK(query.verify(response) == TsigVerdict::Ok);

    // And not even the TSIG: the question, TC, and the client comes back over TCP.
    const std::string label(60, 'x');
    const Signed both(make_key(longest.text()),
                      question(label + "." + label + "." + label + "." + denied));
    const Octets bare = small.answer_to(both.octets);
    CHECK(hairpin::tests::message_text(bare) == "NOERROR tc\n");
    CHECK(tsig_text(bare) == "unsigned");
    CHECK(both.verify(small.answer_to(both.octets, Transport::Tcp)) == TsigVerdict::Ok);
}

TEST_CASE("A message that is malformed otherwise is told so unsigned", "[dnsd][rfc8945]") {
    Keyed server;
    Octets trailing = Signed(make_key("key.")).octets;
    trailing.push_back(0);
    CHECK(server.outcome(trailing) == "FORMERR | unsigned");
    Octets notify = Signed(make_key("key.")).octets;
    notify[2] = 0x20;  // Opcode NOTIFY.
    CHECK(server.outcome(notify) == "NOTIMP opcode=4 | unsigned");
}

}  // namespace
}  // namespace hairpin::dnsd::tests
