#include "zones/presentation.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "core/handle.hpp"
#include "tests/support/octets.hpp"
#include "zones/rdata_layout.hpp"

// Behind the standard library: its macros break the headers of libstdc++ for clang.
#include <ldns/ldns.h>

namespace hairpin::zones {
namespace {

using tests::octets;

const Name kOrigin = *Name::parse("example.net.");

struct Sample {
    const char* type;
    const char* text;     // As a person writes it.
    const char* written;  // As we write it; null when it is the same.
};

// Every type that has a text, most of them with the examples of their RFCs.
const std::vector<Sample> kSamples = {
    {"A", "192.0.2.1", nullptr},
    {"NS", "ns1.example.org.", nullptr},
    {"MD", "a.example.", nullptr},
    {"MF", "a.example.", nullptr},
    {"CNAME", "Target.Example.", nullptr},
    {"SOA", "ns1.example.org. host\\.master.example.org. 2026112101 1h 10m 1w 60",
     "ns1.example.org. host\\.master.example.org. 2026112101 3600 600 604800 60"},
    {"MB", "a.example.", nullptr},
    {"MG", "a.example.", nullptr},
    {"MR", "a.example.", nullptr},
    {"PTR", "host.example.", nullptr},
    {"HINFO", "PC \"Debian 12\"", "\"PC\" \"Debian 12\""},
    {"MINFO", "a.example. b.example.", nullptr},
    {"MX", "10 mail.example.org.", nullptr},
    {"MX", "0 .", nullptr},
    {"TXT", "\"one\" two \"thr;ee\" \"\" \"q\\\"uo\\\\te\" \\255\\000",
     "\"one\" \"two\" \"thr;ee\" \"\" \"q\\\"uo\\\\te\" \"\\255\\000\""},
    {"RP", "mbox.example. txt.example.", nullptr},
    {"AFSDB", "1 afs.example.", nullptr},
    {"X25", "311061700956", "\"311061700956\""},
    {"ISDN", "150862028003217 004", "\"150862028003217\" \"004\""},
    {"ISDN", "\"150862028003217\"", nullptr},
    {"RT", "2 relay.example.", nullptr},
    {"NSAP", "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
     "0x47000580005a0000000001e133ffffff00016100"},
    {"KEY", "256 3 13 AQIDBA==", nullptr},
    {"PX", "10 map822.example. mapx400.example.", nullptr},
    {"GPOS", "-32.6882 116.8652 10.0", "\"-32.6882\" \"116.8652\" \"10.0\""},
    {"AAAA", "2001:DB8:0:0::1", "2001:db8::1"},
    {"LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
     "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m"},
    {"LOC", "42 21 54 N 71 06 18 W 24m 30m",
     "42 21 54.000 N 71 6 18.000 W 24.00m 30.00m 10000.00m 10.00m"},
    {"SRV", "0 5 5060 sip.example.", nullptr},
    {"NAPTR", "100 10 \"U\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" .", nullptr},
    {"KX", "10 kx.example.", nullptr},
    {"CERT", "PKIX 1 RSASHA256 AQIDBA==", "1 1 8 AQIDBA=="},
    {"DNAME", "other.example.", nullptr},
    {"APL", "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8", nullptr},
    {"APL", "", nullptr},
    {"DS", "60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118",
     "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118"},
    {"SSHFP", "4 2 123456789abcdef67890123456789abcdef67890", nullptr},
    {"IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", nullptr},
    {"IPSECKEY", "10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", nullptr},
    {"IPSECKEY",
     "10 3 2 gateway.example. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", nullptr},
    {"IPSECKEY", "10 2 2 2001:db8::8002 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", nullptr},
    {"RRSIG", "A 13 3 86400 20261224000000 20261121031500 34505 example.net. oJB1W6WNGv+ldvQ3WDG0",
     nullptr},
    {"SIG", "A 13 3 86400 20261224000000 20261121031500 34505 example.net. oJB1W6WNGv+ldvQ3WDG0",
     nullptr},
    {"NSEC", "host.example.com. A MX RRSIG NSEC TYPE1234 CAA",
     "host.example.com. A MX RRSIG NSEC CAA TYPE1234"},
    {"DNSKEY", "257 3 ECDSAP256SHA256 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb",
     "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb"},
    {"DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", nullptr},
    {"NSEC3", "1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG", nullptr},
    {"NSEC3", "1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s", nullptr},
    {"NSEC3PARAM", "1 0 0 -", nullptr},
    {"NSEC3PARAM", "1 0 12 AABBCCDD", "1 0 12 aabbccdd"},
    {"TLSA", "3 1 1 d2abde240d7cd3ee6b4b28c54df034b9", nullptr},
    {"SMIMEA", "3 0 0 308201", nullptr},
    {"HIP",
     "2 200100107b1a74df365639cc39f1d578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p "
     "rvs.example.com. rvs2.example.com.",
     nullptr},
    {"TALINK", "a.example. b.example.", nullptr},
    {"CDS", "0 0 0 00", nullptr},
    {"CDNSKEY", "0 3 0 AA==", nullptr},
    {"OPENPGPKEY", "AQID BAUG", "AQIDBAUG"},
    {"CSYNC", "66 3 A NS AAAA", nullptr},
    {"ZONEMD", "2018031900 1 1 c68090d90a7aed716bc459f9", nullptr},
    {"SVCB", "1 svc.example. port=8443", nullptr},
    {"HTTPS", "0 pool.example.", nullptr},
    {"HTTPS",
     "1 . alpn=\"h2,h3\" port=8443 ipv4hint=192.0.2.1,192.0.2.2 ech=AAAA ipv6hint=2001:db8::1",
     "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1,192.0.2.2 ech=AAAA ipv6hint=2001:db8::1"},
    {"HTTPS", "16 foo.example. mandatory=alpn,ipv4hint alpn=h2 ipv4hint=192.0.2.1", nullptr},
    {"SVCB", "1 foo.example. key667=hello", nullptr},
    {"SPF", "\"v=spf1 -all\"", nullptr},
    {"NID", "10 14:4fff:ff20:ee64", "10 0014:4fff:ff20:ee64"},
    {"L32", "10 10.1.2.0", nullptr},
    {"L64", "10 2001:0db8:1140:1000", nullptr},
    {"LP", "10 l64.example.", nullptr},
    {"EUI48", "00-00-5e-00-53-2a", nullptr},
    {"EUI64", "00-00-5e-ef-10-00-00-2a", nullptr},
    {"URI", "10 1 \"ftp://ftp1.example.com/public\"", nullptr},
    {"CAA", "0 issue \"ca.example; accounturi=https://ca.example/1\"", nullptr},
    {"CAA", "128 issuewild \"\"", nullptr},
    {"DLV", "60485 5 1 2bb183af", nullptr},
};

RType type_of(std::string_view text) {
    const auto type = type_from_text(text);
    if (!type) FAIL("unknown type " << text);
    return *type;
}

// What ldns makes of the same text: an independent reading of the same standards.
std::optional<Octets> ldns_reading(const Sample& sample) {
    const std::string record = std::string(". 0 IN ") + sample.type + " " + sample.text;
    ldns_rr* parsed = nullptr;
    const auto status = ldns_rr_new_frm_str(&parsed, record.c_str(), 0, nullptr, nullptr);
    const Handle<ldns_rr, ldns_rr_free> rr(parsed);
    if (status != LDNS_STATUS_OK) return std::nullopt;
    Octets rdata;
    for (std::size_t field = 0; field < ldns_rr_rd_count(rr.get()); ++field) {
        const ldns_rdf* rdf = ldns_rr_rdf(rr.get(), field);
        rdata.insert(rdata.end(), ldns_rdf_data(rdf), ldns_rdf_data(rdf) + ldns_rdf_size(rdf));
    }
    return rdata;
}

TEST_CASE("Every type that we know reads its text and writes it back",
          "[zones][rfc1035][rfc3597]") {
    for (const Sample& sample : kSamples) {
        CAPTURE(sample.type, sample.text);
        const RType type = type_of(sample.type);
        const auto rdata = rdata_from_text(type, sample.text);
        if (!rdata) FAIL(rdata.error().text());
        CHECK(rdata_is_valid(type, *rdata));
        const std::string written = rdata_text(type, *rdata);
        CHECK(written == (sample.written != nullptr ? sample.written : sample.text));
        const auto again = rdata_from_text(type, written);
        REQUIRE(again);
        CHECK(*again == *rdata);
    }
}

TEST_CASE("ldns reads the same octets from the same text", "[zones][oracle]") {
    for (const Sample& sample : kSamples) {
        CAPTURE(sample.type, sample.text);
        const auto theirs = ldns_reading(sample);
        REQUIRE(theirs);
        const auto ours = rdata_from_text(type_of(sample.type), sample.text);
        REQUIRE(ours);
        CHECK(to_hex(*ours) == to_hex(*theirs));
    }
}

TEST_CASE("Every type with a text form is among the samples", "[zones]") {
    for (unsigned number = 1; number <= 65'535; ++number) {
        const RdataLayout* layout = layout_of(static_cast<RType>(number));
        if (layout == nullptr || layout->fields[0] == Field::Opaque) continue;
        const bool sampled = std::any_of(kSamples.begin(), kSamples.end(), [&](const Sample& s) {
            return layout->mnemonic == s.type;
        });
        CAPTURE(layout->mnemonic);
        CHECK((sampled || layout->mnemonic == "WKS" || layout->mnemonic == "NSAP-PTR"));
    }
}

TEST_CASE("Text becomes exactly the octets that the standards say", "[zones][rfc1035]") {
    struct Case {
        const char* type;
        const char* text;
        const char* wire;
    };
    const std::vector<Case> cases = {
        {"A", "192.0.2.1", "C0 00 02 01"},
        {"MX", "10 mail", "00 0A 04 'mail' 07 'example' 03 'net' 00"},
        {"MX", "10 @", "00 0A 07 'example' 03 'net' 00"},
        {"NS", "a\\.b\\046c\\032d", "07 'a.b.c d' 07 'example' 03 'net' 00"},
        {"NS", "absolute.", "08 'absolute' 00"},
        {"NS", "dot\\.", "04 'dot.' 07 'example' 03 'net' 00"},
        {"NS", "slash\\\\.", "06 'slash' 5C 00"},
        {"TXT", "\"a b\" c", "03 'a b' 01 'c'"},
        {"TXT", "\"\"", "00"},
        {"TXT", "a\\ b\\;c", "05 'a b;c'"},
        {"CAA", "0 issue \"\"", "00 05 'issue'"},
        {"CAA", "0 issue letsencrypt.org", "00 05 'issue' 'letsencrypt.org'"},
        // RFC 4034 section 4.3.
        {"NSEC", "host.example.com. A MX RRSIG NSEC TYPE1234",
         "04 'host' 07 'example' 03 'com' 00 00 06 40 01 00 00 00 03 04 1B 00 00 00 00 00 00 00 00 "
         "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 20"},
        // RFC 9460 appendix D.2.
        {"SVCB", "16 foo.example.com. port=53",
         "00 10 03 'foo' 07 'example' 03 'com' 00 00 03 00 02 00 35"},
        {"SVCB", "1 @ alpn=h2", "00 01 07 'example' 03 'net' 00 00 01 00 03 02 'h2'"},
        {"RRSIG",
         "A 13 0 60 4294967295 0 1 . AA==", "00 01 0D 00 0000003C FFFFFFFF 00000000 00 01 00 00"},
        // RFC 1876 section 4: around the equator, and the extremes.
        {"LOC", "0 N 0 E 0", "00 12 16 13 80000000 80000000 00989680"},
        {"LOC", "90 N 180 W -100000", "00 12 16 13 934FD900 59604E00 00000000"},
        {"TYPE65280", "\\# 3 01 0203", "01 02 03"},
        {"TYPE65280", "\\# 0", ""},
        {"A", "\\# 4 c0000201", "C0 00 02 01"},
        {"TYPE1", "192.0.2.1", "C0 00 02 01"},
        {"NULL", "\\# 1 ff", "FF"},
        {"WKS", "\\# 6 c0000201 06 01", "C0 00 02 01 06 01"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.type, c.text);
        const auto rdata = rdata_from_text(type_of(c.type), c.text, kOrigin);
        if (!rdata) FAIL(rdata.error().text());
        CHECK(to_hex(*rdata) == to_hex(octets(c.wire)));
    }
}

TEST_CASE("Text that breaks a rule is refused with its reason", "[zones][hostile]") {
    struct Case {
        const char* type;
        std::string text;
        const char* reason;
    };
    const std::vector<Case> cases = {
        {"A", "", "missing: an IPv4 address"},
        {"A", "192.0.2", "'192.0.2' is not an IPv4 address"},
        {"A", "192.0.2.256", "is not an IPv4 address"},
        {"A", "192.0.2.01", "is not an IPv4 address"},
        {"A", "2001:db8::1", "is not an IPv4 address"},
        {"A", "\"192.0.2.1\"", "quotation marks"},
        {"A", "192.0.2.1 192.0.2.2", "more than the type has fields for"},
        {"A", "192.0.2.1\n192.0.2.2", "line break"},
        {"A", "192.0.2.1\n", "line break"},
        {"A", "192.0.2.1 ; a comment", "';' stands outside of quotes"},
        {"A", "( 192.0.2.1 )", "'(' stands outside of quotes"},
        {"A", std::string("192.0.2.1\0x", 11), "octet 0x00"},
        {"A", "192.0.2.1\x7f", "octet 0x7f"},
        {"A", "192.0.2.1\r", "octet 0x0d"},
        {"AAAA", "fe80::1%eth0", "is not an IPv6 address"},
        {"AAAA", "192.0.2.1", "is not an IPv6 address"},
        {"MX", "65536 a.", "is not a number from 0 to 65535"},
        {"MX", "-1 a.", "is not a number"},
        {"MX", "+1 a.", "is not a number"},
        {"MX", "1e3 a.", "is not a number"},
        {"MX", "10", "missing: a name"},
        {"MX", "10 a..b.", "a label is empty"},
        {"NS", std::string(64, 'a') + ".", "longer than 63"},
        {"NS", std::string(250, '.'), "a label is empty"},
        {"NS", "bad\\25.", "not a name"},
        {"NS", "\\", "backslash ends"},
        {"TXT", "", "missing: a string"},
        {"TXT", "\"open", "not closed"},
        {"TXT", "\"a\"b", "right after a closing quotation mark"},
        {"TXT", "a\"b\"", "quotation mark inside"},
        {"TXT", "\\256", "three digits up to 255"},
        {"TXT", "\\2x", "three digits up to 255"},
        {"TXT", std::string(256, 'a'), "at most 255 fit into one"},
        {"TXT", std::string(300'001, 'a'), "longer than 300000"},
        {"HINFO", "PC", "missing: a string"},
        {"HINFO", "a b c", "more than the type has fields for"},
        {"SOA", "a. b. 4294967296 1 1 1 1", "from 0 to 4294967295"},
        {"SOA", "a. b. 1 1x 1 1 1", "is not a time"},
        {"SOA", "a. b. 1 99999999999 1 1 1", "is not a time"},
        {"SOA", "a. b. 1 7102w 1 1 1", "is not a time"},
        {"SOA", "a. b. 1 1 1 1", "missing"},
        {"SRV", "0 0 99999999999999999999 a.", "from 0 to 65535"},
        {"DS", "99999 13 2 ab", "from 0 to 65535"},
        {"DS", "1 13 2 abc", "even number of hexadecimal"},
        {"DS", "1 13 2", "missing: hexadecimal"},
        {"DS", "1 NOSUCH 2 ab", "or the name of a DNSSEC algorithm"},
        {"TLSA", "300 1 1 ab", "from 0 to 255"},
        {"DNSKEY", "257 3 13 AQIDB", "not base64"},
        {"DNSKEY", "257 3 13 ****", "not base64"},
        {"RRSIG", "A 13 3 60 20261301000000 20261121031500 1 . AA==", "is not a time"},
        {"RRSIG", "A 13 3 60 20260229000000 20261121031500 1 . AA==", "is not a time"},
        {"RRSIG", "A 13 3 60 22001224000000 20261121031500 1 . AA==", "is not a time"},
        {"RRSIG", "NOTYPE 13 3 60 1 1 1 . AA==", "is not a record type"},
        {"NSEC", "a. NOTYPE", "is not a record type"},
        {"NSEC", "a. TYPE65536", "is not a record type"},
        {"NSEC3", "1 0 0 abc 00", "is not a salt"},
        {"NSEC3", "1 0 0 - wxyz", "is not base32hex"},
        {"NSEC3", "1 0 0 - 0", "is not base32hex"},
        {"LOC", "91 N 0 E 0", "is no part of an angle"},
        {"LOC", "90 0 0.001 N 0 E 0", "is no part of an angle"},
        {"LOC", "52 60 N 0 E 0", "is no part of an angle"},
        {"LOC", "52 1 1 1 N 0 E 0", "where N or S belongs"},
        {"LOC", "52 N 0 E", "altitude"},
        {"LOC", "52 N 0 E 99999999999m", "not a length of at most 42849672 metres"},
        {"LOC", "52 N 0 E -100001", "not a depth"},
        {"LOC", "52 N 0 E 0 1 1 1 junk", "more than the type"},
        {"APL", "1:192.168.32.0/33", "length over"},
        {"APL", "1:192.168.32.0/-1", "length over"},
        {"APL", "2:192.168.32.0/21", "IPv6 prefix"},
        {"APL", "65537:192.168.32.0/21", "IPv4 prefix"},
        {"IPSECKEY", "300 1 2 192.0.2.38 AQNR", "from 0 to 255"},
        {"IPSECKEY", "10 4 2 . AQNR", "from 0 to 3"},
        {"IPSECKEY", "10 0 2 a. AQNR", "has gateway '.'"},
        {"IPSECKEY", "10 1 0 192.0.2.38 AQNR", "more than the type"},
        {"HIP", "2 zz AQNR", "host identity tag"},
        {"EUI48", "00-00-5e-00-53", "6 groups"},
        {"EUI48", "00-00-5e-00-53-2a-2a", "6 groups"},
        {"EUI48", "0-00-5e-00-53-2a", "6 groups"},
        {"EUI48", "zz-00-5e-00-53-2a", "other than hexadecimal"},
        {"NID", "10 1::2:3", "4 groups"},
        {"NSAP", "47", "0x and hexadecimal"},
        {"CAA", "256 issue \"a\"", "from 0 to 255"},
        {"CAA", "0 is-sue \"a\"", "breaks the rules"},
        {"CAA", "0 issue", "missing: a quoted string"},
        {"URI", "1 1 \"\"", "the string is empty"},
        {"CERT", "NOSUCH 1 8 AA==", "or the name of a certificate type"},
        {"HTTPS", "1 . port=99999", "a port is a number from 0 to 65535"},
        {"HTTPS", "1 . port=-5", "a port is a number"},
        {"HTTPS", "1 . port", "a port is a number"},
        {"HTTPS", "1 . key3=70000", "written by name"},
        {"HTTPS", "1 . key0003=70000", "written by name"},
        {"HTTPS", "1 . PORT=70000", "lower case"},
        {"HTTPS", "1 . bogus=1", "not understood"},
        {"HTTPS", "1 . alpn=h2 alpn=h3", "breaks the rules"},
        {"HTTPS", "1 . no-default-alpn", "breaks the rules"},
        {"HTTPS", "1 . mandatory=port alpn=h2", "breaks the rules"},
        {"HTTPS", "1 . key65535=a", "breaks the rules"},
        {"HTTPS", "1 . ipv4hint=", "not understood"},
        {"HTTPS", "1 . \"alpn=h2\"", "belong into the value"},
        {"HTTPS", "1", "missing: a name"},
        {"HTTPS", "70000 .", "from 0 to 65535"},
        {"TYPE65280", "1.2.3.4", "only the generic form"},
        {"TYPE65280", "\\# 2 01", "says 2 octets, but 1 follow"},
        {"TYPE65280", "\\# 65536 01", "from 0 to 65535"},
        {"TYPE65280", "\\# 1 0x", "hexadecimal"},
        {"TYPE65280", "\\#", "missing: a number"},
        {"A", "\\# 3 c00002", "breaks the rules of its type"},
        {"NS", "\\# 2 c00c", "breaks the rules of its type"},
        {"ANY", "1", "only the generic form"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.type, c.text.substr(0, 80));
        const auto rdata = rdata_from_text(type_of(c.type), c.text, kOrigin);
        REQUIRE_FALSE(rdata);
        CHECK(rdata.error().code == ErrorCode::Invalid);
        CHECK_THAT(rdata.error().cause, Catch::Contains(c.reason));
        CHECK(rdata.error().cause.size() < 400);
    }
}

TEST_CASE("RDATA that its type does not fit is written in the generic form", "[zones][rfc3597]") {
    CHECK(rdata_text(RType::A, octets("C0 00 02")) == "\\# 3 c00002");
    CHECK(rdata_text(RType::NS, octets("C0 0C")) == "\\# 2 c00c");
    CHECK(rdata_text(static_cast<RType>(65'280), octets("01 02")) == "\\# 2 0102");
    CHECK(rdata_text(static_cast<RType>(65'280), {}) == "\\# 0");
    CHECK(rdata_text(RType::TXT, {}) == "\\# 0");
    // APL families other than 1 and 2 have no text.
    CHECK(rdata_text(type_of("APL"), octets("00 03 00 00")) == "\\# 4 00030000");
}

TEST_CASE("Whatever octets are valid for a type, their text reads back to them",
          "[zones][property]") {
    std::mt19937 random(20261121);
    std::size_t valid = 0;
    for (const Sample& sample : kSamples) {
        const RType type = type_of(sample.type);
        const auto start = rdata_from_text(type, sample.text);
        REQUIRE(start);
        for (int round = 0; round < 400; ++round) {
            Octets rdata = *start;
            for (unsigned edits = random() % 4; edits > 0 && !rdata.empty(); --edits)
                rdata[random() % rdata.size()] = static_cast<std::uint8_t>(random());
            if (random() % 4 == 0) rdata.resize(random() % (rdata.size() + 1));
            if (random() % 4 == 0) rdata.push_back(static_cast<std::uint8_t>(random()));
            const bool fits = rdata_is_valid(type, rdata);
            valid += fits ? 1 : 0;
            const std::string text = rdata_text(type, rdata);
            CAPTURE(sample.type, to_hex(rdata), text);
            const auto again = rdata_from_text(type, text);
            REQUIRE(again.has_value() == fits);
            if (fits) REQUIRE(*again == rdata);
        }
    }
    CHECK(valid > 5'000);
}

TEST_CASE("The longest RDATA comes through as text in every form", "[zones]") {
    Octets txt;
    while (txt.size() + 256 <= 65'535) {
        txt.push_back(255);
        txt.insert(txt.end(), 255, 0x80);
    }
    const std::string text = rdata_text(RType::TXT, txt);
    const auto again = rdata_from_text(RType::TXT, text);
    REQUIRE(again);
    CHECK(*again == txt);
    const auto opaque = rdata_from_text(static_cast<RType>(65'280),
                                        rdata_text(static_cast<RType>(65'280), Octets(65'535, 7)));
    REQUIRE(opaque);
    CHECK(opaque->size() == 65'535);
}

TEST_CASE("Types are read in either case and by their number", "[zones][rfc3597]") {
    CHECK(type_from_text("A") == RType::A);
    CHECK(type_from_text("https") == RType::HTTPS);
    CHECK(type_from_text("Nsec3Param") == RType::NSEC3PARAM);
    CHECK(type_from_text("TYPE65280") == static_cast<RType>(65'280));
    CHECK(type_from_text("type28") == RType::AAAA);
    CHECK(type_from_text("ANY") == RType::ANY);
    CHECK(type_from_text("AXFR") == RType::AXFR);
    for (const char* bad : {"", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "TYPE 1", "TYPE1x", "AA",
                            "A ", "1", "TYPE99999999999999999999"}) {
        CAPTURE(bad);
        CHECK_FALSE(type_from_text(bad));
    }
    CHECK(type_text(RType::HTTPS) == "HTTPS");
    CHECK(type_text(static_cast<RType>(65'280)) == "TYPE65280");
    CHECK(type_text(static_cast<RType>(0)) == "TYPE0");
}

TEST_CASE("Every type's text reads back to the type", "[zones]") {
    for (unsigned number = 0; number <= 65'535; ++number) {
        const auto type = static_cast<RType>(number);
        if (type_from_text(type_text(type)) != type) FAIL(number);
    }
}

TEST_CASE("A relative name is under the origin unless that makes it too long", "[zones]") {
    std::string text = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                       std::string(63, 'c') + "." + std::string(49, 'd');
    CHECK(rdata_from_text(RType::NS, text, kOrigin));
    text += "e";
    const auto rdata = rdata_from_text(RType::NS, text, kOrigin);
    REQUIRE_FALSE(rdata);
    CHECK_THAT(rdata.error().cause, Catch::Contains("longer than 255"));
}

}  // namespace
}  // namespace hairpin::zones
