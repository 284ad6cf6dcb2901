// bench/checkin_bench.cpp - what check-ins cost: 100,000 servers, each once a minute.
//
// Three parts, each apart, as processor time and not as time that passed, so that other programs
// on the machine matter little: the judgement alone; the whole desk on loopback, with its system
// calls and the kernel's part of receiving, at the pace at which 100,000 servers send in a minute,
// where batches are small, and as fast as it goes, where they are full; and what the committer then
// writes (last-seen rows). The register holds 300,000 servers, so that a lookup misses the cache.

#include <sys/resource.h>
#include <sys/socket.h>
#include <ctime>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "checkin/desk.hpp"
#include "checkin/judge.hpp"
#include "core/clock.hpp"
#include "core/fd.hpp"
#include "net/socket.hpp"
#include "store/database.hpp"
#include "store/migrations.hpp"
#include "store/seen.hpp"
#include "tests/support/zones.hpp"

namespace {

using namespace hairpin;  // NOLINT(google-build-using-namespace): a program of one file.

constexpr std::uint64_t kServers = 300'000;
constexpr std::uint64_t kServersOfLicence = 1'000;
constexpr std::uint64_t kFleet = 100'000;  // That check in each minute.
constexpr double kMinute = 60e9;           // Nanoseconds.

double cpu_nanoseconds(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// Of the whole process, and so of the desk's thread when all others wait.
double process_nanoseconds() {
    return cpu_nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}
double thread_nanoseconds() {
    return cpu_nanoseconds(CLOCK_THREAD_CPUTIME_ID);
}

void tell(const char* what, double nanoseconds) {
    const double share = nanoseconds * static_cast<double>(kFleet) / kMinute * 100;
    std::printf("%-44s %8.0f ns each, %5.2f %% of a core for 100,000 a minute\n", what, nanoseconds,
                share);
}

checkin::Key key_of(std::uint64_t server) {
    return checkin::check_in_key(as_octets("secret " + std::to_string(server)));
}
zones::Name apex_of(std::uint64_t server) {
    return tests::name("pl-c" + std::to_string(server / kServersOfLicence) + ".example.net.");
}
std::string label_of(std::uint64_t server) {
    return "nur" + std::to_string(server % kServersOfLicence + 1);
}

checkin::Enrolment enrolment_of(std::uint64_t server) {
    checkin::Enrolment enrolment;
    enrolment.set_name(*zones::Name::child(label_of(server), apex_of(server)), apex_of(server));
    enrolment.keys = {{key_of(server), checkin::kForever}};
    return enrolment;
}

zones::ZoneTable make_zones() {
    zones::ZoneTable table;
    for (std::uint64_t first = 0; first < kServers; first += kServersOfLicence) {
        std::string text;
        for (std::uint64_t server = first; server < first + kServersOfLicence; ++server)
            text += label_of(server) + " 60 IN A 127.0.0.1\n";
        table.put(tests::zone(apex_of(first).text(), text));
    }
    return table;
}

/// Servers in an order that no cache foresees.
std::uint64_t scattered(std::uint64_t each) {
    return each * 7'919'003 % kServers;
}

std::vector<checkin::DatagramOctets> check_ins(std::uint64_t count, std::int64_t milliseconds) {
    std::vector<checkin::DatagramOctets> all;
    all.reserve(count);
    for (std::uint64_t each = 0; each < count; ++each) {
        const std::uint64_t server = scattered(each);
        const auto time = static_cast<std::uint64_t>(milliseconds);
        all.push_back(
            checkin::write_datagram({checkin::Kind::CheckIn, server, time, {}}, key_of(server)));
    }
    return all;
}

void judge_alone(const zones::ZoneTable& zones) {
    checkin::Register known(kServers);
    for (std::uint64_t server = 0; server < kServers; ++server)
        static_cast<void>(known.put(server, enrolment_of(server)));
    ManualClock clock;
    const WallTime started_at = clock.now() - Seconds(3600);
    for (const char* what : {"judgement, the first of each server", "judgement, a minute later"}) {
        const auto datagrams = check_ins(kFleet, to_unix_milliseconds(clock.now()));
        const checkin::Situation situation{zones, clock.now(), started_at};
        std::uint64_t right = 0;
        const double began = thread_nanoseconds();
        for (const auto& each : datagrams) {
            const auto judgement =
                checkin::judge(known, situation, each, IpAddress::v4({127, 0, 0, 1}));
            right += judgement.outcome == checkin::Outcome::Right ? 1 : 0;
        }
        tell(what, (thread_nanoseconds() - began) / static_cast<double>(kFleet));
        std::printf("  right: %llu of %llu\n", static_cast<unsigned long long>(right),
                    static_cast<unsigned long long>(kFleet));
        clock.advance(Seconds(60));
    }
}

struct Pace {
    const char* what;
    std::uint64_t count;
    std::uint64_t at_once;
    std::chrono::microseconds pause;
};

constexpr Pace kWarmUp{"", 0, 64, std::chrono::microseconds(1'000)};

/// At that pace, and waits until the desk has looked at its sockets again.
void send_all(const checkin::Desk& desk, const std::vector<checkin::DatagramOctets>& datagrams,
              const Pace& pace) {
    const Fd sender = net::bind_udp(*Endpoint::parse("127.0.0.1:0")).value();
    sockaddr_storage address{};
    const socklen_t size = desk.endpoints().front().to_sockaddr(address);
    for (std::uint64_t each = 0; each < datagrams.size(); ++each) {
        ::sendto(sender.get(), datagrams[each].data(), datagrams[each].size(), 0,
                 reinterpret_cast<const sockaddr*>(&address), size);
        if (each % pace.at_once == pace.at_once - 1) std::this_thread::sleep_for(pace.pause);
    }
    std::this_thread::sleep_for(Milliseconds(300));
}

/// The desk's thread: the process without the sender.
void whole_desk(const std::shared_ptr<const zones::ZoneTable>& zones, const Pace& pace) {
    ManualClock clock;
    Published<zones::ZoneTable> published(zones);
    checkin::DeskOptions options;
    options.listen = {*Endpoint::parse("127.0.0.1:0")};
    options.per_network = 0;
    options.receive_buffer_octets = 1 << 22;
    const auto desk = checkin::Desk::bind(options, published, clock).value();
    std::vector<checkin::Update> updates;
    for (std::uint64_t server = 0; server < kServers; ++server)
        updates.push_back({server, enrolment_of(server)});
    desk->apply(std::move(updates));
    static_cast<void>(desk->start({}));
    clock.advance(Seconds(60));
    while (desk->counters().servers.value() != kServers)
        std::this_thread::sleep_for(Milliseconds(10));
    // The first minute of a server is not like the others.
    send_all(*desk, check_ins(pace.count, to_unix_milliseconds(clock.now())), kWarmUp);
    clock.advance(Seconds(60));
    const std::uint64_t right_before = desk->counters().outcomes[0].value();
    const auto datagrams = check_ins(pace.count, to_unix_milliseconds(clock.now()));
    const double process = process_nanoseconds();
    const double own = thread_nanoseconds();
    send_all(*desk, datagrams, pace);
    const double used = process_nanoseconds() - process - (thread_nanoseconds() - own);
    desk->stop();
    const std::uint64_t right = desk->counters().outcomes[0].value() - right_before;
    tell(pace.what, used / static_cast<double>(right));
    std::printf("  right: %llu, sent: %llu\n", static_cast<unsigned long long>(right),
                static_cast<unsigned long long>(pace.count));
}

/// Two minutes of commits, and so two rows of each server.
constexpr unsigned kSeconds = 120;

struct Written {
    double nanoseconds = 0;
    double rows = 0;
};

/// What comes within two seconds, in one transaction. As the desk hands on (checkin/desk.hpp): a
/// twentieth of all servers at a time, those of it that were heard since its turn before: a third
/// of them in 20 seconds, two thirds in 40.
void commit_heard(store::Database& database, unsigned second, unsigned hand_on, Written& written) {
    const unsigned round = second / hand_on;
    store::SeenBuffer seen(kFleet);
    std::vector<store::HeardAt> heard;
    for (std::uint64_t server = 1; server <= kFleet; ++server) {
        const std::uint64_t turn = server / 1024 % 20 * hand_on / 20;
        const bool is_due = turn >= second % hand_on && turn < second % hand_on + 2;
        const bool is_heard = hand_on == 20 ? server % 3 == round % 3 : server % 3 != round % 3;
        if (!is_due || !is_heard) continue;
        heard.push_back(
            {static_cast<std::int64_t>(server),
             from_unix_milliseconds(1'795'000'000'000) + Seconds(hand_on * 10 + second)});
    }
    const double began = thread_nanoseconds();
    seen.put_heard(heard);
    const auto taken = seen.take();
    static_cast<void>(database.run("BEGIN"));
    static_cast<void>(store::write_seen(database, taken).value_or(0));
    static_cast<void>(database.run("COMMIT"));
    written.nanoseconds += thread_nanoseconds() - began;
    written.rows += static_cast<double>(heard.size());
}

/// The committer's part.
void last_seen() {
    const auto folder = std::filesystem::temp_directory_path() / "hairpin-checkin-bench";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    store::DatabaseOptions options;
    options.access = store::Access::Create;
    store::Database database =
        store::Database::open((folder / "bench.db").string(), options).value();
    static_cast<void>(store::migrate(database));
    static_cast<void>(database.run("BEGIN"));
    static_cast<void>(
        database.run("INSERT INTO zones (apex, kind, serial, created_at)"
                     " VALUES ('pl-acme.example.net.', 'licence', 1, 0)"));
    static_cast<void>(
        database.run("INSERT INTO licences (name, zone_apex, plan, state, created_at, version)"
                     " VALUES ('acme', 'pl-acme.example.net.', '', 'active', 0, 1)"));
    for (std::uint64_t server = 1; server <= kFleet; ++server)
        static_cast<void>(
            database.run("INSERT INTO servers (licence, label, port, state, created_at, version)"
                         " VALUES ('acme', ?1, 0, 'active', 0, 1)",
                         "nur" + std::to_string(server)));
    static_cast<void>(database.run(
        "UPDATE servers SET online = 'online', last_seen_at = 0,"
        " machine = '4c4c4544-0038-4d10-8053-b4c04f4b3533', agent = 'hairpin-agent/1.0',"
        " observed = '203.0.113.10', public_addresses = '203.0.113.10',"
        " private_addresses = '192.168.1.11 fd00::11'"));
    static_cast<void>(database.run("COMMIT"));
    for (const unsigned hand_on : {20u, 40u}) {
        Written written;
        for (unsigned second = 0; second < kSeconds; second += 2)
            commit_heard(database, second, hand_on, written);
        const std::string what =
            "last-seen rows, handed on within " + std::to_string(hand_on) + " s";
        tell(what.c_str(), written.nanoseconds / written.rows);
    }
    std::filesystem::remove_all(folder);
}

}  // namespace

int main() {
    const auto zones = std::make_shared<const zones::ZoneTable>(make_zones());
    judge_alone(*zones);
    whole_desk(zones,
               {"desk, one by one, 1,667 a second", 10'000, 1, std::chrono::microseconds(540)});
    whole_desk(zones, {"desk, bursts of 64", kFleet, 64, std::chrono::microseconds(1'000)});
    last_seen();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("largest resident size: %ld MiB\n", usage.ru_maxrss / 1024);
    return 0;
}
