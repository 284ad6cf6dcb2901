// acme/elsewhere_keeper.hpp - puts TXT values into zones that are not ours, and takes them away.
//
// Putting is asked for by the attempts, one order's values of a zone at a time. Taking away nobody
// asks for: what the store has noted and no authorization needs any more goes
// (store/elsewhere_rows.hpp), whatever became of the attempt and of us. A server that does not take
// it is asked again, less and less often; after a month the value is given up with a warning.
//
// A value that is about to be put is not taken away at the same time, nor the other way round: two
// connections have no order.
//
// Standards RFC 2136 sections 2.5.1 and 2.5.4.
// Threads   The loop's thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "acme/elsewhere.hpp"
#include "acme/signed_ask.hpp"
#include "acme/txt_update.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/loop.hpp"
#include "store/committer.hpp"
#include "store/database.hpp"
#include "store/elsewhere_rows.hpp"
#include "zones/name.hpp"

namespace hairpin::acme {

class ElsewhereKeeper {
public:
    using Then = std::function<void(Result<void, ServerRefusal>)>;
    /// Commits, and then says on the loop why that failed; empty: it did not.
    using Commit =
        std::function<void(store::Work work, std::function<void(const std::string& failure)> then)>;

    /// All references outlive this, and `zones` too.
    ElsewhereKeeper(net::Loop& loop, const Clock& clock, std::span<const ElsewhereZone> zones,
                    store::Database& database, Commit commit);

    void start();
    /// What is under way is ended; nobody is called back.
    void stop();
    /// Something may be left that is not needed any more.
    void look_soon();

    /// @param values  In the zone; the store has noted them. Putting them again is no harm.
    void put(const ElsewhereZone& zone, const std::vector<TxtQuestion>& values, Then then);

private:
    /// A server that did not take what was to go.
    struct Rest {
        MonotonicTime until{};
        int failures = 0;
    };

    void look();
    void take_away(const ElsewhereZone& zone, std::vector<store::ElsewhereRow> rows);
    void taken_away(const ElsewhereZone& zone, const std::vector<store::ElsewhereRow>& rows,
                    const Result<Octets, ServerRefusal>& answer);
    void rest(const zones::Name& apex, const std::string& why);
    void erase(std::vector<store::ElsewhereRow> rows);
    [[nodiscard]] bool give_up_old(const std::vector<store::ElsewhereRow>& rows);

    net::Loop& loop_;
    const Clock& clock_;
    const std::span<const ElsewhereZone> zones_;
    store::Database& database_;
    const Commit commit_;
    net::Timer timer_;
    std::unordered_map<std::uint64_t, std::shared_ptr<SignedAsk>> puts_;
    std::uint64_t next_put_ = 0;
    std::multiset<std::string> putting_;  // Owner and value.
    std::set<std::string> leaving_;       // The same.
    std::shared_ptr<SignedAsk> removal_;  // One at a time.
    bool is_busy_ = false;                // With that, or with noting that it is done.
    std::unordered_map<zones::Name, Rest, zones::NameHash> rests_;
};

}  // namespace hairpin::acme
