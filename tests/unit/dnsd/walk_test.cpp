#include "dnsd/walk.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"

namespace hairpin::dnsd::tests {
namespace {

struct Case {
    std::string why;
    std::string question;
    std::string response;
};

const std::string kSoa =
    "authority: example.net. 60 IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 "
    "60\n";
const std::string kWww =
    "answer: www.example.net. 300 IN A 192.0.2.1\n"
    "answer: www.example.net. 300 IN A 192.0.2.2\n";

void check(const std::vector<Case>& cases) {
    World world;
    for (const Case& each : cases) {
        INFO(each.why + ": " + each.question);
        CHECK(world.ask(each.question) == each.response);
    }
}

TEST_CASE("A chain of CNAMEs is followed inside our zones", "[dnsd][rfc1034][rfc6604]") {
    check({
        {"one link", "alias.example.net. A",
         "NOERROR aa\nanswer: alias.example.net. 60 IN CNAME www.example.net.\n" + kWww},
        {"two links", "chain1.example.net. A",
         "NOERROR aa\nanswer: chain1.example.net. 60 IN CNAME chain2.example.net.\n"
         "answer: chain2.example.net. 61 IN CNAME www.example.net.\n" +
             kWww},
        {"asked for the CNAME itself", "chain1.example.net. CNAME",
         "NOERROR aa\nanswer: chain1.example.net. 60 IN CNAME chain2.example.net.\n"},
        {"the end has not the type: NODATA", "chain2.example.net. TXT",
         "NOERROR aa\nanswer: chain2.example.net. 61 IN CNAME www.example.net.\n" + kSoa},
        {"the end is not there: NXDOMAIN", "dangling.example.net. A",
         "NXDOMAIN aa\nanswer: dangling.example.net. 60 IN CNAME missing.example.net.\n" + kSoa},
        {"into another zone of ours", "across.example.net. A",
         "NOERROR aa\nanswer: across.example.net. 60 IN CNAME host.example.org.\n"
         "answer: host.example.org. 60 IN A 192.0.2.66\n"},
        {"denied by another zone of ours", "nope.example.org. A",
         "NXDOMAIN aa\nanswer: nope.example.org. 60 IN CNAME missing.example.org.\n"
         "authority: example.org. 900 IN SOA ns.example.org. hostmaster.example.org. 1 3600 600 "
         "604800 900\n"},
        {"out of our zones: what we have", "outside.example.net. A",
         "NOERROR aa\nanswer: outside.example.net. 60 IN CNAME www.elsewhere.test.\n"},
        {"into a delegation: AA is about the name asked", "tocut.example.net. A",
         "NOERROR aa\nanswer: tocut.example.net. 60 IN CNAME host.sub.example.net.\n"
         "authority: sub.example.net. 3600 IN NS ns.sub.example.net.\n"
         "authority: sub.example.net. 3600 IN NS ns.other.example.net.\n"
         "authority: sub.example.net. 3600 IN NS ns.faraway.test.\n"
         "authority: sub.example.net. 3600 IN NS ns1.example.net.\n"
         "additional: ns.sub.example.net. 3600 IN A 192.0.2.10\n"
         "additional: ns.sub.example.net. 3600 IN AAAA 2001:db8::10\n"
         "additional: ns.other.example.net. 3600 IN A 192.0.2.11\n"
         "additional: ns1.example.net. 3600 IN A 192.0.2.53\n"
         "additional: ns1.example.net. 3600 IN AAAA 2001:db8::53\n"},
    });
}

TEST_CASE("A chain that does not end is cut where it repeats", "[dnsd][rfc1034]") {
    check({
        {"three names", "loop1.example.net. A",
         "NOERROR aa\nanswer: loop1.example.net. 60 IN CNAME loop2.example.net.\n"
         "answer: loop2.example.net. 60 IN CNAME loop3.example.net.\n"
         "answer: loop3.example.net. 60 IN CNAME loop1.example.net.\n"},
        {"to itself, in another case", "self.example.net. A",
         "NOERROR aa\nanswer: self.example.net. 60 IN CNAME SELF.example.net.\n"},
        {"DNAMEs that throw a name to and fro", "a.ping.example.net. A",
         "NOERROR aa\nanswer: ping.example.net. 60 IN DNAME pong.example.net.\n"
         "answer: a.ping.example.net. 60 IN CNAME a.pong.example.net.\n"
         "answer: pong.example.net. 60 IN DNAME ping.example.net.\n"
         "answer: a.pong.example.net. 60 IN CNAME a.ping.example.net.\n"},
    });
}

TEST_CASE("A chain is followed for 16 links and no more", "[dnsd]") {
    World world;
    const auto links = [](const std::string& text) {
        std::size_t count = 0;
        for (auto at = text.find("IN CNAME"); at != std::string::npos;
             at = text.find("IN CNAME", at + 1))
            ++count;
        return count;
    };
    Ask tcp;
    tcp.transport = Transport::Tcp;
    const std::string too_long = world.ask("link0.example.net. A", tcp);
    CHECK(too_long.substr(0, 11) == "NOERROR aa\n");
    CHECK(links(too_long) == kMaxChainLinks);
    CHECK(too_long.find(" IN A ") == std::string::npos);
    const std::string just_short_enough = world.ask("link5.example.net. A", tcp);
    CHECK(links(just_short_enough) == 15);
    CHECK(just_short_enough.find("link20.example.net. 60 IN A 192.0.2.20") != std::string::npos);
}

TEST_CASE("DNAME redirects what is below it", "[dnsd][rfc6672]") {
    check({
        {"with a CNAME of the same TTL", "x.dname.example.net. A",
         "NOERROR aa\nanswer: dname.example.net. 120 IN DNAME target.example.net.\n"
         "answer: x.dname.example.net. 120 IN CNAME x.target.example.net.\n"
         "answer: x.target.example.net. 60 IN A 192.0.2.88\n"},
        {"the case of the question goes along", "X.dName.example.net. A",
         "NOERROR aa\nanswer: dName.example.net. 120 IN DNAME target.example.net.\n"
         "answer: X.dName.example.net. 120 IN CNAME X.target.example.net.\n"
         "answer: X.target.example.net. 60 IN A 192.0.2.88\n"},
        {"to a name that is not there", "y.dname.example.net. A",
         "NXDOMAIN aa\nanswer: dname.example.net. 120 IN DNAME target.example.net.\n"
         "answer: y.dname.example.net. 120 IN CNAME y.target.example.net.\n" +
             kSoa},
        {"not its own owner", "dname.example.net. TXT",
         "NOERROR aa\nanswer: dname.example.net. 120 IN TXT \"at the owner\"\n"},
        {"the DNAME itself", "dname.example.net. DNAME",
         "NOERROR aa\nanswer: dname.example.net. 120 IN DNAME target.example.net.\n"},
        {"reached by a CNAME", "viadname.example.net. A",
         "NOERROR aa\nanswer: viadname.example.net. 60 IN CNAME x.dname.example.net.\n"
         "answer: dname.example.net. 120 IN DNAME target.example.net.\n"
         "answer: x.dname.example.net. 120 IN CNAME x.target.example.net.\n"
         "answer: x.target.example.net. 60 IN A 192.0.2.88\n"},
    });
}

TEST_CASE("A DNAME whose target would be too long is YXDOMAIN", "[dnsd][rfc6672]") {
    World world;
    const std::string label(60, 'l');
    Ask tcp;
    tcp.transport = Transport::Tcp;
    const std::string fits = world.ask(std::string(40, 'a') + ".over.example.net. A", tcp);
    CHECK(fits.substr(0, 12) == "NXDOMAIN aa\n");
    CHECK(world.ask(std::string(60, 'a') + ".over.example.net. A", tcp) ==
          "YXDOMAIN aa\nanswer: over.example.net. 60 IN DNAME " + label + "." + label + "." +
              label + ".target.example.net.\n");
}

TEST_CASE("A DNAME that grows its names ends by itself", "[dnsd][rfc6672][hostile]") {
    World world;
    Ask tcp;
    tcp.transport = Transport::Tcp;
    const std::string text = world.ask("x.grow.example.net. A", tcp);
    CHECK(text.substr(0, 8) == "NOERROR ");
    // The same DNAME serves every link and stands in the answer once.
    CHECK(text.find("IN DNAME") == text.rfind("IN DNAME"));
}

}  // namespace
}  // namespace hairpin::dnsd::tests
