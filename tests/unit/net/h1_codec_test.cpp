#include "net/h1_codec.hpp"

#include <catch2/catch.hpp>

namespace hairpin::net {
namespace {

constexpr MonotonicTime kStart{Milliseconds(1'000'000)};
const Endpoint kPeer{IpAddress::v4({192, 0, 2, 7}), 4711};

CodecEnvironment small_environment() {
    ServerOptions options;
    options.max_body = 1000;
    options.max_head = 2048;
    options.max_target = 512;
    options.max_fields = 16;
    return {std::move(options), {}, "Sat, 21 Nov 2026 12:00:00 GMT"};
}

struct Session {
    CodecEnvironment environment = small_environment();
    H1Codec codec{environment, kPeer, kStart};
    std::vector<Request> requests;
    std::vector<ExchangeId> exchanges;

    void feed(std::string_view text, MonotonicTime now = kStart) {
        codec.feed(as_octets(text), now);
        collect();
    }
    void collect() {
        for (auto& event : codec.take_events()) {
            if (auto* ready = std::get_if<RequestReady>(&event)) {
                requests.push_back(std::move(ready->request));
                exchanges.push_back(ready->exchange);
            }
        }
    }
    std::string output(MonotonicTime now = kStart) {
        std::string text;
        std::array<std::uint8_t, 97> room{};  // An odd size, so that everything is cut somewhere.
        while (const auto size = codec.fill_output(room, now))
            text.append(as_text({room.data(), size}));
        collect();
        return text;
    }
};

int status_of(const std::string& answer) {
    return answer.size() > 12 && answer.substr(0, 9) == "HTTP/1.1 " ? std::stoi(answer.substr(9, 3))
                                                                    : 0;
}

struct Row {
    const char* what;
    std::string sent;
    int status;  // 0: a request came out of it.
};

const std::string kHost = "Host: manager.example.net\r\n";

std::vector<Row> refused_rows() {
    const auto get = [](const std::string& fields) {
        return "GET / HTTP/1.1\r\n" + fields + "\r\n";
    };
    const auto post = [](const std::string& fields, const std::string& body) {
        return "POST / HTTP/1.1\r\n" + kHost + fields + "\r\n" + body;
    };
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    return {
        {"Content-Length beside Transfer-Encoding",
         post("Content-Length: 4\r\n" + chunked, "0\r\n\r\n"), 400},
        {"Transfer-Encoding beside Content-Length",
         post(chunked + "Content-Length: 4\r\n", "0\r\n\r\n"), 400},
        {"two different Content-Length", post("Content-Length: 4\r\nContent-Length: 5\r\n", "abcd"),
         400},
        {"two equal Content-Length", post("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd"),
         400},
        {"a list of Content-Length", post("Content-Length: 4, 4\r\n", "abcd"), 400},
        {"Content-Length with a sign", post("Content-Length: +4\r\n", "abcd"), 400},
        {"negative Content-Length", post("Content-Length: -4\r\n", "abcd"), 400},
        {"hexadecimal Content-Length", post("Content-Length: 0x4\r\n", "abcd"), 400},
        {"empty Content-Length", post("Content-Length:\r\n", "abcd"), 400},
        {"overflowing Content-Length", post("Content-Length: 18446744073709551617\r\n", "a"), 400},
        {"huge Content-Length", post("Content-Length: 18446744073709551615\r\n", "a"), 413},
        {"space before the colon", get(kHost + "Content-Length : 4\r\n"), 400},
        {"space before the field name", get(" Host: x\r\n"), 400},
        {"bare LF line ends", "GET / HTTP/1.1\nHost: x\n\n", 400},
        {"bare LF after one field", "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", 400},
        {"bare CR in a value", get(kHost + "X: a\rb\r\n"), 400},
        {"NUL in a value", get(kHost + std::string("X: a\0b\r\n", 8)), 400},
        {"control octet in a value",
         get(kHost + "X: a\x01"
                     "b\r\n"),
         400},
        {"control octet in a chunk extension", post(chunked, "4;a=\x01\r\nabcd\r\n0\r\n\r\n"), 400},
        {"Transfer-Encoding: xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
        {"Transfer-Encoding: gzip, chunked",
         post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
        {"Transfer-Encoding: chunked, identity",
         post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 501},
        {"Transfer-Encoding: chunked;x", post("Transfer-Encoding: chunked;x=1\r\n", "0\r\n\r\n"),
         501},
        {"Transfer-Encoding: chunked twice", post(chunked + chunked, "0\r\n\r\n"), 400},
        {"Transfer-Encoding with a vertical tab",
         post("Transfer-Encoding: \x0b"
              "chunked\r\n",
              "0\r\n\r\n"),
         400},
        {"empty Transfer-Encoding", post("Transfer-Encoding:\r\n", "0\r\n\r\n"), 501},
        {"Transfer-Encoding on HTTP/1.0", "POST / HTTP/1.0\r\n" + chunked + "\r\n0\r\n\r\n", 400},
        {"folded line", get(kHost + "X: a\r\n b\r\n"), 400},
        {"folded with a tab", get("Host: x\r\n\ty\r\n"), 400},
        {"no Host", get(""), 400},
        {"two Hosts", get(kHost + kHost), 400},
        {"two Hosts on HTTP/1.0", "GET / HTTP/1.0\r\n" + kHost + kHost + "\r\n", 400},
        {"empty Host", get("Host:\r\n"), 400},
        {"a list of Hosts", get("Host: a, b\r\n"), 400},
        {"Host with a user", get("Host: user@a\r\n"), 400},
        {"Host with a path", get("Host: a/b\r\n"), 400},
        {"absolute-form target", "GET https://a/ HTTP/1.1\r\n" + kHost + "\r\n", 400},
        {"authority-form target", "GET a:443 HTTP/1.1\r\n" + kHost + "\r\n", 400},
        {"asterisk-form target", "OPTIONS * HTTP/1.1\r\n" + kHost + "\r\n", 400},
        {"fragment in the target", "GET /#a HTTP/1.1\r\n" + kHost + "\r\n", 400},
        {"non-ASCII octet in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" + kHost + "\r\n", 400},
        {"two spaces in the request line", "GET  / HTTP/1.1\r\n" + kHost + "\r\n", 400},
        {"tab in the request line", "GET\t/ HTTP/1.1\r\n" + kHost + "\r\n", 400},
        {"space after the version", "GET / HTTP/1.1 \r\n" + kHost + "\r\n", 400},
        {"no version", "GET /\r\n" + kHost + "\r\n", 400},
        {"lower-case version", "GET / http/1.1\r\n" + kHost + "\r\n", 400},
        {"HTTP/2.0 in clear words", "GET / HTTP/2.0\r\n" + kHost + "\r\n", 505},
        {"HTTP/1.2", "GET / HTTP/1.2\r\n" + kHost + "\r\n", 505},
        {"HTTP/11.1", "GET / HTTP/11.1\r\n" + kHost + "\r\n", 400},
        {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"unknown method", "BREW / HTTP/1.1\r\n" + kHost + "\r\n", 501},
        {"CONNECT", "CONNECT a:443 HTTP/1.1\r\n" + kHost + "\r\n", 501},
        {"TRACE", "TRACE / HTTP/1.1\r\n" + kHost + "\r\n", 501},
        {"lower-case method", "get / HTTP/1.1\r\n" + kHost + "\r\n", 501},
        {"chunk size with a sign", post(chunked, "+4\r\nabcd\r\n0\r\n\r\n"), 400},
        {"chunk size 0x4", post(chunked, "0x4\r\nabcd\r\n0\r\n\r\n"), 400},
        {"no chunk size", post(chunked, "\r\nabcd\r\n0\r\n\r\n"), 400},
        {"overflowing chunk size", post(chunked, "10000000000000004\r\nabcd\r\n0\r\n\r\n"), 400},
        {"huge chunk", post(chunked, "ffffffffffffffff\r\n" + std::string(1500, 'x')), 413},
        {"chunk with bare LF", post(chunked, "4\nabcd\n0\n\n"), 400},
        {"chunk longer than its size", post(chunked, "3\r\nabcd\r\n0\r\n\r\n"), 400},
        {"endless chunk extension", post(chunked, "4;a=" + std::string(1500, 'x')), 400},
        {"Content-Length in a trailer", post(chunked, "0\r\nContent-Length: 3\r\n\r\n"), 400},
        {"body over the limit", post("Content-Length: 1001\r\n", ""), 413},
        {"chunks over the limit",
         post(chunked, "1f4\r\n" + std::string(500, 'a') + "\r\n1f5\r\n" + std::string(501, 'b')),
         413},
        {"unknown expectation", post("Expect: tea\r\nContent-Length: 1\r\n", "a"), 417},
        {"long target", "GET /" + std::string(512, 'a') + " HTTP/1.1\r\n" + kHost + "\r\n", 414},
        {"endless request line", "GET /" + std::string(3000, 'a'), 414},
        {"large header", get(kHost + "X: " + std::string(2100, 'a') + "\r\n"), 431},
        {"endless header", "GET / HTTP/1.1\r\n" + kHost + "X: " + std::string(2100, 'a'), 431},
        {"nothing but empty lines", "\r\n\r\n\r\n\r\n", 400},
        {"binary", std::string("\x16\x03\x01\x02\x00\x01\x0a", 7), 400},
    };
}

TEST_CASE("malformed and ambiguous requests are refused with the right status",
          "[net][rfc9112][hostile]") {
    for (const auto& row : refused_rows()) {
        INFO(row.what);
        // In one piece, and octet by octet.
        for (const std::size_t step : {row.sent.size(), std::size_t{1}}) {
            Session session;
            for (std::size_t from = 0; from < row.sent.size(); from += step) {
                session.feed(std::string_view(row.sent).substr(from, step));
            }
            const auto answer = session.output();
            CHECK(session.requests.empty());
            CHECK(status_of(answer) == row.status);
            CHECK(answer.find("connection: close\r\n") != answer.npos);
            CHECK(answer.find("application/problem+json") != answer.npos);
            CHECK(session.codec.is_finished());
        }
    }
}

TEST_CASE("too many header fields are refused", "[net][hostile]") {
    Session session;
    std::string fields;
    for (int field = 0; field < 17; ++field)
        fields += "x: y\r\n";
    session.feed("GET / HTTP/1.1\r\n" + fields + "\r\n");
    CHECK(status_of(session.output()) == 431);
}

TEST_CASE("a request is read whatever way its octets arrive", "[net][rfc9112]") {
    const std::string sent =
        "\r\nPOST /v1/self?a=1%202&b HTTP/1.1\r\nHOST: manager.example.net:8443\r\nX-Two:  padded "
        "\r\n"
        "Transfer-Encoding: Chunked\r\n\r\n4;ext=\"q\"\r\nabcd\r\nA\r\n0123456789\r\n0\r\nTrailer: "
        "x\r\n\r\n";
    for (std::size_t step = 1; step <= sent.size(); ++step) {
        Session session;
        for (std::size_t from = 0; from < sent.size(); from += step) {
            session.feed(std::string_view(sent).substr(from, step));
        }
        REQUIRE(session.requests.size() == 1);
        const auto& request = session.requests.front();
        CHECK(request.method == Method::Post);
        CHECK(request.path == "/v1/self");
        CHECK(request.query_parameter("a") == "1 2");
        CHECK(request.query_parameter("b") == "");
        CHECK_FALSE(request.query_parameter("c"));
        CHECK(request.header("host") == "manager.example.net:8443");
        CHECK(request.header("x-two") == "padded");
        CHECK_FALSE(request.header("trailer"));
        CHECK(request.body == "abcd0123456789");
        CHECK(request.peer == kPeer.address);
        CHECK(request.peer_port == 4711);
        CHECK(request.version == 11);
    }
}

TEST_CASE("an answer carries what HTTP/1.1 needs and keeps the connection", "[net][rfc9112]") {
    Session session;
    session.feed("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    REQUIRE(session.requests.size() == 1);
    CHECK_FALSE(session.codec.deadline());  // The handler's time is its own.
    session.codec.respond(session.exchanges[0],
                          {200, {{"X-Answer", "42"}, {"Content-Length", "9"}}, "hello"});

    CHECK(session.output() ==
          "HTTP/1.1 200 OK\r\ndate: Sat, 21 Nov 2026 12:00:00 GMT\r\nx-answer: "
          "42\r\ncontent-length: 5\r\n\r\nhello");
    CHECK_FALSE(session.codec.is_finished());
    CHECK_FALSE(session.codec.is_open(session.exchanges[0]));
}

TEST_CASE("a header that would split the response makes it a 500", "[net][hostile]") {
    Session session;
    session.feed("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    session.codec.respond(session.exchanges.at(0),
                          {200, {{"location", "/a\r\nset-cookie: x"}}, {}});
    const auto answer = session.output();
    CHECK(status_of(answer) == 500);
    CHECK(answer.find("set-cookie") == answer.npos);
}

TEST_CASE("HTTP/1.0 closes unless it asks to stay", "[net][rfc9112]") {
    Session closing;
    closing.feed("GET / HTTP/1.0\r\n\r\n");
    closing.codec.respond(closing.exchanges.at(0), {200, {}, "x"});
    CHECK(closing.output().find("connection: close") != std::string::npos);
    CHECK(closing.codec.is_finished());

    Session staying;
    staying.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    staying.codec.respond(staying.exchanges.at(0), {200, {}, "x"});
    CHECK(staying.output().find("connection: keep-alive") != std::string::npos);
    CHECK_FALSE(staying.codec.is_finished());
}

TEST_CASE("pipelined requests wait for their turn, within bounds", "[net][rfc9112][hostile]") {
    Session session;
    const std::string request = "GET /x HTTP/1.1\r\n" + kHost + "\r\n";
    std::string many;
    while (many.size() < 4096)
        many += request;
    session.feed(many);

    CHECK(session.requests.size() == 1);
    CHECK_FALSE(session.codec.wants_input());
    for (std::size_t turn = 0; turn < many.size() / request.size(); ++turn) {
        REQUIRE(session.requests.size() == turn + 1);
        session.codec.respond(session.exchanges[turn], {204, {}, {}});
        CHECK(status_of(session.output()) == 204);
    }
    CHECK(session.codec.wants_input());
}

TEST_CASE("100-continue is sent for a body that is still to come", "[net][rfc9110]") {
    Session session;
    const std::string head =
        "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
    session.feed(head);
    CHECK(session.output() == "HTTP/1.1 100 Continue\r\n\r\n");
    session.feed("ab");
    CHECK(session.requests.size() == 1);

    Session refused;
    refused.feed("POST / HTTP/1.1\r\n" + kHost +
                 "Content-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
    CHECK(status_of(refused.output()) == 413);
}

TEST_CASE("HEAD, 204 and 304 have no body", "[net][rfc9110]") {
    Session session;
    session.feed("HEAD / HTTP/1.1\r\n" + kHost + "\r\n");
    session.codec.respond(session.exchanges.at(0), {200, {}, "hidden"});
    const auto head = session.output();
    CHECK(head.find("content-length: 6\r\n") != head.npos);
    CHECK(head.substr(head.size() - 4) == "\r\n\r\n");

    session.feed("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    session.codec.respond(session.exchanges.at(1), {304, {{"etag", "\"a\""}}, "hidden"});
    const auto unchanged = session.output();
    CHECK(unchanged.find("content-length") == unchanged.npos);
    CHECK(unchanged.find("hidden") == unchanged.npos);
}

TEST_CASE(
    "a stream is chunked on 1.1, ends with the connection on 1.0, and breaks off when abandoned",
    "[net][rfc9112]") {
    Session session;
    session.feed("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    const auto id = session.exchanges.at(0);
    session.codec.begin(id, {200, {}, {}});
    CHECK(session.codec.write(id, "hello"));
    CHECK(session.codec.write(id, ""));  // Would end the body if it were sent.
    CHECK(session.codec.write(id, "0123456789abcdef"));
    session.codec.end(id);
    const auto chunked = session.output();
    CHECK(chunked.substr(chunked.find("\r\n\r\n") + 4) ==
          "5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
    CHECK_FALSE(session.codec.is_finished());

    Session old;
    old.feed("GET / HTTP/1.0\r\n\r\n");
    old.codec.begin(old.exchanges.at(0), {200, {}, "all"});
    old.codec.end(old.exchanges.at(0));
    const auto plain = old.output();
    CHECK(plain.substr(plain.find("\r\n\r\n") + 4) == "all");
    CHECK(old.codec.is_finished());

    Session broken;
    broken.feed("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    broken.codec.begin(broken.exchanges.at(0), {200, {}, "half"});
    broken.codec.abandon(broken.exchanges.at(0));
    CHECK(broken.output().find("0\r\n\r\n") == std::string::npos);
    CHECK(broken.codec.is_finished());
}

struct TightSession : Session {
    TightSession() {
        environment.options.max_body = 1'000'000;
        environment.options.max_bodies_in_flight = 200'000;
    }
    std::string post(std::size_t length) {
        return "POST / HTTP/1.1\r\n" + kHost + "Content-Length: " + std::to_string(length) +
               "\r\n\r\n";
    }
};

TEST_CASE("a large body is refused while others hold the memory for bodies",
          "[net][rfc9110][hostile]") {
    TightSession session;
    session.environment.bodies_in_flight = 150'000;  // Of other connections.
    SECTION("announced") {
        session.feed(session.post(70'000));
    }
    SECTION("not announced") {
        session.feed("POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n");
        session.feed("C350\r\n" + std::string(50'000, 'x') + "\r\n");
        CHECK(session.environment.bodies_in_flight == 200'000);
        session.feed("C350\r\n" + std::string(50'000, 'x') + "\r\n");
    }
    const auto answer = session.output();
    CHECK(status_of(answer) == 503);
    CHECK(answer.find("\r\nretry-after: 10\r\n") != answer.npos);
    CHECK(session.codec.is_finished());
    CHECK(session.environment.bodies_in_flight == 150'000);
    CHECK(session.environment.counters.bodies_refused == 1);
}

TEST_CASE("a small body is taken all the same, and a large one again when there is room", "[net]") {
    TightSession session;
    session.environment.bodies_in_flight = 200'000;
    session.feed(session.post(65'536) + std::string(65'536, 'x'));
    REQUIRE(session.requests.size() == 1);
    session.codec.respond(session.exchanges[0], {204, {}, {}});
    CHECK(status_of(session.output()) == 204);

    session.environment.bodies_in_flight = 0;
    session.feed(session.post(200'000) + std::string(200'000, 'x'));
    REQUIRE(session.requests.size() == 2);
    CHECK(session.environment.bodies_in_flight == 200'000);  // The handler has it.
    session.codec.respond(session.exchanges[1], {204, {}, {}});
    CHECK(session.environment.bodies_in_flight == 0);
}

TEST_CASE("a connection that ends in a body gives its share back", "[net]") {
    auto environment = small_environment();
    environment.options.max_body = 1'000'000;
    {
        H1Codec codec(environment, kPeer, kStart);
        codec.feed(as_octets("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 200000\r\n\r\n" +
                             std::string(100'000, 'x')),
                   kStart);
        CHECK(environment.bodies_in_flight == 100'000);
    }
    CHECK(environment.bodies_in_flight == 0);
}

TEST_CASE("the body limit is asked with the whole head before any of the body is read", "[net]") {
    Session session;
    session.environment.options.body_limit = [](const Request& head) -> std::size_t {
        CHECK(head.body.empty());
        CHECK(head.path == "/upload");
        CHECK(head.peer == kPeer.address);
        return head.header("authorization") == "Bearer a" ? 500'000 : 1'000;
    };
    const std::string head = "POST /upload HTTP/1.1\r\n" + kHost + "Content-Length: 100000\r\n";
    SECTION("a stranger") {
        session.feed(head + "\r\n");
        CHECK(status_of(session.output()) == 413);
    }
    SECTION("a client") {
        session.feed(head + "Authorization: Bearer a\r\n\r\n" + std::string(100'000, 'x'));
        CHECK(session.requests.size() == 1);
    }
}

TEST_CASE("each stage has its deadline", "[net][hostile]") {
    const ServerOptions defaults;
    Session session;
    CHECK(session.codec.deadline() == kStart + defaults.idle_time);
    const auto later = kStart + Seconds(70);
    session.feed("POST / HTTP/1.1\r\n", later);
    CHECK(session.codec.deadline() == later + defaults.head_time);
    session.feed(kHost, later + Seconds(4));
    CHECK(session.codec.deadline() == later + defaults.head_time);  // Dripping does not help.
    session.feed("Content-Length: 900\r\n\r\n", later + Seconds(4));
    CHECK(session.codec.deadline() == later + Seconds(4) + defaults.body_time);
    session.feed(std::string(512, 'x'), later + Seconds(5));
    CHECK(session.codec.deadline() == later + Seconds(4) + defaults.body_time + Milliseconds(125));
    session.codec.on_deadline(later + Seconds(13));
    CHECK(session.output().empty());  // Not yet.
    session.codec.on_deadline(later + Seconds(20));
    CHECK(status_of(session.output()) == 408);
    CHECK(session.codec.is_finished());
}

TEST_CASE("draining ends an idle connection at once and a busy one after its answer", "[net]") {
    Session idle;
    idle.codec.drain();
    CHECK(idle.codec.is_finished());
    CHECK(idle.output().empty());

    Session busy;
    busy.feed("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    busy.codec.drain();
    CHECK_FALSE(busy.codec.is_finished());
    busy.codec.respond(busy.exchanges.at(0), {200, {}, "x"});
    CHECK(busy.output().find("connection: close") != std::string::npos);
    CHECK(busy.codec.is_finished());
}

}  // namespace
}  // namespace hairpin::net
