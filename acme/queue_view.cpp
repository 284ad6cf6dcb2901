#include "acme/queue_view.hpp"

#include <unordered_set>
#include <utility>

#include "acme/plan.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kForeseen{366LL * 24 * 3600 * 1000};
constexpr Milliseconds kWorthAdvice{24LL * 3600 * 1000};  // A line this long is worth a word.
constexpr Milliseconds kOrderTakes{30'000};               // One that goes well.

/// "2026-12-03 14:10 UTC".
std::string minute_of(WallTime time) {
    std::string text = to_rfc3339(time).substr(0, 16);
    text[10] = ' ';
    return text + " UTC";
}

std::string reason_of(const WaitingLine::Hold& hold, const Budget& budget) {
    if (!hold.bucket) return "the CA asked to be left alone with such orders";
    const auto allowance = budget.allowance(hold.bucket->limit, hold.bucket->key);
    const std::string count = allowance ? std::to_string(allowance->count) : "no more";
    const std::string period = allowance ? " in " + text_of(allowance->period) : "";
    switch (hold.bucket->limit) {
        case Limit::OrdersPerAccount:
            return "the CA takes " + count + " orders of an account" + period;
        case Limit::CertificatesPerDomain:
            return "the CA gives " + count + " certificates" + period + " for " + hold.bucket->key;
        case Limit::CertificatesPerNames:
            return "the CA gives " + count + " certificates" + period + " for the same names";
        case Limit::FailuresPerName:
            return "the CA's check of " + hold.bucket->key +
                   " failed too often: mend what failed, it is tried again by itself";
        case Limit::FailuresInARow:
            return "the CA's check of " + hold.bucket->key +
                   " has failed so long that the CA would pause the name: mend what failed";
    }
    return {};
}

void add_advice(QueueView& view, const WaitingLine& line, WallTime now) {
    for (const auto& [domain, waiting] : line.waiting_by_domain()) {
        const auto level = view.budget.level({Limit::CertificatesPerDomain, domain}, now);
        if (!level) continue;
        const Milliseconds span{static_cast<std::int64_t>(
            static_cast<double>(level->allowance.period.count()) * static_cast<double>(waiting) /
            static_cast<double>(level->allowance.count))};
        if (span < kWorthAdvice || level->left >= static_cast<std::int64_t>(waiting)) continue;
        view.advice.push_back("at " + text_of(level->allowance) + " the " +
                              std::to_string(waiting) + " that wait for " + domain + " need " +
                              text_of_span(span) +
                              ": ask the CA for an override, then say it with hairpin acme limit "
                              "set");
    }
}

}  // namespace

QueueView look_at(const WaitingLine& line, const Budget& budget, WallTime now) {
    QueueView view;
    view.at = now;
    view.budget = budget;
    view.by_class = line.waiting_by_class();
    view.parked = line.parked(now);
    std::unordered_set<std::int64_t> seen;
    const auto add = [&](const Waiting& waiting, std::optional<WallTime> eta) {
        WaitingServer entry{waiting.server_id,
                            waiting.keys.public_name,
                            waiting.work,
                            waiting.is_dead,
                            waiting.since,
                            eta,
                            view.waiting.size(),
                            {},
                            {},
                            waiting.name_alone};
        if (const auto hold = line.hold_of(waiting.id, budget, now))
            entry.why = reason_of(*hold, budget);
        // A canary has no server, and is not our own certificate either.
        if (waiting.work != WorkClass::Canary)
            view.by_subject[entry.subject()] = view.waiting.size();
        seen.insert(waiting.id);
        view.waiting.push_back(std::move(entry));
    };
    for (const Departure& each : foretell(line, budget, now, now + kForeseen))
        add(each.waiting, each.at);
    line.for_each([&](const Waiting& waiting) {
        if (!seen.contains(waiting.id)) add(waiting, std::nullopt);
    });
    add_advice(view, line, now);
    return view;
}

void QueueView::hold(const std::string& reason) {
    if (reason.empty()) return;
    for (WaitingServer& each : waiting)
        each.why = reason;
}

void QueueView::add(const std::string& issuer, QueueView other) {
    for (WaitingServer& each : other.waiting) {
        each.issuer = issuer;
        if (each.work != WorkClass::Canary) by_subject[each.subject()] = waiting.size();
        waiting.push_back(std::move(each));
    }
    for (std::size_t each = 0; each < kWorkClasses; ++each)
        by_class[each] += other.by_class[each];
    others.push_back({issuer, std::move(other.directory), std::move(other.preset),
                      std::move(other.budget), std::move(other.parked)});
}

std::string sentence_of(const WaitingServer& entry) {
    std::string text = entry.eta
                           ? "gets its certificate about " + minute_of(*entry.eta + kOrderTakes)
                           : "does not get its certificate within a year";
    text += entry.before == 0   ? "; it is the next"
            : entry.before == 1 ? "; 1 waits before it"
                                : "; " + std::to_string(entry.before) + " wait before it";
    if (!entry.why.empty()) text += ": " + entry.why;
    if (entry.is_dead) text += "; it has kept failing, so others go first";
    return text;
}

void add_wait(CertificateState& state, const WaitingServer& entry) {
    state.eta.reset();
    if (entry.eta) state.eta = *entry.eta + kOrderTakes;
    state.next_check = entry.eta;
    const std::string before = state.problem.empty() ? "" : "; before that: " + state.problem;
    state.problem = sentence_of(entry) + before;
}

}  // namespace hairpin::acme
