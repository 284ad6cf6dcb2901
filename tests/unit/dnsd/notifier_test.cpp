#include "dnsd/notifier.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "net/socket.hpp"
#include "tests/support/dns_message.hpp"
#include "tests/support/tsig.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::dnsd {
namespace {

using hairpin::tests::name;

zones::ZoneRef zone_at(const std::string& apex, std::uint32_t serial) {
    return hairpin::tests::zone(apex, "@ 60 IN SOA ns.example. host.example. " +
                                          std::to_string(serial) +
                                          " 1 2 3 4\n@ 60 IN NS ns.example.\n");
}

struct Datagram {
    Octets message;
    Endpoint from;
    [[nodiscard]] std::uint16_t id() const { return zones::read_u16(message.data()); }
    [[nodiscard]] zones::Name apex() const { return zones::read_name(message, 12).value().name; }
    [[nodiscard]] std::uint32_t serial() const {
        const std::size_t end = is_signed() ? tests::tsig_of(message).offset : message.size();
        return zones::read_u32(&message[end - 20]);
    }
    [[nodiscard]] bool is_signed() const { return find_tsig(message).value() != 0; }
};

TsigTime unix_seconds() {
    return static_cast<TsigTime>(to_unix_seconds(SystemClock().now()));
}

/// A secondary on loopback that hears everything and answers when it is told to.
class Follower {
public:
    explicit Follower(const char* where = "127.0.0.1:0")
        : socket_(net::bind_udp(Endpoint::parse(where).value(), {}).value()) {}
    [[nodiscard]] Endpoint endpoint() const { return net::local_endpoint(socket_).value(); }

    std::optional<Datagram> hear(int milliseconds = 10'000) {
        pollfd watched{socket_.get(), POLLIN, 0};
        if (::poll(&watched, 1, milliseconds) <= 0) return std::nullopt;
        Octets message(512);
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const ssize_t count = ::recvfrom(socket_.get(), message.data(), message.size(), 0,
                                         reinterpret_cast<sockaddr*>(&peer), &size);
        message.resize(static_cast<std::size_t>(count));
        return Datagram{message,
                        Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&peer)).value()};
    }
    void answer(const Datagram& heard, std::uint16_t rcode = 0, std::uint16_t other_id = 0,
                const TsigKeyRef& key = {}) {
        hairpin::tests::MessageBuilder builder(static_cast<std::uint16_t>(heard.id() + other_id),
                                               static_cast<std::uint16_t>(0xA400 | rcode));
        builder.question(heard.apex().text(), zones::RType::SOA);
        Octets message = builder.octets();
        if (key) {
            TsigStream stream(key, tests::tsig_of(heard.message).mac);
            message = tests::sign(stream, message, unix_seconds());
        }
        sockaddr_storage address{};
        const socklen_t size = heard.from.to_sockaddr(address);
        ::sendto(socket_.get(), message.data(), message.size(), 0,
                 reinterpret_cast<const sockaddr*>(&address), size);
    }

private:
    Fd socket_;
};

struct World {
    explicit World(const NotifierOptions& options = {}, const char* key = nullptr) {
        follow({secondary.endpoint(), key == nullptr ? std::nullopt : std::optional(name(key))});
        notifier = Notifier::start(options, {zones, policy, &keys}).value();
    }
    /// It alone follows, every zone.
    void follow(const dnsd::Secondary& who) {
        TransferPolicy next;
        next.set({{}, {who}});
        policy.publish(std::make_shared<const TransferPolicy>(std::move(next)));
    }
    void know(const TsigKeyRef& key) {
        KeyRing next = *keys.snapshot();
        next.put(key);
        keys.publish(std::make_shared<const KeyRing>(std::move(next)));
    }
    void publish(const std::string& apex, std::uint32_t serial) {
        zones::ZoneTable next = *zones.snapshot();
        next.put(zone_at(apex, serial));
        zones.publish(std::make_shared<const zones::ZoneTable>(std::move(next)));
        notifier->changed({{name(apex), serial, true}});
    }
    [[nodiscard]] NotifyStanding entry(const std::string& apex) const {
        const auto reports = notifier->results(name(apex));
        return reports.empty() ? NotifyStanding() : reports.front().entry;
    }
    template <typename Condition>
    [[nodiscard]] static bool eventually(const Condition& condition) {
        for (int tries = 0; tries < 3'000 && !condition(); ++tries)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return condition();
    }

    /// A change of which the secondary hears and that it acknowledges.
    Datagram tell(const std::string& apex, std::uint32_t serial) {
        publish(apex, serial);
        const auto heard = secondary.hear();
        REQUIRE(heard);
        secondary.answer(*heard);
        CHECK(eventually([&] { return entry(apex).acknowledged == serial; }));
        return *heard;
    }

    Published<zones::ZoneTable> zones{std::make_shared<zones::ZoneTable>()};
    PublishedTransferPolicy policy{std::make_shared<const TransferPolicy>()};
    PublishedKeys keys{std::make_shared<const KeyRing>()};
    Follower secondary;
    std::unique_ptr<Notifier> notifier;
};

TEST_CASE("A secondary is told of a change and its answer is kept", "[dnsd][rfc1996]") {
    World world;
    world.publish("example.net.", 7);
    const auto heard = world.secondary.hear();
    REQUIRE(heard);
    CHECK(heard->apex() == name("example.net."));
    CHECK(heard->serial() == 7);
    world.secondary.answer(*heard);
    CHECK(World::eventually([&] { return world.entry("example.net.").acknowledged == 7; }));
    CHECK(world.entry("example.net.").result == NotifyResult::Acknowledged);
    CHECK(world.notifier->counters().acknowledged == 1);

    world.publish("example.net.", 8);
    const auto second = world.secondary.hear();
    REQUIRE(second);
    world.secondary.answer(*second, 9);
    CHECK(World::eventually(
        [&] { return world.entry("example.net.").result == NotifyResult::Refused; }));
    CHECK(world.entry("example.net.").rcode == Rcode::NotAuth);
    CHECK(world.entry("example.net.").acknowledged == 7);
}

TEST_CASE("A storm of changes becomes a few NOTIFYs, the last with the last serial",
          "[dnsd][rfc1996]") {
    NotifierOptions options;
    options.policy.min_interval = Milliseconds(200);
    World world(options);
    std::thread storm([&] {
        for (std::uint32_t serial = 1; serial <= 1'000; ++serial)
            world.publish("example.net.", serial);
    });
    std::size_t count = 0;
    std::uint32_t last = 0;
    while (last < 1'000) {
        const auto heard = world.secondary.hear();
        REQUIRE(heard);
        ++count;
        last = heard->serial();
        world.secondary.answer(*heard);
    }
    storm.join();
    CHECK(World::eventually([&] { return world.entry("example.net.").acknowledged == 1'000; }));
    CHECK(count < 500);  // The storm takes far less than 100 s, however slow the machine.
}

TEST_CASE("A NOTIFY without an answer is sent again, with its ID", "[dnsd][rfc1996]") {
    NotifierOptions options;
    options.policy.first_retry = Milliseconds(100);
    options.policy.attempts = 3;
    World world(options);
    world.publish("example.net.", 7);
    const auto first = world.secondary.hear();
    const auto second = world.secondary.hear();
    const auto third = world.secondary.hear();
    REQUIRE((first && second && third));
    CHECK(second->id() == first->id());
    CHECK(third->id() == first->id());
    CHECK(World::eventually(
        [&] { return world.entry("example.net.").result == NotifyResult::NoAnswer; }));
    CHECK(world.notifier->counters().given_up == 1);
    CHECK_FALSE(world.secondary.hear(300));
}

TEST_CASE("Only the secondary's own answer counts", "[dnsd][hostile]") {
    World world;
    world.publish("example.net.", 7);
    const auto heard = world.secondary.hear();
    REQUIRE(heard);
    Follower stranger;
    stranger.answer(*heard);
    world.secondary.answer(*heard, 0, 1);
    CHECK(World::eventually([&] { return world.notifier->counters().strange == 2; }));
    CHECK(world.entry("example.net.").state == NotifyState::InFlight);
    world.secondary.answer(*heard);
    CHECK(World::eventually([&] { return world.entry("example.net.").acknowledged == 7; }));
}

TEST_CASE("All zones are told of at the start, a dropped one not any more", "[dnsd][rfc1996]") {
    World world;
    zones::ZoneTable table;
    for (int each = 0; each < 200; ++each)
        table.put(zone_at("z" + std::to_string(each) + ".example.", 5));
    world.zones.publish(std::make_shared<const zones::ZoneTable>(std::move(table)));
    world.notifier->changed_all();
    std::map<std::string, int> told;
    while (told.size() < 200) {
        const auto heard = world.secondary.hear();
        REQUIRE(heard);
        ++told[heard->apex().text()];
        world.secondary.answer(*heard);
    }
    world.zones.publish(std::make_shared<const zones::ZoneTable>());
    world.notifier->changed({{name("z7.example."), 5, true}});
    CHECK(World::eventually([&] { return !world.entry("z7.example.").was_sent; }));
}

TEST_CASE("No more NOTIFYs leave in a second than allowed", "[dnsd]") {
    NotifierOptions options;
    options.per_second = 50;
    options.policy.first_retry = Milliseconds(60'000);
    World world(options);
    zones::ZoneTable table;
    for (int each = 0; each < 100; ++each)
        table.put(zone_at("z" + std::to_string(each) + ".example.", 5));
    world.zones.publish(std::make_shared<const zones::ZoneTable>(std::move(table)));
    const auto began = std::chrono::steady_clock::now();
    world.notifier->changed_all();
    CHECK(World::eventually([&] { return world.notifier->counters().sent == 100; }));
    CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(1'500));
}

TEST_CASE("IPv6 secondaries are told as well", "[dnsd][rfc1996]") {
    Follower secondary("[::1]:0");
    World world;
    world.follow({secondary.endpoint(), {}});
    world.publish("example.net.", 7);
    const auto heard = secondary.hear();
    REQUIRE(heard);
    CHECK(heard->serial() == 7);
}

TEST_CASE("Secondaries may come and go while it runs", "[dnsd][rfc1996]") {
    World world;
    static_cast<void>(world.tell("example.net.", 7));

    Follower other;
    world.follow({other.endpoint(), {}});
    world.notifier->followed({name("example.net.")});
    const auto told = other.hear();  // Of what is there, without a change.
    REQUIRE(told);
    CHECK(told->serial() == 7);
    other.answer(*told);
    world.publish("example.net.", 8);
    REQUIRE(other.hear());
    CHECK_FALSE(world.secondary.hear(300));
    CHECK(world.notifier->results(name("example.net.")).size() == 1);
}

TEST_CASE("A secondary that follows no more is forgotten", "[dnsd]") {
    World world;
    const Datagram first = world.tell("example.net.", 7);
    const bool all = GENERATE(false, true);
    const auto tell = [&] {
        all ? world.notifier->changed_all() : world.notifier->followed({name("example.net.")});
    };
    Follower other;
    world.follow({other.endpoint(), {}});
    tell();
    REQUIRE(other.hear());
    TransferPolicy both = *world.policy.snapshot();
    both.set({{}, {{world.secondary.endpoint(), {}}, {other.endpoint(), {}}}});
    world.policy.publish(std::make_shared<const TransferPolicy>(std::move(both)));
    CHECK_FALSE(world.entry("example.net.").was_sent);  // It is as new.
    CHECK(world.entry("example.net.").acknowledged == 0);
    world.secondary.answer(first);  // A second time: of nothing that is known.
    CHECK(World::eventually([&] { return world.notifier->counters().strange == 1; }));
}

TEST_CASE("A zone's own secondaries are told of that zone alone", "[dnsd][rfc1996]") {
    World world;
    Follower own;
    TransferPolicy next = *world.policy.snapshot();
    next.set(name("example.net."), {{}, {{own.endpoint(), {}}}});
    world.policy.publish(std::make_shared<const TransferPolicy>(std::move(next)));
    world.publish("example.org.", 7);
    world.publish("example.net.", 8);
    const auto heard = own.hear();
    REQUIRE(heard);
    CHECK(heard->apex() == name("example.net."));
    CHECK(world.notifier->results(name("example.net.")).size() == 2);
    CHECK(world.notifier->results(name("example.org.")).size() == 1);
}

TEST_CASE("Where a secondary has a key, only what is signed with it counts",
          "[dnsd][rfc1996][rfc8945][hostile]") {
    NotifierOptions options;
    options.policy.first_retry = Milliseconds(60'000);
    World world(options, "key.");
    world.know(tests::make_key("key."));
    world.publish("example.net.", 7);
    const auto heard = world.secondary.hear();
    REQUIRE(heard);
    CHECK(heard->serial() == 7);
    CHECK(tests::tsig_text(heard->message) == "NOERROR key. hmac-sha256. mac=32");

    world.secondary.answer(*heard);
    CHECK(World::eventually([&] { return world.notifier->counters().unverified == 1; }));
    world.secondary.answer(*heard, 0, 0, tests::make_key("key.", {}, 9));
    CHECK(World::eventually([&] { return world.notifier->counters().unverified == 2; }));
    CHECK(world.entry("example.net.").state == NotifyState::InFlight);
    CHECK(world.notifier->counters().acknowledged == 0);
    world.secondary.answer(*heard, 0, 0, tests::make_key("key."));
    CHECK(World::eventually([&] { return world.entry("example.net.").acknowledged == 7; }));
    CHECK(world.notifier->results(name("example.net.")).front().secondary.key == name("key."));
}

TEST_CASE("Without the key that is wanted nothing is sent", "[dnsd][rfc8945]") {
    NotifierOptions options;
    options.policy.attempts = 1;
    World world(options, "gone.");
    world.publish("example.net.", 7);
    CHECK(World::eventually([&] { return world.notifier->counters().not_sent >= 1; }));
    CHECK_FALSE(world.secondary.hear(200));
    CHECK(World::eventually(
        [&] { return world.entry("example.net.").result == NotifyResult::Failed; }));

    world.know(tests::make_key("gone."));
    world.publish("example.net.", 8);
    const auto heard = world.secondary.hear();
    REQUIRE(heard);
    CHECK(heard->is_signed());
}

TEST_CASE("A key that is there again is used at once", "[dnsd][rfc8945]") {
    NotifierOptions options;
    options.policy.first_retry = Milliseconds(60'000);
    World world(options, "gone.");
    world.publish("example.net.", 7);
    CHECK(World::eventually([&] { return world.notifier->counters().not_sent == 1; }));
    world.know(tests::make_key("gone."));
    world.notifier->followed({name("example.net.")});
    const auto heard = world.secondary.hear();
    REQUIRE(heard);
    CHECK(heard->is_signed());
    CHECK(heard->serial() == 7);
    world.secondary.answer(*heard, 0, 0, tests::make_key("gone."));
    CHECK(World::eventually([&] { return world.entry("example.net.").acknowledged == 7; }));
}

}  // namespace
}  // namespace hairpin::dnsd
