// acme/preflights.hpp - the preflights of all zones: begun when one is needed, shared, remembered.
//
// What servers and resolvers say about a zone is asked once and believed for some minutes: ten
// thousand orders make no ten thousand rounds of questions. So is what the servers of zones
// elsewhere say that challenges lead to. What our own zones say (CAA, where the challenges go) is
// looked at anew for each order, in the snapshot of that moment. A zone whose order was held is
// held for a growing while. What was found is kept in the store per zone, for people
// (store/preflight_rows.hpp), while it is not good.
//
// Standards see preflight.hpp.
// Threads   The loop's thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "acme/certificates.hpp"
#include "acme/elsewhere_checks.hpp"
#include "acme/preflight.hpp"
#include "acme/preflight_asker.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "net/loop.hpp"
#include "store/committer.hpp"
#include "store/database.hpp"
#include "zones/name.hpp"

namespace hairpin::acme {

/// Whether what is remembered will do.
enum class Freshness : std::uint8_t { Remembered, Anew };

class Preflights {
public:
    using Then = std::function<void(const PreflightReport&)>;

    /// All references outlive this; `options.coupling.zones` is not empty.
    Preflights(net::Loop& loop, const Clock& clock, const Options& options,
               store::Committer& committer);

    /// What the last run kept. Errors: those of the store.
    [[nodiscard]] Result<void> load(store::Database& database);

    /// Looks at a zone, for names in it (without final dots). `then` may be called at once.
    void look(const zones::Name& apex, const std::vector<std::string>& names,
              const CaaWanted& wanted, Freshness freshness, Then then);

    /// An order of the zone is held: until when. Each time longer, until passed().
    [[nodiscard]] WallTime hold(const zones::Name& apex);
    void passed(const zones::Name& apex);

private:
    struct Zone {
        std::optional<MonotonicTime> asked_at;  // Empty: not yet.
        WallTime at{};
        PreflightAnswers answers;
        std::shared_ptr<PreflightAsker> asker;
        std::vector<std::function<void()>> waiting;
        int holds = 0;  // In a row.
        WallTime held_until{};
        std::string kept;  // What the store has about it; empty: nothing.
    };

    void look_here(const zones::Name& apex, const std::vector<std::string>& names,
                   const CaaWanted& wanted, Freshness freshness, Then then);
    [[nodiscard]] std::vector<const ElsewhereZone*> zones_elsewhere(
        const std::vector<std::string>& names) const;
    [[nodiscard]] PreflightCheck challenge_check(const zones::ZoneTable& table,
                                                 const std::string& name) const;
    [[nodiscard]] Milliseconds bad_age() const noexcept;
    [[nodiscard]] bool is_remembered(const Zone& zone) const;
    void ask(const zones::Name& apex, Zone& zone);
    void answered(const zones::Name& apex, PreflightAnswers answers);
    [[nodiscard]] PreflightReport report(const zones::Name& apex,
                                         const std::vector<std::string>& names,
                                         const CaaWanted& wanted);
    void keep(const PreflightReport& report);
    void forget_old();

    net::Loop& loop_;
    const Clock& clock_;
    const Options& options_;
    store::Committer& committer_;
    SilentServers silent_;
    ElsewhereChecks elsewhere_;
    std::unordered_map<zones::Name, Zone, zones::NameHash> zones_;
};

}  // namespace hairpin::acme
