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
    const ManualClock clock;
    const auto datagrams = check_ins(kFleet, to_unix_milliseconds(clock.now()));
    const checkin::Situation situation{zones, clock.now(), clock.now() - Seconds(3600)};
    std::uint64_t right = 0;
    const double began = thread_nanoseconds();
    for (const auto& each : datagrams) {
        const auto judgement =
            checkin::judge(known, situation, each, IpAddress::v4({127, 0, 0, 1}));
        right += judgement.outcome == checkin::Outcome::Right ? 1 : 0;
    }
    tell("judgement alone", (thread_nanoseconds() - began) / static_cast<double>(kFleet));
    std::printf("  right: %llu of %llu\n", static_cast<unsigned long long>(right),
                static_cast<unsigned long long>(kFleet));
}

struct Pace {
    const char* what;
    std::uint64_t count;
    std::uint64_t at_once;
    std::chrono::microseconds pause;
};

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
    const auto datagrams = check_ins(pace.count, to_unix_milliseconds(clock.now()));
    const Fd sender = net::bind_udp(*Endpoint::parse("127.0.0.1:0")).value();
    sockaddr_storage address{};
    const socklen_t size = desk->endpoints().front().to_sockaddr(address);
    const double process = process_nanoseconds();
    const double own = thread_nanoseconds();
    for (std::uint64_t each = 0; each < datagrams.size(); ++each) {
        ::sendto(sender.get(), datagrams[each].data(), datagrams[each].size(), 0,
                 reinterpret_cast<const sockaddr*>(&address), size);
        if (each % pace.at_once == pace.at_once - 1) std::this_thread::sleep_for(pace.pause);
    }
    std::this_thread::sleep_for(Milliseconds(300));
    const double used = process_nanoseconds() - process - (thread_nanoseconds() - own);
    desk->stop();
    std::uint64_t judged = 0;
    for (const Counter& each : desk->counters().outcomes)
        judged += each.value();
    tell(pace.what, used / static_cast<double>(judged));
    std::printf("  right: %llu, sent: %llu\n",
                static_cast<unsigned long long>(desk->counters().outcomes[0].value()),
                static_cast<unsigned long long>(pace.count));
}

/// The committer's part: every two seconds the rows of 3,333 servers, in one transaction.
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
    static_cast<void>(database.run("COMMIT"));
    store::SeenBuffer seen(kFleet);
    double used = 0;
    std::uint64_t rows = 0;
    // A minute of two-second commits. As the desk hands on (checkin/desk.hpp): each second a
    // twentieth of all servers, those of it that were heard in 20 seconds.
    for (std::uint64_t second = 0; second < 60; second += 2) {
        const double began = thread_nanoseconds();
        for (std::uint64_t slice = second; slice < second + 2; ++slice)
            for (std::uint64_t server = 1; server <= kFleet; ++server) {
                const bool is_due = server / 1024 % 20 == slice % 20 && server % 3 == slice / 20;
                if (!is_due) continue;
                store::SeenUpdate update;
                update.server_id = static_cast<std::int64_t>(server);
                update.last_seen_at = from_unix_milliseconds(1'795'000'000'000) + Seconds(second);
                update.online = store::Online::Online;
                seen.put(std::move(update));
                ++rows;
            }
        const auto taken = seen.take();
        static_cast<void>(database.run("BEGIN"));
        static_cast<void>(store::write_seen(database, taken).value_or(0));
        static_cast<void>(database.run("COMMIT"));
        used += thread_nanoseconds() - began;
    }
    tell("last-seen rows, 30 commits a minute", used / static_cast<double>(rows));
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
