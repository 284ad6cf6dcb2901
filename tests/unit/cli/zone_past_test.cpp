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
        "actor":{"kind":"server","id":"acme/nur3","source":"203.0.113.1","door":"heartbeat",
                 "credential":3},
        "reason":"report\nexample.net. 60 IN A 192.0.2.66"},
        "rrsets":[{"owner":"nur3.example.net","type":"A","ttl":60,
                   "records":["203.0.113.1","203.0.113.2"]}],"next":null})";
    CHECK(at_lines(kPage, true) ==
          "; example.net. serial 7\n"
          "; last changed 2026-11-17T14:04:00Z by server acme/nur3 from 203.0.113.1 with credential"
          " 3 over heartbeat: report example.net. 60 IN A 192.0.2.66 (change 1, serial 7)\n"
          "nur3.example.net. 60 IN A 203.0.113.1\nnur3.example.net. 60 IN A 203.0.113.2\n");
    CHECK(at_lines(kPage, false) ==
          "nur3.example.net. 60 IN A 203.0.113.1\nnur3.example.net. 60 IN A 203.0.113.2\n");
    CHECK(at_lines(R"({"zone":"a","serial":7,"changed_by":null,"rrsets":[],"next":null})", true) ==
          "; a. serial 7\n; last changed before what is known\n");
}

TEST_CASE("Changes that are kept as one are told as that, without what they have not in common",
          "[cli][past]") {
    constexpr const char* kPage = R"({"zone":"a","serial":7,"changed_by":{"id":22,"action":"edit",
        "at":"2026-11-17T14:04:00Z","serial_before":1,"serial_after":7,"actor":{"kind":"several",
        "id":"","source":"","door":"rest","credential":null},"reason":"5 changes, kept as one",
        "merged":{"changes":5,"first_id":17,"since":"2026-11-17T09:00:00Z"}},
        "rrsets":[],"next":null})";
    CHECK(
        at_lines(kPage, true) ==
        "; a. serial 7\n; last changed 2026-11-17T09:00:00Z to 2026-11-17T14:04:00Z by several over"
        " rest: 5 changes, kept as one (changes 17 to 22, serial 7)\n");
}

TEST_CASE("A name may be given without its zone", "[cli][past]") {
    CHECK(full_name("nur3", "pl-acme.example.net") == "nur3.pl-acme.example.net");
    CHECK(full_name("nur3", "pl-acme.example.net.") == "nur3.pl-acme.example.net.");
    CHECK(full_name("_acme-challenge.nur3", "a.test") == "_acme-challenge.nur3.a.test");
    CHECK(full_name("nur3.A.test", "a.TEST.") == "nur3.A.test");
    CHECK(full_name("A.test", "a.test.") == "A.test");
    CHECK(full_name("other.test.", "a.test") ==
          "other.test.");  // The API says that it is not in it.
    CHECK(full_name("@", "a.test") == "@");
    CHECK(full_name("xa.test", "a.test") == "xa.test.a.test");
}

TEST_CASE("A difference is told with a sign in front of each record", "[cli][past]") {
    constexpr const char* kPage = R"({"zone":"example.net","serial_from":6,"serial_to":7,
        "changes":[{"owner":"a.example.net","type":"A","before":null,
                    "after":{"ttl":60,"records":["192.0.2.1"]},"changed_by":{"id":17,
                    "action":"edit","at":"2026-11-17T14:04:00Z","serial_before":6,"serial_after":7,
                    "actor":{"kind":"operator","id":"ops","source":"192.0.2.9","door":"rest",
                    "credential":1},"reason":"","merged":null}},
                   {"owner":"b.example.net","type":"TXT","before":{"ttl":60,"records":["\"x\""]},
                    "after":null}],"changes_in_all":2,"next":null})";
    CHECK(diff_lines(kPage, true) ==
          "; example.net. serial 6 to 7: 2 RRsets differ\n"
          "; 2026-11-17T14:04:00Z by operator ops from 192.0.2.9 with credential 1 over rest"
          " (change 17, serial 7)\n"
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
