#include "cli/event_commands.hpp"

#include <catch2/catch.hpp>

#include "cli/api_answer.hpp"
#include "cli/certificate_commands.hpp"

namespace hairpin::cli {
namespace {

TEST_CASE("Events are a line each, whatever is in them", "[cli][events]") {
    const std::string body =
        R"({"events":[{"id":17,"timestamp":"2026-11-21T09:30:00Z","type":"server.created",)"
        R"("subject":"acme/\u001b[31mnur1\n","data":{"server":"nur1"}}],"last":17,"more":false})";
    CHECK(event_lines(body, false) ==
          "17 2026-11-21T09:30:00Z server.created           acme/ [31mnur1  "
          "{\"server\":\"nur1\"}\n");
    const std::string json = event_lines(body, true);
    CHECK(json.starts_with(R"({"id":17,)"));
    CHECK(json.find('\n') == json.size() - 1);
    for (const char* none : {"", "[]", "{}", R"({"events":7})", R"({"events":[7]})"})
        CHECK(event_lines(none, false).empty());
}

TEST_CASE("Web-hooks are a line each, with what failed last", "[cli][events]") {
    CHECK(webhook_lines(R"({"webhooks":[{"id":1,"state":"enabled","url":"https://x/","delivery":)"
                        R"({"delivered":2,"failed":1,"last":{"error":"HTTP 500"}}},)"
                        R"({"id":2,"state":"given-up","url":"https://y/","delivery":)"
                        R"({"delivered":0,"failed":0,"last":null}}]})") ==
          "1 enabled https://x/ delivered 2 failed 1: HTTP 500\n"
          "2 given-up https://y/ delivered 0 failed 0\n");
    CHECK(webhook_lines("no JSON").empty());
}

TEST_CASE("Certificates are a line each, with their alarm", "[cli][certificate]") {
    CHECK(
        certificate_lines(
            R"({"certificates":[{"licence":"acme","server":"nur1","certificate":)"
            R"({"state":"valid","not_after":"2027-01-01T00:00:00Z","alarm":)"
            R"({"code":"old-served","text":"It serves the old one."}}},)"
            R"({"licence":"beta","server":"nur1","certificate":{"state":"none","alarm":null}}]})") ==
        "acme/nur1: valid until 2027-01-01T00:00:00Z; ALARM old-served: It serves the old one.\n"
        "beta/nur1: none\n");
    CHECK(certificate_lines("{").empty());
}

TEST_CASE("An answer's members are words, whatever their type", "[cli]") {
    const auto answer = JsonAnswer::parse(R"({"a":1,"b":true,"c":null,"d":{"e":"x"},"f":"y"})");
    REQUIRE(answer);
    CHECK(answer->word("a") == "1");
    CHECK(answer->word("b") == "true");
    CHECK(answer->word("c") == "-");
    CHECK(answer->word("d") == "-");
    CHECK(answer->member("d").word("e") == "x");
    CHECK(answer->member("f").text() == "{}");
    CHECK(answer->items("a").empty());
    CHECK_FALSE(answer->has("g"));
    CHECK_FALSE(JsonAnswer::parse("[1]"));
    CHECK_FALSE(JsonAnswer::parse("{"));
}

}  // namespace
}  // namespace hairpin::cli
