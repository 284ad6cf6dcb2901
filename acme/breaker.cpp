#include "acme/breaker.hpp"

#include <algorithm>
#include <utility>

namespace hairpin::acme {
namespace {

constexpr Milliseconds kTellAgain{3600 * 1000};

}  // namespace

std::string_view to_string(Breaker::State state) noexcept {
    switch (state) {
        case Breaker::State::Closed:
            return "closed";
        case Breaker::State::Open:
            return "open";
        case Breaker::State::HalfOpen:
            return "half-open";
    }
    return "";
}

bool Breaker::note(const CaOutcome& outcome, MonotonicTime now) {
    const bool has_failed = !outcome.failure.empty();
    const bool is_bad = has_failed || outcome.took > rules_.slow;
    next_probe_ = std::max(next_probe_, now + rules_.probe_pause);
    if (state_ == State::Closed) return note_while_closed(outcome, is_bad, now);
    // What was sent before it opened says nothing about now.
    if (state_ == State::Open) return false;
    if (is_bad) {
        open_for_ = std::min(open_for_ * 2, rules_.longest_open);
        open(has_failed ? outcome.failure : why_, now);
        return true;
    }
    if (++good_answers_ < kAnswersToClose) return false;
    enter(State::Closed, now);
    return true;
}

bool Breaker::note_while_closed(const CaOutcome& outcome, bool is_bad, MonotonicTime now) {
    const bool has_failed = !outcome.failure.empty();
    failed_in_a_row_ = has_failed ? failed_in_a_row_ + 1 : 0;
    remember(is_bad, now);
    open_for_ = rules_.open_for;
    if (failed_in_a_row_ >= rules_.failures_in_a_row) {
        open(std::to_string(failed_in_a_row_) +
                 " requests in a row failed, the last one: " + outcome.failure,
             now);
        return true;
    }
    const auto bad = static_cast<std::size_t>(
        std::count_if(seen_.begin(), seen_.end(), [](const Seen& each) { return each.is_bad; }));
    const auto most = static_cast<std::size_t>(rules_.bad_percent);
    if (seen_.size() < rules_.least || bad * 100 < seen_.size() * most) return false;
    open(std::to_string(bad) + " of the last " + std::to_string(seen_.size()) +
             " requests failed or took longer than " +
             std::to_string(std::chrono::ceil<Seconds>(rules_.slow).count()) + " seconds" +
             (has_failed ? ", the last one: " + outcome.failure : ""),
         now);
    return true;
}

bool Breaker::wants_probe(MonotonicTime now) {
    switch (state_) {
        case State::Closed:
            return failed_in_a_row_ > 0 && now >= next_probe_;
        case State::Open:
            if (now - *since_ < open_for_) return false;
            enter(State::HalfOpen, now);
            next_probe_ = now;
            return true;
        case State::HalfOpen:
            return now >= next_probe_;
    }
    return false;
}

bool Breaker::is_news(MonotonicTime now) {
    if (told_at_ && now - *told_at_ < kTellAgain) return false;
    told_at_ = now;
    return true;
}

std::optional<Milliseconds> Breaker::closed_for(MonotonicTime now) const noexcept {
    if (openings_ == 0) return std::nullopt;
    if (state_ != State::Closed) return Milliseconds(0);
    return now - *since_;
}

void Breaker::remember(bool is_bad, MonotonicTime now) {
    seen_.push_back({now, is_bad});
    while (seen_.size() > kMostRemembered || now - seen_.front().at > rules_.window)
        seen_.pop_front();
}

void Breaker::open(std::string why, MonotonicTime now) {
    ++openings_;
    enter(State::Open, now);
    why_ = std::move(why);
}

void Breaker::enter(State state, MonotonicTime now) {
    state_ = state;
    since_ = now;
    good_answers_ = 0;
    if (state != State::Closed) return;
    told_at_.reset();
    why_.clear();
    seen_.clear();
    failed_in_a_row_ = 0;
}

}  // namespace hairpin::acme
