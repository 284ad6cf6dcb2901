#include "admin/dyndns_request.hpp"

#include <catch2/catch.hpp>

namespace hairpin::admin {
namespace {

/// "keep", "own", "remove", the addresses, or the prefix.
std::string wish_text(const AddressWish& wish) {
    switch (wish.kind) {
        case AddressWish::Kind::Keep:
            return "keep";
        case AddressWish::Kind::Own:
            return "own";
        case AddressWish::Kind::Remove:
            return "remove";
        case AddressWish::Kind::Prefix:
            return wish.prefix.text() + "/" + std::to_string(wish.prefix_bits);
        case AddressWish::Kind::Set:
            break;
    }
    std::string text;
    for (const IpAddress& each : wish.addresses)
        text += (text.empty() ? "" : ",") + each.text();
    return text;
}

/// "host v4 v6; .." or the error.
std::string request_text(std::string_view query, std::string_view user = "") {
    const auto parameters = read_parameters(query);
    if (!parameters) return "malformed";
    const auto request = read_dyndns_request(*parameters, user);
    if (!request) return request.error() == DyndnsError::BadAddress ? "bad address" : "numhost";
    std::string text;
    const auto add = [&](const HostWish& wish) {
        text += (text.empty() ? "" : "; ") + wish.host + (wish.host.empty() ? "" : " ") +
                wish_text(wish.v4) + " " + wish_text(wish.v6);
    };
    for (const HostWish& wish : request->hosts)
        add(wish);
    if (request->hosts.empty()) add(request->of_account);
    return text;
}

TEST_CASE("What stock clients send becomes wishes", "[admin][dyndns]") {
    struct Sent {
        const char* query;
        const char* user;
        const char* means;
    };
    const auto each = GENERATE(values<Sent>({
        // Dyn's own form, one address, both families, several hosts.
        {"hostname=a.z&myip=203.0.113.7", "", "a.z 203.0.113.7 keep"},
        {"hostname=a.z,b.z&myip=203.0.113.7,2001:db8::1", "",
         "a.z 203.0.113.7 2001:db8::1; b.z 203.0.113.7 2001:db8::1"},
        {"hostname=a.z&myip=203.0.113.7%2C2001%3Adb8%3A%3A1", "", "a.z 203.0.113.7 2001:db8::1"},
        {"system=dyndns&hostname=a.z&myip=203.0.113.7&wildcard=NOCHG&mx=NOCHG", "",
         "a.z 203.0.113.7 keep"},
        // No address said: the connection's. An empty `myip` says nothing (ddclient).
        {"hostname=a.z", "", "a.z own own"},
        {"hostname=a.z&myip=", "", "a.z own own"},
        {"", "a.z", "a.z own own"},
        {"", "", "own own"},
        // deSEC's parameters.
        {"hostname=a.z&myipv4=203.0.113.7&myipv6=preserve", "", "a.z 203.0.113.7 keep"},
        {"hostname=a.z&myipv4=preserve&ipv6=2001:db8::1", "", "a.z keep 2001:db8::1"},
        {"hostname=a.z&myipv4=&myipv6=2001:db8::1", "", "a.z remove 2001:db8::1"},
        {"hostname=a.z&myipv6=2001:db8:1::/56", "", "a.z keep 2001:db8:1::/56"},
        {"hostname=a.z&myipv6=2001:db8:1:2:3::4/56", "", "a.z keep 2001:db8:1::/56"},
        {"hostname=a.z&ip=203.0.113.7", "", "a.z 203.0.113.7 keep"},
        {"hostname=a.z,b.z&myipv4=203.0.113.7&myipv4:B.z=203.0.113.8", "",
         "a.z 203.0.113.7 keep; b.z 203.0.113.8 keep"},
        {"hostname=a.z,b.z&myipv4:b.z=203.0.113.8", "", "a.z own own; b.z 203.0.113.8 keep"},
        {"hostname=YES&myip=203.0.113.7", "a.z", "a.z 203.0.113.7 keep"},
        {"host_id=a.z&myip=203.0.113.7", "b.z", "a.z 203.0.113.7 keep"},
        {"username=a.z&password=x&myip=203.0.113.7", "", "a.z 203.0.113.7 keep"},
        // A user that is no host name is the name of the login.
        {"myip=203.0.113.7", "office", "203.0.113.7 keep"},
        // FRITZ!Box: a placeholder that is empty, a list with a hole.
        {"hostname=a.z&myip=203.0.113.7,", "", "a.z 203.0.113.7 keep"},
        {"hostname=a.z&myip=,2001:db8::1", "", "a.z keep 2001:db8::1"},
        // Mapped, repeated, several of a family.
        {"hostname=a.z&myip=::ffff:203.0.113.7", "", "a.z 203.0.113.7 keep"},
        {"hostname=a.z&myip=203.0.113.7,203.0.113.7,203.0.113.8", "",
         "a.z 203.0.113.7,203.0.113.8 keep"},
        {"hostname=a.z&myip=preserve", "", "a.z keep keep"},
        // What is none.
        {"hostname=a.z&myip=1.2.3", "", "bad address"},
        {"hostname=a.z&myip=<ipaddr>", "", "bad address"},
        {"hostname=a.z&myipv4=2001:db8::1", "", "bad address"},
        {"hostname=a.z&myipv6=203.0.113.7", "", "bad address"},
        {"hostname=a.z&myip=203.0.113.0/24", "", "bad address"},
        {"hostname=a.z&myipv6=2001:db8::/0", "", "bad address"},
        {"hostname=a.z&myipv6=2001:db8::/129", "", "bad address"},
        {"hostname=a.z&myip=%zz", "", "malformed"},
        {"hostname=1.z,2.z,3.z,4.z,5.z,6.z,7.z,8.z,9.z,10.z,11.z,12.z,13.z,14.z,15.z,16.z,17.z,18."
         "z,"
         "19.z,20.z,21.z",
         "", "numhost"},
    }));
    INFO(each.query);
    CHECK(request_text(each.query, each.user) == each.means);
}

TEST_CASE("Parameters are bounded", "[admin][dyndns][limit]") {
    std::string query;
    for (std::size_t at = 0; at < kMaxDyndnsParameters; ++at)
        query += "x=1&";
    CHECK(read_parameters(query));
    CHECK_FALSE(read_parameters(query + "y=1"));
}

TEST_CASE("A prefix takes the place of the front of an address", "[admin][dyndns]") {
    const auto moved = [](const char* prefix, unsigned bits, const char* old) {
        return under_prefix(*IpAddress::parse(prefix), bits, *IpAddress::parse(old)).text();
    };
    CHECK(moved("2001:db8:1:ab00::", 56, "2001:db8:9:99cd:1:2:3:4") == "2001:db8:1:abcd:1:2:3:4");
    CHECK(moved("2001:db8::", 64, "fd00::1") == "2001:db8::1");
    CHECK(moved("2001:db8::", 1, "8001::1") == "1::1");
    CHECK(moved("2001:db8::5", 128, "fd00::1") == "2001:db8::5");
    CHECK(moved("2001:db8:1:2300::", 60, "2001:db8::4567:0:0:0:1") == "2001:db8:1:2307::1");
}

}  // namespace
}  // namespace hairpin::admin
