#include "acme/wishes.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

CaFailure refusal(int status, const char* type, const char* detail = "") {
    CaFailure failure{CaFailure::Kind::Refused, status, {}, {}, {}};
    failure.problem.type = type;
    failure.problem.detail = detail;
    return failure;
}

const OrderWishes kBothWishes{"aki.serial", "tlsserver"};

TEST_CASE("a refused predecessor is left out", "[acme][rfc9773]") {
    for (const CaFailure& failure :
         {refusal(409, "alreadyReplaced"), refusal(409, "conflict"), refusal(404, "malformed"),
          refusal(403, "unauthorized", "requester account did not request it"),
          refusal(400, "malformed", "parsing replaces")}) {
        INFO(failure.status << " " << failure.problem.type);
        const auto less = less_after(failure, kBothWishes);
        REQUIRE(less);
        CHECK(less->replaces);
        CHECK_FALSE(less->profile);
        CHECK_FALSE(less_after(failure, OrderWishes{}));  // The second refusal is about the order.
    }
}

TEST_CASE("a refused profile is left out", "[acme]") {
    for (const CaFailure& failure :
         {refusal(400, "invalidProfile"), refusal(400, "malformed", "unrecognized profile name"),
          refusal(403, "unauthorized", "account is not permitted to use profile")}) {
        const auto less = less_after(failure, kBothWishes);
        REQUIRE(less);
        CHECK(less->profile);
        CHECK_FALSE(less->replaces);
        CHECK_FALSE(less_after(failure, OrderWishes{}));
    }
}

TEST_CASE("what is about something else is not answered by asking for less", "[acme]") {
    for (const CaFailure& failure :
         {refusal(429, "rateLimited"), refusal(403, "userActionRequired"),
          refusal(500, "serverInternal"), refusal(400, "rejectedIdentifier"),
          refusal(400, "accountDoesNotExist"), refusal(403, "caa")})
        CHECK_FALSE(less_after(failure, kBothWishes));
    CaFailure away = refusal(0, "");
    away.kind = CaFailure::Kind::Unreachable;
    CHECK_FALSE(less_after(away, kBothWishes));
}

}  // namespace
}  // namespace hairpin::acme
