#include "net/stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>

#include "net/turn_budget.hpp"
#include "tests/unit/net/server_fixture.hpp"

namespace hairpin::net {
namespace {

using tests::TlsPeer;

struct Pair {
    Fd ours;    // Non-blocking.
    Fd theirs;  // Blocking, for five seconds.
};

Pair connected() {
    std::array<int, 2> both{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()) == 0);
    REQUIRE(::fcntl(both[0], F_SETFL, O_NONBLOCK) == 0);
    const timeval patience{5, 0};
    REQUIRE(::setsockopt(both[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    return {Fd(both[0]), Fd(both[1])};
}

std::shared_ptr<const ServerTls> certificate() {
    const auto pair = make_self_signed({"localhost"}).value();
    return ServerTls::from_pem(pair.certificate, pair.key).value();
}

void wait_for(const Stream& stream, short events) {
    pollfd watched{stream.socket(), events, 0};
    static_cast<void>(::poll(&watched, 1, 5'000));
}

Stream::Handshake shake_all_hands(Stream& stream) {
    for (;;) {
        const auto step = stream.shake_hands();
        if (step == Stream::Handshake::WantsRead)
            wait_for(stream, POLLIN);
        else if (step == Stream::Handshake::WantsWrite)
            wait_for(stream, POLLOUT);
        else
            return step;
    }
}

/// Our side and a client of it, the handshake done or failed.
struct Session {
    explicit Session(std::string_view alpn, Application application = Application::Dns) {
        Pair pair = connected();
        stream = Stream::secure(std::move(pair.ours), *certificate(), application);
        REQUIRE(stream);
        std::thread client([&] { peer = std::make_unique<TlsPeer>(std::move(pair.theirs), alpn); });
        result = shake_all_hands(*stream);
        if (result == Stream::Handshake::Failed) stream.reset();  // The client waits for the end.
        client.join();
    }
    std::optional<Stream> stream;
    std::unique_ptr<TlsPeer> peer;
    Stream::Handshake result{};
};

TEST_CASE("a stream in clear moves octets and tells the end from a pause", "[net]") {
    Pair pair = connected();
    Stream stream(std::move(pair.ours));
    Octets room(100);
    CHECK_FALSE(stream.is_secure());
    CHECK(stream.receive(room) == 0u);
    REQUIRE(::send(pair.theirs.get(), "abc", 3, 0) == 3);
    CHECK(stream.receive(room) == 3u);
    CHECK(stream.send(as_octets("defg")) == 4u);
    CHECK(stream.send({}) == 0u);
    CHECK(::recv(pair.theirs.get(), room.data(), room.size(), 0) == 4);
    pair.theirs.reset();
    CHECK(stream.receive(room) == std::nullopt);
    CHECK(stream.send(as_octets("h")) == std::nullopt);
}

TEST_CASE("an application answers to its own ALPN, and to none", "[net][rfc7301]") {
    struct Case {
        Application application;
        std::string_view offered;
        bool agreed;
    };
    for (const Case& each :
         {Case{Application::Dns, "dot", true}, Case{Application::Dns, "", true},
          Case{Application::Dns, "h2", false}, Case{Application::Http, "h2", true},
          Case{Application::Http, "dot", false}}) {
        INFO(each.offered);
        Session session(each.offered, each.application);
        CHECK((session.result == Stream::Handshake::Done) == each.agreed);
        if (!each.agreed) continue;
        CHECK(session.peer->alpn() == each.offered);
        CHECK(session.stream->is_modern() == !each.offered.empty());
    }
}

TEST_CASE("what a full socket does not take of TLS is taken later, whole", "[net]") {
    Session session("dot");
    REQUIRE(session.result == Stream::Handshake::Done);
    std::string all(3'000'000, '\0');
    for (std::size_t at = 0; at < all.size(); ++at)
        all[at] = static_cast<char>(at % 251);
    OctetView left = as_octets(all);
    const auto first = session.stream->send(left);
    REQUIRE(first);
    CHECK(*first < left.size());
    left = left.subspan(*first);
    std::string received;
    std::thread reader([&] {
        while (received.size() < all.size() && !session.peer->is_closed())
            received += session.peer->read_some();
    });
    while (!left.empty()) {
        wait_for(*session.stream, POLLOUT);
        const auto more = session.stream->send(left);
        REQUIRE(more);
        left = left.subspan(*more);
    }
    reader.join();
    CHECK(received == all);
}

TEST_CASE("a record is read whole, so that poll knows of all that is left", "[net]") {
    Session session("dot");
    REQUIRE(session.result == Stream::Handshake::Done);
    session.peer->send(std::string(Stream::kRecordOctets, 'a'));
    session.peer->send("b");
    Octets room(Stream::kRecordOctets);
    std::string received;
    while (received.size() < Stream::kRecordOctets + 1) {
        wait_for(*session.stream, POLLIN);
        const auto count = session.stream->receive(room);
        REQUIRE(count);
        received += as_text(OctetView(room).first(*count));
    }
    CHECK(received.back() == 'b');
    pollfd watched{session.stream->socket(), POLLIN, 0};
    CHECK(::poll(&watched, 1, 0) == 0);
}

TEST_CASE("goodbye is a close_notify, both ways", "[net][rfc8446]") {
    Session session("dot");
    session.stream->say_goodbye();
    session.stream.reset();
    CHECK(session.peer->read_all().empty());
    CHECK(session.peer->is_closed());

    Session other("dot");
    other.peer->close();
    wait_for(*other.stream, POLLIN);
    Octets room(100);
    CHECK(other.stream->receive(room) == std::nullopt);
}

TEST_CASE("what is not TLS fails the handshake", "[net][hostile]") {
    for (const std::string_view nonsense : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff"}) {
        Pair pair = connected();
        auto stream = Stream::secure(std::move(pair.ours), *certificate(), Application::Dns);
        REQUIRE(stream);
        REQUIRE(::send(pair.theirs.get(), nonsense.data(), nonsense.size(), 0) > 0);
        CHECK(shake_all_hands(*stream) == Stream::Handshake::Failed);
        stream->say_goodbye();
    }
}

TEST_CASE("a turn of the loop has a budget, and each turn a new one", "[net][loop]") {
    Loop loop;
    TurnBudget budget(loop, 2);
    std::string taken;
    const auto spend = [&] {
        for (int each = 0; each < 3; ++each)
            taken += budget.take() ? "1" : "0";
        taken += " ";
        if (taken.size() == 12) loop.stop();
    };
    auto timer = loop.add_timer(Milliseconds(1), Milliseconds(5), spend);
    loop.run();
    CHECK(taken == "110 110 110 ");
}

}  // namespace
}  // namespace hairpin::net
