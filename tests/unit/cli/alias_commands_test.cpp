#include "cli/alias_commands.hpp"

#include <catch2/catch.hpp>

namespace hairpin::cli {
namespace {

TEST_CASE("Aliases are told a line each, with what is wrong with one", "[cli][alias]") {
    CHECK(alias_lines(R"({"aliases":[
            {"alias":"cloud","name":"cloud.pl-acme.example.net","target":"public","published":true},
            {"alias":"a.b","name":"a.b.pl-acme.example.net","target":"internal","published":false}
          ]})") ==
          "cloud.pl-acme.example.net leads to the public name\n"
          "a.b.pl-acme.example.net leads to the internal name; its CNAME is not in the zone: add "
          "it again\n");
    CHECK(alias_lines(R"({"aliases":[]})").empty());
    CHECK(alias_lines("nonsense").empty());
}

TEST_CASE("A server is given as licence and label", "[cli][alias]") {
    CHECK(alias_path("acme/nur1") == "/v1/licences/acme/servers/nur1/aliases");
    CHECK(alias_path("ac me/nur1/x") == "/v1/licences/ac%20me/servers/nur1%2Fx/aliases");
    for (const char* wrong : {"", "acme", "/nur1", "acme/"})
        CHECK_FALSE(alias_path(wrong));
}

}  // namespace
}  // namespace hairpin::cli
