#include "dnsd/update_desk.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/tsig.hpp"
#include "tests/support/updates.hpp"
#include "tests/unit/dnsd/running.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::message_text;
using zones::RType;

TsigTime now() {
    return static_cast<TsigTime>(to_unix_seconds(SystemClock().now()));
}

/// Keeps what it gets until the test has an answer.
class HeldSink final : public UpdateSink {
public:
    void submit(UpdateRequest request, Done done) override {
        const std::lock_guard hold(mutex_);
        requests_.push_back(std::move(request));
        done_.push_back(std::move(done));
    }
    /// Waits for that many in all.
    [[nodiscard]] bool has(std::size_t count) {
        for (int tries = 0; tries < 500; ++tries) {
            if (size() >= count) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }
    [[nodiscard]] std::size_t size() {
        const std::lock_guard hold(mutex_);
        return requests_.size();
    }
    [[nodiscard]] UpdateRequest request(std::size_t index) {
        const std::lock_guard hold(mutex_);
        return requests_.at(index);
    }
    void say(std::size_t index, Rcode rcode) { done_.at(index)({rcode}); }

private:
    std::mutex mutex_;
    std::vector<UpdateRequest> requests_;
    std::vector<Done> done_;
};

/// Answers at once, on the caller's thread.
class PromptSink final : public UpdateSink {
public:
    void submit(UpdateRequest request, Done done) override {
        done({request.prescan.value_or(Rcode::NoError)});
    }
};

PublishedKeys& known_keys() {
    static PublishedKeys keys = [] {
        KeyRing ring;
        TsigKeyOptions options;
        options.id = 42;
        ring.put(make_key("key.", options));
        return PublishedKeys(std::make_shared<const KeyRing>(ring));
    }();
    return keys;
}

/// A server with one worker, whose sink is the test's.
struct Rig {
    explicit Rig(UpdateSink* sink, const UpdateLimits& limits = {})
        : running([&] {
              ServerOptions options;
              options.workers = 1;
              options.keys = &keys;
              options.updates = sink;
              options.update_limits = limits;
              return options;
          }()) {}
    PublishedKeys keys{known_keys().snapshot()};
    Running running;

    [[nodiscard]] Counters counters() const { return running.server->totals(); }
    /// Waits until one that was answered is counted as such.
    [[nodiscard]] bool none_in_flight() const {
        for (int tries = 0; tries < 300 && counters().updates_in_flight.value() != 0; ++tries)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return counters().updates_in_flight.value() == 0;
    }
};

/// A signed request, and whether what comes back is its answer.
struct SignedUpdate {
    explicit SignedUpdate(const Octets& message, std::string_view key = "key.", TsigTime at = now())
        : key_(make_key(key)), stream_(key_), octets(sign(stream_, message, at)) {}

    /// "NOERROR signed", "NOTAUTH BADSIG".
    [[nodiscard]] std::string read(const std::optional<Octets>& answer) {
        if (!answer) return "silence";
        if (zones::read_u16(answer->data()) != zones::read_u16(octets.data())) return "another's";
        std::string text = message_text(*answer);
        text = text.substr(0, text.find('\n'));
        TsigVerifier verifier(key_, stream_.mac());
        const TsigVerdict verdict = verifier.verify(*answer, now());
        if (verdict == TsigVerdict::Ok) return text + " signed";
        return verdict == TsigVerdict::Unsigned ? text : text + " " + tsig_text(*answer);
    }

private:
    TsigKeyRef key_;
    TsigStream stream_;

public:
    Octets octets;
};

Octets addition(std::uint16_t id = 0x1234, const char* zone = "example.net.") {
    return UpdateBuilder(zone, id).add(std::string("new.") + zone, RType::A, "192.0.2.9").octets();
}

std::string over_udp(const Rig& rig, SignedUpdate& update) {
    Peer peer(rig.running.endpoint(), SOCK_DGRAM);
    peer.send(update.octets);
    return update.read(peer.receive());
}

TEST_CASE("Without a sink UPDATE is not implemented", "[dnsd][rfc2136]") {
    Rig rig(nullptr);
    SignedUpdate update(addition());
    Peer peer(rig.running.endpoint(), SOCK_DGRAM);
    peer.send(update.octets);
    CHECK(message_text(peer.receive().value()) == "NOTIMP opcode=5\nno question\n");
}

TEST_CASE("A signed UPDATE reaches the sink and is answered with its verdict, signed",
          "[dnsd][rfc2136][rfc8945]") {
    HeldSink sink;
    Rig rig(&sink);
    const int type = GENERATE(SOCK_DGRAM, SOCK_STREAM);
    Peer peer(rig.running.endpoint(), type);
    SignedUpdate update(addition());
    peer.send(type == SOCK_STREAM ? framed(update.octets) : update.octets);
    REQUIRE(sink.has(1));
    CHECK(rig.counters().updates_in_flight.value() == 1);
    const UpdateRequest request = sink.request(0);
    CHECK(request.key_id == 42);
    CHECK(request.key_name.text() == "key.");
    CHECK(request.client.text() == "127.0.0.1");
    CHECK(request.transport == (type == SOCK_STREAM ? Transport::Tcp : Transport::Udp));
    CHECK(request.change.apex.text() == "example.net.");
    CHECK(request.change.conflicts == zones::Conflicts::Ignore);
    CHECK_FALSE(request.prescan);
    // The worker does not wait.
    Peer other(rig.running.endpoint(), SOCK_DGRAM);
    other.send(query("nur1.example.net. A"));
    CHECK(message_text(other.receive().value()) == kNur1);
    const Rcode rcode = GENERATE(Rcode::NoError, Rcode::YxRrset, Rcode::NotZone, Rcode::ServFail);
    sink.say(0, rcode);
    const auto answer = type == SOCK_STREAM ? peer.receive_framed() : peer.receive();
    const std::string text = update.read(answer);
    INFO(text);
    CHECK(text.ends_with(" opcode=5 signed"));
    CHECK((zones::read_u16(&answer->at(2)) & 0x87f0) == 0x8000);  // QR, and no bit of Z.
    CHECK((answer->at(3) & 15u) == static_cast<unsigned>(rcode));
    // Section 3.8: the zone, and nothing of the rest.
    CHECK(zones::read_u16(&answer->at(4)) == 1);
    CHECK(zones::read_u16(&answer->at(6)) == 0);
    CHECK(zones::read_u16(&answer->at(8)) == 0);
    CHECK(rig.none_in_flight());
    CHECK(rig.counters().of(update_outcome_of(rcode)) == 1);
}

TEST_CASE("Who may not ask, or asks for what is not here, is told before anything is read",
          "[dnsd][rfc2136]") {
    struct Case {
        const char* why;
        Octets message;
        const char* key;  // Null: unsigned.
        const char* answer;
    };
    const auto at = GENERATE(values<Case>({
        {"unsigned", addition(), nullptr, "REFUSED opcode=5"},
        {"unsigned, of no zone of ours", addition(1, "example.com."), nullptr, "NOTAUTH opcode=5"},
        {"a key that is unknown", addition(), "other.",
         "NOTAUTH opcode=5 BADKEY other. hmac-sha256. mac=0"},
        {"no zone of ours", addition(1, "example.com."), "key.", "NOTAUTH opcode=5 signed"},
        {"a name in a zone is no zone", addition(1, "www.example.net."), "key.",
         "NOTAUTH opcode=5 signed"},
        {"3.1.1: two zones", UpdateBuilder().message().counts({2, 0, 0, 0}).octets(), nullptr,
         "FORMERR opcode=5"},
        {"3.1.1: no SOA",
         hairpin::tests::MessageBuilder(1, kUpdateFlags)
             .question("example.net.", RType::A)
             .octets(),
         "key.", "FORMERR opcode=5 signed"},
        {"another class",
         hairpin::tests::MessageBuilder(1, kUpdateFlags)
             .question("example.net.", RType::SOA, zones::RClass::CH)
             .octets(),
         "key.", "NOTAUTH opcode=5 signed"},
        {"a prerequisite with a TTL",
         UpdateBuilder().prerequisite("www.example.net.", kAny, RType::A, {}, 1).octets(), "key.",
         "FORMERR opcode=5 signed"},
        {"a prerequisite outside of the zone",
         UpdateBuilder().prerequisite("example.org.", kAny, RType::A).octets(), "key.",
         "RCODE10 opcode=5 signed"},
        {"EDNS of tomorrow", UpdateBuilder().message().opt(1232, 1 << 16).octets(), "key.",
         "BADVERS opcode=5 signed"},
    }));
    INFO(at.why);
    PromptSink sink;
    Rig rig(&sink);
    if (at.key != nullptr) {
        SignedUpdate update(at.message, at.key);
        CHECK(over_udp(rig, update) == at.answer);
    } else {
        Peer peer(rig.running.endpoint(), SOCK_DGRAM);
        peer.send(at.message);
        const std::string text = message_text(peer.receive().value());
        CHECK(text.substr(0, text.find('\n')) == at.answer);
    }
}

TEST_CASE("A signature that is wrong or out of time is told as for queries", "[dnsd][rfc8945]") {
    PromptSink sink;
    Rig rig(&sink);
    SignedUpdate late(addition(), "key.", now() - 1000);
    CHECK(over_udp(rig, late) == "NOTAUTH opcode=5 BADTIME key. hmac-sha256. mac=32 other=6");
    SignedUpdate forged(addition());
    forged.octets[forged.octets.size() - 20] ^= 1;  // In the MAC.
    CHECK(over_udp(rig, forged) == "NOTAUTH opcode=5 BADSIG key. hmac-sha256. mac=0");
}

TEST_CASE("The catalog is not written this way", "[dnsd][rfc9432]") {
    PromptSink sink;
    Rig rig(&sink);
    zones::ZoneTable zones = *rig.running.zones.snapshot();
    zones.put(
        hairpin::tests::zone("catalog.test.", "version 0 TXT \"2\"\n", zones::ZoneKind::Catalog));
    rig.running.zones.publish(std::make_shared<const zones::ZoneTable>(std::move(zones)));
    SignedUpdate update(addition(1, "catalog.test."));
    CHECK(over_udp(rig, update) == "REFUSED opcode=5 signed");
}

TEST_CASE("What the prescan finds is for the sink to tell", "[dnsd][rfc2136]") {
    PromptSink sink;
    Rig rig(&sink);
    SignedUpdate update(UpdateBuilder().update("example.org.", kAny, RType::A).octets());
    CHECK(over_udp(rig, update) == "RCODE10 opcode=5 signed");
}

TEST_CASE("A datagram that comes again is done once and answered the same", "[dnsd][rfc2136]") {
    HeldSink sink;
    Rig rig(&sink);
    Peer peer(rig.running.endpoint(), SOCK_DGRAM);
    SignedUpdate update(addition());
    for (int each = 0; each < 3; ++each)
        peer.send(update.octets);
    REQUIRE(sink.has(1));
    peer.send(query("nur1.example.net. A"));  // Behind them.
    CHECK(message_text(peer.receive().value()) == kNur1);
    CHECK(sink.size() == 1);
    sink.say(0, Rcode::YxDomain);
    const auto answer = peer.receive();
    CHECK(update.read(answer) == "YXDOMAIN opcode=5 signed");
    CHECK_FALSE(peer.receive(100));  // One answer for all that were in flight.
    peer.send(update.octets);
    CHECK(peer.receive() == answer);
    CHECK(sink.size() == 1);
    CHECK(rig.counters().updates_repeated.value() == 3);

    // From another port it is another's.
    Peer stranger(rig.running.endpoint(), SOCK_DGRAM);
    stranger.send(update.octets);
    REQUIRE(sink.has(2));
    // What failed is tried again.
    sink.say(1, Rcode::ServFail);
    CHECK(update.read(stranger.receive()) == "SERVFAIL opcode=5 signed");
    stranger.send(update.octets);
    REQUIRE(sink.has(3));
    sink.say(2, Rcode::NoError);
    CHECK(update.read(stranger.receive()) == "NOERROR opcode=5 signed");
}

TEST_CASE("Over a connection UPDATEs are answered as they become durable, questions at once",
          "[dnsd][rfc7766]") {
    HeldSink sink;
    Rig rig(&sink);
    Peer peer(rig.running.endpoint(), SOCK_STREAM);
    SignedUpdate first(addition(1)), second(addition(2));
    Octets stream = framed(first.octets);
    for (const Octets& more : {second.octets, query("nur1.example.net. A", 3)}) {
        const Octets frame = framed(more);
        stream.insert(stream.end(), frame.begin(), frame.end());
    }
    stream.push_back(0);  // And the beginning of another.
    peer.send(stream);
    CHECK(message_text(peer.receive_framed().value()) == kNur1);
    REQUIRE(sink.has(2));
    sink.say(1, Rcode::NoError);
    CHECK(second.read(peer.receive_framed()) == "NOERROR opcode=5 signed");
    sink.say(0, Rcode::NxRrset);
    CHECK(first.read(peer.receive_framed()) == "NXRRSET opcode=5 signed");
    const Octets rest = framed(query("nur1.example.net. A", 4));
    peer.send(OctetView(rest).subspan(1));
    CHECK(message_text(peer.receive_framed().value()) == kNur1);
}

TEST_CASE("A client that has gone is not waited for", "[dnsd]") {
    HeldSink sink;
    Rig rig(&sink);
    {
        Peer peer(rig.running.endpoint(), SOCK_STREAM);
        SignedUpdate update(addition());
        peer.send(framed(update.octets));
        REQUIRE(sink.has(1));
    }
    for (int tries = 0; tries < 300 && rig.counters().tcp.open.value() != 0; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    sink.say(0, Rcode::NoError);
    CHECK(rig.none_in_flight());
    Peer other(rig.running.endpoint(), SOCK_DGRAM);
    other.send(query("nur1.example.net. A"));
    CHECK(message_text(other.receive().value()) == kNur1);
}

TEST_CASE("Over a bound, and behind the deadline, SERVFAIL is said", "[dnsd][hostile]") {
    HeldSink sink;
    UpdateLimits limits;
    limits.in_flight = 3;
    limits.in_flight_per_connection = 2;
    limits.deadline = Milliseconds(300);
    Rig rig(&sink, limits);
    Peer peer(rig.running.endpoint(), SOCK_STREAM);
    SignedUpdate one(addition(1)), two(addition(2)), three(addition(3));
    peer.send(framed(one.octets));
    peer.send(framed(two.octets));
    REQUIRE(sink.has(2));
    peer.send(framed(three.octets));
    CHECK(three.read(peer.receive_framed()) == "SERVFAIL opcode=5 signed");
    SignedUpdate four(addition(4)), five(addition(5));
    Peer datagrams(rig.running.endpoint(), SOCK_DGRAM);
    datagrams.send(four.octets);
    REQUIRE(sink.has(3));
    datagrams.send(five.octets);
    CHECK(five.read(datagrams.receive()) == "SERVFAIL opcode=5 signed");
    CHECK(one.read(peer.receive_framed()) == "SERVFAIL opcode=5 signed");
    CHECK(two.read(peer.receive_framed()) == "SERVFAIL opcode=5 signed");
    CHECK(four.read(datagrams.receive()) == "SERVFAIL opcode=5 signed");
    sink.say(0, Rcode::NoError);  // Too late.
    CHECK_FALSE(peer.receive_framed(100));
    CHECK(rig.counters().of(UpdateOutcome::Failed) == 5);
}

TEST_CASE("What is in flight when the server stops is answered", "[dnsd]") {
    HeldSink sink;
    Rig rig(&sink);
    Peer datagrams(rig.running.endpoint(), SOCK_DGRAM);
    Peer stream(rig.running.endpoint(), SOCK_STREAM);
    SignedUpdate one(addition(1)), two(addition(2));
    datagrams.send(one.octets);
    REQUIRE(sink.has(1));
    stream.send(framed(two.octets));
    REQUIRE(sink.has(2));
    std::thread verdicts([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        sink.say(0, Rcode::NoError);
        sink.say(1, Rcode::NoError);
    });
    rig.running.server->stop();
    verdicts.join();
    CHECK(one.read(datagrams.receive()) == "NOERROR opcode=5 signed");
    CHECK(two.read(stream.receive_framed()) == "NOERROR opcode=5 signed");
}

TEST_CASE("A sink that never answers does not keep the server from stopping", "[dnsd]") {
    HeldSink sink;
    UpdateLimits limits;
    limits.drain = Milliseconds(100);
    Rig rig(&sink, limits);
    Peer peer(rig.running.endpoint(), SOCK_DGRAM);
    SignedUpdate update(addition());
    peer.send(update.octets);
    REQUIRE(sink.has(1));
    rig.running.server->stop();
    CHECK(update.read(peer.receive()) == "SERVFAIL opcode=5 signed");
    sink.say(0, Rcode::NoError);  // Nobody is left.
}

TEST_CASE("A name so long that zone and TSIG do not both fit is answered without the zone",
          "[dnsd][rfc2136]") {
    PromptSink sink;
    Rig rig(&sink);
    const std::string label(60, 'l');
    const std::string zone = label + "." + label + "." + label + ".test.";
    const std::string key_name = label + "." + label + "." + label + ".key.";
    zones::ZoneTable zones = *rig.running.zones.snapshot();
    zones.put(hairpin::tests::zone(zone, ""));
    rig.running.zones.publish(std::make_shared<const zones::ZoneTable>(std::move(zones)));
    KeyRing ring;
    ring.put(make_key(key_name));
    rig.keys.publish(std::make_shared<const KeyRing>(ring));
    SignedUpdate update(UpdateBuilder(zone).octets(), key_name);
    Peer peer(rig.running.endpoint(), SOCK_DGRAM);
    peer.send(update.octets);
    const auto answer = peer.receive();
    CHECK(update.read(answer) == "NOERROR opcode=5 signed");
    CHECK(answer->size() <= 512);
}

TEST_CASE("The memory of datagrams ends", "[dnsd]") {
    UpdateMemory memory;
    const MonotonicTime start{Seconds(100)};
    const Endpoint client = Endpoint::parse("192.0.2.1:1234").value();
    const auto mark = [&](std::uint16_t id) {
        const Octets mac{static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id), 3, 4};
        return UpdateMemory::mark_of(1, client, id, mac);
    };
    CHECK_FALSE(memory.find(mark(1), start));
    memory.begin(mark(1));
    CHECK(memory.find(mark(1), start + Seconds(100))->empty());
    memory.answered(mark(1), Octets{1, 2}, start);
    CHECK(memory.find(mark(1), start + Seconds(29))->size() == 2);
    CHECK_FALSE(memory.find(mark(1), start + Seconds(30)));
    for (std::uint16_t id = 0; id < 5'000; ++id) {
        memory.begin(mark(id));
        memory.answered(mark(id), Octets{1}, start);
    }
    CHECK(memory.size() == UpdateMemory::kMostAnswers);
    CHECK_FALSE(memory.find(mark(0), start));
    CHECK(memory.find(mark(4'999), start));
}

}  // namespace
}  // namespace hairpin::dnsd::tests
