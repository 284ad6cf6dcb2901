// bench/store_bench.cpp - the store: CPU of a durable change alone and in groups, loading, the
// heartbeat's question.
//
// CPU is the whole process's (the committer has a thread of its own), disk waits not included.
// Prints a table; judges nothing.

#include <chrono>
#include <cstdio>
#include <ctime>
#include <deque>
#include <future>
#include <string>

#include "tests/support/store.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::tests;
using zones::EditKind;
using zones::RType;

double cpu_microseconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double wall_microseconds() {
    return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count()) /
           1e3;
}

zones::ZoneChange zone_of(const std::string& apex, int names) {
    zones::ZoneChange made = create_zone(apex);
    const zones::Edit like = edit(EditKind::ReplaceRRset, apex, RType::A, {"192.0.2.1"});
    for (int number = 1; number <= names; ++number) {
        made.edits.push_back(like);
        made.edits.back().owner = *zones::Name::child("nur" + std::to_string(number), name(apex));
    }
    return made;
}

// `outstanding` changes wait at any time: 1 is a lone change, many share commits.
void time_changes(int names, std::size_t outstanding) {
    OpenStore store;
    if (!store.submit(zone_of("big.example.", names))) return;
    constexpr int kChanges = 20'000;
    const std::uint64_t commits = store.committer->counters().commits.load();
    const double cpu = cpu_microseconds();
    const double wall = wall_microseconds();
    std::deque<std::future<Verdict>> waiting;
    for (int number = 0; number < kChanges; ++number) {
        zones::ZoneChange made =
            change("big.example.", {edit(EditKind::ReplaceRRset, "x.big.example.", RType::A, {})});
        made.edits[0].owner =
            *zones::Name::child("nur" + std::to_string(number * 7919 % names + 1), made.apex);
        made.edits[0].rdatas = {
            {203, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
        waiting.push_back(store.submit_later(as_work({std::move(made)})));
        if (waiting.size() < outstanding) continue;
        waiting.front().wait();
        waiting.pop_front();
    }
    waiting.clear();
    store.committer->stop();
    std::printf(
        "%9d names, %4zu at a time: %7.1f us CPU, %7.1f us wall a change, %6.1f changes a commit\n",
        names, outstanding, (cpu_microseconds() - cpu) / kChanges,
        (wall_microseconds() - wall) / kChanges,
        kChanges / static_cast<double>(store.committer->counters().commits.load() - commits));
}

// Licence zones of three servers: six names and the apex.
void fill(OpenStore& store, int zones) {
    std::deque<std::future<Verdict>> waiting;
    for (int number = 1; number <= zones; ++number) {
        const std::string licence = std::to_string(number);
        store::Work work = as_work({zone_of("pl-" + licence + ".example.net.", 6)});
        work.rows = [licence](store::Writer& writer, zones::Change&) -> Result<void> {
            store::LicenceRow row;
            row.name = licence;
            row.zone_apex = name("pl-" + licence + ".example.net.");
            TRY(writer.insert_licence(row));
            store::ServerRow server;
            server.licence = licence;
            server.label = "nur1";
            store::CredentialRow credential;
            credential.server_id = TRY(writer.insert_server(server));
            credential.token_hash = sha256(as_octets(licence));
            static_cast<void>(TRY(writer.insert_credential(credential)));
            return {};
        };
        waiting.push_back(store.submit_later(std::move(work)));
        if (waiting.size() < 1000) continue;
        waiting.front().wait();
        waiting.pop_front();
    }
    for (auto& each : waiting)
        each.wait();
}

void time_load_and_question(int zones) {
    OpenStore store;
    const double made = wall_microseconds();
    fill(store, zones);
    std::printf("%9d zones made over the committer: %.0f us wall a zone\n", zones,
                (wall_microseconds() - made) / zones);
    store.committer.reset();
    {
        store::Database database = open_database(store.path());
        const double cpu = cpu_microseconds();
        const auto table = must(store::load_zones(database));
        std::printf("%9zu zones loaded: %.2f s CPU\n", table.size(),
                    (cpu_microseconds() - cpu) / 1e6);
    }
    store::Reader reader = store.reader();
    constexpr int kQuestions = 100'000;
    const double cpu = cpu_microseconds();
    int found = 0;
    for (int number = 0; number < kQuestions; ++number) {
        const std::string licence = std::to_string(1 + number * 7919 % zones);
        found += must(reader->credential_by_hash(sha256(as_octets(licence)))) ? 1 : 0;
    }
    std::printf("%9d tokens looked up, %d found: %.2f us CPU each\n", kQuestions, found,
                (cpu_microseconds() - cpu) / kQuestions);
}

}  // namespace

int main() {
    for (const std::size_t outstanding : {1u, 16u, 256u})
        for (const int names : {1'000, 200'000})
            time_changes(names, outstanding);
    time_load_and_question(100'000);
}
