#include "acme/signed_ask.hpp"

#include <sys/socket.h>

#include <array>
#include <thread>

#include <catch2/catch.hpp>

#include "core/fd.hpp"
#include "net/socket.hpp"
#include "tests/support/tsig.hpp"
#include "tests/support/zones.hpp"
#include "tests/unit/acme/signed_server.hpp"
#include "zones/wire.hpp"

namespace hairpin::acme {
namespace {

using dnsd::TsigError;
using dnsd::tests::kTsigNow;
using dnsd::tests::make_key;
using hairpin::tests::name;
using tests::kTsigNowMs;
using tests::plain_answer;
using tests::signed_answer;
using tests::signed_zone;
using tests::SignedServer;

Octets add_update() {
    const std::vector<TxtQuestion> values = {{name("a.v.example."), "one"}};
    return txt_update(0, signed_zone(), TxtEffect::Add, values);
}

/// A request as sent, and what its answers are worth.
struct SignedRequest {
    Octets message = add_update();
    std::optional<dnsd::TsigVerifier> answers;
    SignedRequest() {
        dnsd::TsigStream stream(signed_zone().key);
        message = dnsd::tests::sign(stream, std::move(message));
        answers.emplace(signed_zone().key, stream.mac());
    }
    /// What is wrong; empty: nothing.
    [[nodiscard]] ServerRefusal judge(OctetView answer, std::uint16_t id = 0) {
        const auto good = judge_signed_answer(answer, id, *answers, kTsigNow, signed_zone());
        return good ? ServerRefusal{} : good.error();
    }
};

TEST_CASE("only a signed answer to this request counts", "[acme][rfc8945][hostile]") {
    using Kind = ServerRefusal::Kind;
    const auto said = [](const auto& make_answer) {
        SignedRequest request;
        return request.judge(make_answer(OctetView(request.message)));
    };
    CHECK(said([](OctetView request) { return signed_answer(request); }).text.empty());
    // That it is the server who refuses is as sure.
    CHECK(
        said([](OctetView request) {
            return signed_answer(request, {kTsigNow, 300, {}, {}}, make_key("acme.v.example."), 5);
        }).text.empty());

    const auto unsigned_one = said([](OctetView request) { return plain_answer(request); });
    CHECK(unsigned_one.kind == Kind::Lasting);
    CHECK_THAT(unsigned_one.text, Catch::StartsWith("answers NOERROR without a signature"));
    CHECK_THAT(said([](OctetView request) { return plain_answer(request, 5); }).text,
               Catch::StartsWith("answers REFUSED without a signature"));
    CHECK(said([](OctetView request) { return plain_answer(request, 2); }).kind == Kind::Passing);

    CHECK_THAT(said([](OctetView request) {
                   return signed_answer(request, {kTsigNow, 300, {}, {}},
                                        make_key("acme.v.example.", {}, 8));
               }).text,
               Catch::StartsWith("signs its answers wrongly"));
    CHECK_THAT(said([](OctetView request) {
                   return signed_answer(request, {kTsigNow, 300, {}, {}}, make_key("other."));
               }).text,
               Catch::StartsWith("signs its answers with another key than acme.v.example"));
    CHECK_THAT(said([](OctetView request) {
                   return signed_answer(request, {kTsigNow - 1000, 300, {}, {}});
               }).text,
               Catch::Contains("its clock is 1000 seconds behind ours"));
    CHECK_THAT(said([](OctetView request) {
                   Octets changed = signed_answer(request);
                   changed[3] = 5;
                   return changed;
               }).text,
               Catch::StartsWith("signs its answers wrongly"));

    SignedRequest request;
    const auto other = request.judge(signed_answer(request.message), 7);
    CHECK(other.kind == Kind::Passing);
    CHECK(other.text == "answers something that it was not asked");
    const Octets good = signed_answer(request.message);
    for (std::size_t size = 0; size < good.size(); ++size) {
        SignedRequest cut;
        CHECK_FALSE(cut.judge(OctetView(good).first(size)).text.empty());
    }
}

TEST_CASE("what a server says about our key is told with what to do", "[acme][rfc8945]") {
    const auto unsigned_error = [](TsigError error) {
        SignedRequest request;
        dnsd::TsigRecord record = dnsd::tests::tsig_of(request.message);
        record.mac = {};
        record.error = error;
        Octets answer = plain_answer(request.message, 9);
        const std::size_t used = answer.size();
        answer.resize(used + dnsd::tsig_octets(record));
        static_cast<void>(dnsd::write_tsig(answer, used, record));
        return request.judge(answer);
    };
    CHECK_THAT(unsigned_error(TsigError::BadKey).text,
               Catch::StartsWith("answers BADKEY: it does not know the key acme.v.example"));
    CHECK_THAT(unsigned_error(TsigError::BadSig).text,
               Catch::StartsWith("answers BADSIG: the secret of the key acme.v.example"));
    CHECK(unsigned_error(TsigError::BadSig).kind == ServerRefusal::Kind::Lasting);

    SignedRequest request;
    // RFC 8945 section 5.2.3: the time of the request, and the server's own in Other Data.
    std::array<std::uint8_t, 6> theirs{};
    for (std::size_t each = 0; each < theirs.size(); ++each)
        theirs[each] = static_cast<std::uint8_t>((kTsigNow + 3600) >> (8 * (5 - each)));
    const auto late =
        request.judge(signed_answer(request.message, {kTsigNow, 300, TsigError::BadTime, theirs},
                                    make_key("acme.v.example."), 9));
    CHECK(late.kind == ServerRefusal::Kind::Lasting);
    CHECK(late.text ==
          "answers BADTIME: its clock is 3600 seconds ahead of ours, set both to the same time");
    SignedRequest again;
    CHECK_THAT(
        again.judge(signed_answer(again.message, {kTsigNow, 300, TsigError::BadTrunc, {}})).text,
        Catch::StartsWith("answers BADTRUNC"));
}

Result<Octets, ServerRefusal> ask_signed(const Endpoint& server) {
    net::Loop loop;
    const ManualClock clock(kTsigNowMs);
    std::optional<Result<Octets, ServerRefusal>> outcome;
    const auto running = SignedAsk::start(loop, clock, signed_zone(server), add_update(),
                                          Milliseconds(400), [&](auto result) {
                                              outcome = std::move(result);
                                              loop.stop();
                                          });
    CHECK_FALSE(outcome);  // Never inside the call.
    loop.run();
    return *outcome;
}

TEST_CASE("a signed message is answered over TCP, or it is said why not", "[acme][rfc7766]") {
    const SignedServer good([](OctetView request) { return signed_answer(request); });
    const auto answer = ask_signed(good.endpoint());
    REQUIRE(answer);
    CHECK(read_update_answer(*answer, signed_zone()));

    const auto text = [](const SignedServer& server) {
        const auto refused = ask_signed(server.endpoint());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == ServerRefusal::Kind::Passing);
        return refused.error().text;
    };
    CHECK(text(SignedServer([](OctetView) { return Octets(); })) ==
          "does not answer over TCP in time");
    CHECK(text(SignedServer([](OctetView request) {
              Octets other = signed_answer(request);
              other[0] ^= 1;
              return other;
          })) == "answers something that it was not asked");

    Endpoint closed;
    {
        const Fd socket = *net::listen_tcp({IpAddress::v4({127, 0, 0, 1}), 0});
        closed = *net::local_endpoint(socket);
    }
    const auto nobody = ask_signed(closed);
    REQUIRE_FALSE(nobody);
    CHECK_THAT(nobody.error().text, Catch::StartsWith("is not reached: "));
}

}  // namespace
}  // namespace hairpin::acme
