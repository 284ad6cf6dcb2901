// acme/caa_keeper.hpp - keeps the CAA records of zones in step with our accounts at the CA.
//
// Looks every minute at each zone in which something is ordered, and commits what caa_plan.hpp
// says: one change per zone, with its rows, through the change path. Nothing is decided here. What
// there is, and what an operator has to do himself, it shows in a view.
//
// Standards see caa_plan.hpp.
// Threads   The loop's thread; view() from any.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "acme/caa_plan.hpp"
#include "acme/certificates.hpp"
#include "core/clock.hpp"
#include "core/guarded.hpp"
#include "net/loop.hpp"
#include "store/committer.hpp"
#include "store/database.hpp"

namespace hairpin::acme {

struct CaaView {
    bool is_managed = false;
    std::vector<CaaAccount> accounts;  // That may order now.
    std::vector<store::CaaRow> rows;   // By zone.
    std::vector<std::string> advice;   // For zones with records of their own.
    std::string trouble;               // Why nothing is kept; empty: all is well.
};

class CaaKeeper {
public:
    /// Gives the accounts that may order, or why they are not known.
    using Accounts = std::function<void(std::function<void(Result<std::vector<CaaAccount>>)> then)>;

    /// All references outlive this.
    CaaKeeper(net::Loop& loop, const Clock& clock, const Options& options,
              store::Committer& committer, store::Database& database, Accounts accounts);

    /// Begins to look; only where CaaMode::Manage says so does it write.
    void start();
    void stop();
    /// Something is ordered in a zone that may be new.
    void look_soon();

    /// Whether an order of the account in the zone has to wait, and until when. Errors: those of
    /// the store.
    [[nodiscard]] Result<std::optional<WallTime>> usable_at(const zones::Name& zone,
                                                            const std::string& account_url);
    /// Never null.
    [[nodiscard]] std::shared_ptr<const CaaView> view() const;

private:
    void look();
    void accounts_known(const std::vector<zones::Name>& zones,
                        const Result<std::vector<CaaAccount>>& accounts);
    [[nodiscard]] Result<std::size_t> keep_zones(const std::vector<zones::Name>& zones,
                                                 CaaView& view);
    void submit(const zones::Name& apex, CaaPlan plan);
    void publish(CaaView view);
    void again(Milliseconds pause);

    net::Loop& loop_;
    const Clock& clock_;
    const Options& options_;
    store::Committer& committer_;
    store::Database& database_;
    const Accounts accounts_;
    net::Timer timer_;
    bool is_due_soon_ = false;
    Guarded<std::shared_ptr<const CaaView>> view_;
};

}  // namespace hairpin::acme
