#include "acme/foresight.hpp"

#include <string>
#include <utility>

#include "store/acme_rows.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kHourAhead{3600 * 1000};
constexpr Milliseconds kDayAhead{24 * 3600 * 1000};
constexpr Milliseconds kWeekAhead = kDayAhead * 7;
constexpr Milliseconds kYearAhead = kDayAhead * 365;

struct Bound {
    std::size_t most;
    Milliseconds span;
    const char* words;  // "5 orders were placed for this server within an hour"
};

/// When there is room again under a bound; `times` newest first, at least bound.most of them.
std::optional<WallTime> full_until(const std::vector<WallTime>& times, const Bound& bound,
                                   WallTime now) {
    if (times.size() < bound.most) return std::nullopt;
    const WallTime until = times[bound.most - 1] + bound.span;
    if (until <= now) return std::nullopt;
    return until;
}

std::string sentence(const Bound& bound, WallTime until) {
    return std::to_string(bound.most) + " " + bound.words +
           ", and a CA allows few: the next one is ordered at " + to_rfc3339(until);
}

/// The wait behind those who wait already: the server's own place where it has one, else the end
/// of the line of first certificates.
std::optional<Postponement> behind(const QueueView& line, const store::Subject& subject,
                                   WallTime now) {
    const WaitingServer* before = line.find(subject);
    for (const WaitingServer& each : line.waiting)
        if (line.find(subject) == nullptr && each.work == WorkClass::First && !each.is_dead)
            before = &each;
    if (before == nullptr) return std::nullopt;
    const WallTime until = before->eta.value_or(now + kYearAhead);
    if (until <= now + kShortWait) return std::nullopt;
    const std::string why = before->why.empty() ? "" : ": " + before->why;
    return Postponement{until,
                        std::to_string(line.waiting.size()) + " servers wait for the CA's limits" +
                            why + "; the next place in the line is at " + to_rfc3339(until),
                        {}};
}

}  // namespace

Result<std::optional<Postponement>> postponement_of(store::Queries& queries, const Options& options,
                                                    const QueueView& line,
                                                    const store::Subject& subject, WallTime now) {
    store::AcmeQueries rows(queries.database());
    const auto issued = TRY(rows.issues_since(subject, now - kWeekAhead, options.issues_per_week));
    const auto ordered = TRY(rows.attempts_since(subject, now - kDayAhead, options.orders_per_day));
    const Bound weekly{options.issues_per_week, kWeekAhead,
                       "certificates for these names were issued within a week"};
    const Bound daily{options.orders_per_day, kDayAhead,
                      "orders were placed for this server within a day"};
    const Bound hourly{options.orders_per_hour, kHourAhead,
                       "orders were placed for this server within an hour"};
    std::optional<Postponement> found;
    const auto consider = [&](const std::vector<WallTime>& times, const Bound& bound) {
        const auto until = full_until(times, bound, now);
        if (until && (!found || *until > found->until))
            found = Postponement{*until, sentence(bound, *until), {}};
    };
    consider(issued, weekly);
    consider(ordered, daily);
    consider(ordered, hourly);
    if (const auto waits = behind(line, subject, now))
        if (!found || waits->until > found->until) found = waits;
    if (!found) return found;
    const auto current = TRY(rows.current_certificate(subject, now));
    if (current && now - current->issued_at < options.young) found->young_key = current->key_sha256;
    return found;
}

}  // namespace hairpin::acme
