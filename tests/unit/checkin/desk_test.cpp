#include "checkin/desk.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "checkin/datagram.hpp"
#include "core/fd.hpp"
#include "core/guarded.hpp"
#include "net/socket.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::checkin {
namespace {

constexpr Milliseconds kPatience{20'000};

/// A desk on loopback whose server nur1 is published at `published`.
struct DeskSite {
    explicit DeskSite(const std::string& published = "127.0.0.1", std::uint32_t per_network = 0,
                      Milliseconds hand_on = Seconds(3600))
        : zones(std::make_shared<const zones::ZoneTable>()) {
        publish(published);
        DeskOptions options;
        options.listen = {*Endpoint::parse("127.0.0.1:0"), *Endpoint::parse("[::1]:0")};
        options.per_network = per_network;
        options.capacity = 2;
        options.hand_on = hand_on;
        auto bound = Desk::bind(options, zones, clock);
        REQUIRE(bound);
        desk = *std::move(bound);
        desk->apply(one(enrolment()));
        REQUIRE(desk->start([this](std::span<const HeardServer> servers) {
            heard.with([&](auto& all) { all.insert(all.end(), servers.begin(), servers.end()); });
        }));
        clock.advance(Seconds(60));  // Long after the start.
    }
    void publish(const std::string& published) {
        zones::ZoneTable table;
        const std::string type = published.find(':') == std::string::npos ? "A" : "AAAA";
        table.put(tests::zone("pl-acme.example.net.", "nur1 60 IN " + type + " " + published));
        zones.publish(std::make_shared<const zones::ZoneTable>(std::move(table)));
    }
    [[nodiscard]] static Enrolment enrolment() {
        Enrolment made;
        made.set_name(tests::name("nur1.pl-acme.example.net."),
                      tests::name("pl-acme.example.net."));
        made.keys = {{key(), kForever}};
        return made;
    }
    [[nodiscard]] static std::vector<Update> one(std::optional<Enrolment> enrolment) {
        std::vector<Update> updates;
        updates.push_back({7, std::move(enrolment)});
        return updates;
    }
    [[nodiscard]] static Key key() { return check_in_key(as_octets("secret")); }
    [[nodiscard]] DatagramOctets next() {
        clock.advance(Milliseconds(1));
        const auto now = static_cast<std::uint64_t>(to_unix_milliseconds(clock.now()));
        return write_datagram({Kind::CheckIn, 7, now, {}}, key());
    }
    [[nodiscard]] std::uint64_t count(Outcome outcome) const {
        return desk->counters().outcomes[static_cast<std::size_t>(outcome)].value();
    }
    /// Waits until that many had that outcome.
    [[nodiscard]] bool comes_to(Outcome outcome, std::uint64_t wanted) const {
        const Stopwatch stopwatch;
        while (count(outcome) < wanted) {
            if (std::chrono::nanoseconds(stopwatch.nanoseconds()) > kPatience) return false;
            std::this_thread::sleep_for(Milliseconds(1));
        }
        return count(outcome) == wanted;
    }
    [[nodiscard]] std::vector<HeardServer> heard_now() const {
        return heard.with([](const auto& all) { return all; });
    }

    ManualClock clock;
    Published<zones::ZoneTable> zones;
    Guarded<std::vector<HeardServer>> heard;
    std::unique_ptr<Desk> desk;
};

/// A server's socket.
class Client {
public:
    Client(const DeskSite& site, std::size_t listener) {
        const Endpoint desk = site.desk->endpoints()[listener];
        const Endpoint own{desk.address, 0};
        socket_ = *net::bind_udp(own);
        size_ = desk.to_sockaddr(desk_);
    }
    void send(OctetView octets) const {
        REQUIRE(::sendto(socket_.get(), octets.data(), octets.size(), 0,
                         reinterpret_cast<const sockaddr*>(&desk_),
                         size_) == static_cast<ssize_t>(octets.size()));
    }
    /// What comes back within `patience`; empty: nothing.
    [[nodiscard]] Octets answer(Milliseconds patience = kPatience) const {
        pollfd ready{socket_.get(), POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(patience.count())) != 1) return {};
        Octets room(512);
        const auto octets = ::recv(socket_.get(), room.data(), room.size(), 0);
        room.resize(octets < 0 ? 0 : static_cast<std::size_t>(octets));
        return room;
    }

private:
    Fd socket_;
    sockaddr_storage desk_{};
    socklen_t size_ = 0;
};

TEST_CASE("A desk is silent when all is right, and hands on who was heard", "[checkin]") {
    DeskSite site;
    const Client client(site, 0);
    client.send(site.next());
    REQUIRE(site.comes_to(Outcome::Right, 1));
    client.send(site.next());
    REQUIRE(site.comes_to(Outcome::Right, 2));
    const WallTime last = site.clock.now();
    site.desk->stop();  // What was not handed on yet is handed on now, each server once.
    const auto heard = site.heard_now();
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].server == 7);
    CHECK(heard[0].at == last);
    CHECK(client.answer(Milliseconds(0)).empty());
}

TEST_CASE("A desk hands on while it runs, not only when it ends", "[checkin]") {
    DeskSite site("127.0.0.1", 0, Milliseconds(200));
    const Client client(site, 0);
    client.send(site.next());
    REQUIRE(site.comes_to(Outcome::Right, 1));
    const Stopwatch stopwatch;
    while (site.heard_now().empty() &&
           std::chrono::nanoseconds(stopwatch.nanoseconds()) < kPatience)
        std::this_thread::sleep_for(Milliseconds(1));
    CHECK(site.heard_now().size() == 1);
}

TEST_CASE("A desk challenges a server that has moved, over both families", "[checkin]") {
    DeskSite site("192.0.2.1");
    for (const std::size_t listener : {0u, 1u}) {
        const Client client(site, listener);
        const auto sent = site.next();
        client.send(sent);
        const Octets challenge = client.answer();
        REQUIRE(challenge.size() == kDatagramOctets);
        CHECK(is_authentic(challenge, DeskSite::key()));
        const auto read = read_datagram(challenge);
        CHECK(read->kind == Kind::Challenge);
        CHECK(read->milliseconds == read_datagram(sent)->milliseconds);
    }
    CHECK(site.count(Outcome::Moved) == 2);
    // What is published next decides from then on.
    site.publish("127.0.0.1");
    const Client client(site, 0);
    client.send(site.next());
    CHECK(site.comes_to(Outcome::Right, 1));
}

TEST_CASE("A desk sends strangers nothing", "[checkin][hostile]") {
    DeskSite site("192.0.2.1");
    const Client client(site, 0);
    auto forged = site.next();
    forged[31] ^= 1;
    client.send(forged);
    client.send(Octets(31));
    client.send(Octets(33));
    client.send(Octets(8000));  // Over what is received.
    client.send({});
    REQUIRE(site.comes_to(Outcome::Forged, 1));
    REQUIRE(site.comes_to(Outcome::Malformed, 4));
    CHECK(client.answer(Milliseconds(0)).empty());
}

TEST_CASE("A server that goes is unknown from then on", "[checkin]") {
    DeskSite site;
    const Client client(site, 0);
    site.desk->apply(DeskSite::one(std::nullopt));
    client.send(site.next());
    CHECK(site.comes_to(Outcome::Unknown, 1));
    CHECK(site.desk->counters().servers.value() == 0);
    std::vector<Update> more;
    for (const std::uint64_t server : {1ull, 2ull, 3ull})
        more.push_back({server, DeskSite::enrolment()});
    site.desk->apply(std::move(more));
    client.send(site.next());
    REQUIRE(site.comes_to(Outcome::Unknown, 2));
    CHECK(site.desk->counters().servers.value() == 2);
    CHECK(site.desk->counters().left_out.value() == 1);
}

TEST_CASE("A network that floods is not looked at, others are", "[checkin][hostile]") {
    DeskSite site("::1", 100);
    const Client flood(site, 0);
    const Stopwatch stopwatch;
    while (site.count(Outcome::Limited) == 0 &&
           std::chrono::nanoseconds(stopwatch.nanoseconds()) < kPatience)
        flood.send(Octets(32));
    const Client client(site, 1);
    client.send(site.next());
    REQUIRE(site.comes_to(Outcome::Right, 1));
    site.desk->stop();
    CHECK(site.count(Outcome::Limited) > 0);
    CHECK(site.count(Outcome::Malformed) >= 100);
}

TEST_CASE("A desk does not share its port", "[checkin]") {
    const DeskSite site;
    DeskOptions options;
    options.listen = {site.desk->endpoints()[0]};
    Published<zones::ZoneTable> zones(std::make_shared<const zones::ZoneTable>());
    const auto second = Desk::bind(options, zones, site.clock);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::Conflict);
}

}  // namespace
}  // namespace hairpin::checkin
