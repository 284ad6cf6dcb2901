#include "acme/caa_plan.hpp"

#include <algorithm>

namespace hairpin::acme {
namespace {

constexpr std::string_view kChallenge = "dns-01";

std::string value_of(const CaaAccount& account, const CaaPolicy& policy) {
    return issue_value(account.identity, account.url, policy.methods);
}

bool allows(const std::vector<Octets>& rdatas, const CaaAccount& account) {
    return judge_caa(rdatas, {{account.identity}, account.url, std::string(kChallenge)}).decision ==
           CaaDecision::Allows;
}

bool restricts_issue(const Octets& rdata) {
    const auto property = read_caa(rdata);
    return property && (property->tag == "issue" || property->tag == "issuewild");
}

bool has_rdata(const std::vector<Octets>& rdatas, const Octets& rdata) {
    return std::find(rdatas.begin(), rdatas.end(), rdata) != rdatas.end();
}

/// What goes with our values, whichever they are.
std::vector<Octets> companions(const CaaPolicy& policy) {
    std::vector<Octets> rdatas = {caa_rdata("issuewild", ";")};
    if (!policy.iodef.empty()) rdatas.push_back(caa_rdata("iodef", policy.iodef));
    return rdatas;
}

std::string advice_of(const zones::Zone& zone, const std::vector<Octets>& present,
                      const std::vector<CaaAccount>& accounts, const CaaPolicy& policy) {
    std::string missing;
    for (const CaaAccount& each : accounts)
        if (!allows(present, each))
            missing +=
                (missing.empty() ? "" : ", ") + ("0 issue \"" + value_of(each, policy) + "\"");
    if (missing.empty()) return {};
    return zone.apex().text_without_dot() +
           " has CAA records of its own, which are not touched: add " + missing;
}

/// A plan while it is made.
class Planning {
public:
    Planning(const zones::Zone& zone, const std::vector<store::CaaRow>& rows,
             const CaaPolicy& policy, WallTime now)
        : zone_(zone), rows_(rows), policy_(policy), now_(now) {
        if (const auto* set = zone.find(zone.apex(), zones::RType::CAA)) {
            present_ = set->copy_rdatas();
            ttl_ = set->ttl();
        }
    }

    [[nodiscard]] const std::vector<Octets>& present() const noexcept { return present_; }

    void want(const CaaAccount& account) {
        const std::string value = value_of(account, policy_);
        const auto known = std::find_if(rows_.begin(), rows_.end(), [&](const auto& each) {
            return each.account_url == account.url;
        });
        const Octets rdata = caa_rdata("issue", value);
        const bool is_kept = known != rows_.end() && known->value == value;
        if (is_kept && has_rdata(present_, rdata)) {
            all_usable_ = all_usable_ && known->usable_at <= now_;
            return;
        }
        if (known != rows_.end() && !is_kept) removed_.push_back(caa_rdata("issue", known->value));
        const Milliseconds ttl{std::int64_t{std::max(ttl_, kCaaTtl)} * 1000};
        const WallTime before = known != rows_.end() ? known->usable_at : now_;
        const WallTime usable =
            allows(present_, account) ? std::max(before, now_) : now_ + std::max(ttl, policy_.wait);
        added_.push_back(rdata);
        plan_.puts.push_back({zone_.apex(), account.url, value, now_, usable});
        all_usable_ = all_usable_ && usable <= now_;
    }

    /// Of an account that is no more: after the switch.
    void drop(const store::CaaRow& row) {
        if (!all_usable_) return;
        removed_.push_back(caa_rdata("issue", row.value));
        plan_.erases.push_back(row.account_url);
    }

    CaaPlan finish() && {
        for (const Octets& each : companions(policy_))
            if (!has_rdata(present_, each)) added_.push_back(each);
        std::erase_if(removed_, [&](const Octets& each) { return !has_rdata(present_, each); });
        if (!added_.empty() || !removed_.empty()) plan_.change = change();
        return std::move(plan_);
    }

private:
    [[nodiscard]] zones::ZoneChange change() const {
        const zones::Name& apex = zone_.apex();
        zones::ZoneChange change;
        change.apex = apex;
        zones::Prerequisite as_it_was{
            zones::PrerequisiteKind::RRsetAbsent, apex, zones::RType::CAA, {}};
        if (!present_.empty()) {
            as_it_was.kind = zones::PrerequisiteKind::RRsetIs;
            as_it_was.rdatas = present_;
        }
        change.prerequisites.push_back(std::move(as_it_was));
        if (!added_.empty())
            change.edits.push_back(
                {zones::EditKind::AddRecords, apex, zones::RType::CAA, kCaaTtl, added_});
        if (!removed_.empty())
            change.edits.push_back(
                {zones::EditKind::DeleteRecords, apex, zones::RType::CAA, kCaaTtl, removed_});
        return change;
    }

    const zones::Zone& zone_;
    const std::vector<store::CaaRow>& rows_;
    const CaaPolicy& policy_;
    const WallTime now_;
    std::vector<Octets> present_;
    zones::Ttl ttl_ = 0;
    std::vector<Octets> added_;
    std::vector<Octets> removed_;
    bool all_usable_ = true;
    CaaPlan plan_;
};

}  // namespace

CaaPlan plan_caa(const zones::Zone& zone, const std::vector<store::CaaRow>& rows,
                 const std::vector<CaaAccount>& accounts, const CaaPolicy& policy, WallTime now) {
    if (accounts.empty()) return {};
    Planning planning(zone, rows, policy, now);
    const auto& present = planning.present();
    if (rows.empty() && std::any_of(present.begin(), present.end(), restricts_issue)) {
        CaaPlan plan;
        plan.advice = advice_of(zone, present, accounts, policy);
        return plan;
    }
    for (const CaaAccount& each : accounts)
        planning.want(each);
    for (const store::CaaRow& each : rows) {
        const bool is_wanted =
            std::any_of(accounts.begin(), accounts.end(),
                        [&](const CaaAccount& account) { return account.url == each.account_url; });
        if (!is_wanted) planning.drop(each);
    }
    return std::move(planning).finish();
}

}  // namespace hairpin::acme
