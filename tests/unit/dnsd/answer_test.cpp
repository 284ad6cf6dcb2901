#include "dnsd/answer.hpp"

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

// What follows a name of example.net. that is not there, or has not that type.
const std::string kSoa =
    "authority: example.net. 60 IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 "
    "60\n";

void check(const std::vector<Case>& cases, const Ask& how = {}) {
    World world;
    for (const Case& each : cases) {
        INFO(each.why + ": " + each.question);
        CHECK(world.ask(each.question, how) == each.response);
    }
}

TEST_CASE("An RRset of a zone is answered whole and with authority", "[dnsd][rfc1034]") {
    check({
        {"one address", "nur1.example.net. A",
         "NOERROR aa\nanswer: nur1.example.net. 60 IN A 198.51.100.7\n"},
        {"another type of the same name", "nur1.example.net. AAAA",
         "NOERROR aa\nanswer: nur1.example.net. 60 IN AAAA 2001:db8::7\n"},
        {"a private address", "i-nur1.example.net. A",
         "NOERROR aa\nanswer: i-nur1.example.net. 60 IN A 192.168.1.11\n"},
        {"two records", "www.example.net. A",
         "NOERROR aa\nanswer: www.example.net. 300 IN A 192.0.2.1\n"
         "answer: www.example.net. 300 IN A 192.0.2.2\n"},
        {"the SOA with its own TTL", "example.net. SOA",
         "NOERROR aa\nanswer: example.net. 3600 IN SOA ns1.example.net. hostmaster.example.net. 1 "
         "3600 600 604800 60\n"},
        {"NS at the apex is data, not a referral", "example.org. NS",
         "NOERROR aa\nanswer: example.org. 300 IN NS ns.example.org.\n"},
        {"no additional records beside MX", "example.net. MX",
         "NOERROR aa\nanswer: example.net. 3600 IN MX 10 www.example.net.\n"},
        {"a type without a name (RFC 3597)", "odd.example.net. TYPE65280",
         "NOERROR aa\nanswer: odd.example.net. 60 IN TYPE65280 \\# 3 010203\n"},
    });
}

TEST_CASE("The answer keeps the case of the question", "[dnsd][rfc4343]") {
    check({
        {"owner is the question (0x20)", "nUr1.ExAmPlE.nEt. A",
         "NOERROR aa\nanswer: nUr1.ExAmPlE.nEt. 60 IN A 198.51.100.7\n"},
        {"RDATA keeps the zone's case", "SELF.example.net. CNAME",
         "NOERROR aa\nanswer: SELF.example.net. 60 IN CNAME SELF.example.net.\n"},
    });
}

TEST_CASE("The closest enclosing zone answers", "[dnsd][rfc1034]") {
    check({
        {"the child zone", "www.child.example.net. A",
         "NOERROR aa\nanswer: www.child.example.net. 60 IN A 192.0.2.91\n"},
        {"its apex", "child.example.net. A",
         "NOERROR aa\nanswer: child.example.net. 60 IN A 192.0.2.90\n"},
        {"another zone", "host.example.org. A",
         "NOERROR aa\nanswer: host.example.org. 60 IN A 192.0.2.66\n"},
        {"no zone of ours", "www.example.com. A", "REFUSED\n"},
        {"above all zones of ours", "net. NS", "REFUSED\n"},
        {"the root", ". NS", "REFUSED\n"},
    });
}

TEST_CASE("DS belongs to the parent's side of the cut", "[dnsd][rfc4035]") {
    const std::string digest = "0102030405060708091011121314151617181920212223242526272829303132\n";
    check({
        {"parent and child are hosted here", "child.example.net. DS",
         "NOERROR aa\nanswer: child.example.net. 3600 IN DS 54321 13 2 " + digest},
        {"at a delegation", "sub.example.net. DS",
         "NOERROR aa\nanswer: sub.example.net. 3600 IN DS 12345 13 2 " + digest},
        {"a delegation without DS", "other.example.net. DS", "NOERROR aa\n" + kSoa},
        {"the parent is not here: the child says that it has none", "orphan.test. DS",
         "NOERROR aa\nauthority: orphan.test. 60 IN SOA ns1.example.net. hostmaster.orphan.test. 1 "
         "3600 600 604800 60\n"},
        {"below a delegation it is a referral", "host.other.example.net. DS",
         "NOERROR\nauthority: other.example.net. 3600 IN NS ns.other.example.net.\n"
         "additional: ns.other.example.net. 3600 IN A 192.0.2.11\n"},
    });
}

TEST_CASE("What is not there is denied with the SOA", "[dnsd][rfc2308][rfc8020]") {
    check({
        {"no such name", "missing.example.net. A", "NXDOMAIN aa\n" + kSoa},
        {"no such name, asked for SOA", "missing.example.net. SOA", "NXDOMAIN aa\n" + kSoa},
        {"below a name without wildcard", "a.nur1.example.net. A", "NXDOMAIN aa\n" + kSoa},
        {"no such type", "nur1.example.net. TXT", "NOERROR aa\n" + kSoa},
        {"a type nobody knows", "nur1.example.net. TYPE1000", "NOERROR aa\n" + kSoa},
        {"no signatures", "nur1.example.net. RRSIG", "NOERROR aa\n" + kSoa},
        {"no NSEC", "nur1.example.net. NSEC", "NOERROR aa\n" + kSoa},
        {"empty non-terminal", "b.ent.example.net. A", "NOERROR aa\n" + kSoa},
        {"its parent, empty too", "ent.example.net. A", "NOERROR aa\n" + kSoa},
        {"beside an empty non-terminal", "c.ent.example.net. A", "NXDOMAIN aa\n" + kSoa},
        {"no such type at the apex", "example.net. TXT", "NOERROR aa\n" + kSoa},
        {"TTL is the lesser of TTL and minimum", "missing.example.org. A",
         "NXDOMAIN aa\nauthority: example.org. 900 IN SOA ns.example.org. "
         "hostmaster.example.org. 1 3600 600 604800 900\n"},
        {"the SOA's owner is the question's end", "missing.EXAMPLE.net. A",
         "NXDOMAIN aa\nauthority: EXAMPLE.net. 60 IN SOA ns1.example.net. hostmaster.example.net. "
         "1 3600 600 604800 60\n"},
    });
}

TEST_CASE("Wildcards synthesise", "[dnsd][rfc4592]") {
    check({
        {"owner is the question", "any.wild.example.net. A",
         "NOERROR aa\nanswer: any.wild.example.net. 60 IN A 192.0.2.77\n"},
        {"many labels below", "x.y.z.wild.example.net. A",
         "NOERROR aa\nanswer: x.y.z.wild.example.net. 60 IN A 192.0.2.77\n"},
        {"the asterisk itself", "*.wild.example.net. TXT",
         "NOERROR aa\nanswer: *.wild.example.net. 60 IN TXT \"wild\"\n"},
        {"a name that exists is not covered", "real.wild.example.net. A", "NOERROR aa\n" + kSoa},
        {"nor is what is below it", "x.real.wild.example.net. A", "NXDOMAIN aa\n" + kSoa},
        {"a type the wildcard has not", "any.wild.example.net. AAAA", "NOERROR aa\n" + kSoa},
        {"the wildcard's parent is an empty non-terminal", "wild.example.net. A",
         "NOERROR aa\n" + kSoa},
        {"a wildcard CNAME", "any.wcname.example.net. A",
         "NOERROR aa\nanswer: any.wcname.example.net. 60 IN CNAME www.example.net.\n"
         "answer: www.example.net. 300 IN A 192.0.2.1\n"
         "answer: www.example.net. 300 IN A 192.0.2.2\n"},
        {"a chain into a wildcard", "towild.example.net. A",
         "NOERROR aa\nanswer: towild.example.net. 60 IN CNAME any.wild.example.net.\n"
         "answer: any.wild.example.net. 60 IN A 192.0.2.77\n"},
    });
}

TEST_CASE("A delegation refers, with glue", "[dnsd][rfc1034][rfc9471]") {
    const std::string referral =
        "NOERROR\n"
        "authority: sub.example.net. 3600 IN NS ns.sub.example.net.\n"
        "authority: sub.example.net. 3600 IN NS ns.other.example.net.\n"
        "authority: sub.example.net. 3600 IN NS ns.faraway.test.\n"
        "authority: sub.example.net. 3600 IN NS ns1.example.net.\n"
        "additional: ns.sub.example.net. 3600 IN A 192.0.2.10\n"
        "additional: ns.sub.example.net. 3600 IN AAAA 2001:db8::10\n"
        "additional: ns.other.example.net. 3600 IN A 192.0.2.11\n"
        "additional: ns1.example.net. 3600 IN A 192.0.2.53\n"
        "additional: ns1.example.net. 3600 IN AAAA 2001:db8::53\n";
    check({
        {"at the cut", "sub.example.net. A", referral},
        {"NS at the cut is the child's", "sub.example.net. NS", referral},
        {"ANY at the cut", "sub.example.net. ANY", referral},
        {"below the cut", "www.a.sub.example.net. A", referral},
        {"glue is not an answer", "ns.sub.example.net. A", referral},
        {"occluded data is not an answer", "hidden.sub.example.net. TXT", referral},
        {"an occluded cut does not count", "x.deep.sub.example.net. A", referral},
    });
}

TEST_CASE("A referral carries the DS to who sets DO", "[dnsd][rfc4035]") {
    World world;
    Ask how;
    how.edns = true;
    CHECK(world.ask("host.sub.example.net. A", how).find(" IN DS ") == std::string::npos);
    how.dnssec_ok = true;
    CHECK(world.ask("host.sub.example.net. A", how)
              .find("authority: sub.example.net. 3600 IN DS 12345 13 2 ") != std::string::npos);
    CHECK(world.ask("host.other.example.net. A", how).find(" IN DS ") == std::string::npos);
}

TEST_CASE("ANY is answered with one RRset", "[dnsd][rfc8482]") {
    for (const Transport transport : {Transport::Udp, Transport::Tcp}) {
        Ask how;
        how.transport = transport;
        check({{"the type of the lowest number", "nur1.example.net. ANY",
                "NOERROR aa\nanswer: nur1.example.net. 60 IN A 198.51.100.7\n"},
               {"a CNAME is not followed", "alias.example.net. ANY",
                "NOERROR aa\nanswer: alias.example.net. 60 IN CNAME www.example.net.\n"},
               {"an empty non-terminal has nothing", "ent.example.net. ANY", "NOERROR aa\n" + kSoa},
               {"no such name", "missing.example.net. ANY", "NXDOMAIN aa\n" + kSoa}},
              how);
    }
}

TEST_CASE("RD is copied, RA is never set, AD and CD are cleared", "[dnsd][rfc1035][rfc4035]") {
    World world;
    Ask how;
    how.flags = 0x0100 | 0x0200 | 0x0400 | 0x0080 | 0x0040 | 0x0020 | 0x0010;
    CHECK(world.ask("nur1.example.net. A", how) ==
          "NOERROR aa rd\nanswer: nur1.example.net. 60 IN A 198.51.100.7\n");
    CHECK(world.ask("www.example.com. A", how) == "REFUSED rd\n");
}

TEST_CASE("Every finding is counted", "[dnsd]") {
    World world;
    for (const char* question :
         {"nur1.example.net. A", "missing.example.net. A", "nur1.example.net. TXT",
          "sub.example.net. A", "outside.example.net. A", "www.example.com. A",
          "big.example.net. "
          "TXT"})
        static_cast<void>(world.ask(question));
    const Counters& counters = world.counters_;
    CHECK(counters.of(Transport::Udp) == 7);
    CHECK(counters.of(Outcome::Match) == 2);
    CHECK(counters.of(Outcome::NxDomain) == 1);
    CHECK(counters.of(Outcome::NoData) == 1);
    CHECK(counters.of(Outcome::Referral) == 1);
    CHECK(counters.of(Outcome::Alias) == 1);
    CHECK(counters.of(Outcome::Refused) == 1);
    CHECK(counters.of(Rcode::NoError) == 5);
    CHECK(counters.of(Rcode::NxDomain) == 1);
    CHECK(counters.of(Rcode::Refused) == 1);
    CHECK(counters.truncated.value() == 1);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
