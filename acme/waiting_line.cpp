#include "acme/waiting_line.hpp"

#include <algorithm>
#include <utility>

namespace hairpin::acme {
namespace {

constexpr std::array<std::string_view, kWorkClasses> kWorkTexts = {"incident", "first", "renewal",
                                                                   "re-issue", "canary"};

/// When the buckets that nobody shares with it let it go.
WallTime own_open_at(const Waiting& waiting, const Budget& budget, WallTime now) {
    std::vector<Charge> own = failure_charges_of(waiting.keys);
    own.push_back(names_charge_of(waiting.keys));
    return budget.all_open_at(own, now);
}

}  // namespace

std::string_view to_string(WorkClass work) noexcept {
    return kWorkTexts[static_cast<std::size_t>(work)];
}

std::optional<WorkClass> work_class_from_text(std::string_view text) noexcept {
    const auto found = std::find(kWorkTexts.begin(), kWorkTexts.end(), text);
    if (found == kWorkTexts.end()) return std::nullopt;
    return static_cast<WorkClass>(found - kWorkTexts.begin());
}

WaitingLine::Rank WaitingLine::rank_of(const Waiting& waiting) {
    return {waiting.is_dead, waiting.work, waiting.due, waiting.id};
}

WaitingLine::GroupKey WaitingLine::group_of(const Waiting& waiting) {
    const bool is_exempt = waiting.keys.is_exempt;
    return {waiting.is_dead, waiting.work, is_exempt,
            is_exempt || waiting.keys.is_renewal ? std::string() : waiting.keys.domain};
}

bool WaitingLine::keeps_half(const Waiting& waiting) noexcept {
    return waiting.is_dead || waiting.work == WorkClass::Canary;
}

void WaitingLine::put(Waiting waiting, const Budget& budget, WallTime now) {
    erase(waiting.id);
    const std::int64_t id = waiting.id;
    place(members_.emplace(id, Member{std::move(waiting), {}}).first->second, budget, now);
}

void WaitingLine::erase(std::int64_t id) {
    const auto found = members_.find(id);
    if (found == members_.end()) return;
    unplace(found->second);
    members_.erase(found);
}

void WaitingLine::park(WorkClass work, WallTime until, std::string reason) {
    auto& parked = parked_[static_cast<std::size_t>(work)];
    if (parked && parked->until >= until) return;
    parked = Parked{work, until, std::move(reason)};
}

void WaitingLine::look_anew(const Budget& budget, WallTime now) {
    for (auto& [id, member] : members_) {
        unplace(member);
        place(member, budget, now);
    }
}

void WaitingLine::place(Member& member, const Budget& budget, WallTime now) {
    const WallTime open = own_open_at(member.waiting, budget, now);
    member.held_until.reset();
    if (open <= now) return enter(member.waiting);
    member.held_until = open;
    held_.emplace(open, member.waiting.id);
}

void WaitingLine::unplace(const Member& member) {
    if (!member.held_until) return leave(member.waiting);
    held_.erase({*member.held_until, member.waiting.id});
}

void WaitingLine::enter(const Waiting& waiting) {
    const auto [found, is_new] = groups_.try_emplace(group_of(waiting));
    if (is_new && waiting.keys.is_exempt) ++exempt_groups_;
    std::set<Rank>& group = found->second;
    if (!group.empty()) heads_.erase(*group.begin());
    group.insert(rank_of(waiting));
    heads_.insert(*group.begin());
}

void WaitingLine::leave(const Waiting& waiting) {
    const auto found = groups_.find(group_of(waiting));
    if (found == groups_.end()) return;
    std::set<Rank>& group = found->second;
    heads_.erase(*group.begin());
    group.erase(rank_of(waiting));
    if (group.empty()) {
        if (waiting.keys.is_exempt) --exempt_groups_;
        groups_.erase(found);
    } else {
        heads_.insert(*group.begin());
    }
}

void WaitingLine::release(const Budget& budget, WallTime now) {
    while (!held_.empty() && held_.begin()->first <= now) {
        Member& member = members_.at(held_.begin()->second);
        held_.erase(held_.begin());
        place(member, budget, now);
    }
}

WallTime WaitingLine::shared_open_at(const Waiting& waiting, const Budget& budget,
                                     WallTime now) const {
    const auto& parked = parked_[static_cast<std::size_t>(waiting.work)];
    const WallTime open =
        budget.all_open_at(shared_charges_of(waiting.keys), now, keeps_half(waiting));
    return parked ? std::max(open, parked->until) : open;
}

// Ten thousand registered domains are as many groups: they are not walked while none may go.
bool WaitingLine::is_account_closed(const Budget& budget, WallTime now) const {
    if (exempt_groups_ > 0) return false;
    const auto open = budget.open_at({Limit::OrdersPerAccount, ""}, now);
    return open && *open > now;
}

std::optional<Waiting> WaitingLine::take(Budget& budget, WallTime now) {
    release(budget, now);
    if (is_account_closed(budget, now)) return std::nullopt;
    for (const Rank& head : heads_) {
        const Waiting& first = members_.at(std::get<std::int64_t>(head)).waiting;
        if (shared_open_at(first, budget, now) > now) continue;
        Waiting taken = first;
        budget.take(charges_of(taken.keys), now);
        erase(taken.id);
        return taken;
    }
    return std::nullopt;
}

std::optional<WallTime> WaitingLine::next_at(const Budget& budget, WallTime now) const {
    std::optional<WallTime> next;
    const auto sooner = [&](WallTime at) { next = next ? std::min(*next, at) : at; };
    if (!held_.empty()) sooner(held_.begin()->first);
    if (!heads_.empty() && is_account_closed(budget, now)) {
        sooner(*budget.open_at({Limit::OrdersPerAccount, ""}, now));
        return next;
    }
    for (const Rank& head : heads_)
        sooner(shared_open_at(members_.at(std::get<std::int64_t>(head)).waiting, budget, now));
    return next;
}

std::array<std::size_t, kWorkClasses> WaitingLine::waiting_by_class() const {
    std::array<std::size_t, kWorkClasses> counts{};
    for (const auto& [id, member] : members_)
        ++counts[static_cast<std::size_t>(member.waiting.work)];
    return counts;
}

std::map<std::string, std::size_t> WaitingLine::waiting_by_domain() const {
    std::map<std::string, std::size_t> counts;
    for (const auto& [id, member] : members_)
        if (!member.waiting.keys.is_exempt && !member.waiting.keys.is_renewal)
            ++counts[member.waiting.keys.domain];
    return counts;
}

std::vector<WaitingLine::Parked> WaitingLine::parked(WallTime now) const {
    std::vector<Parked> parked;
    for (const auto& each : parked_)
        if (each && each->until > now) parked.push_back(*each);
    return parked;
}

std::optional<WaitingLine::Hold> WaitingLine::hold_of(std::int64_t id, const Budget& budget,
                                                      WallTime now) const {
    const auto found = members_.find(id);
    if (found == members_.end()) return std::nullopt;
    const Waiting& waiting = found->second.waiting;
    std::vector<Charge> buckets = charges_of(waiting.keys);
    const auto failures = failure_charges_of(waiting.keys);
    buckets.insert(buckets.end(), failures.begin(), failures.end());
    std::optional<Hold> latest;
    const auto consider = [&](std::optional<Charge> bucket, WallTime until) {
        if (until > now && (!latest || until > latest->until))
            latest = Hold{std::move(bucket), until};
    };
    for (const Charge& each : buckets) {
        const bool is_shared =
            each.limit == Limit::OrdersPerAccount || each.limit == Limit::CertificatesPerDomain;
        consider(each, budget.open_at(each, now, is_shared && keeps_half(waiting)).value_or(now));
    }
    if (const auto& parked = parked_[static_cast<std::size_t>(waiting.work)])
        consider(std::nullopt, parked->until);
    return latest;
}

}  // namespace hairpin::acme
