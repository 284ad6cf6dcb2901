#include "tests/simulation/simulated_ca.hpp"

#include <algorithm>
#include <iterator>

namespace hairpin::tests {
namespace {

constexpr double kRounding = 1e-3;  // Of a token: times are whole milliseconds.
constexpr std::size_t kOverrunsKept = 20;
constexpr Seconds kKnownNames = kSimDay * 120;
constexpr Seconds kShortLife = kSimDay * 10;
constexpr Milliseconds kUsualAnswer{300};
constexpr Milliseconds kSlowAnswer{20'000};

}  // namespace

std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names)
        all += (all.empty() ? "" : ",") + name;
    return all;
}

void LimitCounter::pass(WallTime now) {
    if (way_ == CountingWay::Window) {
        while (!taken_.empty() && taken_.front() <= now - limit_.period)
            taken_.pop_front();
        return;
    }
    const double part =
        static_cast<double>((now - at_).count()) / static_cast<double>(limit_.period.count());
    left_ = std::min(limit_.count, left_ + part * limit_.count);
    at_ = now;
}

bool LimitCounter::may_take(WallTime now) {
    pass(now);
    if (way_ == CountingWay::Window) return static_cast<double>(taken_.size()) < limit_.count;
    return left_ >= 1 - kRounding;
}

void LimitCounter::take(WallTime now) {
    pass(now);
    if (way_ == CountingWay::Window) return taken_.push_back(now);
    left_ -= 1;
}

void LimitCounter::change(CountedLimit limit, WallTime now) {
    pass(now);
    const double missing =
        (limit_.count - left_) / limit_.count * static_cast<double>(limit_.period.count());
    left_ = limit.count - missing / static_cast<double>(limit.period.count()) * limit.count;
    limit_ = limit;
}

bool LimitCounter::is_idle(WallTime now) {
    pass(now);
    return way_ == CountingWay::Window ? taken_.empty() : left_ >= limit_.count;
}

bool SimulatedCa::is_up(WallTime now) const {
    return std::none_of(troubles_.begin(), troubles_.end(), [&](const TroubledTime& trouble) {
        return trouble.from <= now && now < trouble.to && trouble.failing >= 1;
    });
}

/// Certain ones cost no draw.
bool SimulatedCa::draws(double part) {
    if (part <= 0 || part >= 1) return part >= 1;
    return std::uniform_real_distribution<>(0, 1)(random_) < part;
}

acme::CaOutcome SimulatedCa::request(WallTime now) {
    for (const TroubledTime& trouble : troubles_) {
        if (now < trouble.from || now >= trouble.to) continue;
        if (draws(trouble.failing)) return {kUsualAnswer, "HTTP status 503"};
        if (draws(trouble.slow)) return {kSlowAnswer, ""};
    }
    return {kUsualAnswer, ""};
}

void SimulatedCa::set_domain_limit(CountedLimit limit, WallTime now) {
    domain_limit_ = limit;
    for (auto& [key, counter] : counters_)
        if (key.starts_with("domain ")) counter.change(limit, now);
}

void SimulatedCa::set_account_limit(CountedLimit limit, WallTime now) {
    account_limit_ = limit;
    for (auto& [key, counter] : counters_)
        if (key.starts_with("account ")) counter.change(limit, now);
}

LimitCounter& SimulatedCa::counter(const char* what, const std::string& key, CountedLimit limit,
                                   WallTime now) {
    return counters_.try_emplace(std::string(what) + " " + key, options_.way, limit, now)
        .first->second;
}

bool SimulatedCa::is_exempt(const SimulatedOrder& order, WallTime now) const {
    if (order.replaces.empty() || !options_.has_renewal_info) return false;
    const SimulatedCertificate& predecessor = certificate(std::stoul(order.replaces));
    return !predecessor.is_replaced && predecessor.names == joined(order.names) &&
           renewal_info(predecessor.number, now).window.contains(now);
}

std::string SimulatedCa::new_order(const SimulatedOrder& order, WallTime now) {
    tidy(now);
    ++counts_.orders;
    if (is_exempt(order, now)) {
        ++counts_.exempt;
        return {};
    }
    const std::string names = joined(order.names);
    const auto known = issued_.find(names);
    const bool is_renewal = known != issued_.end() && now - known->second < kKnownNames;
    if (is_renewal) ++counts_.renewals;
    std::vector<std::pair<const char*, LimitCounter*>> counters = {
        {"new orders", &counter("account", "", account_limit_, now)},
        {"the exact set of names", &counter("names", names, options_.certificates_per_names, now)}};
    if (!is_renewal && domain_limit_)
        counters.emplace_back("certificates of the domain",
                              &counter("domain", order.domain, *domain_limit_, now));
    for (const std::string& name : order.names) {
        const auto failures = counters_.find("failures " + name);
        if (failures != counters_.end())
            counters.emplace_back("failed authorizations", &failures->second);
    }
    for (auto& [what, each] : counters) {
        if (each->may_take(now)) continue;
        const std::string words = std::string("too many ") + what + ": " + names;
        if (overruns_.size() < kOverrunsKept) overruns_.push_back(to_rfc3339(now) + " " + words);
        return words;
    }
    for (std::size_t each = 0; each < (is_renewal || !domain_limit_ ? 2U : 3U); ++each)
        counters[each].second->take(now);
    return {};
}

bool SimulatedCa::authorize(const SimulatedOrder& order, WallTime now) {
    const double draw = std::uniform_real_distribution<>(0, 1)(random_);
    if (draw >= options_.failing) return true;
    ++counts_.failed;
    counter("failures", order.names.front(), options_.failures_per_name, now).take(now);
    return false;
}

const SimulatedCertificate& SimulatedCa::issue(const SimulatedOrder& order, WallTime now) {
    ++counts_.issued;
    if (!order.replaces.empty()) certificates_.at(std::stoul(order.replaces)).is_replaced = true;
    SimulatedCertificate made;
    made.number = certificates_.size();
    made.names = joined(order.names);
    made.not_before = now - kSimHour;  // Let's Encrypt does.
    made.not_after = made.not_before + options_.lifetime(order.profile, now);
    issued_[made.names] = now;
    certificates_.push_back(std::move(made));
    return certificates_.back();
}

acme::RenewalSuggestion SimulatedCa::renewal_info(std::size_t number, WallTime now) const {
    const SimulatedCertificate& certificate = certificates_.at(number);
    if (certificate.called_back_at)
        return {{now - kSimHour, now - kSimHour / 2}, "https://ca.test/incident"};
    const Milliseconds life = certificate.not_after - certificate.not_before;
    const WallTime middle = certificate.not_before + (life < kShortLife ? life / 2 : life * 2 / 3);
    return {{middle - life / 100, middle + life / 100}, ""};
}

void SimulatedCa::call_back(std::size_t number, WallTime now, WallTime revoked_at) {
    SimulatedCertificate& certificate = certificates_.at(number);
    certificate.called_back_at = now;
    certificate.revoked_at = revoked_at;
}

/// What is long past would fill the memory in two years.
void SimulatedCa::tidy(WallTime now) {
    if (now - tidied_ < kSimDay) return;
    tidied_ = now;
    for (auto each = counters_.begin(); each != counters_.end();)
        each = each->second.is_idle(now) ? counters_.erase(each) : std::next(each);
}

}  // namespace hairpin::tests
