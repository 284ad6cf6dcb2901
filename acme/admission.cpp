// Which attempts may order now: see engine.hpp.
//
// A cap on orders under way, and limits per server that stay well under the CAs' "five certificates
// for the same names in seven days": a server that reinstalls in a loop, or a renewal gone wild,
// must not use up what the next honest request needs; nor may it spend the CA account's orders
// (order_log.hpp). Who passes here stands in the line for the CA's limits (gate.hpp).

#include <utility>

#include "acme/engine.hpp"
#include "acme/pacing.hpp"
#include "acme/requests.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kDay{24 * 3600 * 1000};
constexpr Milliseconds kWeek = kDay * 7;
constexpr Milliseconds kSuspendedPause{3600 * 1000};

}  // namespace

void Engine::admit(const JobRef& job) {
    // Before anything that passes by itself: this does not.
    const auto removed = removed_alias(**reader_, job->attempt, options_.internal_prefix);
    if (!removed) return wait(job, kReadRetry);
    if (!removed->empty())
        return give_up(job,
                       {Remedy::PersonNeeded,
                        std::string(kAliasRemoved),
                        *removed + " is in the CSR and is no alias of this server any more: send a "
                                   "new CSR without it",
                        {}});
    const auto postponed = postponement(job->attempt);
    if (!postponed) {
        log::logger("acme").error("{}: cannot be admitted yet: {}", job->attempt.public_name,
                                  postponed.error().text());
        return wait(job, kReadRetry);
    }
    if (*postponed) return advance(job, **postponed);
    stand_in_line(job);
    admit_waiting();
}

Result<std::optional<Postponed>> Engine::postponement(const Attempt& attempt) {
    if (attempt.is_canary()) return std::optional<Postponed>();
    auto suspended = TRY(suspension(attempt));
    if (suspended) return suspended;
    auto issued_enough = TRY(enough_issued(attempt));
    if (issued_enough) return issued_enough;
    return enough_ordered(attempt);
}

Result<std::optional<Postponed>> Engine::suspension(const Attempt& attempt) {
    if (attempt.server_id == store::kOurselves) return std::optional<Postponed>();
    const WallTime now = clock_.now();
    const auto server = TRY((*reader_)->server(attempt.server_id));
    if (!server) return std::optional<Postponed>();  // The next commit finds out.
    const auto licence = TRY((*reader_)->licence(server->licence));
    const bool suspended = server->state == store::ServerState::Suspended || !licence ||
                           licence->state == store::LicenceState::Suspended ||
                           (licence->expires_at && *licence->expires_at <= now);
    if (!suspended) return std::optional<Postponed>();
    return std::optional(Postponed{now + kSuspendedPause,
                                   "the server or its licence is suspended or has expired; "
                                   "certificates go on when it is active again"});
}

Result<std::optional<Postponed>> Engine::enough_issued(const Attempt& attempt) {
    const WallTime now = clock_.now();
    store::AcmeQueries queries((*reader_)->database());
    const auto issued =
        TRY(queries.issues_since(attempt.subject(), now - kWeek, options_.issues_per_week + 1));
    return acme::enough_issued(issued, attempt.cause,
                               {options_.issues_per_day, options_.issues_per_week}, now);
}

Result<std::optional<Postponed>> Engine::enough_ordered(const Attempt& attempt) {
    const WallTime now = clock_.now();
    const store::Subject subject = attempt.subject();
    if (!orders_.knows(subject))
        orders_.begin_with(subject,
                           TRY(store::AcmeQueries((*reader_)->database())
                                   .attempts_since(subject, now - kDay, options_.orders_per_day)));
    const auto full =
        orders_.full(subject, now, {options_.orders_per_hour, options_.orders_per_day});
    if (!full) return std::optional<Postponed>();
    const std::string before = attempt.failures > 0 && attempt.problem_type != "postponed"
                                   ? "; before that: " + attempt.problem
                                   : "";
    return std::optional(
        Postponed{full->until, std::to_string(full->placed) +
                                   " orders were placed at the CA for this server within " +
                                   std::string(full->span) +
                                   ", and it takes few of one account; the next one is placed at " +
                                   to_rfc3339(full->until) + before});
}

}  // namespace hairpin::acme
