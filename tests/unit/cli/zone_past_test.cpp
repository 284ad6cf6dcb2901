#include "cli/zone_past.hpp"

#include <catch2/catch.hpp>

namespace hairpin::cli {
namespace {

TEST_CASE("A moment of digits is a serial, anything else a time", "[cli][past]") {
    PastOptions options;
    options.zone = "example.net.";
    options.from = "1795186800";
    CHECK(at_target(options, "") == "/v1/zones/example.net./at?serial=1795186800&limit=500");
    options.from = "2026-11-17T14:05:00+01:00";
    options.name = "@";
    options.type = "A";
    CHECK(at_target(options, "abc") ==
          "/v1/zones/example.net./at?time=2026-11-17T14%3A05%3A00%2B01%3A00&name=%40&type=A"
          "&cursor=abc&limit=500");
    options.to = "7";
    CHECK(diff_target(options, "") ==
          "/v1/zones/example.net./diff?from=2026-11-17T14%3A05%3A00%2B01%3A00&to=7&name=%40&type=A"
          "&limit=500");
}

TEST_CASE("What a zone held is told as lines of a zone file", "[cli][past]") {
    constexpr const char* kPage = R"({"zone":"example.net","serial":7,"changed_by":{"id":1,
        "action":"edit","at":"2026-11-17T14:04:00Z","serial_before":6,"serial_after":7,
        "actor":{"kind":"server","id":"acme/nur3","source":"203.0.113.1","door":"heartbeat"},
        "reason":"report\nexample.net. 60 IN A 192.0.2.66"},
        "rrsets":[{"owner":"nur3.example.net","type":"A","ttl":60,
                   "records":["203.0.113.1","203.0.113.2"]}],"next":null})";
    CHECK(at_lines(kPage, true) ==
          "; example.net. serial 7\n"
          "; last changed 2026-11-17T14:04:00Z with serial 7 by server acme/nur3 from 203.0.113.1"
          " over heartbeat: report example.net. 60 IN A 192.0.2.66\n"
          "nur3.example.net. 60 IN A 203.0.113.1\nnur3.example.net. 60 IN A 203.0.113.2\n");
    CHECK(at_lines(kPage, false) ==
          "nur3.example.net. 60 IN A 203.0.113.1\nnur3.example.net. 60 IN A 203.0.113.2\n");
    CHECK(at_lines(R"({"zone":"a","serial":7,"changed_by":null,"rrsets":[],"next":null})", true) ==
          "; a. serial 7\n; last changed before what is known\n");
}

TEST_CASE("A difference is told with a sign in front of each record", "[cli][past]") {
    constexpr const char* kPage = R"({"zone":"example.net","serial_from":6,"serial_to":7,
        "changes":[{"owner":"a.example.net","type":"A","before":null,
                    "after":{"ttl":60,"records":["192.0.2.1"]}},
                   {"owner":"b.example.net","type":"TXT","before":{"ttl":60,"records":["\"x\""]},
                    "after":null}],"changes_in_all":2,"next":null})";
    CHECK(diff_lines(kPage, true) ==
          "; example.net. serial 6 to 7: 2 RRsets differ\n"
          "+a.example.net. 60 IN A 192.0.2.1\n-b.example.net. 60 IN TXT \"x\"\n");
}

TEST_CASE("What is no such page gives no lines", "[cli][past][hostile]") {
    for (const char* body :
         {"", "[]", "{", "\"x\"", R"({"changes":[1,{"before":3}],"rrsets":[2]})"}) {
        INFO(body);
        CHECK(at_lines(body, false).empty());
        CHECK(diff_lines(body, false).empty());
    }
}

}  // namespace
}  // namespace hairpin::cli
