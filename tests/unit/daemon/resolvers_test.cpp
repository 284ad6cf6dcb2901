#include "daemon/resolvers.hpp"

#include <catch2/catch.hpp>

namespace hairpin::daemon {
namespace {

TEST_CASE("a CA on this machine is told from one elsewhere", "[daemon][acme]") {
    for (const char* here :
         {"https://localhost/dir", "https://localhost:14000/dir", "https://127.0.0.1:14000/dir",
          "https://127.8.9.10", "https://[::1]:14000/dir", "https://[::ffff:127.0.0.1]/dir",
          "https://pebble.localhost/dir"})
        CHECK(is_on_loopback(here));
    for (const char* elsewhere : {"https://acme-v02.api.letsencrypt.org/directory",
                                  "https://127.0.0.1.example.net/dir", "https://192.0.2.1/dir",
                                  "https://[2001:db8::1]/dir", "https://localhost.example/dir", ""})
        CHECK_FALSE(is_on_loopback(elsewhere));
}

TEST_CASE("the system's resolvers are the first three of resolv.conf", "[daemon][acme]") {
    const auto read = read_resolv_conf(
        "# nameserver 192.0.2.9\n"
        "search example.net\n"
        "nameserver 192.0.2.1\n"
        "\tnameserver\t2001:db8::1 # with a comment\r\n"
        "nameserver fe80::1%eth0\n"
        "nameservers 192.0.2.8\n"
        "nameserver\n"
        "nameserver 192.0.2.3\n"
        "nameserver 192.0.2.4");
    REQUIRE(read.size() == 3);
    CHECK(read[0].text() == "192.0.2.1:53");
    CHECK(read[1].text() == "[2001:db8::1]:53");
    CHECK(read[2].text() == "192.0.2.3:53");
    CHECK(read_resolv_conf("").empty());
    CHECK(system_resolvers("/nowhere/resolv.conf").empty());
}

TEST_CASE("nobody is asked about a test's names", "[daemon][acme]") {
    Config config;
    config.acme_directory = "https://127.0.0.1:14000/dir";
    CHECK(resolvers_of(config).empty());
    config.acme_resolvers = {"192.0.2.1", "[2001:db8::1]:5353"};
    const auto resolvers = resolvers_of(config);
    REQUIRE(resolvers.size() == 2);
    CHECK(resolvers[0].text() == "192.0.2.1:53");
    CHECK(resolvers[1].text() == "[2001:db8::1]:5353");
}

}  // namespace
}  // namespace hairpin::daemon
