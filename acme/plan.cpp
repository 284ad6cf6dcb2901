#include "acme/plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <queue>
#include <utility>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kPlanDay{24LL * 3600 * 1000};
constexpr Milliseconds kPlanYear = kPlanDay * 365;
constexpr Milliseconds kLongestPlan = kPlanYear * 100;

/// Of the servers of a plan: their line, their renewals, what became of them.
class Fleet {
public:
    Fleet(const PlanRequest& request, Budget budget, WallTime now)
        : request_(request), budget_(std::move(budget)), now_(now) {
        plan_.begin = plan_.ready_at = now;
        for (std::int64_t id = 1; id <= request_.servers; ++id)
            line_.put(waiting(id, WorkClass::First, now), budget_, now);
    }

    Result<Plan> run() {
        while (plan_.first_issues < request_.servers) {
            while (auto gone = line_.take(budget_, now_))
                depart(*gone);
            if (plan_.first_issues == request_.servers) break;
            note_pace();
            advance();
            if (now_ - plan_.begin > kLongestPlan)
                return fail(Error{ErrorCode::Limit, "plan", "it would take more than 100 years"});
        }
        plan_.ready_at = now_;
        plan_.pace = pace();
        return plan_;
    }

private:
    using Due = std::pair<WallTime, std::int64_t>;

    [[nodiscard]] Waiting waiting(std::int64_t id, WorkClass work, WallTime due) const {
        Waiting one;
        one.id = one.server_id = id;
        one.work = work;
        one.due = due;
        one.since = now_;
        const std::string domain =
            request_.domains == 1 && !request_.domain.empty()
                ? request_.domain
                : "d" + std::to_string(id % request_.domains) + ".plan.invalid";
        const std::string label = "s" + std::to_string(id);
        one.keys = {domain, label + "." + domain, "i-" + label + "." + domain, false};
        return one;
    }

    void depart(const Waiting& gone) {
        if (gone.work == WorkClass::First) {
            const std::int64_t issued = ++plan_.first_issues;
            const auto mark = [&](std::int64_t tenths, WallTime& at) {
                if (issued == (request_.servers * tenths + 9) / 10) at = now_;
            };
            mark(1, plan_.tenth_at);
            mark(5, plan_.half_at);
            mark(9, plan_.nine_tenths_at);
        } else {
            count_renewal(gone.due);
        }
        const bool is_short = request_.lifetime < kPlanDay * 10;
        renewals_.emplace(now_ + (is_short ? request_.lifetime / 2 : request_.lifetime * 2 / 3),
                          gone.id);
    }

    void count_renewal(WallTime expires) {
        ++plan_.renewals;
        if (now_ > expires) ++plan_.late_renewals;
    }

    /// Renewals that are due join the line, or (exempt) are done at once.
    void renew() {
        while (!renewals_.empty() && renewals_.top().first <= now_) {
            const auto [due, id] = renewals_.top();
            renewals_.pop();
            const bool is_short = request_.lifetime < kPlanDay * 10;
            const WallTime expires =
                due + (is_short ? request_.lifetime / 2 : request_.lifetime / 3);
            if (request_.renewals_are_exempt) {
                ++plan_.renewals;
                renewals_.emplace(
                    due + (is_short ? request_.lifetime / 2 : request_.lifetime * 2 / 3), id);
                continue;
            }
            Waiting one = waiting(id, WorkClass::Renewal, expires);
            one.keys.domain = "renewals.plan.invalid";
            line_.put(std::move(one), budget_, now_);
        }
    }

    void advance() {
        const auto token = line_.next_at(budget_, now_);
        WallTime next = token.value_or(now_ + kLongestPlan * 2);
        if (!renewals_.empty() && !request_.renewals_are_exempt)
            next = std::min(next, renewals_.top().first);
        now_ = std::max(next, now_ + Milliseconds(1));
        budget_.forget_full(now_);
        renew();
    }

    void note_pace() {
        const Charge account{Limit::OrdersPerAccount, ""};
        const auto open = budget_.open_at(account, now_);
        const bool is_account = open && *open > now_;
        ++waits_[static_cast<std::size_t>(is_account ? Limit::OrdersPerAccount
                                                     : Limit::CertificatesPerDomain)];
    }

    [[nodiscard]] std::optional<Limit> pace() const {
        const auto most = std::max_element(waits_.begin(), waits_.end());
        if (*most == 0) return std::nullopt;
        return static_cast<Limit>(most - waits_.begin());
    }

    const PlanRequest request_;
    Budget budget_;
    WallTime now_;
    WaitingLine line_;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> renewals_;
    std::array<std::size_t, kLimits> waits_{};
    Plan plan_;
};

Result<void> check(const PlanRequest& request) {
    const auto wrong = [](const char* what, const std::string& why) {
        return fail(Error{ErrorCode::Invalid, what, why});
    };
    if (request.servers < 1 || request.servers > kMaxPlanned)
        return wrong("servers", "must be 1 to " + std::to_string(kMaxPlanned));
    if (request.domains < 1 || request.domains > request.servers)
        return wrong("domains", "must be 1 to the number of servers");
    if (request.lifetime < kPlanDay || request.lifetime > kPlanDay * 398)
        return wrong("days", "must be 1 to 398");
    return {};
}

}  // namespace

std::vector<Departure> foretell(WaitingLine line, Budget budget, WallTime now, WallTime until) {
    std::vector<Departure> departures;
    departures.reserve(line.size());
    while (line.size() > 0 && now <= until) {
        while (auto gone = line.take(budget, now))
            departures.push_back({*std::move(gone), now});
        const auto next = line.next_at(budget, now);
        if (!next) break;
        now = std::max(*next, now + Milliseconds(1));
    }
    return departures;
}

Result<Plan> make_plan(const PlanRequest& request, Budget budget, WallTime now) {
    TRY(check(request));
    // Renewals are never held by a domain: a domain of their own that lets everything through.
    budget.set_override(Limit::CertificatesPerDomain, "renewals.plan.invalid",
                        Allowance{kMaxAllowed, kMinPeriod, 100}, now);
    // A row of renewals of one server is far from its own limits, but for lifetimes of a few days.
    return Fleet(request, std::move(budget), now).run();
}

std::string text_of_span(Milliseconds span) {
    struct Unit {
        Milliseconds length;
        std::string_view name;
    };
    constexpr std::array kUnits = {Unit{kPlanYear, "years"}, Unit{kPlanDay, "days"},
                                   Unit{Milliseconds(3600 * 1000), "hours"}};
    for (const Unit& unit : kUnits) {
        // Two of a unit before it is used: 100 hours say more than 4 days, 400 days than a year.
        const Milliseconds least = unit.length * (unit.length == kPlanDay ? 5 : 2);
        if (span < least) continue;
        const double count =
            static_cast<double>(span.count()) / static_cast<double>(unit.length.count());
        const auto tenths = static_cast<std::int64_t>(std::llround(count * 10));
        if (count >= 10) return std::to_string(std::llround(count)) + " " + std::string(unit.name);
        return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " +
               std::string(unit.name);
    }
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(span).count();
    return std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes");
}

}  // namespace hairpin::acme
