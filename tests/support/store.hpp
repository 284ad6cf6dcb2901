// tests/support/store.hpp - a store in a folder of its own, with its committer running.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/published.hpp"
#include "store/committer.hpp"
#include "store/condensing.hpp"
#include "store/load.hpp"
#include "store/migrations.hpp"
#include "store/reader.hpp"
#include "store/retention.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::tests {

/// The value of a Result, or a test failure that says why.
template <typename T>
T must(Result<T>&& result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline store::Database open_database(const std::string& path,
                                     store::Access access = store::Access::ReadWrite) {
    store::DatabaseOptions options;
    options.access = access;
    return must(store::Database::open(path, options));
}

/// A new, migrated database.
inline store::Database make_database(const std::string& path) {
    store::Database database = open_database(path, store::Access::Create);
    must(store::migrate(database));
    return database;
}

inline zones::ZoneChange create_zone(std::string_view apex, std::string_view more = {},
                                     std::string_view serial = "1") {
    const std::string text = "@ 3600 IN SOA ns1.example.org. hostmaster.example.org. " +
                             std::string(serial) + " 3600 600 604800 60\n" +
                             "@ 3600 IN NS ns1.example.org.\n" + std::string(more);
    auto edits = zones::parse_zone_file(text, name(apex));
    if (!edits) throw std::invalid_argument(edits.error().text());
    zones::ZoneChange made;
    made.apex = name(apex);
    made.action = zones::ZoneAction::Create;
    made.edits = *std::move(edits);
    return made;
}

inline zones::ZoneChange replace_a(std::string_view apex, std::string_view owner,
                                   std::string_view address) {
    return change(apex,
                  {edit(zones::EditKind::ReplaceRRset, owner, zones::RType::A, {address}, 60)});
}

inline zones::Change as_change(std::vector<zones::ZoneChange> zones,
                               std::string_view actor_id = "tester",
                               std::string_view reason = "test") {
    return {std::move(zones),
            {"operator", std::string(actor_id), "192.0.2.1", "rest"},
            std::string(reason)};
}

inline store::Work as_work(std::vector<zones::ZoneChange> zones) {
    store::Work work;
    work.change = as_change(std::move(zones));
    return work;
}

using Verdict = Result<store::WorkReceipt, store::WorkRefusal>;

/// Runs `rows` in a commit of its own; whether it was taken.
inline bool commit_rows(store::Committer& committer,
                        const std::function<Result<void>(store::Writer&)>& rows,
                        std::vector<zones::ZoneChange> changes = {}) {
    std::promise<bool> done;
    store::Work work = as_work(std::move(changes));
    work.rows = [&](store::Writer& writer, zones::Change&) { return rows(writer); };
    committer.submit(std::move(work),
                     [&](const Verdict& verdict) { done.set_value(bool(verdict)); });
    return done.get_future().get();
}

class OpenStore {
public:
    explicit OpenStore(store::CommitterOptions options = {}) {
        options.path = path();
        make_database(path());
        start(std::move(options));
    }

    [[nodiscard]] std::string path() const { return folder.file("hairpin.db"); }

    /// Stops the committer and starts one from what the database holds.
    void restart(store::CommitterOptions options = {}) {
        committer.reset();
        options.path = path();
        start(std::move(options));
    }

    /// Waits for the verdict.
    [[nodiscard]] Verdict submit(store::Work work) { return submit_later(std::move(work)).get(); }
    [[nodiscard]] Verdict submit(zones::ZoneChange change) {
        return submit(as_work({std::move(change)}));
    }
    [[nodiscard]] std::future<Verdict> submit_later(store::Work work) {
        auto promise = std::make_shared<std::promise<Verdict>>();
        std::future<Verdict> verdict = promise->get_future();
        committer->submit(std::move(work),
                          [promise](Verdict done) { promise->set_value(std::move(done)); });
        return verdict;
    }

    [[nodiscard]] store::Reader reader() const { return must(store::Reader::open(path())); }
    [[nodiscard]] zones::ZoneRef zone(std::string_view apex) const {
        return published->snapshot()->share(name(apex));
    }
    /// The only A record's address; empty when there is no such RRset.
    [[nodiscard]] std::string address(std::string_view apex, std::string_view owner) const {
        const zones::ZoneRef found = zone(apex);
        const zones::RRset* rrset = found ? found->find(name(owner), zones::RType::A) : nullptr;
        return rrset == nullptr ? "" : zones::rdata_text(zones::RType::A, *rrset->rdatas().begin());
    }

    TemporaryFolder folder;
    ManualClock clock;
    std::unique_ptr<Published<zones::ZoneTable>> published;
    std::unique_ptr<store::Committer> committer;

private:
    void start(store::CommitterOptions options) {
        store::Database database = open_database(path());
        published = std::make_unique<Published<zones::ZoneTable>>(
            std::make_shared<const zones::ZoneTable>(must(store::load_zones(database))));
        committer = must(store::Committer::open(std::move(options), clock, *published));
    }
};

/// All but the newest `left` changes are merged, as age does it.
inline void merge_history(const std::string& path, std::int64_t left,
                          store::Retention retention = {}) {
    store::Database database = open_database(path);
    store::Transaction transaction = must(store::Transaction::begin(database));
    {
        store::Statement find =
            must(database.statement("SELECT id FROM journal ORDER BY id DESC LIMIT 1 OFFSET ?1"));
        find.bind(left);
        if (must(find.step()))
            static_cast<void>(must(store::condense_journal(database, find.integer(0))));
    }
    static_cast<void>(must(store::prune(database, retention, {})));
    must(transaction.commit());
}
/// .. and gone for good.
inline void lose_history(const std::string& path, std::int64_t left) {
    store::Retention retention;
    retention.condensed_octets = 0;
    merge_history(path, left, retention);
}

/// A store with two zones that notes what it tells of keys and transfers: "key k. a.example. ".
struct NotedStore {
    NotedStore() : store(options()) {
        for (const char* apex : {"a.example.", "b.example."})
            if (!store.submit(create_zone(apex))) throw std::runtime_error("no zone was made");
        told.clear();
    }
    store::CommitterOptions options() {
        store::CommitterOptions made;
        made.on_transfers = [this](const std::vector<zones::Name>& apexes) {
            for (const zones::Name& apex : apexes)
                told += apex.text() + " ";
        };
        made.on_tsig_keys = [this](const std::vector<std::string>& names) {
            for (const std::string& each : names)
                told += "key " + each + " ";
        };
        return made;
    }
    bool commit(const std::function<Result<void>(store::Writer&)>& rows) {
        store::Work work = as_work({});
        work.rows = [&](store::Writer& writer, zones::Change&) { return rows(writer); };
        return bool(store.submit(std::move(work)));
    }
    std::string take_told() { return std::exchange(told, {}); }

    std::string told;
    OpenStore store;
};

}  // namespace hairpin::tests
