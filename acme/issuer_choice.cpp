#include "acme/issuer_choice.hpp"

#include "core/assert.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kSoon{3600 * 1000};

std::string minutes_text(Milliseconds span) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(span).count();
    return std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes");
}

/// Whether it may take an order that nobody else takes: it does not answer ill, as far as is known.
bool is_last_resort(const IssuerFacts& issuer, const ChoiceRules& rules) {
    return issuer.has_account && issuer.breaker == Breaker::State::Closed &&
           issuer.failures < rules.failures;
}

/// Whether nothing is wrong with it but that the order has failed there.
bool has_only_failed(IssuerFacts issuer, WallTime now, const ChoiceRules& rules) {
    issuer.failures = 0;
    return trouble_of(issuer, now, rules).empty();
}

}  // namespace

WallTime urgent_from(const OrderFacts& order, const ChoiceRules& rules) {
    if (!order.valid) return order.wanted_since + rules.first_patience;
    return order.valid->renew_at + (order.valid->not_after - order.valid->renew_at) / 2;
}

std::string trouble_of(const IssuerFacts& issuer, WallTime now, const ChoiceRules& rules) {
    const std::string name(issuer.name);
    if (!issuer.has_account) return name + " has given us no account yet";
    if (issuer.breaker != Breaker::State::Closed) return name + " does not work";
    if (issuer.failures >= rules.failures)
        return "the order has failed at " + name + " " + std::to_string(issuer.failures) +
               " times in a row";
    if (issuer.parked_until && *issuer.parked_until > now + rules.limit_patience)
        return "the limits of " + name + " hold it until " + to_rfc3339(*issuer.parked_until);
    if (issuer.closed_for && *issuer.closed_for < rules.steady)
        return name + " has worked again for " + minutes_text(*issuer.closed_for) + " only";
    return {};
}

std::optional<WallTime> elsewhere_at(const IssuerChoice& choice, std::size_t here,
                                     Milliseconds pause, WallTime now) {
    if (choice.issuer > here) return now;
    if (choice.issuer < here) return now + pause;  // Not in a circle without a pause.
    if (choice.look_again_at && *choice.look_again_at <= now + kSoon) return choice.look_again_at;
    return std::nullopt;
}

IssuerChoice choose_issuer(std::span<const IssuerFacts> issuers, const OrderFacts& order,
                           WallTime now, const ChoiceRules& rules) {
    HAIRPIN_ASSERT(!issuers.empty());
    const std::string first(issuers[0].name);
    const std::string trouble = trouble_of(issuers[0], now, rules);
    if (trouble.empty() || issuers.size() == 1) return {0, first + " is the first CA", {}};
    const WallTime urgent_at = urgent_from(order, rules);
    if (now < urgent_at)
        return {0, trouble + ", and the order can wait until " + to_rfc3339(urgent_at), urgent_at};
    for (std::size_t each = 1; each < issuers.size(); ++each)
        if (trouble_of(issuers[each], now, rules).empty())
            return {each, trouble + ", and the order cannot wait", {}};
    // It may have been an outage that is over: better than to wait for the limits of another one.
    // If it fails once more it takes its pause.
    for (std::size_t each = 0; each < issuers.size(); ++each)
        if (has_only_failed(issuers[each], now, rules))
            return {each, trouble + ", and the others are in trouble that lasts", {}};
    // One that is held by limits or has just come back is better than one that does not answer.
    for (std::size_t each = 0; each < issuers.size(); ++each)
        if (is_last_resort(issuers[each], rules))
            return {each, trouble + ", and the others are in trouble too", now + rules.look_again};
    return {0, trouble + ", and the others are in trouble too", now + rules.look_again};
}

}  // namespace hairpin::acme
