#include "cli/acme_commands.hpp"

#include <catch2/catch.hpp>

namespace hairpin::cli {
namespace {

TEST_CASE("An amount is a count and a period", "[cli][acme]") {
    struct Case {
        const char* text;
        std::int64_t count;
        std::int64_t seconds;
    };
    const auto each = GENERATE(values<Case>({{"1000/7d", 1'000, 604'800},
                                             {"50/1w", 50, 604'800},
                                             {"300/3h", 300, 10'800},
                                             {"2/90m", 2, 5'400},
                                             {"10000000/1s", 10'000'000, 1}}));
    INFO(each.text);
    const auto amount = read_amount(each.text);
    REQUIRE(amount);
    CHECK(amount->count == each.count);
    CHECK(amount->seconds == each.seconds);
}

TEST_CASE("What is no amount is refused with an example", "[cli][acme][hostile]") {
    for (const char* text : {"", "/", "50", "50/", "50/d", "50/7", "/7d", "0/7d", "50/0d", "-1/7d",
                             "50/-7d", "5x/7d", "50/7x", "50/1201d", "10000001/1d", "50/7dd",
                             "99999999999999999999/1d", " 50/7d", "50 /7d"}) {
        INFO(text);
        const auto amount = read_amount(text);
        REQUIRE_FALSE(amount);
        CHECK(amount.error().find("1000/7d") != std::string::npos);
    }
}

TEST_CASE("Options become the body of a plan", "[cli][acme]") {
    AcmeOptions options;
    options.servers = 10'000;
    options.days = 45;
    options.domain = "example.net";
    options.limits = {"certificates-per-domain=1000/7d"};
    CHECK(plan_body(options) ==
          R"({"servers":10000,"days":45,"domains":1,"renewals_exempt":true,"domain":"example.net",)"
          R"("limits":[{"limit":"certificates-per-domain","count":1000,"period":604800}]})");
    options.limits = {"certificates-per-domain"};
    CHECK_FALSE(plan_body(options));
    options.limits = {"certificates-per-domain=1000"};
    CHECK_FALSE(plan_body(options));
}

TEST_CASE("Limits and the queue are lines for a person, and no answer is none", "[cli][acme]") {
    const std::string limits = limits_lines(
        R"({"directory":"https://ca.example/dir","preset":"unknown","limits":[)"
        R"({"limit":"orders-per-account","key":null,"source":"preset","count":300,"period":10800,)"
        R"("share":45,"burst":135,"one_per_seconds":80,"text":"300 in 3 hours"},)"
        R"({"limit":"certificates-per-names","key":null,"source":"preset","count":null}],)"
        R"("buckets":[{"limit":"certificates-per-domain","key":"example.net","left":4,"burst":45,)"
        R"("next_at":"2026-11-21T09:30:00Z"}],"parked":[{"class":"first",)"
        R"("until":"2026-11-21T10:00:00Z","reason":"slow\ndown"}]})");
    CHECK(limits.find("300 in 3 hours, preset; used at 45 %: 135 at once, then one in 80 s") !=
          std::string::npos);
    CHECK(limits.find("no limit") != std::string::npos);
    CHECK(limits.find("4 of 45 left, the next at 2026-11-21T09:30:00Z") != std::string::npos);
    CHECK(limits.find("class first rest until 2026-11-21T10:00:00Z: slow down\n") !=
          std::string::npos);
    const std::string queue = queue_lines(
        R"({"total":1,"directory":"https://ca.example/dir","advice":["ask"],"parked":[],)"
        R"("queue":[{"class":"first","name":"nur1.example.net","text":"soon"}]})");
    CHECK(queue == "1 wait for https://ca.example/dir\nask\nfirst     nur1.example.net: soon\n");
    for (const char* wrong : {"", "{", "[]", "{}", "null"}) {
        CHECK(limits_lines(wrong).empty());
        CHECK(queue_lines(wrong).empty());
    }
}

TEST_CASE("CAs are lines for a person", "[cli][acme][issuers]") {
    const std::string lines = issuers_lines(
        R"({"issuers":[{"name":"letsencrypt","directory":"https://ca.example/dir","breaker":)"
        R"({"state":"open","since":"2026-11-29T02:03:11Z","why":"3 requests\nfailed"},"orders":4,)"
        R"("issued":3,"failed":1,"waiting":7,"accounts":[{"url":"https://ca.example/a/1",)"
        R"("role":"active","problem":null},{"url":null,"role":"standby","problem":"no binding"}],)"
        R"("certificate_canary":null,"standby_canary":{"good_at":null,"failures":2,)"
        R"("failed_at":"2026-11-29T01:00:00Z","problem":"gone"}},{"name":"google",)"
        R"("directory":"https://g.example/dir","breaker":{"state":"closed","since":null,)"
        R"("why":null},"orders":0,"issued":0,"failed":0,"waiting":0,"accounts":[],)"
        R"("certificate_canary":{"good_at":"2026-11-25T10:00:00Z","failures":0}}]})");
    CHECK(lines ==
          "letsencrypt https://ca.example/dir\n"
          "  does not work since 2026-11-29T02:03:11Z: 3 requests failed; 4 orders, 3 issued, 1 "
          "failed, 7 wait\n"
          "  account active   https://ca.example/a/1\n"
          "  account standby  -: no binding\n"
          "  account in reserve tried: never with success; failed 2 times in a row, last at "
          "2026-11-29T01:00:00Z: gone\n"
          "google https://g.example/dir\n"
          "  works; 0 orders, 0 issued, 0 failed, 0 wait\n"
          "  certificate tried: well at 2026-11-25T10:00:00Z\n");
    for (const char* wrong : {"", "{", "[]", "{}", "null"})
        CHECK(issuers_lines(wrong).empty());
}

TEST_CASE("A preflight is of a name or of a server, and each check is a line", "[cli][acme]") {
    CHECK(preflight_body("pl-acme.example.net") == R"({"name":"pl-acme.example.net"})");
    CHECK(preflight_body("acme/nur1") == R"({"licence":"acme","server":"nur1"})");
    CHECK(preflight_lines(R"({"zone":"pl-acme.example.net","outcome":"problem","checks":[)"
                          R"({"what":"zone","outcome":"ok","text":"served here"},)"
                          R"({"what":"dnssec","outcome":"problem","text":"remove\nthe DS"}]})") ==
          "pl-acme.example.net: problem\nok       zone: served here\n"
          "problem  dnssec: remove the DS\n");
    CHECK(caa_lines(
              R"({"managed":true,"trouble":"","records":[{"zone":"z.example","value":"ca; x=y",)"
              R"("published_at":"1","usable_at":"2","state":"waiting"}],"advice":["add it"]})") ==
          "CAA records follow our accounts\n"
          "z.example 0 issue \"ca; x=y\" since 1, waiting from 2\nadd it\n");
    CHECK_THAT(caa_lines(R"({"managed":false,"trouble":"no account","records":[]})"),
               Catch::Contains("not managed") && Catch::Contains("no account"));
    for (const char* wrong : {"", "{", "[]", "{}", "null"}) {
        CHECK(preflight_lines(wrong).empty());
        CHECK(caa_lines(wrong).empty());
    }
}

}  // namespace
}  // namespace hairpin::cli
