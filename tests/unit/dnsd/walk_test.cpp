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
        {"the CNAME is what was asked for: its target is not looked at",
         "y.dname.example.net. CNAME",
         "NOERROR aa\nanswer: dname.example.net. 120 IN DNAME target.example.net.\n"
         "answer: y.dname.example.net. 120 IN CNAME y.target.example.net.\n"},
        {"and so with ANY", "y.dname.example.net. ANY",
         "NOERROR aa\nanswer: dname.example.net. 120 IN DNAME target.example.net.\n"
         "answer: y.dname.example.net. 120 IN CNAME y.target.example.net.\n"},
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

TEST_CASE("DNAME substitutes as the table of RFC 6672 section 2.2 says", "[dnsd][rfc6672]") {
    struct Row {
        std::string apex;
        std::string qname;
        std::string owner;
        std::string target;
        std::string result;  // Empty: no match.
    };
    const std::vector<Row> rows = {
        {"com.", "com.", "example.com.", "example.net.", ""},
        {"com.", "example.com.", "example.com.", "example.net.", ""},
        {"com.", "a.example.com.", "example.com.", "example.net.", "a.example.net."},
        {"com.", "a.b.example.com.", "example.com.", "example.net.", "a.b.example.net."},
        {"com.", "ab.example.com.", "b.example.com.", "example.net.", ""},
        {"com.", "foo.example.com.", "example.com.", "example.net.", "foo.example.net."},
        {"com.", "a.x.example.com.", "x.example.com.", "example.net.", "a.example.net."},
        {"com.", "a.example.com.", "example.com.", "y.example.net.", "a.y.example.net."},
        {"com.", "cyc.example.com.", "example.com.", "example.com.", "cyc.example.com."},
        {"com.", "cyc.example.com.", "example.com.", "c.example.com.", "cyc.c.example.com."},
        {"x.", "shortloop.x.x.", "x.", ".", "shortloop.x."},
        {"x.", "shortloop.x.", "x.", ".", "shortloop."},
    };
    for (const Row& row : rows) {
        INFO(row.qname + " through " + row.owner + " to " + row.target);
        World world;
        world.zones_ = {};
        world.zones_.put(
            hairpin::tests::zone(row.apex, row.owner + " 60 IN DNAME " + row.target + "\n"));
        Ask tcp;  // A DNAME that grows its names fills a datagram.
        tcp.transport = Transport::Tcp;
        const std::string text = world.ask(row.qname + " A", tcp);
        const std::string link = "answer: " + row.qname + " 60 IN CNAME " + row.result + "\n";
        if (row.result.empty())
            CHECK(text.find("answer: ") == std::string::npos);
        else
            CHECK(text.find(link) != std::string::npos);
    }
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

TEST_CASE("SVCB and HTTPS bring what their targets in the zone have", "[dnsd][rfc9460]") {
    const std::string pool =
        "additional: pool.example.net. 60 IN HTTPS 1 . port=8443\n"
        "additional: pool.example.net. 60 IN AAAA 2001:db8::101\n";
    check({
        {"ServiceMode: the owner itself, another name once, a wildcard; glue and foreign names not",
         "svc.example.net. HTTPS",
         "NOERROR aa\n"
         "answer: svc.example.net. 60 IN HTTPS 1 . alpn=h2\n"
         "answer: svc.example.net. 60 IN HTTPS 2 pool.example.net. alpn=h3\n"
         "answer: svc.example.net. 60 IN HTTPS 3 POOL.example.net.\n"
         "answer: svc.example.net. 60 IN HTTPS 4 any.wild.example.net.\n"
         "answer: svc.example.net. 60 IN HTTPS 5 ns.sub.example.net.\n"
         "answer: svc.example.net. 60 IN HTTPS 6 cdn.elsewhere.test.\n"
         "additional: svc.example.net. 60 IN A 192.0.2.100\n" +
             pool + "additional: any.wild.example.net. 60 IN A 192.0.2.77\n"},
        {"AliasMode: the services of the target and its addresses", "svcalias.example.net. HTTPS",
         "NOERROR aa\n"
         "answer: svcalias.example.net. 60 IN HTTPS 0 svc.example.net.\n"
         "additional: svc.example.net. 60 IN HTTPS 1 . alpn=h2\n"
         "additional: svc.example.net. 60 IN HTTPS 2 pool.example.net. alpn=h3\n"
         "additional: svc.example.net. 60 IN HTTPS 3 POOL.example.net.\n"
         "additional: svc.example.net. 60 IN HTTPS 4 any.wild.example.net.\n"
         "additional: svc.example.net. 60 IN HTTPS 5 ns.sub.example.net.\n"
         "additional: svc.example.net. 60 IN HTTPS 6 cdn.elsewhere.test.\n"
         "additional: svc.example.net. 60 IN A 192.0.2.100\n"},
        {"AliasMode without a target is no service (section 2.5.1)", "svcnone.example.net. HTTPS",
         "NOERROR aa\nanswer: svcnone.example.net. 60 IN HTTPS 0 .\n"},
        {"the owner by its name: not the same RRset twice", "_dns.example.net. SVCB",
         "NOERROR aa\nanswer: _dns.example.net. 60 IN SVCB 1 _dns.example.net.\n"
         "additional: _dns.example.net. 60 IN A 192.0.2.103\n"},
        {"a wildcard's own addresses", "a.wsvc.example.net. SVCB",
         "NOERROR aa\nanswer: a.wsvc.example.net. 60 IN SVCB 1 .\n"
         "additional: a.wsvc.example.net. 60 IN A 192.0.2.104\n"},
        {"at the end of a chain", "tosvc.example.net. HTTPS",
         "NOERROR aa\nanswer: tosvc.example.net. 60 IN CNAME pool.example.net.\n"
         "answer: pool.example.net. 60 IN HTTPS 1 . port=8443\n"
         "additional: pool.example.net. 60 IN AAAA 2001:db8::101\n"},
        {"not with ANY", "svcnone.example.net. ANY",
         "NOERROR aa\nanswer: svcnone.example.net. 60 IN A 192.0.2.102\n"},
    });
}

TEST_CASE("Addresses of service targets that do not fit are left out without TC",
          "[dnsd][rfc9460][rfc2181]") {
    World world;
    std::string text =
        "svc 60 IN HTTPS 1 many alpn=h2\nsvc 60 IN HTTPS 2 few\nfew 60 IN A 192.0.2.1\n";
    for (int each = 1; each <= 90; ++each)
        text += "many 60 IN A 192.0.2." + std::to_string(each) + "\n";
    for (int each = 0; each < 20; ++each)
        text += "wide 60 IN HTTPS 1 t" + std::to_string(each) + "\nt" + std::to_string(each) +
                " 60 IN A 192.0.2.1\n";
    world.zones_.put(hairpin::tests::zone("room.test.", text));
    CHECK(world.ask("svc.room.test. HTTPS") ==
          "NOERROR aa\nanswer: svc.room.test. 60 IN HTTPS 1 many.room.test. alpn=h2\n"
          "answer: svc.room.test. 60 IN HTTPS 2 few.room.test.\n"
          "additional: few.room.test. 60 IN A 192.0.2.1\n");
    const auto additionals = [&](std::string_view question) {
        Ask tcp;
        tcp.transport = Transport::Tcp;
        const std::string whole = world.ask(question, tcp);
        std::size_t count = 0;
        for (auto at = whole.find("additional: "); at != std::string::npos;
             at = whole.find("additional: ", at + 1))
            ++count;
        return count;
    };
    CHECK(additionals("svc.room.test. HTTPS") == 91);
    CHECK(additionals("wide.room.test. HTTPS") == kMaxServiceTargets);
}

TEST_CASE("A catalog zone shows its serial and nothing else", "[dnsd][rfc9432][hostile]") {
    World world;
    world.zones_.put(hairpin::tests::zone("catalog.test.",
                                          "@ 0 IN SOA invalid. invalid. 7 1 2 3 4\n"
                                          "@ 0 IN NS invalid.\n"
                                          "version 0 IN TXT \"2\"\n"
                                          "x.zones 0 IN PTR pl-acme.example.net.\n",
                                          zones::ZoneKind::Catalog));
    world.zones_.put(hairpin::tests::zone("way.test.", "in 60 IN CNAME x.zones.catalog.test.\n"));
    CHECK(world.ask("catalog.test. SOA") ==
          "NOERROR aa\nanswer: catalog.test. 0 IN SOA invalid. invalid. 7 1 2 3 4\n");
    for (const char* question :
         {"catalog.test. NS", "catalog.test. ANY", "version.catalog.test. TXT",
          "x.zones.catalog.test. PTR", "nothing.catalog.test. A", "x.zones.catalog.test. SOA"}) {
        INFO(question);
        CHECK(world.ask(question) == "REFUSED\n");
    }
    CHECK(world.ask("in.way.test. PTR") ==
          "NOERROR aa\nanswer: in.way.test. 60 IN CNAME x.zones.catalog.test.\n");
}

}  // namespace
}  // namespace hairpin::dnsd::tests
