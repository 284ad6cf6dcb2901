#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"

namespace hairpin::dnsd::tests {
namespace {

struct WildcardCase {
    const char* why;
    const char* question;
    std::string response;
};

const std::string kWildSoa =
    "authority: w.test. 60 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 604800 60\n";

World wildcard_world() {
    World world;
    world.zones_ = {};
    world.zones_.put(hairpin::tests::zone("w.test.", R"(
*.srv       60 SRV 1 2 443 host
*._tcp.name 60 SRV 1 2 5060 host
*.ds        60 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
*.ds        60 A 192.0.2.1
*.dn        60 DNAME target
x.target    60 A 192.0.2.2
*.mx        60 MX 10 *.mx
*.mx        60 A 192.0.2.3
\042x       60 TXT "an escaped asterisk, and more behind it"
**          60 TXT "two asterisks"
a.*.mid     60 TXT "an asterisk in the middle"
host        60 A 192.0.2.4
*.cut       60 A 192.0.2.5
deep.cut    60 NS ns.elsewhere.test.
)"));
    world.zones_.put(hairpin::tests::zone("*.apex.test.", "www 60 A 192.0.2.6\n"));
    return world;
}

TEST_CASE("What stands at a wildcard means what RFC 4592 section 4 says", "[dnsd][rfc4592]") {
    World world = wildcard_world();
    for (const WildcardCase& each : std::vector<WildcardCase>{
             {"4.1 SOA: a zone whose apex is an asterisk", "www.*.apex.test. A",
              "NOERROR aa\nanswer: www.*.apex.test. 60 IN A 192.0.2.6\n"},
             {"4.1 it covers nobody outside of itself", "www.other.apex.test. A", "REFUSED\n"},
             {"4.5 SRV: the owner is the name asked", "_sip._udp.srv.w.test. SRV",
              "NOERROR aa\nanswer: _sip._udp.srv.w.test. 60 IN SRV 1 2 443 host.w.test.\n"},
             {"4.5 SRV below a protocol", "_sip._tcp.name.w.test. SRV",
              "NOERROR aa\nanswer: _sip._tcp.name.w.test. 60 IN SRV 1 2 5060 host.w.test.\n"},
             {"4.6 DS is data, no zone cut", "a.ds.w.test. A",
              "NOERROR aa\nanswer: a.ds.w.test. 60 IN A 192.0.2.1\n"},
             {"4.4 DNAME: redirects nobody that the wildcard covers", "a.dn.w.test. A",
              "NOERROR aa\n" + kWildSoa},
             {"4.4 and is data to who asks for it", "a.dn.w.test. DNAME",
              "NOERROR aa\nanswer: a.dn.w.test. 60 IN DNAME target.w.test.\n"},
             {"4.4 but redirects what is below the asterisk itself", "x.*.dn.w.test. A",
              "NOERROR aa\nanswer: *.dn.w.test. 60 IN DNAME target.w.test.\n"
              "answer: x.*.dn.w.test. 60 IN CNAME x.target.w.test.\n"
              "answer: x.target.w.test. 60 IN A 192.0.2.2\n"},
             {"a zone cut hides it", "x.deep.cut.w.test. A",
              "NOERROR\nauthority: deep.cut.w.test. 60 IN NS ns.elsewhere.test.\n"},
         }) {
        INFO(each.why);
        CHECK(world.ask(each.question) == each.response);
    }
}

TEST_CASE("A wildcard is a first label of one asterisk and no other", "[dnsd][rfc4592]") {
    World world = wildcard_world();
    for (const WildcardCase& each : std::vector<WildcardCase>{
             {"2.1.1 *x", "ax.w.test. TXT", "NXDOMAIN aa\n" + kWildSoa},
             {"2.1.1 **", "aa.w.test. TXT", "NXDOMAIN aa\n" + kWildSoa},
             {"2.2.2 an asterisk in the middle covers as an empty non-terminal, without data",
              "a.b.mid.w.test. TXT", "NOERROR aa\n" + kWildSoa},
             {"3.3.1 names in RDATA are not synthesised", "q.mx.w.test. MX",
              "NOERROR aa\nanswer: q.mx.w.test. 60 IN MX 10 *.mx.w.test.\n"},
             {"2.2.1 asked for by its name it is itself", "*.mx.w.test. A",
              "NOERROR aa\nanswer: *.mx.w.test. 60 IN A 192.0.2.3\n"},
         }) {
        INFO(each.why);
        CHECK(world.ask(each.question) == each.response);
    }
}

}  // namespace
}  // namespace hairpin::dnsd::tests
