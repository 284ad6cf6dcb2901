#include "hooks/target.hpp"

#include <catch2/catch.hpp>

namespace hairpin::hooks {
namespace {

TEST_CASE("Only https URLs with a host and nothing secret in front of it are taken", "[hooks]") {
    for (const char* good :
         {"https://example.net", "https://example.net/hook?x=1", "https://[2001:db8::1]:8443/",
          "https://10.0.0.1/", "https://example.net/a@b"})
        CHECK(check_url(good));
    for (const char* wrong :
         {"", "http://example.net/", "https://", "https:///x", "https://:443/",
          "https://user@example.net/", "https://u:p@example.net/", "https://example.net/#x",
          "https://example.net/a b", "https://example.net\\@evil.example/", "HTTPS://example.net/",
          "https://example.net/\n", "file:///etc/passwd"})
        CHECK_FALSE(check_url(wrong));
    CHECK_FALSE(check_url("https://example.net/" + std::string(kMaxUrlOctets, 'a')));
}

TEST_CASE("No octet goes to our own network, whatever a name leads to", "[hooks][hostile]") {
    const auto may = [](const char* address, const std::vector<Prefix>& also = {}) {
        return may_be_told(*IpAddress::parse(address), also);
    };
    CHECK(may("1.1.1.1"));
    CHECK(may("2606:4700:4700::1111"));
    for (const char* own :
         {"127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
          "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1",
          "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b:1::1", "ff02::1", "192.0.2.1"})
        CHECK_FALSE(may(own));
    const std::vector<Prefix> also{*Prefix::parse("10.1.0.0/16"), *Prefix::parse("::1/128")};
    CHECK(may("10.1.2.3", also));
    CHECK(may("::ffff:10.1.2.3", also));
    CHECK(may("::1", also));
    CHECK_FALSE(may("10.2.0.1", also));
}

}  // namespace
}  // namespace hairpin::hooks
