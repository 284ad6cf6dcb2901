#include "acme/caa.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::acme {
namespace {

const std::string kCaaAccountUrl = "https://ca.example/acct/7";
const CaaWanted kLetsEncrypt{{"letsencrypt.org", "le.example"}, kCaaAccountUrl, "dns-01"};

CaaOpinion opinion_of(const std::vector<std::string>& records,
                      const CaaWanted& wanted = kLetsEncrypt) {
    std::vector<Octets> rdatas;
    for (const std::string& each : records)
        rdatas.push_back(tests::rdata(zones::RType::CAA, each));
    return judge_caa(rdatas, wanted);
}

TEST_CASE("CAA records decide as the CA would", "[acme][rfc8659][rfc8657]") {
    struct Case {
        const char* why;
        std::vector<std::string> records;
        CaaDecision decision;
        const char* words;
    };
    const std::vector<Case> cases = {
        {"no records", {}, CaaDecision::Allows, ""},
        {"only issuewild", {"0 issuewild \";\""}, CaaDecision::Allows, ""},
        {"only iodef", {"0 iodef \"mailto:a@example.net\""}, CaaDecision::Allows, ""},
        {"ours", {"0 issue \"letsencrypt.org\""}, CaaDecision::Allows, ""},
        {"ours in capitals", {"0 ISSUE \"LetsEncrypt.org\""}, CaaDecision::Allows, ""},
        {"its other name", {"0 issue \"le.example\""}, CaaDecision::Allows, ""},
        {"one of two",
         {"0 issue \"other.example\"", "0 issue \"letsencrypt.org\""},
         CaaDecision::Allows,
         ""},
        {"another CA", {"0 issue \"other.example\""}, CaaDecision::Forbids, "other.example"},
        {"nobody", {"0 issue \";\""}, CaaDecision::Forbids, "no CA at all"},
        {"our account",
         {"0 issue \"letsencrypt.org; accounturi=https://ca.example/acct/7\""},
         CaaDecision::Allows,
         ""},
        {"another account",
         {"0 issue \"letsencrypt.org; accounturi=https://ca.example/acct/8\""},
         CaaDecision::Forbids,
         "another account"},
        {"two accounts at once",
         {"0 issue \"letsencrypt.org; accounturi=https://ca.example/acct/7; "
          "accounturi=https://ca.example/acct/8\""},
         CaaDecision::Forbids,
         "two accounts"},
        {"our way of validation",
         {"0 issue \"letsencrypt.org; validationmethods=http-01,dns-01\""},
         CaaDecision::Allows,
         ""},
        {"another way",
         {"0 issue \"letsencrypt.org; validationmethods=http-01,dns-011\""},
         CaaDecision::Forbids,
         "dns-01"},
        {"a parameter that nobody knows",
         {"0 issue \"letsencrypt.org; x=y\""},
         CaaDecision::Allows,
         ""},
        {"a value that is none", {"0 issue \"lets encrypt\""}, CaaDecision::Forbids, "no CA"},
        {"a critical property that nobody knows",
         {"0 issue \"letsencrypt.org\"", "128 tbs \"unknown\""},
         CaaDecision::Forbids,
         "\"tbs\""},
        {"the same, not critical",
         {"0 issue \"letsencrypt.org\"", "0 tbs \"unknown\""},
         CaaDecision::Allows,
         ""},
        {"a critical one that is known",
         {"128 issue \"letsencrypt.org\""},
         CaaDecision::Allows,
         ""},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const CaaOpinion opinion = opinion_of(each.records);
        CHECK(opinion.decision == each.decision);
        CHECK_THAT(opinion.why, Catch::Contains(each.words));
        CHECK(opinion.why.empty() == (each.decision == CaaDecision::Allows));
    }
}

TEST_CASE("a CA that does not say its name cannot be looked for", "[acme][rfc8659]") {
    const CaaWanted nameless{{}, kCaaAccountUrl, "dns-01"};
    CHECK(opinion_of({"0 issue \"letsencrypt.org\""}, nameless).decision == CaaDecision::Unclear);
    CHECK(opinion_of({"0 issue \";\""}, nameless).decision == CaaDecision::Forbids);
    CHECK(opinion_of({"0 issuewild \";\""}, nameless).decision == CaaDecision::Allows);
}

TEST_CASE("what is written is read as it was meant", "[acme][rfc8657]") {
    const std::string value = issue_value("letsencrypt.org", kCaaAccountUrl, "dns-01");
    CHECK(judge_caa({caa_rdata("issue", value)}, kLetsEncrypt).decision == CaaDecision::Allows);
    const CaaIssuer issuer = read_issuer(value).value();
    CHECK(issuer.domain == "letsencrypt.org");
    REQUIRE(issuer.parameters.size() == 2);
    CHECK(issuer.parameters[0] ==
          std::pair<std::string, std::string>("accounturi", kCaaAccountUrl));
    CHECK(read_caa(caa_rdata("issue", value))->value == value);
}

TEST_CASE("broken CAA RDATA is refused, and a set with it forbids", "[acme][hostile]") {
    const Octets good = caa_rdata("issue", "letsencrypt.org");
    for (std::size_t size = 0; size < 7; ++size) {
        const Octets cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_FALSE(read_caa(cut));
        CHECK(judge_caa({good, cut}, kLetsEncrypt).decision == CaaDecision::Forbids);
    }
    for (const char* each : {"a_b.example", ".example", "a.", "-a.example", "a;b", "a; =x",
                             "a; b=\x7f", "a; b c=d", "a;;b=c"})
        CHECK_FALSE(read_issuer(each));
    CHECK(read_issuer("ca.example;")->domain == "ca.example");
    CHECK(read_issuer(" ; ")->domain.empty());
}

}  // namespace
}  // namespace hairpin::acme
