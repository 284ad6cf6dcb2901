// What one HTTP/2 peer can make us hold, and for how long.

#include <catch2/catch.hpp>

#include "net/h2_codec.hpp"
#include "tests/unit/net/h2_session.hpp"

namespace hairpin::net {
namespace {

using tests::Body;
using tests::Client;
using tests::Fields;
using tests::fields_of;
using tests::kPeer;
using tests::kStart;
using tests::Session;
using tests::small_options;

TEST_CASE("a body over the limit is refused; what follows is discarded, within bounds",
          "[net][rfc9113][hostile]") {
    Session session;
    const auto size = GENERATE(300'000, 3'000'000);
    Body body{std::string(static_cast<std::size_t>(size), 'x')};
    const auto id = session.client.submit(fields_of("POST"), &body);
    session.exchange();
    CHECK(session.requests.empty());
    CHECK(session.client.answers[id].field(":status") == "413");
    CHECK(session.client.answers[id].complete);
    if (size == 300'000) {
        CHECK(body.done == body.octets.size());
    } else {
        CHECK(session.client.answers[id].reset == NGHTTP2_NO_ERROR);
        CHECK(body.done < 2'000'000);
    }
}

TEST_CASE("all streams together hold a bounded amount of bodies", "[net][hostile]") {
    Session session;
    Body first{std::string(90'000, 'x'), 0, true};
    Body second{std::string(90'000, 'y'), 0, true};
    const auto one = session.client.submit(fields_of("POST"), &first);
    session.exchange();
    const auto two = session.client.submit(fields_of("POST"), &second);
    session.exchange();
    CHECK(session.client.answers[one].field(":status").empty());
    CHECK(session.client.answers[two].field(":status") == "503");
}

ServerOptions tight_options() {
    ServerOptions options;
    options.max_body = 1'000'000;
    options.max_bodies_in_flight = 200'000;
    return options;
}

TEST_CASE("a large body on HTTP/2 is refused while others hold the memory for bodies",
          "[net][rfc9113][hostile]") {
    Session session(tight_options());
    session.environment.bodies_in_flight = 150'000;  // Of other connections.
    const bool announced = GENERATE(true, false);
    Body body{std::string(announced ? 0 : 70'000, 'x'), 0, true};
    const auto length = announced ? Fields{{"content-length", "70000"}} : Fields{};
    const auto id = session.client.submit(fields_of("POST", "/", length), &body);
    session.exchange();

    const auto& answer = session.client.answers[id];
    CHECK(answer.field(":status") == "503");
    CHECK(answer.field("retry-after") == "10");
    CHECK(session.environment.bodies_in_flight == 150'000);
    CHECK(session.environment.counters.bodies_refused == 1);
}

TEST_CASE("many small bodies of one connection count as a large one", "[net][rfc9113][hostile]") {
    Session session(tight_options());
    session.environment.bodies_in_flight = 200'000;
    Body first{std::string(60'000, 'x')};
    Body second{std::string(6'000, 'y')};
    const auto one = session.client.submit(fields_of("POST"), &first);
    session.exchange();
    const auto two = session.client.submit(fields_of("POST"), &second);
    session.exchange();
    CHECK(session.client.answers[two].field(":status") == "503");
    REQUIRE(session.requests.size() == 1);
    CHECK(session.environment.bodies_in_flight == 260'000);  // The handler has it.

    session.codec.respond(session.requests[0].exchange, {204, {}, {}});
    session.exchange();
    CHECK(session.client.answers[one].field(":status") == "204");
    CHECK(session.environment.bodies_in_flight == 200'000);
}

TEST_CASE("a reset gives the share of its body back", "[net][rfc9113]") {
    Session session(tight_options());
    Body body{std::string(100'000, 'x'), 0, true};
    const auto id = session.client.submit(fields_of("POST"), &body);
    session.exchange();
    CHECK(session.environment.bodies_in_flight == 100'000);
    nghttp2_submit_rst_stream(session.client.session.get(), 0, id, NGHTTP2_CANCEL);
    session.exchange();
    CHECK(session.environment.bodies_in_flight == 0);
}

TEST_CASE("the body limit on HTTP/2 is asked with the whole head", "[net][rfc9113]") {
    auto options = small_options();
    options.body_limit = [](const Request& head) -> std::size_t {
        return head.header("authorization") == "Bearer a" && head.peer == kPeer.address ? 500'000
                                                                                        : 1'000;
    };
    Session session(options);
    Body body{std::string(100'000, 'x')};
    Body same = body;
    const auto stranger = session.client.submit(fields_of("POST", "/upload"), &body);
    session.exchange();
    session.client.submit(fields_of("POST", "/upload", {{"authorization", "Bearer a"}}), &same);
    session.exchange();
    CHECK(session.client.answers[stranger].field(":status") == "413");
    CHECK(session.requests.size() == 1);
}

TEST_CASE("a peer that opens no window for its answer loses the connection",
          "[net][rfc9113][hostile]") {
    Session session;
    const nghttp2_settings_entry no_window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
    nghttp2_submit_settings(session.client.session.get(), 0, &no_window, 1);
    session.client.submit(fields_of("GET"));
    session.exchange();
    session.codec.respond(session.requests.at(0).exchange, {200, {}, "stuck"});
    session.exchange();
    const ServerOptions defaults;
    CHECK(session.codec.deadline() == kStart + defaults.write_stall_time);
    session.codec.on_deadline(kStart + defaults.write_stall_time);
    CHECK(session.codec.is_finished());
}

struct NoWindow : Session {
    explicit NoWindow(ServerOptions options = small_options())
        : Session(std::move(options), Client::Windows::ByHand) {
        const nghttp2_settings_entry none{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
        REQUIRE(nghttp2_submit_settings(client.session.get(), 0, &none, 1) == 0);
        exchange();
    }
    void open(std::int32_t id, std::int32_t octets, MonotonicTime now) {
        for (const auto window : {0, id})
            REQUIRE(nghttp2_submit_window_update(client.session.get(), 0, window, octets) == 0);
        exchange(now);
    }
};

TEST_CASE("a peer that opens its window octet by octet loses the connection as well",
          "[net][rfc9113][hostile]") {
    NoWindow session;
    session.answer = std::string(54'000, 'x');
    const auto id = session.client.submit(fields_of("GET"));
    session.exchange();
    auto now = kStart;
    while (!session.codec.is_finished() && now < kStart + Seconds(60)) {
        now += Seconds(3);
        session.open(id, 1, now);
        session.codec.on_deadline(now);
    }
    CHECK(session.codec.is_finished());
    CHECK(now == kStart + Seconds(15));
}

TEST_CASE("a slow but steady peer gets its whole answer", "[net][rfc9113]") {
    NoWindow session;
    session.answer = std::string(400'000, 'x');
    const auto id = session.client.submit(fields_of("GET"));
    session.exchange();
    auto now = kStart;
    while (!session.client.answers[id].complete && now < kStart + Seconds(200)) {
        now += Seconds(4);
        session.codec.on_deadline(now);
        session.open(id, 4 * 4'200, now);
    }
    CHECK(session.client.answers[id].body.size() == 400'000);
    CHECK(now > kStart + Seconds(80));
}

TEST_CASE("speed is not saved up: a peer that stops reading is closed in time",
          "[net][rfc9113][hostile]") {
    NoWindow session;
    session.answer = std::string(10'000'000, 'x');
    const auto id = session.client.submit(fields_of("GET"));
    session.exchange();
    const auto later = kStart + Seconds(1);
    session.open(id, 9'000'000, later);
    CHECK(session.client.answers[id].body.size() == 9'000'000);
    CHECK(session.codec.deadline() == later + ServerOptions().write_stall_time);
}

TEST_CASE("an answer that comes late has its whole time to be read", "[net][rfc9113]") {
    NoWindow session;
    session.client.submit(fields_of("GET"));
    session.exchange();
    session.codec.respond(session.requests.at(0).exchange, {200, {}, "waited for"});
    const auto later = kStart + Seconds(30);
    session.exchange(later);
    CHECK(session.codec.deadline() == later + ServerOptions().write_stall_time);
}

TEST_CASE("requests wait while the peer does not read its answers", "[net][rfc9113][hostile]") {
    auto options = small_options();
    options.max_output_per_connection = 500'000;
    NoWindow session(options);
    session.answer = std::string(54'000, 'x');
    std::vector<std::int32_t> ids;
    for (int stream = 0; stream < 100; ++stream)
        ids.push_back(session.client.submit(fields_of("GET")));
    session.exchange();
    CHECK(session.requests.size() == 10);  // The tenth answer goes over the limit.
    CHECK(session.codec.wants_input());    // How else would we learn of a window?

    // One that waits is given up.
    nghttp2_submit_rst_stream(session.client.session.get(), 0, ids.back(), NGHTTP2_CANCEL);
    ids.pop_back();
    const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1'000'000};
    nghttp2_submit_settings(session.client.session.get(), 0, &window, 1);
    nghttp2_submit_window_update(session.client.session.get(), 0, 0, 10'000'000);
    session.exchange();

    CHECK(session.requests.size() == 99);
    CHECK(session.gone.empty());  // The handler never saw it.
    for (const auto id : ids)
        REQUIRE(session.client.answers[id].body.size() == 54'000);
    CHECK(session.codec.deadline() == kStart + ServerOptions().idle_time);
}

}  // namespace
}  // namespace hairpin::net
