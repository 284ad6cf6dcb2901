#include "cli/own_certificate.hpp"

#include <catch2/catch.hpp>

namespace hairpin::cli {
namespace {

TEST_CASE("The certificate that is shown is told in lines", "[cli][own]") {
    CHECK(
        own_certificate_lines(R"({"source":"acme","names":["dns.example.net","manager.example.net"],
        "not_before":"2026-11-20T08:30:00Z","not_after":"2027-02-18T08:30:00Z","sha256":"9f86",
        "key_pin":"5TTB=","order":{"names":["manager.example.net"],"obstacle":"","state":"valid",
        "step":"challenged","problem":"the CA got NXDOMAIN","renew_at":"2027-01-19T09:12:00Z",
        "next_check":null},"fallback":{"listeners":["0.0.0.0:8444"],"names":["localhost"],
        "not_after":"2027-11-02T08:00:00Z","sha256":"2c26","key_pin":"Kq5s="}})") ==
        "shown      acme\n"
        "names      dns.example.net manager.example.net\n"
        "until      2027-02-18T08:30:00Z\n"
        "sha256     9f86\n"
        "key pin    sha256//5TTB=\n"
        "order      valid, at \"challenged\"\n"
        "for        manager.example.net\n"
        "problem    the CA got NXDOMAIN\n"
        "renewal    2027-01-19T09:12:00Z\n"
        "fallback   0.0.0.0:8444\n"
        "names      localhost\n"
        "until      2027-11-02T08:00:00Z\n"
        "sha256     2c26\n"
        "key pin    sha256//Kq5s=\n");
}

TEST_CASE("Where no certificate is ordered, the lines say why", "[cli][own]") {
    CHECK(own_certificate_lines(R"({"source":"self-signed","names":["localhost"],"order":
        {"names":[],"obstacle":"no CA is configured","state":"none","step":""},"fallback":null})") ==
          "shown      self-signed\n"
          "names      localhost\n"
          "order      none: no CA is configured\n");
}

TEST_CASE("What is no such answer is not shown as one", "[cli][own][hostile]") {
    for (const char* body : {"", "[]", "{}", "nonsense", R"({"source":7})", R"({"source":""})"})
        CHECK(own_certificate_lines(body).empty());
    CHECK(own_certificate_lines(R"({"source":"acme","names":7,"order":[],"fallback":"x"})") ==
          "shown      acme\n");
}

}  // namespace
}  // namespace hairpin::cli
