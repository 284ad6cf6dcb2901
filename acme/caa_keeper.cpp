#include "acme/caa_keeper.hpp"

#include <utility>

#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kBetweenLooks{60'000};
constexpr Milliseconds kNextBatch{1'000};
constexpr std::size_t kZonesAtOnce = 500;  // Changed per look; more follow a moment later.
constexpr std::size_t kMostAdvice = 1'000;

CaaPolicy policy_of(const CouplingOptions& coupling) {
    CaaPolicy policy{coupling.caa_wait, coupling.caa_iodef};
    if (coupling.dns_persist != DnsPersist::Off) policy.methods += ",dns-persist-01";
    return policy;
}

}  // namespace

CaaKeeper::CaaKeeper(net::Loop& loop, const Clock& clock, const Options& options,
                     store::Committer& committer, store::Database& database, Accounts accounts)
    : loop_(loop),
      clock_(clock),
      options_(options),
      committer_(committer),
      database_(database),
      accounts_(std::move(accounts)),
      view_(std::make_shared<const CaaView>()) {}

void CaaKeeper::start() {
    timer_ = loop_.add_timer(Milliseconds(0), Milliseconds(0), [this] { look(); });
}

void CaaKeeper::stop() {
    timer_.reset();
}

void CaaKeeper::look_soon() {
    if (is_due_soon_ || !timer_) return;
    is_due_soon_ = true;
    again(kNextBatch);
}

Result<std::optional<WallTime>> CaaKeeper::usable_at(const zones::Name& zone,
                                                     const std::string& account_url) {
    const WallTime now = clock_.now();
    for (const store::CaaRow& each : TRY(store::caa_rows_of(database_, zone)))
        if (each.account_url == account_url && each.usable_at > now)
            return std::optional(each.usable_at);
    return std::optional<WallTime>();
}

std::shared_ptr<const CaaView> CaaKeeper::view() const {
    return view_.with([](const auto& current) { return current; });
}

void CaaKeeper::look() {
    is_due_soon_ = false;
    CaaView view;
    view.is_managed = options_.coupling.caa == CaaMode::Manage && options_.coupling.zones;
    auto rows = store::caa_rows(database_);
    const auto zones = store::zones_with_orders(database_);
    again(kBetweenLooks);
    if (!rows || !zones) {
        view.trouble = (rows ? zones.error() : rows.error()).text();
        return publish(std::move(view));
    }
    view.rows = *std::move(rows);
    const bool has_work = view.is_managed && !zones->empty();
    publish(std::move(view));
    // Whoever has no order has no account either, and is not given one for this.
    if (!has_work) return;
    accounts_([this, zones = *zones](const Result<std::vector<CaaAccount>>& accounts) {
        accounts_known(zones, accounts);
    });
}

void CaaKeeper::accounts_known(const std::vector<zones::Name>& zones,
                               const Result<std::vector<CaaAccount>>& accounts) {
    CaaView view = *this->view();
    view.advice.clear();
    if (!accounts) {
        view.trouble = accounts.error().text();
        return publish(std::move(view));
    }
    view.accounts = *accounts;
    view.trouble.clear();
    const auto changed = keep_zones(zones, view);
    if (!changed) view.trouble = changed.error().text();
    publish(std::move(view));
    if (changed && *changed > 0) again(kNextBatch);
}

Result<std::size_t> CaaKeeper::keep_zones(const std::vector<zones::Name>& zones, CaaView& view) {
    const auto table = options_.coupling.zones();
    std::size_t changed = 0;
    for (const zones::Name& apex : zones) {
        const zones::Zone* zone = table->find(apex);
        if (zone == nullptr) continue;
        CaaPlan plan = plan_caa(*zone, TRY(store::caa_rows_of(database_, apex)), view.accounts,
                                policy_of(options_.coupling), clock_.now());
        if (!plan.advice.empty() && view.advice.size() < kMostAdvice)
            view.advice.push_back(plan.advice);
        if (!plan.change && plan.puts.empty() && plan.erases.empty()) continue;
        submit(apex, std::move(plan));
        if (++changed == kZonesAtOnce) break;
    }
    return changed;
}

void CaaKeeper::submit(const zones::Name& apex, CaaPlan plan) {
    store::Work work;
    if (plan.change) work.change.zones.push_back(*std::move(plan.change));
    work.change.actor = {"acme", "caa", "", "acme"};
    work.change.reason = "CAA records follow our accounts at the CA";
    work.audit = {"zone.caa", apex.text_without_dot()};
    work.rows = [apex, puts = std::move(plan.puts), erases = std::move(plan.erases)](
                    store::Writer& writer, zones::Change&) -> Result<void> {
        for (const store::CaaRow& each : puts)
            TRY(store::put_caa(writer, each));
        for (const std::string& each : erases)
            TRY(store::erase_caa(writer, apex, each));
        return {};
    };
    committer_.submit(std::move(work), [apex = apex.text()](const auto& done) {
        // Somebody changed the zone meanwhile, or the disk is full: the next look tries again.
        if (!done)
            log::logger("acme").warn("{}: its CAA records are not kept: {}", apex,
                                     store::to_error(done.error()).text());
    });
}

void CaaKeeper::publish(CaaView view) {
    view_.with([&](auto& current) { current = std::make_shared<const CaaView>(std::move(view)); });
}

void CaaKeeper::again(Milliseconds pause) {
    if (timer_) timer_.again(pause);
}

}  // namespace hairpin::acme
