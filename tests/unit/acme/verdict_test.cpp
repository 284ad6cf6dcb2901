#include "acme/verdict.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

CaFailure refusal(int status, std::string type, std::string detail = "said the CA") {
    CaFailure failure;
    failure.kind = CaFailure::Kind::Refused;
    failure.status = status;
    failure.problem.type = std::move(type);
    failure.problem.detail = std::move(detail);
    return failure;
}

TEST_CASE("each error type has its remedy, and words that say what to do", "[acme][rfc8555]") {
    struct Case {
        const char* type;
        Remedy remedy;
        const char* said;
    };
    const auto each = GENERATE(values<Case>({
        {"accountDoesNotExist", Remedy::Register, "registered again"},
        {"badCSR", Remedy::PersonNeeded, "CSR"},
        {"badNonce", Remedy::TryAgain, "nonce"},
        {"badPublicKey", Remedy::PersonNeeded, "make a new one"},
        {"caa", Remedy::PersonNeeded, "CAA record"},
        {"dns", Remedy::TryAgain, "delegation"},
        {"dnssec", Remedy::PersonNeeded, "remove the DS record at its parent"},
        {"externalAccountRequired", Remedy::PersonNeeded, "[acme] eab_kid and eab_key_file"},
        {"incorrectResponse", Remedy::TryAgain, "every name server"},
        {"invalidContact", Remedy::PersonNeeded, "[acme] contact"},
        {"malformed", Remedy::TryAgain, "said the CA"},
        {"rateLimited", Remedy::TryAgain, "limit"},
        {"rejectedIdentifier", Remedy::PersonNeeded, "policy"},
        {"serverInternal", Remedy::TryAgain, "of its own"},
        {"userActionRequired", Remedy::PersonNeeded, "terms of service"},
        {"somethingNew", Remedy::TryAgain, "said the CA"},
    }));
    INFO(each.type);
    const Verdict verdict = judge(refusal(400, each.type), "placing the order");

    CHECK(verdict.remedy == each.remedy);
    CHECK(verdict.type == each.type);
    CHECK_THAT(verdict.text, Catch::Contains(each.said) && Catch::Contains("said the CA") &&
                                 Catch::StartsWith("placing the order failed"));
}

TEST_CASE("\"unauthorized\" of a challenge is tried again, of a request needs a person",
          "[acme][rfc8555]") {
    Problem problem;
    problem.type = "unauthorized";
    CHECK(judge(problem, "the CA's check").remedy == Remedy::TryAgain);
    CHECK(judge(refusal(403, "unauthorized"), "placing the order").remedy == Remedy::PersonNeeded);
}

TEST_CASE("a compound problem names each name, and a person where one part needs one",
          "[acme][rfc8555]") {
    CaFailure failure = refusal(400, "malformed", "some names are bad");
    failure.problem.subproblems = {{"dns", "no answer", "nur1.example.net"},
                                   {"caa", "forbidden", "i-nur1.example.net"}};
    const Verdict verdict = judge(failure, "placing the order");

    CHECK(verdict.remedy == Remedy::PersonNeeded);
    CHECK_THAT(verdict.text, Catch::Contains("nur1.example.net: no answer") &&
                                 Catch::Contains("i-nur1.example.net: forbidden") &&
                                 Catch::Contains("CAA record"));
}

TEST_CASE("a page for a person is shown", "[acme][rfc8555]") {
    CaFailure failure = refusal(403, "userActionRequired");
    failure.problem.instance = "https://ca.example/terms/7";
    CHECK_THAT(judge(failure, "placing the order").text,
               Catch::Contains("https://ca.example/terms/7"));
}

TEST_CASE("names that the CA has paused need a person, a limit that passes does not",
          "[acme][rfc8555]") {
    // As Let's Encrypt says both; the page of the first is in its words.
    CaFailure paused = refusal(429, "rateLimited",
                               "Your account is temporarily prevented from requesting certificates "
                               "for nur1.example.net and possibly others.");
    paused.problem.instance = "https://ca.example/sfe/v1/unpause?jwt=abc";
    const Verdict verdict = judge(paused, "placing the order");
    CHECK(verdict.remedy == Remedy::PersonNeeded);
    CHECK(verdict.type == "paused");
    CHECK_THAT(verdict.text, Catch::Contains("then retry: https://ca.example/sfe/v1/unpause"));
    CHECK(is_mendable(verdict.type));

    CaFailure limited = refusal(429, "rateLimited", "too many new orders recently");
    limited.problem.instance = "https://ca.example/docs/rate-limits";
    CHECK(judge(limited, "placing the order").remedy == Remedy::TryAgain);
}

TEST_CASE("Retry-After is kept; a limit without one pauses an hour", "[acme][rfc8555]") {
    CaFailure failure = refusal(503, "");
    failure.retry_after = Milliseconds(7000);
    const Verdict verdict = judge(failure, "reading the order");
    CHECK(verdict.type == "http-503");
    CHECK(verdict.not_before == Milliseconds(7000));
    CHECK(judge(refusal(429, "rateLimited"), "x").not_before == Milliseconds(3'600'000));
    CHECK(judge(refusal(429, ""), "x").not_before == Milliseconds(3'600'000));
    CHECK_FALSE(judge(refusal(500, "serverInternal"), "x").not_before);
}

TEST_CASE("no answer and a senseless answer are tried again", "[acme]") {
    const Verdict silent = judge(
        CaFailure{CaFailure::Kind::Unreachable, 0, {}, "connection refused", {}}, "registering");
    CHECK(silent.remedy == Remedy::TryAgain);
    CHECK(silent.type == "unreachable");
    CHECK_THAT(silent.text, Catch::Contains("connection refused"));
    CHECK(judge(CaFailure{CaFailure::Kind::Malformed, 200, {}, "no URL", {}}, "x").type ==
          "malformed-answer");
}

TEST_CASE("a zone that does not validate is told from one that does not answer", "[acme]") {
    Problem problem;
    problem.type = "dns";
    problem.detail = "DNS problem: looking up TXT for x: DNSSEC: DNSKEY Missing";
    CHECK(judge(problem, "the check").type == "dnssec");
    CHECK(judge(problem, "the check").remedy == Remedy::PersonNeeded);
    problem.detail = "DNS problem: query timed out looking up TXT for x";
    CHECK(judge(problem, "the check").type == "dns");
}

}  // namespace
}  // namespace hairpin::acme
