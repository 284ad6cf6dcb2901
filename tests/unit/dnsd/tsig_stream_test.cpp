// Streams of signed messages, and ldns as a second opinion about every MAC.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "dnsd/answer.hpp"
#include "dnsd/tsig.hpp"
#include "tests/support/dns_world.hpp"
#include "tests/support/octets.hpp"
#include "tests/support/tsig.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::MessageBuilder;
using hairpin::tests::octets;
using zones::RType;

using PacketHandle = Handle<ldns_pkt, ldns_pkt_free>;
using RdataHandle = Handle<ldns_rdf, ldns_rdf_deep_free>;

/// What ldns 1.8 knows as Debian builds it; dig, kdig and dnspython see the others
/// (tests/functional/test_tsig.py).
const std::vector<TsigAlgorithm> kKnownToLdns = {TsigAlgorithm::HmacSha1, TsigAlgorithm::HmacSha256,
                                                 TsigAlgorithm::HmacSha512, TsigAlgorithm::HmacMd5};

Octets request(std::uint16_t id = 7) {
    return MessageBuilder(id).question("example.net.", RType::AXFR).octets();
}

/// A message of an answer, told from the others by an address.
Octets part(std::uint8_t number) {
    return MessageBuilder(7, 0x8400)
        .question("example.net.", RType::AXFR)
        .record(1, octets("C0 0C"), 1, 1, 60, {192, 0, 2, number})
        .octets();
}

PacketHandle read(OctetView message) {
    ldns_pkt* packet = nullptr;
    REQUIRE(ldns_wire2pkt(&packet, message.data(), message.size()) == LDNS_STATUS_OK);
    return PacketHandle(packet);
}

/// The MAC as ldns wants it of the message before: with its length. Null of one without a TSIG.
RdataHandle mac_of(const ldns_pkt* packet) {
    const ldns_rr* tsig = ldns_pkt_tsig(packet);
    REQUIRE(tsig != nullptr);
    return RdataHandle(ldns_rdf_clone(ldns_rr_rdf(tsig, 3)));
}

/// Whether ldns takes the messages for a stream that answers `request`, as one that signed it.
void check_with_ldns(const TsigKey& key, OctetView request, const std::vector<Octets>& stream) {
    const std::string secret = to_base64(key.secret());
    RdataHandle prior;
    if (!request.empty()) prior = mac_of(read(request).get());
    for (std::size_t each = 0; each < stream.size(); ++each) {
        INFO("message " << each);
        const PacketHandle packet = read(stream[each]);
        RdataHandle mac = mac_of(packet.get());
        // Where it fails, ldns leaks: which is a failed test anyway.
        CHECK(ldns_pkt_tsig_verify_next(packet.get(), stream[each].data(), stream[each].size(),
                                        "key.", secret.c_str(), prior.get(), each > 0 ? 1 : 0));
        prior = std::move(mac);
    }
}

/// The message with a TSIG that ldns made, at the real time.
Octets sign_with_ldns(OctetView message, const TsigKey& key, const ldns_rdf* prior, int later) {
    const PacketHandle packet = read(message);
    const zones::Name algorithm = zones::Name::from_wire(algorithm_name(key.algorithm())).value();
    const std::string secret = to_base64(key.secret());
    REQUIRE(ldns_pkt_tsig_sign_next(packet.get(), "key.", secret.c_str(), 300,
                                    algorithm.text().c_str(), prior, later) == LDNS_STATUS_OK);
    std::uint8_t* wire = nullptr;
    std::size_t size = 0;
    REQUIRE(ldns_pkt2wire(&wire, packet.get(), &size) == LDNS_STATUS_OK);
    Octets made(wire, wire + size);
    LDNS_FREE(wire);
    return made;
}

TEST_CASE("ldns verifies what we sign: requests, answers, streams", "[dnsd][rfc8945][oracle]") {
    for (const TsigAlgorithm algorithm : kKnownToLdns) {
        INFO(to_string(algorithm));
        const TsigKeyRef key = make_key("key.", algorithm);
        TsigStream ours(key);
        const Octets asked = sign(ours, request());
        check_with_ldns(*key, {}, {asked});

        TsigStream signer(key, ours.mac());
        std::vector<Octets> stream;
        for (std::uint8_t each = 0; each < 5; ++each)
            stream.push_back(sign(signer, part(each), kTsigNow + each));
        check_with_ldns(*key, asked, stream);
    }
}

TEST_CASE("We verify what ldns signs: requests, answers, streams", "[dnsd][rfc8945][oracle]") {
    for (const TsigAlgorithm algorithm : kKnownToLdns) {
        INFO(to_string(algorithm));
        const TsigKeyRef key = make_key("key.", algorithm);
        const Octets asked = sign_with_ldns(request(), *key, nullptr, 0);
        const TsigRecord record = tsig_of(asked);

        KeyRing ring;
        ring.put(key);
        const Requestor who = identify(&ring, asked, read_query(asked), record.time_signed);
        CHECK(who.tsig() == TsigOutcome::Ok);
        CHECK(who.key() == key.get());

        TsigVerifier verifier(key, record.mac);
        RdataHandle prior = mac_of(read(asked).get());
        for (std::uint8_t each = 0; each < 5; ++each) {
            const Octets message = sign_with_ldns(part(each), *key, prior.get(), each > 0 ? 1 : 0);
            CHECK(verifier.verify(message, record.time_signed) == TsigVerdict::Ok);
            CHECK(verifier.may_end());
            prior = mac_of(read(message).get());
        }
    }
}

TEST_CASE("ldns verifies the name server's answers, BADTIME included", "[dnsd][rfc8945][oracle]") {
    const TsigKeyRef key = make_key("key.");
    World world;
    KeyRing ring;
    ring.put(key);
    for (const TsigTime late : {TsigTime{0}, TsigTime{1000}}) {
        TsigStream ours(key);
        const Octets asked = sign(ours, request(), kTsigNow - late);
        const Engine engine{world.zones_, world.identity_, world.counters_, &ring, kTsigNow};
        Octets answered(1232);
        answered.resize(answer(engine, asked, Transport::Udp, answered));
        CHECK(tsig_of(answered).error == (late == 0 ? TsigError::None : TsigError::BadTime));
        check_with_ldns(*key, asked, {answered});
    }
}

TEST_CASE("Each algorithm signs and verifies", "[dnsd][rfc8945]") {
    for (unsigned each = 0; each < 6; ++each) {
        const auto algorithm = static_cast<TsigAlgorithm>(each);
        INFO(to_string(algorithm));
        const TsigKeyRef key = make_key("key.", algorithm);
        TsigStream ours(key);
        const Octets asked = sign(ours, request());
        CHECK(tsig_of(asked).mac.size() == mac_octets(algorithm));
        TsigStream signer(key, tsig_of(asked).mac);
        TsigVerifier verifier(key, ours.mac());
        for (std::uint8_t number = 0; number < 3; ++number)
            CHECK(verifier.verify(sign(signer, part(number)), kTsigNow) == TsigVerdict::Ok);
    }
}

/// A request of ours, and a peer that answers it.
struct Exchange {
    TsigKeyRef key = make_key("key.");
    TsigStream ours{key};
    Octets asked = sign(ours, request());
    TsigStream signer{key, ours.mac()};
    TsigVerifier verifier{key, ours.mac()};
};

TEST_CASE("A message that is missing, doubled, moved or changed breaks a stream",
          "[dnsd][rfc8945]") {
    struct Case {
        const char* why;
        std::vector<int> order;
        std::vector<TsigVerdict> verdicts;
    };
    const TsigVerdict ok = TsigVerdict::Ok;
    const TsigVerdict bad = TsigVerdict::BadSig;
    const std::vector<Case> cases = {
        {"as sent", {0, 1, 2, 3}, {ok, ok, ok, ok}},
        {"the first is missing", {1}, {bad}},
        {"the second is missing", {0, 2}, {ok, bad}},
        {"doubled", {0, 1, 1}, {ok, ok, bad}},
        {"the first again", {0, 0}, {ok, bad}},
        // Over UDP somebody else may have sent the one that is wrong.
        {"a stranger's in between", {0, 2, 1}, {ok, bad, ok}},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        Exchange exchange;
        std::vector<Octets> stream;
        for (std::uint8_t number = 0; number < 4; ++number)
            stream.push_back(sign(exchange.signer, part(number)));
        for (std::size_t at = 0; at < each.order.size(); ++at) {
            const Octets& message = stream[static_cast<std::size_t>(each.order[at])];
            CHECK(exchange.verifier.verify(message, kTsigNow) == each.verdicts[at]);
        }
    }
}

TEST_CASE("Up to 99 messages between two signed ones may be unsigned", "[dnsd][rfc8945]") {
    for (const unsigned between : {0u, 1u, 98u, 99u, 100u}) {
        INFO(between);
        Exchange exchange;
        CHECK(exchange.verifier.verify(sign(exchange.signer, part(0)), kTsigNow) ==
              TsigVerdict::Ok);
        // RFC 8945 section 5.3.1 with the digest made by hand: prior MAC, messages, timers.
        TsigDigest digest(*exchange.key);
        digest.prior(exchange.signer.mac());
        TsigVerdict verdict = TsigVerdict::Pending;
        for (unsigned each = 0; each < between && verdict == TsigVerdict::Pending; ++each) {
            const Octets message = part(static_cast<std::uint8_t>(each));
            digest.message(message);
            verdict = exchange.verifier.verify(message, kTsigNow);
            CHECK_FALSE(exchange.verifier.may_end());
        }
        CHECK(verdict == (between == 100 ? TsigVerdict::Unsigned : TsigVerdict::Pending));
        if (between == 100) continue;

        const Octets last = part(200);
        TsigRecord record = tsig_of(exchange.asked);
        digest.message(last);
        digest.timers(record);
        const Mac mac = digest.finish();
        record.mac = mac.view();
        const Octets signed_last = with_tsig(sign(exchange.ours, last), record);
        CHECK(exchange.verifier.verify(signed_last, kTsigNow) == TsigVerdict::Ok);
        CHECK(exchange.verifier.may_end());
    }
}

TEST_CASE("An unsigned message that was changed is found out", "[dnsd][rfc8945]") {
    Exchange exchange;
    CHECK(exchange.verifier.verify(sign(exchange.signer, part(0)), kTsigNow) == TsigVerdict::Ok);
    CHECK(exchange.verifier.verify(part(1), kTsigNow) == TsigVerdict::Pending);
    // The signer knows nothing of a message between.
    CHECK(exchange.verifier.verify(sign(exchange.signer, part(2)), kTsigNow) ==
          TsigVerdict::BadSig);
}

TEST_CASE("An answer to us is refused for what is wrong with it", "[dnsd][rfc8945]") {
    struct Case {
        const char* why;
        Octets message;
        TsigVerdict verdict;
    };
    Exchange exchange;
    const Octets good = sign(exchange.signer, part(0));
    const auto with = [&](TsigRecord record) { return with_tsig(good, record); };
    TsigRecord cut = tsig_of(good);
    cut.mac = cut.mac.first(15);
    TsigRecord half = tsig_of(good);
    half.mac = half.mac.first(16);
    TsigRecord bare = tsig_of(good);
    bare.mac = {};
    TsigRecord refused = bare;
    refused.error = TsigError::BadKey;
    TsigRecord renamed = tsig_of(good);
    renamed.key = key_name("other.");
    TsigRecord stranger = tsig_of(good);
    stranger.algorithm = algorithm_name(TsigAlgorithm::HmacSha384);
    TsigStream late_signer(exchange.key, exchange.ours.mac());
    TsigStream to_another(exchange.key, Octets(32, 1));
    TsigStream to_nobody(exchange.key);
    Octets trailing = good;
    trailing.push_back(0);

    const std::vector<Case> cases = {
        {"good", good, TsigVerdict::Ok},
        {"unsigned", part(0), TsigVerdict::Unsigned},
        {"half a MAC", with(half), TsigVerdict::Ok},
        {"less than half", with(cut), TsigVerdict::FormErr},
        {"no MAC", with(bare), TsigVerdict::FormErr},
        {"no MAC, and an error", with(refused), TsigVerdict::PeerError},
        {"another key", with(renamed), TsigVerdict::BadKey},
        {"another algorithm", with(stranger), TsigVerdict::BadKey},
        {"too old", sign(late_signer, part(0), kTsigNow - 301), TsigVerdict::BadTime},
        {"an answer to another request", sign(to_another, part(0)), TsigVerdict::BadSig},
        {"no answer at all", sign(to_nobody, part(0)), TsigVerdict::BadSig},
        {"trailing octets", trailing, TsigVerdict::FormErr},
        {"nothing", {}, TsigVerdict::FormErr},
        {"a header", Octets(12), TsigVerdict::Unsigned},
        {"a header that announces", octets("0000 8000 0001 0000 0000 0000"), TsigVerdict::FormErr},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        TsigVerifier verifier(exchange.key, exchange.ours.mac());
        CHECK(verifier.verify(each.message, kTsigNow) == each.verdict);
        CHECK(verifier.may_end() ==
              (each.verdict == TsigVerdict::Ok || each.verdict == TsigVerdict::BadTime));
    }
}

TEST_CASE("A key's policy holds for answers too", "[dnsd][rfc8945]") {
    TsigKeyOptions options;
    options.least_mac_octets = 32;
    const TsigKeyRef key = make_key("key.", options);
    TsigStream ours(key);
    static_cast<void>(sign(ours, request()));
    TsigStream signer(key, ours.mac());
    const Octets good = sign(signer, part(0));
    TsigRecord record = tsig_of(good);
    record.mac = record.mac.first(31);
    TsigVerifier verifier(key, ours.mac());
    CHECK(verifier.verify(with_tsig(good, record), kTsigNow) == TsigVerdict::BadTrunc);
}

TEST_CASE("HMAC gives what RFC 4231 and RFC 2202 say", "[dnsd][rfc4231]") {
    struct Case {
        TsigAlgorithm algorithm;
        const char* mac;
    };
    // Key "Jefe", data "what do ya want for nothing?".
    const std::vector<Case> cases = {
        {TsigAlgorithm::HmacMd5, "750c783e6ab0b503eaa86e310a5db738"},
        {TsigAlgorithm::HmacSha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {TsigAlgorithm::HmacSha224, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"},
        {TsigAlgorithm::HmacSha256,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {TsigAlgorithm::HmacSha384,
         "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
         "8e2240ca5e69e2c78b3239ecfab21649"},
        {TsigAlgorithm::HmacSha512,
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
    };
    for (const Case& each : cases) {
        INFO(to_string(each.algorithm));
        Hmac hmac(each.algorithm, as_octets("Jefe"));
        hmac.add(as_octets("what do ya want "));
        hmac.add({});
        hmac.add(as_octets("for nothing?"));
        CHECK(to_hex(hmac.finish().view()) == each.mac);
    }
}

}  // namespace
}  // namespace hairpin::dnsd::tests
