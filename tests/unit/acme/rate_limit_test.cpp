#include "acme/rate_limit.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

const WallTime kNoon = *from_rfc3339("2026-11-21T12:00:00Z");
const WallTime kLater = *from_rfc3339("2026-11-28T12:00:00Z");
const OrderKeys kAsked{"example.net", "nur1.example.net", "i-nur1.example.net", false};

CaFailure refusal_with(std::string detail, std::optional<Milliseconds> retry_after = {}) {
    CaFailure failure;
    failure.kind = CaFailure::Kind::Refused;
    failure.status = 429;
    failure.problem.type = "rateLimited";
    failure.problem.detail = std::move(detail);
    failure.retry_after = retry_after;
    return failure;
}

TEST_CASE("the CA's words say which bucket is closed, and until when", "[acme]") {
    struct Case {
        const char* words;
        Charge bucket;
    };
    const auto each = GENERATE(values<Case>({
        {"too many certificates (50) already issued for \"example.net\" in the last 168h0m0s, "
         "retry "
         "after 2026-11-28 12:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/",
         {Limit::CertificatesPerDomain, "example.net"}},
        {"too many certificates (5) already issued for this exact set of identifiers in the last "
         "168h0m0s, retry after 2026-11-28 12:00:00 UTC: see ..",
         {Limit::CertificatesPerNames, "i-nur1.example.net,nur1.example.net"}},
        {"too many certificates (5) already issued for this exact set of domains in the last 168 "
         "hours: nur1.example.net, retry after 2026-11-28T12:00:00Z: see ..",
         {Limit::CertificatesPerNames, "i-nur1.example.net,nur1.example.net"}},
        {"too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-28 "
         "12:00:00 UTC",
         {Limit::OrdersPerAccount, ""}},
        {"too many failed authorizations (5) for \"i-nur1.example.net\" in the last 1h0m0s, retry "
         "after 2026-11-28 12:00:00 UTC",
         {Limit::FailuresPerName, "i-nur1.example.net"}},
        {"too many failed authorizations (5) for \"other.example\" in the last 1h0m0s, retry after "
         "2026-11-28 12:00:00 UTC",
         {Limit::FailuresPerName, "nur1.example.net"}},
    }));
    INFO(each.words);
    const auto reached = read_reached_limit(refusal_with(each.words), kAsked, kNoon);
    CHECK(reached.bucket == each.bucket);
    CHECK(reached.until == kLater);
}

TEST_CASE("where the CA does not say which limit it is, no bucket is closed", "[acme]") {
    const auto reached = read_reached_limit(refusal_with("slow down", Seconds(90)), kAsked, kNoon);
    CHECK_FALSE(reached.bucket);
    CHECK(reached.until == kNoon + Seconds(90));
    CHECK(read_reached_limit(refusal_with(""), kAsked, kNoon).until == kNoon + kSilentLimit);
}

TEST_CASE("of two dates the later holds, and neither without bounds", "[acme][hostile]") {
    const auto until = [](const char* words, std::optional<Milliseconds> retry_after) {
        return read_reached_limit(refusal_with(words, retry_after), kAsked, kNoon).until;
    };
    const char* const dated = "x, retry after 2026-11-28 12:00:00 UTC";
    CHECK(until(dated, Seconds(60)) == kLater);
    CHECK(until(dated, Milliseconds(8LL * 24 * 3600 * 1000)) == kLater + Seconds(24 * 3600));
    CHECK(until("x, retry after 2020-01-01 00:00:00 UTC", {}) == kNoon + kShortestLimit);
    CHECK(until("x, retry after 9999-01-01 00:00:00 UTC", {}) == kNoon + kLongestLimit);
    CHECK(until("x", Milliseconds(0)) == kNoon + kShortestLimit);
    CHECK(until("x", Milliseconds(400LL * 24 * 3600 * 1000)) == kNoon + kLongestLimit);
}

TEST_CASE("a date that is none is not read as one", "[acme][hostile]") {
    for (const char* words :
         {"", "retry after ", "retry after 2026-11-28", "retry after 2026-11-28 12:00:00",
          "retry after 2026-11-28 12:00:00 CET", "retry after 2026-13-28 12:00:00 UTC",
          "retry after 2026-11-28T12:00:00", "retry after tomorrow, when all is well",
          "retry after ::::::::::::::::::::::::::::::::::::::::::::::"})
        CHECK_FALSE(read_retry_date(words));
    CHECK(read_retry_date("retry after 2026-11-28T12:00:00Z.") == kLater);
    CHECK(read_retry_date("retry after 2026-11-28T13:00:00+01:00") == kLater);
}

TEST_CASE("a 429 is a limit, whatever its document says; a pause of a name is for a person",
          "[acme]") {
    CHECK(is_rate_limited(refusal_with("x")));
    CaFailure bare = refusal_with("");
    bare.problem.type.clear();
    CHECK(is_rate_limited(bare));
    CaFailure other = refusal_with("x");
    other.status = 400;
    CHECK(is_rate_limited(other));  // By its type.
    other.problem.type = "malformed";
    CHECK_FALSE(is_rate_limited(other));
    other.kind = CaFailure::Kind::Unreachable;
    CHECK_FALSE(is_rate_limited(other));
    CHECK(is_paused_by_ca(refusal_with(
        "Your account is temporarily prevented from requesting certificates for nur1.example.net "
        "and possibly others. Please visit: https://portal.example/sfe/v1/unpause?jwt=x")));
    CHECK_FALSE(is_paused_by_ca(refusal_with("too many new orders")));
}

}  // namespace
}  // namespace hairpin::acme
