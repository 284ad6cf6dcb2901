// tests/support/crash_writer.cpp - a writer to be killed, and the check of what it left behind.
//
//   crash_writer FOLDER SEED              writes until killed; a line on standard output for each
//   acknowledgement crash_writer --verify FOLDER ACKS     opens what is left and compares it with
//   all acknowledgements so far
//
// An acknowledgement is "zone owner counter serial". Each owner belongs to one thread, which counts
// its TXT record up, so that "present" means: the stored counter is at least the acknowledged one.
// Beside them each thread makes and drops a zone of its own ("zone - 0 serial").
//
// Verified (DESIGN invariants 1 and 2): the store opens and is whole; every acknowledged counter is
// there; no serial is behind an acknowledged one; the journal is one forward chain per zone that,
// replayed from nothing, gives exactly the rows; at each acknowledged serial it gives the
// acknowledged counter; each journal row has its audit row.

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "store/journal_format.hpp"
#include "tests/support/store.hpp"

namespace hairpin::tests {
namespace {

constexpr int kThreads = 2;
constexpr int kSharedZones = 3;
constexpr int kOwnersPerThread = 4;
constexpr int kOutstanding = 8;

std::string shared_zone(int number) {
    return "shared" + std::to_string(number) + ".example.";
}

std::string owner_in(int zone, int thread, int number) {
    return "o" + std::to_string(number) + ".t" + std::to_string(thread) + "." + shared_zone(zone);
}

// One write(2): whole lines, from whichever thread.
void acknowledge(const std::string& zone, const std::string& owner, std::uint64_t counter,
                 std::uint32_t serial) {
    const std::string line =
        zone + " " + owner + " " + std::to_string(counter) + " " + std::to_string(serial) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        std::abort();
}

std::uint64_t counter_of(const zones::RRset& txt) {
    const OctetView rdata = *txt.rdatas().begin();
    return std::stoull(std::string(as_text(rdata.subspan(1))));
}

zones::ZoneChange count_up(const std::string& zone, const std::string& owner,
                           std::uint64_t counter) {
    return change(zone, {edit(zones::EditKind::ReplaceRRset, owner, zones::RType::TXT,
                              {std::to_string(counter)})});
}

class Writer {
public:
    Writer(store::Committer& committer, Published<zones::ZoneTable>& zones, int thread,
           std::uint32_t seed)
        : committer_(committer), zones_(zones), thread_(thread), random_(seed) {}

    [[noreturn]] void run() {
        for (;;) {
            while (outstanding_.load() >= kOutstanding)
                std::this_thread::yield();
            if (random_() % 32 == 0) {
                churn();
            } else {
                count(static_cast<int>(random_() % kSharedZones),
                      static_cast<int>(random_() % kOwnersPerThread));
            }
        }
    }

private:
    void count(int zone, int number) {
        const std::string apex = shared_zone(zone);
        const std::string owner = owner_in(zone, thread_, number);
        std::uint64_t& counter = counters_[owner];
        if (counter == 0) {
            const zones::ZoneRef stored = zones_.snapshot()->share(name(apex));
            const zones::RRset* txt = stored->find(name(owner), zones::RType::TXT);
            counter = txt == nullptr ? 0 : counter_of(*txt);
        }
        ++counter;
        submit(count_up(apex, owner, counter), apex, owner, counter);
    }
    // Makes or drops this thread's own zone; refused attempts (it is there already) are no matter.
    void churn() {
        const std::string apex = "churn" + std::to_string(thread_) + ".example.";
        zones::ZoneChange made = create_zone(apex);
        if (random_() % 2 == 0) {
            made = {};
            made.apex = name(apex);
            made.action = zones::ZoneAction::Drop;
        }
        submit(std::move(made), apex, "-", 0);
    }
    void submit(zones::ZoneChange made, const std::string& apex, const std::string& owner,
                std::uint64_t counter) {
        ++outstanding_;
        committer_.submit(as_work({std::move(made)}), [=, this](const Verdict& verdict) {
            if (verdict) acknowledge(apex, owner, counter, verdict->zones.at(0).serial);
            --outstanding_;
        });
    }

    store::Committer& committer_;
    Published<zones::ZoneTable>& zones_;
    int thread_;
    std::mt19937 random_;
    std::atomic<int> outstanding_{0};
    std::map<std::string, std::uint64_t> counters_;
};

[[noreturn]] void write_until_killed(const std::string& folder, std::uint32_t seed) {
    const std::string path = folder + "/hairpin.db";
    store::Database database = make_database(path);
    Published<zones::ZoneTable> zones(
        std::make_shared<const zones::ZoneTable>(must(store::load_zones(database))));
    store::CommitterOptions options;
    options.path = path;
    const SystemClock clock;
    const auto committer = must(store::Committer::open(std::move(options), clock, zones));
    for (int zone = 0; zone < kSharedZones; ++zone) {
        std::promise<void> made;
        committer->submit(as_work({create_zone(shared_zone(zone))}),
                          [&](const Verdict&) { made.set_value(); });  // There already: fine.
        made.get_future().wait();
    }
    std::vector<std::unique_ptr<Writer>> writers;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        writers.push_back(std::make_unique<Writer>(*committer, zones, thread,
                                                   seed + static_cast<std::uint32_t>(thread)));
        threads.emplace_back([writer = writers.back().get()] { writer->run(); });
    }
    for (;;)
        ::pause();
}

// ---- The check. ----

struct Acknowledgement {
    std::string owner;
    std::uint64_t counter;
    std::uint32_t serial;
};
using Acknowledgements = std::map<std::string, std::vector<Acknowledgement>>;  // By zone.
using Content = std::map<std::pair<std::string, std::uint16_t>, zones::RRsetRef>;

[[noreturn]] void complain(const std::string& what) {
    std::cerr << "crash_writer: " << what << "\n";
    std::exit(1);
}

// A last line without its end was being written when the process died: it counts, it was said.
Acknowledgements read_acknowledgements(const std::string& path, std::size_t& count) {
    Acknowledgements all;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        std::string zone;
        Acknowledgement each;
        if (!(fields >> zone >> each.owner >> each.counter >> each.serial))
            complain("unreadable acknowledgement: " + line);
        all[zone].push_back(each);
        ++count;
    }
    return all;
}

std::vector<store::JournalRow> whole_journal(store::Database& database, const std::string& apex) {
    store::Queries queries(database);
    std::vector<store::JournalRow> rows;
    std::int64_t before = 0;
    for (;;) {
        auto page = must(queries.journal_page(name(apex), store::kMaxPage, before));
        if (page.empty()) break;
        before = page.back().id;
        rows.insert(rows.end(), page.begin(), page.end());
    }
    std::reverse(rows.begin(), rows.end());
    return rows;
}

void replay(Content& content, const store::JournalRow& row) {
    for (const auto& each : must(store::decode_difference(row.difference, row.zone_apex))) {
        const auto key = std::pair(each.owner.lower().text(), zones::to_number(each.type));
        const auto found = content.find(key);
        const bool before_fits =
            each.before ? found != content.end() && found->second->same_as(*each.before)
                        : found == content.end();
        if (!before_fits)
            complain(key.first + ": journal row " + std::to_string(row.id) +
                     " does not start from what the rows before it left");
        content.erase(key);
        if (each.after) content.emplace(key, each.after);
    }
}

// At a serial that was acknowledged, each owner holds the acknowledged counter or one of the same
// serial.
void check_at_serial(const std::string& zone, const Content& content, std::uint32_t serial,
                     const std::vector<Acknowledgement>& acknowledged) {
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> bounds;  // Least, below.
    for (const Acknowledgement& each : acknowledged) {
        if (each.owner == "-") continue;
        auto& [least, below] = bounds.try_emplace(each.owner, 0, std::uint64_t(-1)).first->second;
        if (!zones::serial_greater(each.serial, serial)) least = std::max(least, each.counter);
        if (zones::serial_greater(each.serial, serial)) below = std::min(below, each.counter);
    }
    for (const auto& [owner, bound] : bounds) {
        const auto found = content.find({owner, zones::to_number(zones::RType::TXT)});
        const std::uint64_t held = found == content.end() ? 0 : counter_of(*found->second);
        if (held < bound.first || held >= bound.second)
            complain(zone + " at serial " + std::to_string(serial) + ": " + owner + " holds " +
                     std::to_string(held) + ", acknowledged were " + std::to_string(bound.first) +
                     " and later " + std::to_string(bound.second));
    }
}

void check_rows(const std::string& zone, const Content& content, const zones::Zone* stored) {
    std::size_t rrsets = 0;
    if (stored != nullptr)
        stored->for_each([&](const zones::Name& owner, const zones::Node& node) {
            for (const auto& rrset : node.rrsets()) {
                ++rrsets;
                const auto found =
                    content.find({owner.lower().text(), zones::to_number(rrset->type())});
                if (found == content.end() || !found->second->same_as(*rrset))
                    complain(zone + ": the journal does not give the row of " + owner.text());
            }
            return true;
        });
    if (rrsets != content.size()) complain(zone + ": the journal gives RRsets that have no row");
}

void check_zone(store::Database& database, const std::string& zone, const zones::Zone* stored,
                const std::vector<Acknowledgement>& acknowledged) {
    Content content;
    std::uint32_t serial = 0;
    std::uint32_t highest_acknowledged = 0;
    for (const Acknowledgement& each : acknowledged)
        if (highest_acknowledged == 0 || zones::serial_greater(each.serial, highest_acknowledged))
            highest_acknowledged = each.serial;
    const auto rows = whole_journal(database, zone);
    for (std::size_t each = 0; each < rows.size(); ++each) {
        const store::JournalRow& row = rows[each];
        const bool is_new = row.action == zones::ZoneAction::Create;
        const bool same_step = each > 0 && !is_new && row.serial_after == serial;
        if (!same_step) {
            if (!is_new && row.serial_before != serial)
                complain(zone + ": the journal has a gap in front of " + std::to_string(row.id));
            if (serial != 0 && !zones::serial_greater(row.serial_after, serial))
                complain(zone + ": the serial went back to " + std::to_string(row.serial_after));
        }
        replay(content, row);
        serial = row.serial_after;
        const bool step_ends = each + 1 == rows.size() || rows[each + 1].serial_after != serial;
        if (step_ends && stored != nullptr) check_at_serial(zone, content, serial, acknowledged);
    }
    if (zones::serial_greater(highest_acknowledged, serial))
        complain(zone + ": serial " + std::to_string(highest_acknowledged) +
                 " was acknowledged, but the store is at " + std::to_string(serial));
    if (stored != nullptr && stored->serial() != serial)
        complain(zone + ": SOA and journal have different serials");
    check_rows(zone, content, stored);
}

std::int64_t number(store::Database& database, std::string_view sql) {
    store::Statement query = must(database.statement(sql));
    if (!must(query.step())) complain("no row: " + std::string(sql));
    return query.integer(0);
}

int verify(const std::string& folder, const std::string& acknowledgements) {
    store::Database database = make_database(folder + "/hairpin.db");
    store::Statement integrity = must(database.statement("PRAGMA integrity_check"));
    if (!must(integrity.step()) || integrity.text(0) != "ok")
        complain("the database is damaged: " + integrity.string(0));
    std::size_t count = 0;
    Acknowledgements acknowledged = read_acknowledgements(acknowledgements, count);
    const zones::ZoneTable table = must(store::load_zones(database));
    table.for_each([&](const zones::Zone& zone) {
        acknowledged.try_emplace(zone.apex().text());
        return true;
    });
    for (const auto& [zone, each] : acknowledged)
        check_zone(database, zone, table.find(name(zone)), each);
    const std::int64_t works = number(database, "SELECT count(*) FROM journal WHERE part = 0");
    const std::int64_t audits =
        number(database, "SELECT count(*) FROM audit WHERE outcome = 'done'");
    if (works != audits) complain("journal and audit differ: rows of one work came apart");
    std::cout << "ok: " << count << " acknowledgements, " << works << " journal rows, "
              << table.size() << " zones\n";
    return 0;
}

}  // namespace
}  // namespace hairpin::tests

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 3 && arguments[0] == "--verify")
        return hairpin::tests::verify(arguments[1], arguments[2]);
    if (arguments.size() == 2)
        hairpin::tests::write_until_killed(arguments[0],
                                           static_cast<std::uint32_t>(std::stoul(arguments[1])));
    std::cerr << "usage: crash_writer FOLDER SEED | crash_writer --verify FOLDER ACKS\n";
    return 2;
}
