#include "net/h2_codec.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/net/h2_session.hpp"

namespace hairpin::net {
namespace {

using tests::Body;
using tests::Fields;
using tests::fields_of;
using tests::kPeer;
using tests::kStart;
using tests::Session;
using tests::small_options;

TEST_CASE("a request becomes a Request and an answer an answer", "[net][rfc9113]") {
    Session session;
    const auto id = session.client.submit(
        fields_of("GET", "/v1/self?wait=3", {{"x-a", "1"}, {"cookie", "a=1"}, {"cookie", "b=2"}}));
    session.exchange();

    REQUIRE(session.requests.size() == 1);
    const auto& request = session.requests[0].request;
    CHECK(request.method == Method::Get);
    CHECK(request.path == "/v1/self");
    CHECK(request.query_parameter("wait") == "3");
    CHECK(request.header("host") == "a");
    CHECK(request.header("x-a") == "1");
    CHECK(request.header("cookie") == "a=1; b=2");
    CHECK(request.version == 20);
    CHECK(request.peer == kPeer.address);
    CHECK(session.codec.is_open(session.requests[0].exchange));

    session.codec.respond(session.requests[0].exchange,
                          {201, {{"X-Answer", "42"}, {"Connection", "close"}}, "hello"});
    session.exchange();
    const auto& answer = session.client.answers[id];
    CHECK(answer.complete);
    CHECK(answer.field(":status") == "201");
    CHECK(answer.field("x-answer") == "42");
    CHECK(answer.field("content-length") == "5");
    CHECK(answer.field("date") == "Sat, 21 Nov 2026 12:00:00 GMT");
    CHECK(answer.field("connection").empty());
    CHECK(answer.body == "hello");
    CHECK_FALSE(session.codec.is_open(session.requests[0].exchange));
    CHECK(session.gone.empty());
}

TEST_CASE("a 60 KB body arrives with and without content-length", "[net][rfc9113]") {
    Session session;
    Body body{std::string(60'000, 'x')};
    const bool announced = GENERATE(true, false);
    session.client.submit(
        fields_of("POST", "/", announced ? Fields{{"content-length", "60000"}} : Fields{}), &body);
    session.exchange();
    REQUIRE(session.requests.size() == 1);
    CHECK(session.requests[0].request.body == body.octets);
}

TEST_CASE("100-continue is sent for a body that is still to come on HTTP/2", "[net][rfc9110]") {
    Session session;
    Body body{"ab", 0, true};
    const auto waits =
        session.client.submit(fields_of("POST", "/", {{"expect", "100-continue"}}), &body);
    const auto empty = session.client.submit(fields_of("POST", "/", {{"expect", "100-continue"}}));
    session.exchange();
    CHECK(session.client.answers[waits].field(":status") == "100");
    CHECK(session.client.answers[empty].field(":status").empty());
    session.codec.respond(session.requests.at(0).exchange, {200, {}, {}});
    session.exchange();
    CHECK(session.client.answers[empty].field(":status") == "200");
}

TEST_CASE("a megabyte goes out through flow control", "[net][rfc9113]") {
    Session session;
    const auto id = session.client.submit(fields_of("GET"));
    session.exchange();
    const std::string large(1'000'000, 'y');
    session.codec.respond(session.requests.at(0).exchange, {200, {}, large});
    session.exchange();
    CHECK(session.client.answers[id].body == large);
    CHECK(session.client.answers[id].complete);
}

struct Row {
    const char* what;
    Fields fields;
    std::string status;
};

TEST_CASE("requests that cannot be served are refused with the right status",
          "[net][rfc9113][hostile]") {
    Fields many;
    for (int field = 0; field < 17; ++field)
        many.emplace_back("x", "y");
    const std::vector<Row> rows{
        {"unknown method", fields_of("BREW"), "501"},
        {"long target", fields_of("GET", "/" + std::string(600, 'a')), "414"},
        {"large header", fields_of("GET", "/", {{"x", std::string(2100, 'a')}}), "431"},
        {"many fields", fields_of("GET", "/", many), "431"},
        {"fragment", fields_of("GET", "/#a"), "400"},
        {"asterisk-form",
         {{":method", "OPTIONS"}, {":scheme", "https"}, {":path", "*"}, {":authority", "a"}},
         "400"},
        {"Host differs from :authority", fields_of("GET", "/", {{"host", "b"}}), "400"},
        {"malformed :authority",
         {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "u@a"}},
         "400"},
        {"body too large", fields_of("POST", "/", {{"content-length", "100001"}}), "413"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Session session;
        Body body{std::string(10, 'x'), 0, true};
        const bool with_body = row.status == "413";
        const auto id = session.client.submit(row.fields, with_body ? &body : nullptr);
        session.exchange();
        CHECK(session.requests.empty());
        CHECK(session.client.answers[id].field(":status") == row.status);
        CHECK(session.client.answers[id].field("content-type") == "application/problem+json");
        CHECK(session.client.answers[id].complete);
        CHECK_FALSE(session.codec.is_finished());  // One bad stream does not end the connection.
    }
}

TEST_CASE("malformed header lists reset their stream", "[net][rfc9113][hostile]") {
    const auto fields = GENERATE(values<Fields>({
        {{":method", "GET"},
         {":scheme", "https"},
         {":path", "/"},
         {":authority", "a"},
         {"connection", "close"}},
        {{":method", "GET"},
         {":scheme", "https"},
         {":path", "/"},
         {":authority", "a"},
         {"transfer-encoding", "chunked"}},
        {{":method", "GET"},
         {":scheme", "https"},
         {":path", "/"},
         {":path", "/b"},
         {":authority", "a"}},
        {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}},
    }));
    Session session;
    const auto id = session.client.submit(fields);
    session.exchange();
    CHECK(session.requests.empty());
    CHECK(session.client.answers[id].reset == NGHTTP2_PROTOCOL_ERROR);
    CHECK(session.codec.deadline() ==
          kStart + ServerOptions().idle_time);  // No header block is left open.
}

TEST_CASE("a stream of chunks waits for room and goes on", "[net][rfc9113]") {
    auto options = small_options();
    options.stream_high_water = 10'000;
    Session session(options);
    const auto id = session.client.submit(fields_of("GET"));
    session.exchange();
    const auto exchange = session.requests.at(0).exchange;
    session.codec.begin(exchange, {200, {}, "start"});
    session.exchange();
    CHECK(session.client.answers[id].body == "start");
    CHECK(session.codec.write(exchange, std::string(9'000, 'a')));
    CHECK_FALSE(session.codec.write(exchange, std::string(9'000, 'b')));
    session.exchange();
    CHECK(session.writable == std::vector<ExchangeId>{exchange});
    CHECK(session.codec.is_open(exchange));
    CHECK(session.codec.write(exchange, "end"));
    session.codec.end(exchange);
    session.exchange();
    CHECK(session.client.answers[id].complete);
    CHECK(session.client.answers[id].body.size() == 5 + 18'000 + 3);
    CHECK(session.gone.empty());
}

TEST_CASE("an abandoned stream is reset, an unanswered one gets 500", "[net][rfc9113]") {
    Session session;
    const auto started = session.client.submit(fields_of("GET"));
    const auto untouched = session.client.submit(fields_of("GET"));
    session.exchange();
    session.codec.begin(session.requests.at(0).exchange, {200, {}, "half"});
    session.exchange();
    session.codec.abandon(session.requests.at(0).exchange);
    session.codec.abandon(session.requests.at(1).exchange);
    session.exchange();
    CHECK(session.client.answers[started].reset == NGHTTP2_INTERNAL_ERROR);
    CHECK(session.client.answers[untouched].field(":status") == "500");
}

TEST_CASE("a peer that resets a stream is reported once, and its answer goes nowhere",
          "[net][rfc9113]") {
    Session session;
    const auto id = session.client.submit(fields_of("GET"));
    session.exchange();
    nghttp2_submit_rst_stream(session.client.session.get(), 0, id, NGHTTP2_CANCEL);
    session.exchange();
    CHECK(session.gone == std::vector<ExchangeId>{session.requests.at(0).exchange});
    CHECK_FALSE(session.codec.is_open(session.requests[0].exchange));
    session.codec.respond(session.requests[0].exchange, {200, {}, "late"});
    session.exchange();
    CHECK(session.client.answers[id].fields.empty());
}

TEST_CASE("rapid resets end the connection (CVE-2023-44487)", "[net][rfc9113][hostile]") {
    Session session;
    for (int turn = 0; turn < 3000 && !session.client.goaway; ++turn) {
        const auto id = session.client.submit(fields_of("GET"));
        session.exchange();
        nghttp2_submit_rst_stream(session.client.session.get(), 0, id, NGHTTP2_CANCEL);
        session.exchange();
        session.requests.clear();
        session.gone.clear();
        session.client.answers.clear();
    }
    CHECK(session.client.goaway);
    CHECK(session.codec.is_finished());
}

TEST_CASE("more streams than allowed are refused", "[net][rfc9113][hostile]") {
    auto options = small_options();
    options.max_streams = 3;
    Session session(options);
    session.exchange();
    for (int stream = 0; stream < 10; ++stream)
        session.client.submit(fields_of("GET"));
    session.exchange();
    CHECK(session.requests.size() == 3);
}

TEST_CASE("HEAD, 204 and 304 have no body on HTTP/2", "[net][rfc9113]") {
    Session session;
    const auto head = session.client.submit(fields_of("HEAD"));
    const auto none = session.client.submit(fields_of("GET"));
    session.exchange();
    session.codec.respond(session.requests.at(0).exchange, {200, {}, "hidden"});
    session.codec.respond(session.requests.at(1).exchange, {204, {}, "hidden"});
    session.exchange();
    CHECK(session.client.answers[head].field("content-length") == "6");
    CHECK(session.client.answers[head].complete);
    CHECK(session.client.answers[head].body.empty());
    CHECK(session.client.answers[none].field("content-length").empty());
    CHECK(session.client.answers[none].body.empty());
}

TEST_CASE("each phase has its deadline", "[net][hostile]") {
    const ServerOptions defaults;
    const auto later = kStart + Seconds(10);

    Session idle;
    idle.exchange();
    CHECK(idle.codec.deadline() == kStart + defaults.idle_time);
    idle.codec.on_deadline(kStart + defaults.idle_time);
    idle.exchange();
    CHECK(idle.client.goaway);
    CHECK(idle.codec.is_finished());

    Session body;
    Body half{std::string(4096, 'x'), 0, true};
    const auto id = body.client.submit(fields_of("POST"), &half);
    body.exchange(later);
    CHECK(body.codec.deadline() == later + defaults.body_time + Seconds(1));
    body.codec.on_deadline(later + Seconds(12));
    body.exchange(later + Seconds(12));
    CHECK(body.client.answers[id].field(":status") == "408");
    body.codec.on_deadline(later + Seconds(20));
    body.exchange(later + Seconds(20));
    CHECK(body.client.answers[id].reset == NGHTTP2_NO_ERROR);

    Session handler;
    handler.client.submit(fields_of("GET"));
    handler.exchange();
    CHECK_FALSE(handler.codec.deadline());
}

TEST_CASE("octets that are not HTTP/2 end the connection", "[net][hostile]") {
    Session session;
    session.codec.feed(as_octets("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), kStart);
    CHECK(session.codec.is_finished());
}

TEST_CASE("draining finishes open streams and then the connection", "[net][rfc9113]") {
    Session session;
    const auto id = session.client.submit(fields_of("GET"));
    session.exchange();
    session.codec.drain();
    session.exchange();
    CHECK(session.client.goaway);
    CHECK_FALSE(session.codec.is_finished());
    session.codec.respond(session.requests.at(0).exchange, {200, {}, "last"});
    session.exchange();
    CHECK(session.client.answers[id].body == "last");
    CHECK(session.codec.is_finished());
}

}  // namespace
}  // namespace hairpin::net
