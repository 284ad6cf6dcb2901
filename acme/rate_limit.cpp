#include "acme/rate_limit.hpp"

#include <algorithm>
#include <array>

namespace hairpin::acme {
namespace {

constexpr std::string_view kRetryAfter = "retry after ";

bool has(std::string_view text, std::string_view words) noexcept {
    return text.find(words) != text.npos;
}

/// The text between the first two double quotes.
std::string_view quoted(std::string_view text) noexcept {
    const auto first = text.find('"');
    if (first == text.npos) return {};
    const auto end = text.find('"', first + 1);
    return end == text.npos ? std::string_view() : text.substr(first + 1, end - first - 1);
}

/// The bucket of the order that the CA's words are about.
std::optional<Charge> bucket_of(std::string_view words, const OrderKeys& order) {
    if (has(words, "exact set of")) return names_charge_of(order);
    if (has(words, "too many new orders")) return Charge{Limit::OrdersPerAccount, ""};
    if (has(words, "too many failed authorizations")) {
        const std::string name(quoted(words));
        if (name == order.public_name || name == order.internal_name)
            return Charge{Limit::FailuresPerName, name};
        return Charge{Limit::FailuresPerName, order.public_name};
    }
    // It counts by a registered domain that may be another than our list says: the order stands in
    // the bucket that we have for it.
    if (has(words, "too many certificates") && has(words, "already issued"))
        return Charge{Limit::CertificatesPerDomain, order.domain};
    return std::nullopt;
}

}  // namespace

bool is_rate_limited(const CaFailure& failure) noexcept {
    return failure.kind == CaFailure::Kind::Refused &&
           (failure.status == 429 || failure.problem.type == "rateLimited");
}

bool is_paused_by_ca(const CaFailure& failure) noexcept {
    return is_rate_limited(failure) && has(failure.problem.detail, "temporarily prevented from");
}

ReachedLimit read_reached_limit(const CaFailure& failure, const OrderKeys& order, WallTime now) {
    ReachedLimit reached;
    reached.bucket = bucket_of(failure.problem.detail, order);
    // The later of the two, where both are there: neither is meant to be undercut.
    WallTime until = now + failure.retry_after.value_or(Milliseconds(0));
    const auto date = read_retry_date(failure.problem.detail);
    if (date) until = std::max(until, *date);
    if (!date && !failure.retry_after) until = now + kSilentLimit;
    reached.until = std::clamp(until, now + kShortestLimit, now + kLongestLimit);
    return reached;
}

std::optional<WallTime> read_retry_date(std::string_view text) {
    const auto found = text.find(kRetryAfter);
    if (found == text.npos) return std::nullopt;
    text.remove_prefix(found + kRetryAfter.size());
    constexpr std::size_t kDate = 10;
    constexpr std::size_t kDateAndTime = 19;
    if (text.size() < kDateAndTime) return std::nullopt;
    if (text[kDate] == ' ' && text.substr(kDateAndTime, 4) == " UTC")
        return from_rfc3339(std::string(text.substr(0, kDate)) + "T" +
                            std::string(text.substr(kDate + 1, kDateAndTime - kDate - 1)) + "Z");
    // RFC 3339: up to what cannot be part of it, without the end of the sentence.
    text = text.substr(0, text.find_first_not_of("0123456789-:TZ.+"));
    while (text.ends_with(':') || text.ends_with('.'))
        text.remove_suffix(1);
    return from_rfc3339(text);
}

}  // namespace hairpin::acme
