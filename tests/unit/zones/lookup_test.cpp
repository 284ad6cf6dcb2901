#include "zones/lookup.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/zones.hpp"

namespace hairpin::zones {
namespace {

using tests::name;

const char* const kRich = R"(
www          60 A 192.0.2.1
www          60 AAAA 2001:db8::1
alias        60 CNAME www
a.b.c        60 TXT "deep"
sub          60 NS ns1.sub
sub          60 NS ns.elsewhere.test.
sub          60 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns1.sub      60 A 192.0.2.53
under.ns.sub 60 A 192.0.2.54
moved        60 DNAME target.test.
below.moved  60 A 192.0.2.99
*.wild       60 A 192.0.2.7
*.wild       60 MX 10 mail
here.wild    60 TXT "an ordinary name"
x.ent.wild   60 A 192.0.2.8
a.*.mid      60 TXT "below an asterisk that owns nothing"
*.calias     60 CNAME www
*            60 HINFO "a" "b"
)";

// The finding as one word, for a table.
std::string said(const Zone& zone, std::string_view qname, RType qtype) {
    const Name asked = name(qname);
    const TreeKey key(asked);
    const Finding finding = look_up(zone, asked, key, qtype);
    struct Describe {
        std::string operator()(const Match& m) const {
            return std::string(m.from_wildcard ? "wild " : "") + "match " +
                   type_text(m.rrset->type());
        }
        std::string operator()(const Alias& a) const {
            return a.from_wildcard ? "wild alias" : "alias";
        }
        std::string operator()(const Redirection&) const { return "dname"; }
        std::string operator()(const Referral& r) const {
            return "referral " + std::to_string(r.node->labels());
        }
        std::string operator()(const NoData& n) const {
            return std::string(n.from_wildcard ? "wild " : "") +
                   (n.empty_non_terminal ? "ent" : "nodata");
        }
        std::string operator()(const NxDomain& n) const {
            return "nxdomain " + std::to_string(n.closest_encloser_labels);
        }
    };
    return std::visit(Describe(), finding);
}

TEST_CASE("look_up decides every kind of question", "[zones][rfc1034][rfc4592][rfc6672][rfc8020]") {
    const ZoneRef zone = tests::zone("example.net", kRich);
    struct Case {
        const char* qname;
        RType qtype;
        const char* finding;
    };
    const auto asked = GENERATE(values<Case>({
        {"www.example.net", RType::A, "match A"},
        {"WwW.eXample.net", RType::AAAA, "match AAAA"},
        {"www.example.net", RType::MX, "nodata"},
        {"www.example.net", RType::ANY, "match A"},
        {"example.net", RType::SOA, "match SOA"},
        {"example.net", RType::NS, "match NS"},
        {"example.net", RType::DS, "nodata"},
        {"alias.example.net", RType::A, "alias"},
        {"alias.example.net", RType::CNAME, "match CNAME"},
        {"alias.example.net", RType::ANY, "match CNAME"},
        // Empty non-terminals exist (RFC 8020); below them the wildcard of the apex does not reach
        // (RFC 4592).
        {"b.c.example.net", RType::A, "ent"},
        {"c.example.net", RType::TXT, "ent"},
        {"x.c.example.net", RType::TXT, "nxdomain 1"},
        {"a.b.c.example.net", RType::TXT, "match TXT"},
        {"x.a.b.c.example.net", RType::TXT, "nxdomain 3"},
        // Delegation: at, below, glue, occluded; DS on the parent's side.
        {"sub.example.net", RType::A, "referral 1"},
        {"sub.example.net", RType::NS, "referral 1"},
        {"sub.example.net", RType::ANY, "referral 1"},
        {"sub.example.net", RType::DS, "match DS"},
        {"ns1.sub.example.net", RType::A, "referral 1"},
        {"under.ns.sub.example.net", RType::A, "referral 1"},
        {"nothing.at.all.sub.example.net", RType::DS, "referral 1"},
        // DNAME: its owner is ordinary, everything below is redirected, also what is stored there.
        {"moved.example.net", RType::A, "nodata"},
        {"moved.example.net", RType::DNAME, "match DNAME"},
        {"x.moved.example.net", RType::A, "dname"},
        {"below.moved.example.net", RType::A, "dname"},
        // Wildcards.
        {"anything.wild.example.net", RType::A, "wild match A"},
        {"two.labels.wild.example.net", RType::MX, "wild match MX"},
        {"anything.wild.example.net", RType::TXT, "wild nodata"},
        {"here.wild.example.net", RType::A, "nodata"},
        {"below.here.wild.example.net", RType::A, "nxdomain 2"},
        {"ent.wild.example.net", RType::A, "ent"},
        {"y.ent.wild.example.net", RType::A, "nxdomain 2"},
        {"*.wild.example.net", RType::A, "match A"},
        {"x.*.wild.example.net", RType::A, "nxdomain 2"},
        {"wild.example.net", RType::A, "ent"},
        // An asterisk that is an empty non-terminal exists, and so covers (RFC 4592 section 2.2.2).
        {"*.mid.example.net", RType::TXT, "ent"},
        {"anything.mid.example.net", RType::TXT, "wild ent"},
        {"two.labels.mid.example.net", RType::TXT, "wild ent"},
        {"a.*.mid.example.net", RType::TXT, "match TXT"},
        {"b.*.mid.example.net", RType::TXT, "nxdomain 2"},
        {"q.calias.example.net", RType::A, "wild alias"},
        {"q.calias.example.net", RType::CNAME, "wild match CNAME"},
        {"nowhere.example.net", RType::HINFO, "wild match HINFO"},
        {"nowhere.example.net", RType::A, "wild nodata"},
    }));
    INFO(asked.qname << " " << type_text(asked.qtype));
    CHECK(said(*zone, asked.qname, asked.qtype) == asked.finding);
}

TEST_CASE("The example of RFC 4592 section 2.2.1 is answered as it says", "[zones][rfc4592]") {
    const ZoneRef zone = tests::zone("example", R"(
*                  3600 TXT "this is a wildcard"
*                  3600 MX 10 host1
sub.*              3600 TXT "this is not a wildcard"
host1              3600 A 192.0.2.1
_ssh._tcp.host1    3600 SRV 0 0 22 host1
_ssh._tcp.host2    3600 SRV 0 0 22 host1
subdel             3600 NS ns.example.com.
subdel             3600 NS ns.example.net.
)");
    struct Case {
        const char* why;
        const char* qname;
        RType qtype;
        const char* finding;
    };
    const auto asked = GENERATE(values<Case>({
        {"synthesised", "host3.example", RType::MX, "wild match MX"},
        {"no such type at the wildcard", "host3.example", RType::A, "wild nodata"},
        {"two labels below", "foo.bar.example", RType::TXT, "wild match TXT"},
        {"host1 exists", "host1.example", RType::MX, "nodata"},
        {"sub.* exists", "sub.*.example", RType::MX, "nodata"},
        {"_tcp.host1 exists, without data", "_telnet._tcp.host1.example", RType::SRV, "nxdomain 2"},
        {"subdel exists and is a zone cut", "host.subdel.example", RType::A, "referral 1"},
        {"*.example exists", "ghost.*.example", RType::MX, "nxdomain 1"},
        {"host2 exists, without data", "host2.example", RType::MX, "ent"},
    }));
    INFO(asked.why);
    CHECK(said(*zone, asked.qname, asked.qtype) == asked.finding);
}

TEST_CASE("Without a wildcard at the apex an unknown name does not exist", "[zones][rfc8020]") {
    const ZoneRef zone = tests::zone("example.net", "www 60 A 192.0.2.1\n");
    CHECK(said(*zone, "nowhere.example.net", RType::A) == "nxdomain 0");
    CHECK(said(*zone, "x.www.example.net", RType::A) == "nxdomain 1");
}

TEST_CASE("NS at a wildcard is data for every name that asks", "[zones][rfc4592]") {
    const ZoneRef zone = tests::zone("example.net", "*.w 60 NS ns.test.\n");
    CHECK(said(*zone, "q.w.example.net", RType::NS) == "wild match NS");
    CHECK(said(*zone, "*.w.example.net", RType::NS) == "match NS");
    CHECK(said(*zone, "*.w.example.net", RType::A) == "nodata");
    CHECK(said(*zone, "a.*.w.example.net", RType::A) == "nxdomain 2");
}

TEST_CASE("A zone cut within a zone cut is the upper one's", "[zones]") {
    const ZoneRef zone = tests::zone(
        "example.net", "a 60 NS ns.test.\nb.a 60 NS ns.test.\nc.b.a 60 DNAME x.test.\n");
    CHECK(said(*zone, "x.c.b.a.example.net", RType::A) == "referral 1");
    CHECK(said(*zone, "b.a.example.net", RType::DS) == "referral 1");
}

TEST_CASE("The zone table finds the closest enclosing zone and its parent", "[zones][rfc1034]") {
    ZoneTable table;
    CHECK(table.closest_enclosing(name("example.net")) == nullptr);
    for (const char* apex : {"example.net", "pl-acme.example.net", "net"})
        table.put(tests::zone(apex, ""));
    CHECK(table.size() == 3);
    const auto apex_of = [&](std::string_view qname) {
        const Zone* zone = table.closest_enclosing(name(qname));
        return zone == nullptr ? std::string("none") : zone->apex().text();
    };
    CHECK(apex_of("nur1.pl-acme.example.net") == "pl-acme.example.net.");
    CHECK(apex_of("PL-ACME.example.net") == "pl-acme.example.net.");
    CHECK(apex_of("pl-acme2.example.net") == "example.net.");
    CHECK(apex_of("other.net") == "net.");
    CHECK(apex_of("org") == "none");
    CHECK(apex_of(".") == "none");

    const Name apex = name("pl-acme.example.net");
    const auto both = table.enclosing(TreeKey(apex), apex.wire());
    REQUIRE(both.parent != nullptr);
    CHECK(both.parent->apex() == name("example.net"));

    table.erase(name("pl-acme.example.net"));
    CHECK(apex_of("nur1.pl-acme.example.net") == "example.net.");
}

TEST_CASE("The root zone encloses everything", "[zones]") {
    ZoneTable table;
    table.put(tests::zone(".", "test 60 A 192.0.2.1\n"));
    REQUIRE(table.closest_enclosing(name("a.b.c")) != nullptr);
    CHECK(said(*table.find(name(".")), "test", RType::A) == "match A");
    CHECK(said(*table.find(name(".")), "nothing", RType::A) == "nxdomain 0");
}

}  // namespace
}  // namespace hairpin::zones
