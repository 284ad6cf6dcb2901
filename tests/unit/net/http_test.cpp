#include "net/http.hpp"

#include <catch2/catch.hpp>

#include "net/http_codec.hpp"
#include "tests/support/captured_response.hpp"

namespace hairpin::net {
namespace {

TEST_CASE("percent-decoding is strict", "[net][rfc3986]") {
    CHECK(percent_decode("a%2Fb%00+") == std::string("a/b\0+", 5));
    CHECK(percent_decode("") == "");
    CHECK_FALSE(percent_decode("%"));
    CHECK_FALSE(percent_decode("%4"));
    CHECK_FALSE(percent_decode("%4g"));
    CHECK_FALSE(percent_decode("%-1"));
}

TEST_CASE("a target splits at its first question mark", "[net][rfc9110]") {
    Request request;
    REQUIRE(set_target(request, "/a%3Fb?x=1?&y&=z&x=2&bad=%zz"));
    CHECK(request.path == "/a%3Fb");
    CHECK(request.query == "x=1?&y&=z&x=2&bad=%zz");
    CHECK(request.query_parameter("x") == "1?");
    CHECK(request.query_parameter("y") == "");
    CHECK(request.query_parameter("") == "z");
    CHECK_FALSE(request.query_parameter("bad"));
    CHECK_FALSE(request.query_parameter("absent"));
    CHECK_FALSE(set_target(request, ""));
    CHECK_FALSE(set_target(request, "a"));
    CHECK_FALSE(set_target(request, "/a b"));
    CHECK_FALSE(set_target(request, "/a#b"));
    CHECK_FALSE(set_target(request, "/\x7f"));
}

TEST_CASE("methods are case-sensitive and round-trip", "[net][rfc9110]") {
    for (const auto method : {Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch,
                              Method::Delete, Method::Options}) {
        CHECK(parse_method(to_string(method)) == method);
    }
    CHECK_FALSE(parse_method("get"));
    CHECK_FALSE(parse_method("TRACE"));
    CHECK_FALSE(parse_method(""));
}

TEST_CASE("a problem document is JSON whatever its detail holds", "[net][rfc9457]") {
    CHECK(problem_response(404).body ==
          "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}\n");
    CHECK(problem_response(400, "a \"b\"\n\\").body ==
          "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"a "
          "\\\"b\\\"\\u000a\\\\\"}\n");
}

TEST_CASE("dates are IMF-fixdates", "[net][rfc9110]") {
    CHECK(to_http_date(from_unix_milliseconds(784'111'777'000)) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("an output queue gives back what it was given, in any portions", "[net]") {
    for (std::size_t portion = 1; portion < 40; ++portion) {
        OutputQueue queue;
        std::string expected;
        for (int chunk = 0; chunk < 200; ++chunk) {
            const std::string text(static_cast<std::size_t>(chunk % 7),
                                   static_cast<char>('a' + chunk % 26));
            expected += text;
            queue.push(std::string(text));
        }
        std::string got;
        std::vector<std::uint8_t> room(portion);
        while (const auto size = queue.fill(room))
            got.append(as_text({room.data(), size}));
        CHECK(got == expected);
        CHECK(queue.empty());
    }
}

struct RecordingSink final : ResponseSink {
    std::vector<std::string> calls;
    void respond(ExchangeId id, Response&& response) override {
        calls.push_back("respond " + std::to_string(id) + " " + std::to_string(response.status));
    }
    void begin(ExchangeId, Response&&) override { calls.push_back("begin"); }
    bool write(ExchangeId, std::string&& chunk) override {
        return calls.push_back("write " + chunk), true;
    }
    void end(ExchangeId) override { calls.push_back("end"); }
    void abandon(ExchangeId id) override { calls.push_back("abandon " + std::to_string(id)); }
    bool is_open(ExchangeId) const override { return true; }
    void on_writable(ExchangeId, std::function<void()>) override {}
    void on_gone(ExchangeId, std::function<void()>) override {}
};

TEST_CASE("a responder answers once, or is abandoned on its loop when dropped", "[net]") {
    Loop loop;
    const auto sink = std::make_shared<RecordingSink>();
    loop.post([&] {
        Responder once(loop, sink, 1);
        CHECK(once.is_open());
        once.send({200, {}, {}});
        once.send({201, {}, {}});
        CHECK_FALSE(once.is_open());
        { const Responder dropped(loop, sink, 2); }
        Responder assigned(loop, sink, 3);
        assigned = Responder(loop, sink, 4);
        Responder moved(std::move(assigned));
        moved.begin({200, {}, {}});
        CHECK(moved.write("a"));
        moved.end();
        CHECK_FALSE(moved.write("b"));
        loop.stop();
    });
    loop.run();
    CHECK(sink->calls == std::vector<std::string>{"respond 1 200", "abandon 2", "abandon 3",
                                                  "begin", "write a", "end"});
}

TEST_CASE("a captured response stands in for a server", "[net]") {
    Loop loop;
    const auto captured = hairpin::tests::CapturedResponse::create();
    auto responder = captured->responder(loop);
    bool gone = false;
    responder.on_gone([&] { gone = true; });
    responder.begin({201, {{"etag", "x"}}, "a"});
    CHECK(responder.write("b"));
    captured->hang_up();
    CHECK(gone);
    CHECK_FALSE(responder.is_open());
    responder.end();
    CHECK(captured->is_complete);
    CHECK(captured->response.status == 201);
    CHECK(captured->header("etag") == "x");
    CHECK(captured->response.body == "ab");
}

TEST_CASE("a responder dropped on another thread is abandoned on the loop", "[net]") {
    Loop loop;
    const auto sink = std::make_shared<RecordingSink>();
    { const Responder dropped(loop, sink, 9); }
    CHECK(sink->calls.empty());
    loop.stop();
    loop.run();
    CHECK(sink->calls == std::vector<std::string>{"abandon 9"});
}

}  // namespace
}  // namespace hairpin::net
