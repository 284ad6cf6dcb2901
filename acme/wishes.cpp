#include "acme/wishes.hpp"

namespace hairpin::acme {
namespace {

bool mentions(const Problem& problem, std::string_view word) {
    return problem.detail.find(word) != std::string::npos;
}

}  // namespace

std::optional<AskedForLess> less_after(const CaFailure& failure, const OrderWishes& wishes) {
    if (failure.kind != CaFailure::Kind::Refused) return std::nullopt;
    const std::string& type = failure.problem.type;
    const bool is_vague = type == "malformed" || type == "unauthorized";
    if (!wishes.profile.empty() &&
        (type == "invalidProfile" || (is_vague && mentions(failure.problem, "profile"))))
        return AskedForLess{false, true};
    const bool is_conflict =
        type == "alreadyReplaced" || failure.status == 409 || failure.status == 404;
    if (!wishes.replaces.empty() && (is_conflict || is_vague)) return AskedForLess{true, false};
    return std::nullopt;
}

}  // namespace hairpin::acme
