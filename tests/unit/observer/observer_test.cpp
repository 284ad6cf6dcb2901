#include "observer/observer.hpp"

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/dnsd/running.hpp"

namespace hairpin::observer {
namespace {

using dnsd::tests::Peer;
using dnsd::tests::query;
using dnsd::tests::Running;

/// A name server of two workers, watched.
struct Watched {
    void configure(const Options& options) {
        observer->configure(options);
        running.server->watch(observer->watch(), observer->rings());
        // What was posted to a worker runs before the next message that it reads.
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    void ask(int times) {
        Peer peer(running.endpoint(), SOCK_DGRAM);
        for (int each = 0; each < times; ++each) {
            peer.send(query("nur1.example.net. A"));
            REQUIRE(peer.receive());
        }
    }
    std::size_t lines() const {
        std::ifstream file(path);
        std::size_t count = 0;
        for (std::string line; std::getline(file, line);)
            count += line.find("name=nur1.example.net.") != std::string::npos ? 1 : 0;
        return count;
    }
    hairpin::tests::TemporaryFolder folder;
    const std::string path = folder.file("queries.log");
    Running running;
    std::unique_ptr<Observer> observer =
        Observer::start(running.server->workers(), running.zones).value();
};

TEST_CASE("Unless something is to be watched there are no rings", "[observer]") {
    Watched watched;
    watched.configure({});
    watched.ask(3);
    CHECK(watched.observer->rings().empty());
    CHECK(watched.running.server->totals().observed.value() == 0);
}

TEST_CASE("Every exchange is a line, also those just before the end", "[observer][query_log]") {
    Watched watched;
    Options options;
    options.query_log = {watched.path, 1};
    watched.configure(options);
    CHECK(watched.observer->rings().size() == watched.running.server->workers());
    watched.ask(50);
    watched.running.server->stop();
    watched.observer->stop();
    CHECK(watched.lines() == 50);
    CHECK(watched.observer->counters().query_log.written.value() == 50);
}

TEST_CASE("What CAs ask is kept while somebody attends, with what they were told",
          "[observer][challenges]") {
    Watched watched;
    watched.configure({});
    const auto attend = [&](bool attends) {
        watched.observer->attend_challenges(attends);
        watched.running.server->watch(watched.observer->watch(), watched.observer->rings());
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    };
    const auto ask = [&](const char* question) {
        Peer peer(watched.running.endpoint(), SOCK_DGRAM);
        peer.send(query(question));
        REQUIRE(peer.receive());
        std::this_thread::sleep_for(std::chrono::milliseconds(2));  // Times are in milliseconds.
    };
    const auto kept = [&](std::size_t wanted) {
        auto found = watched.observer->challenges().since({});
        for (int each = 0; each < 500 && found.size() < wanted; ++each) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            found = watched.observer->challenges().since({});
        }
        return found;
    };
    ask("_acme-challenge.nur1.example.net. TXT");
    attend(true);
    ask("_acme-challenge.nur7.example.net. TXT");
    ask("nur1.example.net. A");
    ask("nur1.example.net. CAA");
    const auto found = kept(2);
    REQUIRE(found.size() == 2);
    CHECK(found[0].owner.text() == "_acme-challenge.nur7.example.net.");
    CHECK(found[0].type == zones::RType::TXT);
    CHECK(found[0].rcode == "NXDOMAIN");
    CHECK(found[0].client.address.text() == "127.0.0.1");
    CHECK(found[0].server == watched.running.endpoint());
    CHECK(found[1].rcode == "NOERROR");
    CHECK(found[1].records == 0);
    CHECK(watched.observer->challenges().since(found[1].at + Milliseconds(60'000)).empty());
    // A query log that comes and goes meanwhile takes nothing away.
    Options options;
    options.query_log = {watched.path, 1};
    watched.configure(options);
    watched.configure({});
    ask("_acme-challenge.nur7.example.net. TXT");
    CHECK(kept(3).size() == 3);
    attend(false);
    ask("_acme-challenge.nur7.example.net. TXT");
    watched.running.server->stop();
    watched.observer->stop();
    CHECK(watched.observer->challenges().since({}).size() == 3);
}

TEST_CASE("What is watched may change at any time", "[observer][query_log]") {
    Watched watched;
    Options options;
    options.query_log = {watched.path, 1};
    watched.configure(options);
    watched.ask(5);
    // An exchange is shown when its answer has left: the last one may be on its way yet.
    const auto written = [&] { return watched.observer->counters().query_log.written.value(); };
    for (int each = 0; each < 500 && written() < 5; ++each)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    watched.configure({});
    watched.ask(5);
    watched.configure(options);
    watched.ask(5);
    watched.running.server->stop();
    watched.observer->stop();
    CHECK(watched.lines() == 10);
}

TEST_CASE("Without a reader frames are dropped and nothing else", "[observer][dnstap]") {
    Watched watched;
    Options options;
    options.dnstap.socket = watched.folder.file("nobody.sock");
    watched.configure(options);
    watched.ask(20);
    watched.running.server->stop();
    watched.observer->stop();
    CHECK(watched.observer->counters().dnstap.dropped.value() == 40);
    CHECK(watched.observer->counters().dnstap.written.value() == 0);
    CHECK(watched.observer->counters().is_connected.value() == 0);
}

}  // namespace
}  // namespace hairpin::observer
