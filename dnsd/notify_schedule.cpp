#include "dnsd/notify_schedule.hpp"

#include <algorithm>

namespace hairpin::dnsd {

std::string_view to_string(NotifyState state) noexcept {
    switch (state) {
        case NotifyState::Resting:
            return "resting";
        case NotifyState::Waiting:
            return "waiting";
        case NotifyState::InFlight:
            return "in-flight";
    }
    return "";
}

std::string_view to_string(NotifyResult result) noexcept {
    switch (result) {
        case NotifyResult::None:
            return "none";
        case NotifyResult::Acknowledged:
            return "acknowledged";
        case NotifyResult::Refused:
            return "refused";
        case NotifyResult::NoAnswer:
            return "no-answer";
        case NotifyResult::Failed:
            return "failed";
    }
    return "";
}

NotifySchedule::Target NotifySchedule::target(const zones::Name& apex, const Endpoint& secondary) {
    const zones::Name lower = apex.lower();
    return {std::string(as_text(lower.wire())), secondary};
}

void NotifySchedule::changed(const Target& target, MonotonicTime now) {
    const auto entry = entries_.try_emplace(target).first;
    NotifyStanding& known = entry->second;
    if (known.state == NotifyState::InFlight) known.is_outdated = true;
    if (known.state != NotifyState::Resting) return;
    const bool is_early = known.was_sent && now < known.sent_at + policy_.min_interval;
    move_to(entry, NotifyState::Waiting, is_early ? known.sent_at + policy_.min_interval : now);
}

void NotifySchedule::wake(const Target& target, MonotonicTime now) {
    const auto entry = entries_.find(target);
    if (entry == entries_.end() || entry->second.state != NotifyState::InFlight)
        return changed(target, now);
    entry->second.tries = 0;
    entry->second.is_outdated = false;
    move_to(entry, NotifyState::Waiting, now);
}

void NotifySchedule::forget(const Target& target) {
    const auto entry = entries_.find(target);
    if (entry == entries_.end()) return;
    queue_.erase({entry->second.at, target});
    entries_.erase(entry);
}

std::optional<MonotonicTime> NotifySchedule::next() const noexcept {
    if (queue_.empty()) return std::nullopt;
    return queue_.begin()->first;
}

NotifySchedule::Due NotifySchedule::take_due(MonotonicTime now, std::size_t most) {
    Due due;
    while (due.targets.size() < most && !queue_.empty() && queue_.begin()->first <= now) {
        const auto entry = entries_.find(queue_.begin()->second);
        NotifyStanding& known = entry->second;
        if (known.state == NotifyState::InFlight && known.tries >= policy_.attempts) {
            due.given_up.push_back(entry->first);
            rest(entry, NotifyResult::NoAnswer, now);
            continue;
        }
        // A repetition tells the newest serial, so nothing is outdated by what changed before it.
        known.tries = known.state == NotifyState::Waiting ? 1 : known.tries + 1;
        known.sent_at = now;
        known.was_sent = true;
        known.is_outdated = false;
        move_to(entry, NotifyState::InFlight, now + pause_after(known.tries));
        due.targets.push_back(entry->first);
    }
    return due;
}

void NotifySchedule::sent(const Target& target, std::uint32_t serial) {
    const auto entry = entries_.find(target);
    if (entry != entries_.end()) entry->second.serial_in_flight = serial;
}

void NotifySchedule::not_sent(const Target& target, MonotonicTime now) {
    const auto entry = entries_.find(target);
    if (entry != entries_.end() && entry->second.tries >= policy_.attempts)
        rest(entry, NotifyResult::Failed, now);  // Until then it is tried again, as without answer.
}

void NotifySchedule::answered(const Target& target, Rcode rcode, MonotonicTime now) {
    const auto entry = entries_.find(target);
    if (entry == entries_.end() || entry->second.state != NotifyState::InFlight) return;
    entry->second.rcode = rcode;
    if (rcode == Rcode::NoError) entry->second.acknowledged = entry->second.serial_in_flight;
    // RFC 1996 section 3.8: any answer ends the repetition; one that refuses will not change its
    // mind within a minute.
    rest(entry, rcode == Rcode::NoError ? NotifyResult::Acknowledged : NotifyResult::Refused, now);
}

const NotifyStanding* NotifySchedule::find(const Target& target) const {
    const auto entry = entries_.find(target);
    return entry == entries_.end() ? nullptr : &entry->second;
}

std::vector<NotifySchedule::Target> NotifySchedule::targets_of(const zones::Name& apex) const {
    std::vector<Target> found;
    const Target first = target(apex, {});
    for (auto entry = entries_.lower_bound(first);
         entry != entries_.end() && entry->first.apex == first.apex; ++entry)
        found.push_back(entry->first);
    return found;
}

std::vector<NotifySchedule::Target> NotifySchedule::targets() const {
    std::vector<Target> found;
    found.reserve(entries_.size());
    for (const auto& [target, standing] : entries_)
        found.push_back(target);
    return found;
}

void NotifySchedule::move_to(Entries::iterator entry, NotifyState state, MonotonicTime at) {
    NotifyStanding& known = entry->second;
    if (known.state != NotifyState::Resting) queue_.erase({known.at, entry->first});
    known.state = state;
    known.at = at;
    if (state != NotifyState::Resting) queue_.emplace(at, entry->first);
}

void NotifySchedule::rest(Entries::iterator entry, NotifyResult result, MonotonicTime now) {
    NotifyStanding& known = entry->second;
    const bool is_outdated = known.is_outdated;
    known.result = result;
    known.is_outdated = false;
    known.tries = 0;
    move_to(entry, NotifyState::Resting, {});
    if (is_outdated) changed(entry->first, now);
}

Milliseconds NotifySchedule::pause_after(unsigned tries) const noexcept {
    Milliseconds pause = policy_.first_retry;
    for (unsigned each = 1; each < tries && pause < policy_.longest_retry; ++each)
        pause *= 2;
    return std::min(pause, policy_.longest_retry);
}

}  // namespace hairpin::dnsd
