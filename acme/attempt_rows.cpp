// Attempts as rows of the store and back: see attempt.hpp.

#include <array>
#include <utility>

#include "acme/attempt.hpp"

namespace hairpin::acme {
namespace {

Result<State> state_of(store::AcmeAttemptRow& row) {
    OrderPlace order{std::move(row.order_url), std::move(row.finalize_url)};
    const auto certificate = row.certificate_sha256;
    switch (row.state) {
        case StateName::Wanted:
            return State(Wanted{});
        case StateName::Admitted:
            return State(Admitted{});
        case StateName::Ordering:
            return State(Ordering{});
        case StateName::Open:
            return State(Open{std::move(order)});
        case StateName::TxtStaged:
            return State(TxtStaged{std::move(order), std::move(row.authorizations)});
        case StateName::TxtLive:
            return State(TxtLive{std::move(order), std::move(row.authorizations)});
        case StateName::Challenged:
            return State(Challenged{std::move(order), std::move(row.authorizations)});
        case StateName::Ready:
            return State(Ready{std::move(order)});
        case StateName::Finalizing:
            return State(Finalizing{std::move(order)});
        case StateName::Processing:
            return State(Processing{std::move(order)});
        case StateName::Fetched:
            return State(Fetched{std::move(row.chain)});
        case StateName::Checked:
            return State(Checked{std::move(row.chain)});
        case StateName::Offered:
            if (certificate) return State(Offered{*certificate});
            break;
        case StateName::Deployed:
            if (certificate) return State(Deployed{*certificate});
            break;
        case StateName::Backoff:
            return State(Backoff{});
        case StateName::Blocked:
            return State(Blocked{});
        case StateName::Superseded:
            return State(Superseded{});
        case StateName::Cancelled:
            return State(Cancelled{});
    }
    return fail(Error{ErrorCode::Corrupt, "attempt " + std::to_string(row.id),
                      "has no certificate though it is " + std::string(to_string(row.state))});
}

}  // namespace

Result<Attempt> from_row(store::AcmeAttemptRow row) {
    Attempt attempt;
    attempt.state = TRY(state_of(row));
    const OrderPlace* order = order_of(attempt.state);
    if (order != nullptr && (!is_usable_url(order->url) || !is_usable_url(order->finalize_url)))
        return fail(Error{ErrorCode::Corrupt, "attempt " + std::to_string(row.id),
                          "has no order though it is " + std::string(to_string(row.state))});
    attempt.id = row.id;
    attempt.server_id = row.server_id;
    attempt.name_alone = row.name_alone;
    attempt.cause = row.cause;
    attempt.zone_apex = row.zone_apex;
    attempt.public_name = std::move(row.public_name);
    attempt.internal_name = std::move(row.internal_name);
    attempt.other_names = std::move(row.other_names);
    attempt.key = {row.key_origin, std::move(row.csr), std::move(row.key_sealed), row.key_sha256};
    attempt.next_at = row.next_at;
    attempt.deadline_at = row.deadline_at;
    attempt.created_at = row.created_at;
    attempt.failures = row.failures;
    attempt.problem_type = std::move(row.problem_type);
    attempt.problem = std::move(row.problem);
    attempt.replaces = std::move(row.replaces);
    attempt.exempt = row.exempt;
    attempt.incident = row.incident;
    attempt.without_profile = row.without_profile;
    attempt.directory = std::move(row.directory);
    attempt.account = std::move(row.account);
    attempt.failed_there = row.failed_there;
    attempt.rehearsal = row.rehearsal;
    attempt.canary = std::move(row.canary);
    return attempt;
}

Result<Step> step_row(store::AcmeAttemptRow row, Event event, WallTime now, const Ladder& ladder) {
    Attempt attempt = TRY(from_row(std::move(row)));
    return step(std::move(attempt), std::move(event), now, ladder);
}

store::AcmeAttemptRow to_row(const Attempt& attempt) {
    store::AcmeAttemptRow row;
    row.id = attempt.id;
    row.server_id = attempt.server_id;
    row.name_alone = attempt.name_alone;
    row.state = name_of(attempt.state);
    row.cause = attempt.cause;
    row.zone_apex = attempt.zone_apex;
    row.public_name = attempt.public_name;
    row.internal_name = attempt.internal_name;
    row.other_names = attempt.other_names;
    row.key_origin = attempt.key.origin;
    row.csr = attempt.key.csr;
    row.key_sealed = attempt.key.sealed;
    row.key_sha256 = attempt.key.sha256;
    row.next_at = attempt.next_at;
    row.deadline_at = attempt.deadline_at;
    row.failures = attempt.failures;
    row.problem_type = attempt.problem_type;
    row.problem = attempt.problem;
    row.replaces = attempt.replaces;
    row.exempt = attempt.exempt;
    row.incident = attempt.incident;
    row.without_profile = attempt.without_profile;
    row.directory = attempt.directory;
    row.account = attempt.account;
    row.failed_there = attempt.failed_there;
    row.rehearsal = attempt.rehearsal;
    row.canary = attempt.canary;
    if (const OrderPlace* order = order_of(attempt.state)) {
        row.order_url = order->url;
        row.finalize_url = order->finalize_url;
    }
    const auto pending = published(attempt.state);
    row.authorizations.assign(pending.begin(), pending.end());
    if (const auto* fetched = std::get_if<Fetched>(&attempt.state)) row.chain = fetched->chain;
    if (const auto* checked = std::get_if<Checked>(&attempt.state)) row.chain = checked->chain;
    if (const auto* offered = std::get_if<Offered>(&attempt.state))
        row.certificate_sha256 = offered->certificate;
    if (const auto* deployed = std::get_if<Deployed>(&attempt.state))
        row.certificate_sha256 = deployed->certificate;
    return row;
}

}  // namespace hairpin::acme
