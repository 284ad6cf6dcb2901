#include "cli/zone_reversal.hpp"

#include <catch2/catch.hpp>

namespace hairpin::cli {
namespace {

TEST_CASE("An undo names a change by its number or a serial", "[cli][past]") {
    ReversalOptions options;
    options.change = "17";
    CHECK(undo_body(options) == R"({"id":17})");
    options.is_serial = true;
    CHECK(undo_body(options) == R"({"serial":17})");
    options.change = "17x";
    CHECK(undo_body(options) == R"({"serial":0})");
    options.dry_run = true;
    CHECK(undo_body(options) == R"({"dry_run":true,"serial":0})");
}

TEST_CASE("A return names a moment, and what is given of the rest", "[cli][past]") {
    ReversalOptions options;
    options.moment = "1795186800";
    CHECK(return_body(options) == R"({"to":"1795186800"})");
    options.zone = "example.net";
    options.name = "www";
    CHECK(return_body(options) == R"({"name":"www.example.net","to":"1795186800"})");
    options.name = "@";
    options.type = "A";
    options.dry_run = true;
    CHECK(return_body(options) == R"({"dry_run":true,"name":"@","to":"1795186800","type":"A"})");
}

TEST_CASE("What came of it is told in a line, of a dry run with the records", "[cli][past]") {
    CHECK(reversal_lines(R"({"zone":"a","serial":7,"changed":true,"rrsets":2,"warnings":[]})") ==
          "; a. serial 7: 2 RRsets became what they were\n");
    CHECK(reversal_lines(R"({"zone":"a","serial":7,"changed":false,"rrsets":1,"changes":[
              {"owner":"b.a","type":"A","before":null,"after":{"ttl":60,"records":["192.0.2.1"]}}]})") ==
          "; a. serial 7: 1 RRsets would become what they were\n+b.a. 60 IN A 192.0.2.1\n");
}

TEST_CASE("What is no such answer gives no lines", "[cli][past][hostile]") {
    for (const char* body :
         {"", "[]", "{", R"({"zone":3,"serial":1,"rrsets":1})", R"({"rrsets":1})"}) {
        INFO(body);
        CHECK(reversal_lines(body).empty());
    }
}

}  // namespace
}  // namespace hairpin::cli
