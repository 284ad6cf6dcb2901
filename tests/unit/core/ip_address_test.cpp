#include "core/ip_address.hpp"

#include <catch2/catch.hpp>

namespace hairpin {
namespace {

TEST_CASE("Addresses are read strictly and written as RFC 5952 wants", "[core][rfc5952]") {
    CHECK(IpAddress::parse("192.0.2.1")->text() == "192.0.2.1");
    CHECK(IpAddress::parse("2001:DB8:0:0:0:0:0:1")->text() == "2001:db8::1");
    for (const char* text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ",
                             "fe80::1%eth0", "::1::", "[::1]", "1.2.3.4/24", "12345::"}) {
        INFO(text);
        CHECK_FALSE(IpAddress::parse(text));
    }
    CHECK_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST_CASE("A mapped address is the IPv4 address it stands for", "[core]") {
    CHECK(IpAddress::parse("::ffff:192.0.2.1")->unmapped() == *IpAddress::parse("192.0.2.1"));
    CHECK(IpAddress::parse("2001:db8::1")->unmapped() == *IpAddress::parse("2001:db8::1"));
}

TEST_CASE("A prefix covers what lies in it whole", "[core]") {
    const auto covers = [](const char* one, const char* other) {
        return Prefix::parse(one)->covers(*Prefix::parse(other));
    };
    CHECK(covers("10.0.0.0/8", "10.1.0.0/16"));
    CHECK(covers("10.0.0.0/8", "10.0.0.0/8"));
    CHECK(covers("10.0.0.0/8", "10.1.2.3"));
    CHECK_FALSE(covers("10.1.0.0/16", "10.0.0.0/8"));
    CHECK_FALSE(covers("10.0.0.0/8", "11.0.0.0/8"));
    CHECK_FALSE(covers("0.0.0.0/0", "::/0"));
}

TEST_CASE("A prefix contains what shares its bits", "[core]") {
    const auto prefix = Prefix::parse("172.16.0.0/12");
    REQUIRE(prefix);
    CHECK(prefix->contains(*IpAddress::parse("172.31.255.255")));
    CHECK_FALSE(prefix->contains(*IpAddress::parse("172.32.0.0")));
    CHECK_FALSE(prefix->contains(*IpAddress::parse("::ac10:1")));
    CHECK(Prefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("255.1.2.3")));
    CHECK(Prefix::parse("2001:db8::1")->text() == "2001:db8::1/128");
    for (const char* text :
         {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "/8"}) {
        INFO(text);
        CHECK_FALSE(Prefix::parse(text));
    }
}

TEST_CASE("Endpoints are read with and without a default port", "[core]") {
    CHECK(Endpoint::parse("127.0.0.1:53")->text() == "127.0.0.1:53");
    CHECK(Endpoint::parse("[::1]:0")->text() == "[::1]:0");
    CHECK(Endpoint::parse("::1", 53)->text() == "[::1]:53");
    CHECK(Endpoint::parse("[::]", 53)->port == 53);
    for (const char* text : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+5", "[::1",
                             "[127.0.0.1]:5", "[::1]x:5", "localhost:53"}) {
        INFO(text);
        CHECK_FALSE(Endpoint::parse(text));
    }
}

TEST_CASE("An endpoint survives the way through a socket address", "[core]") {
    for (const char* text : {"192.0.2.7:5353", "[2001:db8::7]:853"}) {
        sockaddr_storage storage{};
        const Endpoint endpoint = *Endpoint::parse(text);
        CHECK(endpoint.to_sockaddr(storage) > 0);
        CHECK(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage)) == endpoint);
    }
}

}  // namespace
}  // namespace hairpin
