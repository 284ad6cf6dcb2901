#include "net/http_client.hpp"

#include <catch2/catch.hpp>

#include "net/socket.hpp"
#include "tests/unit/net/server_fixture.hpp"

namespace hairpin::net {
namespace {

using tests::fetch;
using tests::ServerFixture;

ClientRequest get(const ServerFixture& server, std::string_view target) {
    ClientRequest request;
    request.url = server.url(target);
    request.ca_file = server.ca_file();
    return request;
}

TEST_CASE("methods, headers and bodies arrive as they were given", "[net][client]") {
    const ServerFixture server([](Request&& request, Responder responder) {
        std::string text = request.method_text + "|" + request.body;
        for (const auto* name : {"x-a", "content-type", "expect", "user-agent"}) {
            text += std::string("|") + std::string(request.header(name).value_or("-"));
        }
        responder.send({200, {{"X-Reply", " spaced "}, {"x-method", request.method_text}}, text});
    });
    const auto method = GENERATE(values<std::string>({"GET", "POST", "PUT", "PATCH", "DELETE"}));
    auto request = get(server, "/");
    request.method = method;
    request.headers = {{"X-A", "1"}};
    if (method != "GET" && method != "DELETE") request.body = std::string("a\0b", 3);
    ClientOptions options;
    options.user_agent = "hairpin-test/1";

    const auto answer = fetch(request, options);

    REQUIRE(answer);
    CHECK(answer->body == method + "|" + request.body + "|1|-|-|hairpin-test/1");
    CHECK(answer->header("x-reply") == "spaced");
    CHECK(answer->header("x-method") == method);
}

TEST_CASE("HEAD has headers and no body", "[net][client]") {
    const ServerFixture server(tests::echo);
    auto request = get(server, "/");
    request.method = "HEAD";
    const auto answer = fetch(request);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body.empty());
}

TEST_CASE("every status is an answer", "[net][client]") {
    const ServerFixture server(
        [](Request&&, Responder responder) { responder.send(problem_response(503, "later")); });
    const auto answer = fetch(get(server, "/"));
    REQUIRE(answer);
    CHECK(answer->status == 503);
}

TEST_CASE("a certificate that nobody vouches for is refused", "[net][client]") {
    const ServerFixture server(tests::echo);
    auto request = get(server, "/");
    request.ca_file.clear();
    const auto answer = fetch(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::Protocol);
}

TEST_CASE("anything but https is refused", "[net][client]") {
    const auto url =
        GENERATE(values<std::string>({"http://127.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/",
                                      "https://", "nonsense://x"}));
    ClientRequest request;
    request.url = url;
    const auto answer = fetch(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::Invalid);
}

TEST_CASE("errors name the peer but no path, query or password", "[net][client]") {
    auto closed = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
    REQUIRE(closed);
    const auto port = std::to_string(local_endpoint(*closed)->port);
    closed->reset();
    ClientRequest request;
    request.url = "https://user:secret@127.0.0.1:" + port + "/path?token=secret";
    const auto answer = fetch(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::Unavailable);
    CHECK(answer.error().subject == "https://127.0.0.1:" + port);
    CHECK(answer.error().text().find("secret") == std::string::npos);
}

TEST_CASE("a header that holds a line break is refused", "[net][client][hostile]") {
    const ServerFixture server(tests::echo);
    auto request = get(server, "/");
    request.headers = {{"x", "a\r\nb: c"}};
    const auto answer = fetch(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::Invalid);
}

TEST_CASE("an answer over the limit is refused", "[net][client][hostile]") {
    const ServerFixture server([](Request&&, Responder responder) {
        responder.send({200, {}, std::string(20'000, 'x')});
    });
    ClientOptions options;
    options.max_response = 10'000;
    const auto answer = fetch(get(server, "/"), options);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::Limit);
}

TEST_CASE("a peer that never answers runs into the timeout", "[net][client]") {
    std::vector<Responder> kept;
    ServerFixture server(
        [&](Request&&, Responder responder) { kept.push_back(std::move(responder)); });
    auto request = get(server, "/");
    request.timeout = Milliseconds(200);
    const auto answer = fetch(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::Unavailable);
    server.on_loop([&](HttpServer&) { kept.clear(); });
}

TEST_CASE("what may not be connected to gets no octet", "[net][client][hostile]") {
    const ServerFixture server(tests::echo);
    std::vector<IpAddress> asked;
    ClientOptions options;
    options.may_connect = [&](const IpAddress& address) {
        asked.push_back(address);
        return false;
    };
    auto by_address = get(server, "/");
    by_address.url = "https://127.0.0.1:" + std::to_string(server.endpoint().port) + "/secret";
    const auto refused = fetch(by_address, options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Denied);
    CHECK(refused.error().text().find("127.0.0.1") != std::string::npos);
    CHECK(refused.error().text().find("secret") == std::string::npos);
    CHECK(asked == std::vector{*IpAddress::parse("127.0.0.1")});
    CHECK(server.counters().connections_total == 0);

    // A name is judged by where it leads.
    auto named = get(server, "/");
    named.url = "https://localhost:" + std::to_string(server.endpoint().port) + "/";
    asked.clear();
    const auto by_name = fetch(named, options);
    REQUIRE_FALSE(by_name);
    CHECK(by_name.error().code == ErrorCode::Denied);
    CHECK_FALSE(asked.empty());
    CHECK(server.counters().connections_total == 0);

    options.may_connect = [](const IpAddress& address) { return address.text() == "127.0.0.1"; };
    CHECK(fetch(get(server, "/"), options));
}

TEST_CASE("many requests share connections, wait their turn and are bounded", "[net][client]") {
    const ServerFixture server(tests::echo);
    Loop loop;
    ClientOptions options;
    options.max_waiting = 40;
    auto client = HttpClient::create(loop, options);
    REQUIRE(client);
    int answered = 0;
    int refused = 0;
    for (int turn = 0; turn < 50; ++turn) {
        (*client)->request(get(server, "/" + std::to_string(turn)),
                           [&](Result<ClientResponse> result) {
                               if (result) ++answered;
                               if (!result && result.error().code == ErrorCode::Limit) ++refused;
                               if (answered + refused == 50) loop.stop();
                           });
    }
    CHECK(answered + refused == 0);  // Never inside request().
    CHECK((*client)->pending() == 48);
    loop.run();
    CHECK(answered == 48);
    CHECK(refused == 2);
    CHECK((*client)->pending() == 0);
    CHECK(server.counters().connections_total.load() <= 8);
}

TEST_CASE("a client may be destroyed with requests in flight, also from a callback",
          "[net][client]") {
    std::vector<Responder> kept;
    ServerFixture server([&](Request&& request, Responder responder) {
        if (request.path == "/fast") return tests::echo(std::move(request), std::move(responder));
        kept.push_back(std::move(responder));
    });
    Loop loop;
    auto client = HttpClient::create(loop);
    REQUIRE(client);
    bool called = false;
    for (int turn = 0; turn < 12; ++turn) {
        (*client)->request(get(server, "/slow"), [&](Result<ClientResponse>) { called = true; });
        if (turn != 3) continue;
        (*client)->request(get(server, "/fast"), [&](Result<ClientResponse>) {
            client->reset();
            loop.stop();
        });
    }
    loop.run();
    CHECK_FALSE(called);
    server.on_loop([&](HttpServer&) { kept.clear(); });
}

}  // namespace
}  // namespace hairpin::net
