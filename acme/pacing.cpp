#include "acme/pacing.hpp"

#include <algorithm>
#include <string>

#include "acme/gate.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kPacingDay{24 * 3600 * 1000};
constexpr Milliseconds kPacingWeek = kPacingDay * 7;

/// Renewals begin at two thirds of the life: from when on half of what is left then is gone.
WallTime urgent_from(const CertificateSpan& certificate) {
    return certificate.not_after - (certificate.not_after - certificate.not_before) / 6;
}

}  // namespace

std::optional<Postponed> enough_issued(std::span<const WallTime> issued, store::AttemptCause cause,
                                       const IssueLimits& limits, WallTime now) {
    if (issued.size() >= limits.per_week && !issued.empty()) {
        const WallTime until = issued[limits.per_week - 1] + kPacingWeek;
        return Postponed{until, "these names were given " + std::to_string(issued.size()) +
                                    " certificates within a week, and a CA allows few; the next "
                                    "one is ordered at " +
                                    to_rfc3339(until)};
    }
    const auto today = std::count_if(issued.begin(), issued.end(),
                                     [&](WallTime at) { return at > now - kPacingDay; });
    if (cause == store::AttemptCause::Renewal &&
        static_cast<std::size_t>(today) >= limits.per_day && today > 0) {
        const WallTime until = issued.front() + kPacingDay;
        return Postponed{
            until, "renewed within a day already; the next renewal is at " + to_rfc3339(until)};
    }
    return std::nullopt;
}

LinePlace place_in_line(const Attempt& attempt, const std::optional<CertificateSpan>& current,
                        WallTime now) {
    LinePlace place{class_of(attempt), attempt.created_at, {}};
    if (place.work != WorkClass::Renewal && place.work != WorkClass::Incident) return place;
    // One that has expired meanwhile is the most urgent.
    place.due = current ? current->not_after : WallTime();
    const WallTime urgent_at = current ? urgent_from(*current) : now;
    // New servers may come for months: they do not let a certificate expire.
    if (urgent_at <= now) {
        place.work = WorkClass::Incident;
    } else {
        place.urgent_at = urgent_at;  // It is to be looked at anew.
    }
    return place;
}

}  // namespace hairpin::acme
