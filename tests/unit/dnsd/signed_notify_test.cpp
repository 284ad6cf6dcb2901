#include "dnsd/signed_notify.hpp"

#include <catch2/catch.hpp>

#include "tests/support/tsig.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::MessageBuilder;

Octets answer_unsigned() {
    return MessageBuilder(7, 0xA400).question("example.net.", zones::RType::SOA).octets();
}

/// A NOTIFY that was sent once or more often.
struct Told {
    SignedNotify signatures;
    std::vector<Octets> messages;

    void send(const TsigKeyRef& key, TsigTime now) {
        Octets message =
            MessageBuilder(7, 0x2400).question("example.net.", zones::RType::SOA).octets();
        const std::size_t used = message.size();
        message.resize(used + kMaxTsigOctets);
        message.resize(signatures.sign(key, message, used, now));
        messages.push_back(std::move(message));
    }
    [[nodiscard]] Octets answer_to(std::size_t which, const TsigKeyRef& key,
                                   TsigTime now = kTsigNow) const {
        TsigStream stream(key, tsig_of(messages.at(which)).mac);
        return sign(stream, answer_unsigned(), now);
    }
};

TEST_CASE("An answer to any of the repetitions of a NOTIFY is taken", "[dnsd][rfc8945][rfc1996]") {
    Told told;
    for (const TsigTime later : {0u, 1u, 3u})
        told.send(make_key("key."), kTsigNow + later);
    for (std::size_t which = 0; which < 3; ++which) {
        INFO(which);
        CHECK(told.signatures.judge(told.answer_to(which, make_key("key.")), kTsigNow + 4) ==
              TsigVerdict::Ok);
    }
}

TEST_CASE("Any other answer to a signed NOTIFY is none", "[dnsd][rfc8945][hostile]") {
    Told told;
    told.send(make_key("key."), kTsigNow);
    Told other;
    other.send(make_key("key."), kTsigNow + 9);
    const auto judge = [&](OctetView answer) { return told.signatures.judge(answer, kTsigNow); };
    CHECK(judge(answer_unsigned()) == TsigVerdict::Unsigned);
    CHECK(judge(told.answer_to(0, make_key("other."))) == TsigVerdict::BadKey);
    CHECK(judge(told.answer_to(0, make_key("key.", {}, 9))) == TsigVerdict::BadSig);
    CHECK(judge(other.answer_to(0, make_key("key."))) == TsigVerdict::BadSig);
    CHECK(judge(told.answer_to(0, make_key("key."), kTsigNow - 400)) == TsigVerdict::BadTime);
    Octets changed = told.answer_to(0, make_key("key."));
    changed[3] ^= 1;
    CHECK(judge(changed) == TsigVerdict::BadSig);
}

TEST_CASE("Nothing is expected of the answer to a NOTIFY that was not signed", "[dnsd]") {
    CHECK(SignedNotify().judge(answer_unsigned(), kTsigNow) == TsigVerdict::Ok);
}

TEST_CASE("The longest TSIG fits where a NOTIFY is made", "[dnsd][rfc8945]") {
    const std::string label(63, 'k');
    const std::string longest =
        label + "." + label + "." + label + "." + std::string(61, 'k') + ".";
    for (const TsigAlgorithm algorithm : {TsigAlgorithm::HmacSha512, TsigAlgorithm::HmacMd5})
        CHECK(TsigStream(make_key(longest, algorithm)).octets() <= kMaxTsigOctets);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
