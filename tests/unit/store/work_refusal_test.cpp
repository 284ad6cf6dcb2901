#include <catch2/catch.hpp>

#include "store/committer.hpp"

namespace hairpin::store {
namespace {

using zones::RefusalCode;

TEST_CASE("A zone's refusal becomes the error that says what a caller can do",
          "[store][committer]") {
    struct Case {
        RefusalCode refusal;
        ErrorCode error;
    };
    const auto each = GENERATE(values<Case>({
        {RefusalCode::NoSuchZone, ErrorCode::NotFound},
        {RefusalCode::OwnerMissing, ErrorCode::NotFound},
        {RefusalCode::RRsetMissing, ErrorCode::NotFound},
        {RefusalCode::ZoneExists, ErrorCode::Conflict},
        {RefusalCode::OwnerExists, ErrorCode::Conflict},
        {RefusalCode::RRsetExists, ErrorCode::Conflict},
        {RefusalCode::SerialMoved, ErrorCode::Conflict},
        {RefusalCode::NotZone, ErrorCode::Invalid},
        {RefusalCode::Rule, ErrorCode::Invalid},
        {RefusalCode::TooLarge, ErrorCode::Limit},
        {RefusalCode::Unavailable, ErrorCode::Unavailable},
    }));
    const WorkRefusal refusal = zones::Refusal{each.refusal, "subject", "cause"};
    CHECK(to_error(refusal) == Error{each.error, "subject", "cause"});
    CHECK(to_refusal(refusal).code == each.refusal);
}

TEST_CASE("An error of the rows keeps its words on the way to a refusal", "[store][committer]") {
    const Error error = {ErrorCode::Limit, "acme", "at most three servers"};
    CHECK(to_error(WorkRefusal(error)) == error);
    const zones::Refusal refusal = to_refusal(WorkRefusal(error));
    CHECK(refusal.code == RefusalCode::TooLarge);
    CHECK(refusal.cause == error.cause);
    CHECK(to_refusal(WorkRefusal(Error{ErrorCode::Io, "", ""})).code == RefusalCode::Unavailable);
}

}  // namespace
}  // namespace hairpin::store
