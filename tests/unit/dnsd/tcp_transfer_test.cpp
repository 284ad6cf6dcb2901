#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/transfers.hpp"
#include "tests/unit/dnsd/running.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::answer_lines;
using hairpin::tests::applied;
using hairpin::tests::lines_of;
using hairpin::tests::lower;
using hairpin::tests::message_text;
using hairpin::tests::name;
using hairpin::tests::transfer_query;
using hairpin::tests::whole_zone;

/// Remembers what it is asked and answers when the test says so, on the test's thread.
class FakeHistory final : public zones::HistorySource {
public:
    void ask(const zones::HistoryRequest& request, Done done) override {
        asked_.with([&](auto& asked) { asked = {request, std::move(done)}; });
        ++count;
    }
    zones::HistoryRequest wait_for_question() {
        for (int tries = 0; tries < 500 && count == 0; ++tries)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        REQUIRE(count > 0);
        return asked_.with([](auto& asked) { return asked.first; });
    }
    void answer(Answer answer) {
        count = 0;
        asked_.with([](auto& asked) { return std::exchange(asked.second, {}); })(std::move(answer));
    }
    std::atomic<int> count{0};

private:
    Guarded<std::pair<zones::HistoryRequest, Done>> asked_;
};

/// "large.test. 127.0.0.1 7", in the order told.
class HeardFollowers final : public zones::FollowerSink {
public:
    void holds(zones::Held held) override {
        heard_.with([&](auto& heard) {
            heard.push_back(held.apex.text() + " " + held.follower + " " +
                            std::to_string(held.serial));
        });
    }
    [[nodiscard]] std::vector<std::string> heard() const {
        return heard_.with([](const auto& heard) { return heard; });
    }

private:
    Guarded<std::vector<std::string>> heard_;
};

zones::ZoneRef large_zone(int names) {
    std::string text;
    for (int each = 0; each < names; ++each)
        text += "n" + std::to_string(each) + " 60 IN TXT \"" + std::string(200, 'x') + "\"\n";
    return hairpin::tests::zone("large.test.", text);
}

struct Rig {
    explicit Rig(TransferLimits limits = {}, const char* allowed = "127.0.0.0/8") {
        auto table = std::make_shared<zones::ZoneTable>(make_world());
        table->put(large_zone(20'000));  // 4 MB: more than a socket takes.
        zones.publish(table);
        allow(allowed);
        ServerOptions options;
        options.listen = {Endpoint::parse("127.0.0.1:0").value()};
        options.workers = 2;
        options.transfers = limits;
        server = Server::bind(options, zones, {&policy, &history, nullptr, &followers}).value();
        REQUIRE(server->start());
    }
    void allow(const char* prefix) {
        auto next = std::make_shared<TransferPolicy>();
        next->allow({Prefix::parse(prefix).value(), {}});
        policy.publish(next);
    }
    [[nodiscard]] const Endpoint& endpoint() const { return server->endpoints().front(); }
    [[nodiscard]] zones::ZoneRef zone(const char* apex) const {
        return zones.snapshot()->share(name(apex));
    }

    PublishedZones zones{std::make_shared<const zones::ZoneTable>()};
    PublishedTransferPolicy policy{std::make_shared<const TransferPolicy>()};
    FakeHistory history;
    HeardFollowers followers;
    std::unique_ptr<Server> server;
};

/// Messages until so many SOAs have come.
std::vector<Octets> receive_transfer(Peer& peer, std::size_t most_soas = 2) {
    std::vector<Octets> messages;
    std::size_t soas = 0;
    while (soas < most_soas) {
        auto message = peer.receive_framed();
        if (!message || message->empty()) throw std::runtime_error("it ended early");
        const auto lines = answer_lines({&*message, 1});
        const auto count = std::count_if(lines.begin(), lines.end(), hairpin::tests::is_soa);
        soas += static_cast<std::size_t>(count);
        messages.push_back(*std::move(message));
    }
    return messages;
}

bool wait_until(const std::function<bool()>& holds) {
    for (int tries = 0; tries < 1'000 && !holds(); ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
}

bool ends(Peer& peer) {
    try {
        for (;;) {
            const auto more = peer.receive();
            if (!more) return false;
            if (more->empty()) return true;
        }
    } catch (const std::runtime_error&) {
        return true;
    }
}

TEST_CASE("A zone of many messages comes whole over TCP", "[dnsd][rfc5936]") {
    Rig rig;
    Peer peer(rig.endpoint(), SOCK_STREAM);
    peer.send(framed(transfer_query("large.test. AXFR")));
    const auto messages = receive_transfer(peer);
    CHECK(messages.size() > 200);
    CHECK(whole_zone(answer_lines(messages)) == lines_of(*rig.zone("large.test.")));
    CHECK(wait_until([&] { return rig.server->totals().transfers_whole.value() == 1; }));
    CHECK(rig.server->transfers_running() == 0);
}

TEST_CASE("What a secondary holds is told, of nobody else", "[dnsd][rfc1995][rfc5936]") {
    Rig rig;
    Peer stranger(rig.endpoint(), SOCK_STREAM);  // It may transfer, and may never come again.
    stranger.send(framed(transfer_query("large.test. AXFR")));
    static_cast<void>(receive_transfer(stranger));
    CHECK(wait_until([&] { return rig.server->totals().transfers_whole.value() == 1; }));
    CHECK(rig.followers.heard().empty());

    auto policy = std::make_shared<TransferPolicy>();
    TransferRules every;
    every.secondaries.push_back({Endpoint::parse("127.0.0.1:53").value(), {}});
    policy->set(std::move(every));
    rig.policy.publish(policy);
    const auto serial = rig.zone("large.test.")->serial();
    const std::string who = "large.test. 127.0.0.1 ";
    Peer secondary(rig.endpoint(), SOCK_STREAM);
    secondary.send(framed(transfer_query("large.test. IXFR", serial - 1)));
    static_cast<void>(rig.history.wait_for_question());
    // It asks for what is after that, so it holds it, whatever becomes of the transfer.
    CHECK(wait_until([&] { return rig.followers.heard().size() == 1; }));
    CHECK(rig.followers.heard().front() == who + std::to_string(serial - 1));
    rig.history.answer(fail(zones::NoHistory::Gone));
    static_cast<void>(receive_transfer(secondary));
    CHECK(wait_until([&] { return rig.followers.heard().size() == 2; }));
    CHECK(rig.followers.heard().back() == who + std::to_string(serial));
}

TEST_CASE("What is asked around transfers on one connection is answered in order",
          "[dnsd][rfc7766][rfc5936]") {
    Rig rig;
    Peer peer(rig.endpoint(), SOCK_STREAM);
    Octets all;
    const auto ask = [&](const Octets& message) {
        const Octets one = framed(message);
        all.insert(all.end(), one.begin(), one.end());
    };
    ask(query("nur1.example.net. A", 1));
    ask(transfer_query("large.test. AXFR"));
    ask(query("nur1.example.net. A", 2));
    ask(transfer_query("example.org. AXFR"));
    ask(transfer_query("example.com. AXFR"));
    ask(query("nur1.example.net. A", 3));
    peer.send(all);
    CHECK(message_text(peer.receive_framed().value()) == kNur1);
    CHECK(receive_transfer(peer).size() > 200);
    CHECK(message_text(peer.receive_framed().value()) == kNur1);
    CHECK(whole_zone(answer_lines(receive_transfer(peer))) == lines_of(*rig.zone("example.org.")));
    CHECK(message_text(peer.receive_framed().value()) == "NOTAUTH\n");
    CHECK(message_text(peer.receive_framed().value()) == kNur1);
}

TEST_CASE("A transfer is of one version while the zone goes on", "[dnsd][rfc5936]") {
    Rig rig;
    const auto before = rig.zone("large.test.");
    Peer peer(rig.endpoint(), SOCK_STREAM, 4'096);
    peer.send(framed(transfer_query("large.test. AXFR")));
    REQUIRE(wait_until([&] { return rig.server->transfers_running() == 1; }));
    auto table = std::make_shared<zones::ZoneTable>(*rig.zones.snapshot());
    table->put(large_zone(3));
    rig.zones.publish(table);
    CHECK(whole_zone(answer_lines(receive_transfer(peer))) == lines_of(*before));
}

TEST_CASE("A permission that ends is asked for with each transfer", "[dnsd][rfc5936]") {
    Rig rig({}, "192.0.2.0/24");
    Peer peer(rig.endpoint(), SOCK_STREAM);
    peer.send(framed(transfer_query("example.org. AXFR")));
    CHECK(message_text(peer.receive_framed().value()) == "REFUSED\n");
    rig.allow("127.0.0.1/32");
    peer.send(framed(transfer_query("example.org. AXFR")));
    CHECK_FALSE(receive_transfer(peer).empty());
    rig.allow("192.0.2.0/24");
    peer.send(framed(transfer_query("example.org. AXFR")));
    CHECK(message_text(peer.receive_framed().value()) == "REFUSED\n");
}

TEST_CASE("IXFR asks the history and sends what it says, or the whole zone", "[dnsd][rfc1995]") {
    Rig rig;
    const auto old = rig.zone("example.net.");
    const auto edited = zones::apply(
        old,
        hairpin::tests::change(
            "example.net.", {hairpin::tests::edit(zones::EditKind::AddRecords, "new.example.net.",
                                                  zones::RType::A, {"192.0.2.200"})}),
        {0, {}}, {});
    REQUIRE(edited);
    auto table = std::make_shared<zones::ZoneTable>(*rig.zones.snapshot());
    table->put(edited->zone);
    rig.zones.publish(table);

    Peer peer(rig.endpoint(), SOCK_STREAM);
    peer.send(framed(transfer_query("example.net. IXFR", old->serial())));
    const auto asked = rig.history.wait_for_question();
    CHECK(asked.apex == name("example.net."));
    CHECK(asked.from == old->serial());
    CHECK(asked.to == edited->zone->serial());
    CHECK_FALSE(peer.receive(50));

    SECTION("a difference") {
        rig.history.answer(edited->difference);
        const std::vector<Octets> messages{peer.receive_framed().value()};
        CHECK(applied(lines_of(*old), answer_lines(messages)) == lower(lines_of(*edited->zone)));
        CHECK(wait_until([&] { return rig.server->totals().transfers_incremental.value() == 1; }));
    }
    SECTION("nothing") {
        rig.history.answer(fail(zones::NoHistory::Gone));
        CHECK(whole_zone(answer_lines(receive_transfer(peer))) == lines_of(*edited->zone));
    }
    SECTION("an answer after the client has gone") {
        { const Peer gone = std::move(peer); }
        rig.history.answer(edited->difference);
        CHECK(wait_until([&] { return rig.server->transfers_running() == 0; }));
    }
    SECTION("an answer after the server has stopped") {
        rig.server->stop();
        rig.history.answer(edited->difference);
        CHECK(ends(peer));
    }
}

TEST_CASE("A history that takes too long is not waited for", "[dnsd][rfc1995]") {
    TransferLimits limits;
    limits.history = Milliseconds(300);
    Rig rig(limits);
    Peer peer(rig.endpoint(), SOCK_STREAM);
    peer.send(framed(transfer_query("example.org. IXFR", 0)));
    CHECK(whole_zone(answer_lines(receive_transfer(peer))) == lines_of(*rig.zone("example.org.")));
    rig.history.answer(fail(zones::NoHistory::Gone));  // Too late for anything.
    peer.send(framed(query("nur1.example.net. A")));
    CHECK(message_text(peer.receive_framed().value()) == kNur1);
}

TEST_CASE("A client that is up to date gets the SOA alone", "[dnsd][rfc1995]") {
    Rig rig;
    Peer peer(rig.endpoint(), SOCK_STREAM);
    peer.send(framed(transfer_query("example.net. IXFR", 1)));
    const std::vector<Octets> messages{peer.receive_framed().value()};
    CHECK(answer_lines(messages).size() == 1);
    CHECK(rig.history.count == 0);
}

TEST_CASE("A peer that stops reading a transfer is let go, and delays nobody",
          "[dnsd][rfc5936][hostile]") {
    TransferLimits limits;
    limits.window = Milliseconds(700);
    Rig rig(limits);
    Peer stalled(rig.endpoint(), SOCK_STREAM, 4'096);
    stalled.send(framed(transfer_query("large.test. AXFR")));
    REQUIRE(wait_until([&] { return rig.server->transfers_running() == 1; }));
    for (int each = 0; each < 8; ++each) {
        Peer other(rig.endpoint(), SOCK_STREAM);
        other.send(framed(query("nur1.example.net. A")));
        CHECK(other.receive_framed());
    }
    CHECK(wait_until([&] { return rig.server->transfers_running() == 0; }));
    CHECK(rig.server->totals().tcp.timed_out.value() == 1);
    CHECK(rig.server->totals().transfers_whole.value() == 0);
}

TEST_CASE("A slow reader that keeps the least pace gets all, in any time", "[dnsd][rfc5936]") {
    TransferLimits limits;
    limits.window = Milliseconds(500);
    limits.octets_per_window = 20'000;
    Rig rig(limits);
    Peer slow(rig.endpoint(), SOCK_STREAM, 4'096);
    slow.send(framed(transfer_query("large.test. AXFR")));
    std::vector<Octets> messages;
    // 4 messages in 100 ms: about 300 KB in each window, over several of them.
    for (int each = 0; each < 24 * 4; ++each) {
        if (each % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const auto message = slow.receive_framed();
        REQUIRE((message && !message->empty()));
        messages.push_back(*message);
    }
    for (auto& message : receive_transfer(slow, 1))
        messages.push_back(std::move(message));
    CHECK(whole_zone(answer_lines(messages)) == lines_of(*rig.zone("large.test.")));
}

TEST_CASE("Over the limit of transfers SERVFAIL says to come again", "[dnsd][rfc5936]") {
    TransferLimits limits;
    limits.per_client = 2;
    Rig rig(limits);
    std::vector<std::unique_ptr<Peer>> peers;
    for (int each = 0; each < 2; ++each) {
        peers.push_back(std::make_unique<Peer>(rig.endpoint(), SOCK_STREAM, 4'096));
        peers.back()->send(framed(transfer_query("large.test. AXFR")));
    }
    REQUIRE(wait_until([&] { return rig.server->transfers_running() == 2; }));
    Peer third(rig.endpoint(), SOCK_STREAM);
    third.send(framed(transfer_query("example.org. AXFR", 0, 1, 0, true)));
    CHECK(message_text(third.receive_framed().value()) == "SERVFAIL\nopt: 1232 do ede=14\n");
    peers.clear();
    REQUIRE(wait_until([&] { return rig.server->transfers_running() == 0; }));
    third.send(framed(transfer_query("example.org. AXFR")));
    CHECK_FALSE(receive_transfer(third).empty());
}

TEST_CASE("A server stops in the middle of transfers", "[dnsd]") {
    Rig rig;
    Peer peer(rig.endpoint(), SOCK_STREAM, 4'096);
    peer.send(framed(transfer_query("large.test. AXFR")));
    Peer waiting(rig.endpoint(), SOCK_STREAM);
    waiting.send(framed(transfer_query("example.org. IXFR", 0)));
    static_cast<void>(rig.history.wait_for_question());
    REQUIRE(wait_until([&] { return rig.server->transfers_running() == 2; }));
    rig.server->stop();
    CHECK(rig.server->transfers_running() == 0);
    CHECK(ends(waiting));
}

}  // namespace
}  // namespace hairpin::dnsd::tests
