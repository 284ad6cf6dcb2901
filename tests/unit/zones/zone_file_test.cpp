#include "zones/zone_file.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/zones.hpp"
#include "zones/presentation.hpp"

namespace hairpin::zones {
namespace {

using tests::name;

const Name kApex = *Name::parse("example.net.");
const std::string kSoa = "@ 3600 IN SOA ns1 hostmaster 1 3600 600 604800 60\n";

std::vector<Edit> parsed(std::string_view text) {
    auto edits = parse_zone_file(text, kApex, "example.zone");
    if (!edits) FAIL(edits.error().text());
    return *std::move(edits);
}

const Edit* find(const std::vector<Edit>& edits, std::string_view owner, RType type) {
    const auto found = std::find_if(edits.begin(), edits.end(), [&](const Edit& edit) {
        return edit.owner == name(owner) && edit.type == type;
    });
    return found != edits.end() ? &*found : nullptr;
}

// "TTL rdata, rdata" of one RRset; empty when it is not there.
std::string content(std::string_view text, std::string_view owner, RType type) {
    const auto edits = parsed(text);
    const Edit* edit = find(edits, owner, type);
    if (edit == nullptr) return "";
    std::string shown = std::to_string(edit->ttl);
    for (const Octets& rdata : edit->rdatas)
        shown += " | " + rdata_text(type, rdata);
    return shown;
}

TEST_CASE("A zone file's records become RRsets, the SOA first", "[zones][rfc1035]") {
    const auto edits = parsed(
        "$TTL 300\n"
        "www A 192.0.2.1\n"
        "@ NS ns1\n" +
        kSoa +
        "www A 192.0.2.2\n"
        "www AAAA 2001:db8::1\n");
    REQUIRE(edits.size() == 4);
    CHECK(edits[0].type == RType::SOA);
    CHECK(edits[0].owner == kApex);
    CHECK(edits[0].ttl == 3600);
    const Edit* www = find(edits, "www.example.net", RType::A);
    REQUIRE(www != nullptr);
    CHECK(www->rdatas.size() == 2);
    CHECK(www->kind == EditKind::ReplaceRRset);
    for (const Edit& edit : edits)
        CHECK(edit.kind == EditKind::ReplaceRRset);
}

TEST_CASE("Owner, TTL and class may be left out, and stand in either order", "[zones][rfc1035]") {
    for (const char* record :
         {"www 60 IN A 192.0.2.1", "www IN 60 A 192.0.2.1", "www 60 A 192.0.2.1",
          "www\t1m\tin\ta\t192.0.2.1", "WWW 60 CLASS1 TYPE1 192.0.2.1",
          "www.example.net. 60 IN A 192.0.2.1", "$TTL 60\nwww A 192.0.2.1",
          "$ttl 1m\nwww IN A 192.0.2.1", "$ORIGIN www\n@ 60 A 192.0.2.1",
          "$ORIGIN net.\nwww.example 60 A 192.0.2.1", "www 60 IN A \\# 4 C0 00 0201",
          "www 60 TXT x\n 60 A 192.0.2.1", "www 60 TXT x\n\tA 192.0.2.1",
          "www 60 IN TXT x\n  ; a comment\n\n   A 192.0.2.1", "www 60 ( IN\nA\n192.0.2.1 )",
          "www (\n60\nIN A (192.0.2.1)) ; end", "w\\119\\w 60 A 192.0.2.1",
          "x 60 TXT a\nwww A 192.0.2.1"}) {
        CAPTURE(record);
        CHECK(content(kSoa + record, "www.example.net", RType::A) == "60 | 192.0.2.1");
        CHECK(content(kSoa + record + "\n", "www.example.net", RType::A) == "60 | 192.0.2.1");
        std::string crlf;
        for (const char letter : kSoa + record + "\n") {
            if (letter == '\n') crlf += '\r';
            crlf += letter;
        }
        CHECK(content(crlf, "www.example.net", RType::A) == "60 | 192.0.2.1");
    }
}

TEST_CASE("The TTL left out is that of $TTL, else the one stated last", "[zones][rfc2308]") {
    CHECK(content(kSoa + "a 60 A 192.0.2.1\nb A 192.0.2.1\n", "b.example.net", RType::A) ==
          "60 | 192.0.2.1");
    CHECK(content("$TTL 5\n" + kSoa + "a 60 A 192.0.2.1\nb A 192.0.2.1\n", "b.example.net",
                  RType::A) == "5 | 192.0.2.1");
    CHECK(content("$TTL 5\n" + kSoa + "a A 192.0.2.1\n$TTL 6\nb A 192.0.2.1\n", "b.example.net",
                  RType::A) == "6 | 192.0.2.1");
    CHECK(content(kSoa + "a 2147483647 A 192.0.2.1\n", "a.example.net", RType::A) ==
          "2147483647 | 192.0.2.1");
    CHECK(content(kSoa + "a 1w2d3h4m5s A 192.0.2.1\n", "a.example.net", RType::A) ==
          "788645 | 192.0.2.1");
    CHECK(content(kSoa + "a 1H30M A 192.0.2.1\n", "a.example.net", RType::A) == "5400 | 192.0.2.1");
}

TEST_CASE("An RRset takes the smallest of its records' TTLs", "[zones][rfc2181]") {
    CHECK(content(kSoa + "a 60 A 192.0.2.1\na 30 A 192.0.2.2\na 90 A 192.0.2.3\n", "a.example.net",
                  RType::A) == "30 | 192.0.2.1 | 192.0.2.2 | 192.0.2.3");
}

TEST_CASE("Strings, escapes, comments and parentheses mean what RFC 1035 says",
          "[zones][rfc1035]") {
    const auto txt = [](const std::string& rdata) {
        return content(kSoa + "t 1 TXT " + rdata, "t.example.net", RType::TXT);
    };
    CHECK(txt("\"a;b\" ; c") == "1 | \"a;b\"");
    CHECK(txt("a\\;b;c") == "1 | \"a;b\"");
    CHECK(txt("\"(\" ( \")\" ; \" ( open\n \"x\" )") == "1 | \"(\" \")\" \"x\"");
    CHECK(txt("\"say \\\"hi\\\"\"") == "1 | \"say \\\"hi\\\"\"");
    CHECK(txt("\"\\000\\255\"") == "1 | \"\\000\\255\"");
    CHECK(txt("\"tab\there\"") == "1 | \"tab\\009here\"");
    CHECK(txt("\"\xc3\xa9\"") == "1 | \"\\195\\169\"");
    CHECK(txt("(a)(b)") == "1 | \"a\" \"b\"");
    CHECK(txt("((a)(b\n))") == "1 | \"a\" \"b\"");
    CHECK(txt("a\\ b") == "1 | \"a b\"");
    CHECK(txt("@") == "1 | \"@\"");
    CHECK(content(kSoa + "\\@ 1 A 192.0.2.1", "\\@.example.net", RType::A) == "1 | 192.0.2.1");
    CHECK(content(kSoa + "\\$ttl 1 A 192.0.2.1", "\\$ttl.example.net", RType::A) ==
          "1 | 192.0.2.1");
    CHECK(content(kSoa + "*.w 1 A 192.0.2.1", "*.w.example.net", RType::A) == "1 | 192.0.2.1");
    CHECK(content(kSoa + "in 1 IN A 192.0.2.1", "in.example.net", RType::A) == "1 | 192.0.2.1");
    CHECK(content(kSoa + "60 1 IN A 192.0.2.1", "60.example.net", RType::A) == "1 | 192.0.2.1");
    CHECK(content("\xEF\xBB\xBF" + kSoa, "example.net", RType::SOA).substr(0, 4) == "3600");
    CHECK(content("; \x01\x02 anything\n" + kSoa, "example.net", RType::SOA).substr(0, 4) ==
          "3600");
}

TEST_CASE("$ORIGIN holds for owners and for names in RDATA", "[zones][rfc1035]") {
    const std::string text = kSoa +
                             "$TTL 60\n"
                             "$ORIGIN sub\n"
                             "a MX 10 mail\n"
                             "$ORIGIN deeper\n"
                             "a CNAME @\n"
                             "$ORIGIN example.net.\n"
                             "b CNAME c.sub.example.net.\n"
                             "$ORIGIN .\n"
                             "c.example.net CNAME a.root\n";
    CHECK(content(text, "a.sub.example.net", RType::MX) == "60 | 10 mail.sub.example.net.");
    CHECK(content(text, "a.deeper.sub.example.net", RType::CNAME) ==
          "60 | deeper.sub.example.net.");
    CHECK(content(text, "b.example.net", RType::CNAME) == "60 | c.sub.example.net.");
    CHECK(content(text, "c.example.net", RType::CNAME) == "60 | a.root.");
}

struct Broken {
    const char* what;
    std::string text;
    std::size_t line;
    const char* reason;
};

// Line 1 is a good SOA except where a case says otherwise.
const std::vector<Broken> kBroken = {
    {"empty file", "", 0, "no SOA"},
    {"comments only", "; nothing\n\n", 0, "no SOA"},
    {"no SOA", "www 60 A 192.0.2.1\n", 0, "no SOA"},
    {"two SOAs", kSoa + "www 60 A 192.0.2.1\n" + kSoa, 3, "a second SOA; the first is in line 1"},
    {"SOA below the apex", "www 60 SOA a b 1 1 1 1 1\n", 1, "not the apex example.net."},
    {"SOA without its serial", "@ 60 SOA a b\n", 1, "SOA: missing: a number"},
    {"SOA broken in its fourth line", "@ 60 SOA a b (\n 1 ; serial\n 3600\n 6oo ; retry\n 1 1 )\n",
     4, "SOA: '6oo' is not a time"},
    {"SOA that ends early", "@ 60 SOA a b (\n 1\n 1 1\n )\n\n", 3, "SOA: missing"},
    {"SOA with too much", "@ 60 SOA a b (\n 1 1 1 1\n 1\n 1 )\n", 4, "more than the type"},
    {"no TTL anywhere", "@ SOA a b 1 1 1 1 1\n", 1, "no TTL"},
    {"TTL too large", kSoa + "www 2147483648 A 192.0.2.1\n", 2, "'2147483648' is not a TTL"},
    {"TTL that would wrap", kSoa + "www 99999999999 A 192.0.2.1\n", 2, "is not a TTL"},
    {"TTL of twenty digits", kSoa + "www 99999999999999999999 A 192.0.2.1\n", 2, "is not a TTL"},
    {"TTL with units too large", kSoa + "\nwww 3551w A 192.0.2.1\n", 3, "is not a TTL"},
    {"TTL with a bad unit", kSoa + "www 5y A 192.0.2.1\n", 2, "'5y' is not a TTL"},
    {"TTL with a number left", kSoa + "www 1h30 A 192.0.2.1\n", 2, "is not a TTL"},
    {"TTL twice", kSoa + "www 60 60 A 192.0.2.1\n", 2, "'60' is not a record type"},
    {"negative TTL", kSoa + "www -1 A 192.0.2.1\n", 2, "'-1' is not a record type"},
    {"$TTL too large", kSoa + "$TTL 2147483648\n", 2, "is not a TTL"},
    {"$TTL without a value", kSoa + "$TTL\n", 2, "takes one argument"},
    {"$TTL with two", kSoa + "$TTL 1 2\n", 2, "takes one argument"},
    {"class CH", kSoa + "www 60 CH A 192.0.2.1\n", 2, "the class 'CH' is not IN"},
    {"class HS", kSoa + "www HS 60 A 192.0.2.1\n", 2, "not IN"},
    {"class by number", kSoa + "www 60 CLASS3 A 192.0.2.1\n", 2, "not IN"},
    {"class twice", kSoa + "www IN IN A 192.0.2.1\n", 2, "'IN' is not a record type"},
    {"no type", kSoa + "www 60 IN\n", 2, "no type"},
    {"owner alone", kSoa + "\n\nwww\n", 4, "no type"},
    {"unknown type", kSoa + "www 60 IN AAAAA ::\n", 2, "'AAAAA' is not a record type"},
    {"type out of range", kSoa + "www 60 TYPE65536 \\# 0\n", 2, "is not a record type"},
    {"a meta type", kSoa + "www 60 ANY \\# 0\n", 2, "a type of questions"},
    {"OPT", kSoa + "www 60 TYPE41 \\# 0\n", 2, "a type of questions"},
    {"type 0", kSoa + "www 60 TYPE0 \\# 0\n", 2, "a type of questions"},
    {"quoted type", kSoa + "www 60 \"A\" 192.0.2.1\n", 2, "quotation marks"},
    {"quoted owner", kSoa + "\"www\" 60 A 192.0.2.1\n", 2, "quotation marks"},
    {"bad address", kSoa + "www 60 A 192.0.2.256\n", 2, "A: '192.0.2.256' is not an IPv4"},
    {"bad address in the next line", kSoa + "www 60 A (\n\n 1.2.3 )\n", 4,
     "'1.2.3' is not an IPv4"},
    {"two addresses", kSoa + "www 60 A 192.0.2.1 192.0.2.2\n", 2, "more than the type"},
    {"no address", kSoa + "www 60 A ; 192.0.2.1\n", 2, "missing: an IPv4 address"},
    {"preference over 65535", kSoa + "www 60 MX 65536 a\n", 2, "from 0 to 65535"},
    {"string over 255", kSoa + "t 60 TXT \"" + std::string(256, 'x') + "\"\n", 2, "at most 255"},
    {"outside of the zone", kSoa + "www.example.org. 60 A 192.0.2.1\n", 2,
     "'www.example.org.' is outside of the zone example.net."},
    {"outside by $ORIGIN", kSoa + "$ORIGIN org.\nwww 60 A 192.0.2.1\n", 3, "outside of the zone"},
    {"a suffix that is no label", kSoa + "wwwexample.net. 60 A 192.0.2.1\n", 2, "outside"},
    {"blank owner first", " 60 A 192.0.2.1\n" + kSoa, 1, "no owner in front"},
    {"empty label", kSoa + "a..b 60 A 192.0.2.1\n", 2, "a label is empty"},
    {"label too long", kSoa + std::string(64, 'a') + " 60 A 192.0.2.1\n", 2, "longer than 63"},
    {"name too long",
     kSoa + std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
         std::string(63, 'd') + " 60 A 192.0.2.1\n",
     2, "longer than 255"},
    {"bad escape in a name", kSoa + "a\\99 60 A 192.0.2.1\n", 2, "backslash"},
    {"bad escape in a string", kSoa + "a 60 TXT \\999\n", 2, "three digits up to 255"},
    {"backslash at the end", kSoa + "a 60 TXT x\\\n", 2, "a backslash ends the line"},
    {"quote never closed", kSoa + "a 60 TXT \"x\nb 60 TXT y\n", 2, "not closed on its line"},
    {"quote open at the end", kSoa + "a 60 TXT \"x", 2, "not closed on its line"},
    {"text behind a quote", kSoa + "a 60 TXT \"x\"y\n", 2, "right after a closing quotation"},
    {"parenthesis never closed", kSoa + "a 60 TXT (\n x\n y\n z\n", 2, "never closed"},
    {"parenthesis closed twice", kSoa + "a 60 TXT ( x )\n b )\n", 3, "never opened"},
    {"$INCLUDE", kSoa + "$INCLUDE /etc/passwd\n", 2, "$INCLUDE is not taken"},
    {"$include", kSoa + "\n$include x\n", 3, "$INCLUDE is not taken"},
    {"$GENERATE", kSoa + "$GENERATE 1-9 h$ A 192.0.2.$\n", 2, "$GENERATE is not taken"},
    {"unknown directive", kSoa + "$ORIGN x\n", 2, "'$ORIGN' is not a directive"},
    {"$ORIGIN without a name", kSoa + "$ORIGIN\n", 2, "takes one argument"},
    {"$ORIGIN with a bad name", kSoa + "$ORIGIN a..b\n", 2, "a label is empty"},
    {"NUL", kSoa + std::string("www 60 A 192.0.2.1\0\n", 20), 2, "octet 0x00"},
    {"UTF-16", std::string("\xff\xfe@\0 \0", 6), 1, "octet 0x00"},
    {"control character", kSoa + "www 60 TXT \"\x1b[2J\"\n", 2, "octet 0x1b"},
    {"lone carriage return", kSoa + "www 60 A 192.0.2.1\rx\n", 2, "octet 0x0d"},
    {"gzip", std::string("\x1f\x8b\x08\0\0\0", 6), 1, "octet 0x1f"},
    {"record too long", kSoa + "a 60 TXT " + std::string(300'001, 'a') + "\n", 2,
     "longer than 300000"},
    {"record of too many lines", kSoa + "a 60 TXT (" + std::string(300'001, '\n') + ")\n", 2,
     "longer than 300000"},
    {"generic length", kSoa + "a 60 TYPE65280 \\# 3 0102\n", 2, "says 3 octets, but 2 follow"},
    {"generic for a known type", kSoa + "a 60 A \\# 3 010203\n", 2, "breaks the rules of its type"},
    {"an HTML page", "<!DOCTYPE html>\n<html>\n", 1, "'html>' is not a record type"},
};

TEST_CASE("A broken zone file is refused with the line and the reason", "[zones][hostile]") {
    for (const Broken& broken : kBroken) {
        CAPTURE(broken.what);
        const auto edits = parse_zone_file(broken.text, kApex, "example.zone");
        REQUIRE_FALSE(edits);
        INFO(edits.error().text());
        CHECK(edits.error().line == broken.line);
        CHECK_THAT(edits.error().reason, Catch::Contains(broken.reason));
        CHECK(edits.error().reason.size() < 1'000);
    }
}

TEST_CASE("The line of an error counts CRLF files the same", "[zones][hostile]") {
    for (const Broken& broken : kBroken) {
        std::string crlf;
        for (const char letter : broken.text) {
            if (letter == '\n') crlf += '\r';
            crlf += letter;
        }
        CAPTURE(broken.what);
        const auto edits = parse_zone_file(crlf, kApex);
        REQUIRE_FALSE(edits);
        CHECK(edits.error().line == broken.line);
    }
}

TEST_CASE("An error names file and line, as far as there are any", "[zones]") {
    CHECK(ZoneFileError{"a.zone", 7, "bad"}.text() == "a.zone:7: bad");
    CHECK(ZoneFileError{"a.zone", 0, "bad"}.text() == "a.zone: bad");
    CHECK(ZoneFileError{"", 7, "bad"}.text() == "line 7: bad");
    CHECK(ZoneFileError{"", 0, "bad"}.text() == "bad");
    const auto edits = parse_zone_file("x", kApex, "some.zone");
    REQUIRE_FALSE(edits);
    CHECK(edits.error().text() == "some.zone:1: the record has no type");
}

TEST_CASE("Size limits are kept", "[zones][hostile]") {
    const std::string text = kSoa + "a 60 A 192.0.2.1\nb 60 A 192.0.2.1\n";
    ZoneFileLimits limits;
    limits.records = 2;
    const auto records = parse_zone_file(text, kApex, {}, limits);
    REQUIRE_FALSE(records);
    CHECK(records.error().line == 3);
    CHECK(records.error().reason == "more than 2 records");
    limits.records = 3;
    CHECK(parse_zone_file(text, kApex, {}, limits));
    limits.octets = text.size() - 1;
    const auto octets = parse_zone_file(text, kApex, {}, limits);
    REQUIRE_FALSE(octets);
    CHECK(octets.error().line == 0);
}

// Every type that may stand in a file, owners that need escapes, several TTLs.
const std::string kRich = kSoa + R"(
@ 3600 NS ns1
@ 3600 NS ns2.example.org.
@ 60 MX 10 mail
@ 60 TXT "v=spf1 -all" "second ; string" "\000\255\""
@ 60 CAA 0 issue "ca.example; accounturi=https://ca.example/1"
@ 60 DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb
@ 60 CDS 0 0 0 00
@ 60 CDNSKEY 0 3 0 AA==
@ 60 CSYNC 66 3 A NS AAAA
@ 60 NSEC3PARAM 1 0 0 -
@ 60 ZONEMD 1 1 1 c68090d90a7aed716bc459f9
@ 60 RRSIG A 13 2 60 20261224000000 20261121031500 34505 example.net. oJB1W6WNGv+ldvQ3WDG0
@ 60 NSEC a A NS SOA TYPE1234
@ 60 LOC 52 22 23 N 4 53 32 E -2.00m 0.00m 10000m 10m
ns1 60 A 192.0.2.1
ns1 120 AAAA 2001:db8::1
*.wild 60 A 192.0.2.2
Mixed.CASE 60 A 192.0.2.3
a\.b.c\032d\@\"\(\; 60 TXT escapes
\255\000 60 A 192.0.2.4
alias 60 CNAME Ns1
down 60 DNAME other.example.
cut 60 NS ns.cut
cut 60 DS 60485 13 2 2bb183af5f22588179a53b0a98631fad
ns.cut 60 A 192.0.2.5
_sip._udp 60 SRV 0 5 5060 sip
_443._tcp 60 TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b9
_smime 60 SMIMEA 3 0 0 308201
svc 60 HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 ech=AAAA ipv6hint=2001:db8::1
svc 60 SVCB 0 other
host 60 SSHFP 4 2 123456789abcdef6
host 60 HINFO "PC" "Debian 12"
host 60 RP mbox .
host 60 EUI48 00-00-5e-00-53-2a
host 60 URI 10 1 "https://example.net/"
host 60 NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@example.com!" .
host 60 OPENPGPKEY AQIDBAUG
host 60 CERT PKIX 1 8 AQIDBA==
host 60 APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8
host 60 IPSECKEY 10 3 2 gateway AQNRU3mG
host 60 TYPE65280 \# 3 010203
host 60 TYPE65281 \# 0
host 60 WKS \# 6 c000020106 01
host 60 NULL \# 2 ffff
)";

TEST_CASE("A zone written as a file reads back to the same zone", "[zones][roundtrip]") {
    const ZoneRef zone = tests::zone("example.net", kRich);
    const std::string text = format_zone_file(*zone);
    INFO(text);
    const ZoneRef again = tests::zone("example.net", text);
    std::size_t names = 0;
    zone->for_each([&](const Name& owner, const Node& node) {
        CAPTURE(owner.text());
        const Node* other = again->find(owner);
        REQUIRE(other != nullptr);
        REQUIRE(other->rrsets().size() == node.rrsets().size());
        for (const RRsetRef& rrset : node.rrsets()) {
            const RRset* same = other->find(rrset->type());
            REQUIRE(same != nullptr);
            if (rrset->type() != RType::SOA) CHECK(same->same_as(*rrset));
        }
        ++names;
        return true;
    });
    CHECK(names == zone->names().size());
    CHECK(names == again->names().size());
    CHECK(format_zone_file(*again) == text);
    CHECK(
        text.starts_with("example.net.\t3600\tIN\tSOA\tns1.example.net. hostmaster.example.net. "));
    CHECK(text.find("Mixed.CASE.example.net.") != std::string::npos);
}

TEST_CASE("Cutting or spoiling a rich zone file anywhere never does harm", "[zones][property]") {
    for (std::size_t size = 0; size < kRich.size(); ++size) {
        const auto edits = parse_zone_file(std::string_view(kRich).substr(0, size), kApex);
        if (edits) continue;
        CHECK(edits.error().line <= 60);
    }
    for (std::size_t at = 0; at < kRich.size(); ++at) {
        std::string spoilt = kRich;
        spoilt[at] = "\0\"();\\\n\xff$@"[at % 10];
        const auto edits = parse_zone_file(spoilt, kApex);
        if (!edits) CHECK_FALSE(edits.error().reason.empty());
    }
}

TEST_CASE("A file of 200,000 names is read", "[zones][scale]") {
    std::string text = kSoa + "$TTL 60\n";
    for (unsigned server = 1; server <= 100'000; ++server) {
        const std::string label = "nur" + std::to_string(server);
        text += label + " A 198.51.100.7\ni-" + label + " A 192.168.1.11\n";
    }
    const auto edits = parse_zone_file(text, kApex);
    REQUIRE(edits);
    CHECK(edits->size() == 200'001);
}

}  // namespace
}  // namespace hairpin::zones
