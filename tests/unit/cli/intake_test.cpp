#include "cli/intake.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/zones.hpp"
#include "zones/presentation.hpp"
#include "zones/zone_file.hpp"

namespace hairpin::cli {
namespace {

using zones::RType;

struct Given {
    const char* owner;
    const char* type;
    const char* rdata;
    std::uint32_t ttl = 60;
};

void give(Intake& intake, const Given& given) {
    const auto type = zones::type_from_text(given.type);
    REQUIRE(type);
    intake.add({tests::name(given.owner), *type, given.ttl, tests::rdata(*type, given.rdata)});
}

Intake begun() {
    Intake intake(tests::name("example.net."));
    give(intake, {"example.net.", "SOA", "ns1.example.net. h.example.net. 7 3600 600 604800 60"});
    give(intake, {"example.net.", "NS", "ns1.example.net."});
    return intake;
}

/// "RRSIG 1 no-loss reason", one for each group.
std::vector<std::string> left_out(const TakenZone& taken) {
    std::vector<std::string> lines;
    for (const LeftOut& each : taken.left_out)
        lines.push_back(zones::type_text(each.type) + " " + std::to_string(each.records) +
                        (each.loss == Loss::Yes ? " lost: " : ": ") + each.reason);
    return lines;
}

bool has_note(const TakenZone& taken, const char* words) {
    return std::any_of(taken.notes.begin(), taken.notes.end(), [&](const std::string& note) {
        return note.find(words) != std::string::npos;
    });
}

TEST_CASE("What Hairpin can serve is taken, in any order and once", "[cli]") {
    Intake intake = begun();
    give(intake, {"www.example.net.", "A", "198.51.100.1"});
    give(intake, {"b.example.net.", "TXT", "\"text\""});
    give(intake, {"WWW.example.net.", "A", "198.51.100.2"});
    give(intake, {"www.example.net.", "A", "198.51.100.1"});
    give(intake, {"odd.example.net.", "TYPE65280", "\\# 2 0102"});
    give(intake, {"sub.example.net.", "NS", "ns.sub.example.net."});
    give(intake, {"sub.example.net.", "DS",
                  "12345 13 2 0102030405060708091011121314151617181920212223242526272829303132"});

    const auto taken = intake.finish();

    REQUIRE(taken);
    CHECK(taken->records == 8);
    CHECK(taken->rrsets == 7);
    CHECK(taken->left_out.empty());
    CHECK_FALSE(taken->has_losses());
    CHECK(taken->zone->serial() == 7);
    CHECK(
        zones::parse_zone_file(zones::format_zone_file(*taken->zone), tests::name("example.net.")));
}

TEST_CASE("What a signer made is left out without a loss, and the operator is told of the DS",
          "[cli][rfc4034]") {
    Intake intake = begun();
    for (const Given& given : std::vector<Given>{
             {"example.net.", "DNSKEY", "257 3 13 AAAA"},
             {"example.net.", "NSEC3PARAM", "1 0 0 -"},
             {"example.net.", "CDS", "0 0 0 00"},
             {"example.net.", "CDNSKEY", "0 3 0 AA=="},
             {"example.net.", "TYPE65534", "\\# 5 0d00010000"},
             {"example.net.", "ZONEMD", "7 1 1 000000000000000000000000"},
             {"example.net.", "NSEC", "www.example.net. A NS"},
             {"example.net.", "RRSIG",
              "A 13 2 60 20300101000000 20200101000000 1 example.net. AAAA"},
         })
        give(intake, given);

    const auto taken = intake.finish();

    REQUIRE(taken);
    CHECK(taken->left_out.size() == 8);
    CHECK_FALSE(taken->has_losses());
    CHECK(taken->records == 2);
    CHECK(has_note(*taken, "take the DS out of the parent zone"));
}

TEST_CASE("What cannot be taken is a loss with its reason", "[cli]") {
    Intake intake = begun();
    give(intake, {"www.example.org.", "A", "198.51.100.1"});
    give(intake,
         {"sub.example.net.", "SOA", "ns1.example.net. h.example.net. 7 3600 600 604800 60"});
    give(intake, {"alias.example.net.", "CNAME", "www.example.net."});
    give(intake, {"alias.example.net.", "TXT", "\"beside\""});
    intake.add({tests::name("short.example.net."), RType::A, 60, {192, 0}});
    intake.add({tests::name("meta.example.net."), RType::ANY, 60, {}});
    for (int each = 0; each < 300; ++each)
        give(intake, {"large.example.net.", "TXT",
                      ("\"" + std::string(240, 'x') + std::to_string(1000 + each) + "\"").c_str()});

    const auto taken = intake.finish();

    REQUIRE(taken);
    CHECK(taken->has_losses());
    CHECK(taken->records == 2);
    const auto lines = left_out(*taken);
    for (const char* line : {"A 1 lost: the owner is outside of the zone",
                             "A 1 lost: the RDATA is malformed for its type",
                             "SOA 1 lost: a SOA stands at the apex only",
                             "ANY 1 lost: this type cannot be stored in a zone",
                             "TXT 300 lost: the RRset does not fit into one DNS message",
                             "CNAME 1 lost: a CNAME stands alone, but the owner also has TXT",
                             "TXT 1 lost: a CNAME stands alone, but the owner also has TXT"}) {
        INFO(line);
        CHECK(std::find(lines.begin(), lines.end(), line) != lines.end());
    }
}

TEST_CASE("A zone without SOA or NS is none", "[cli]") {
    Intake intake(tests::name("example.net."));
    give(intake, {"example.net.", "SOA", "ns1.example.net. h.example.net. 7 3600 600 604800 60"});
    const auto taken = intake.finish();
    REQUIRE_FALSE(taken);
    CHECK_THAT(taken.error().cause, Catch::Contains("NS record at its apex"));
}

TEST_CASE("TTLs are made what RFC 2181 says", "[cli][rfc2181]") {
    Intake intake = begun();
    give(intake, {"www.example.net.", "A", "198.51.100.1", 300});
    give(intake, {"www.example.net.", "A", "198.51.100.2", 60});
    give(intake, {"old.example.net.", "A", "198.51.100.3", 0x8000'0001});

    const auto taken = intake.finish();

    REQUIRE(taken);
    CHECK(taken->zone->find(tests::name("www.example.net."), RType::A)->ttl() == 60);
    CHECK(taken->zone->find(tests::name("old.example.net."), RType::A)->ttl() == 0);
    CHECK(has_note(*taken, "1 records with a TTL over 2147483647"));
    CHECK(has_note(*taken, "1 records had another TTL"));
}

TEST_CASE("What deserves a look is noted: occluded records, private addresses, name servers",
          "[cli]") {
    struct Case {
        const char* what;
        std::vector<Given> records;
        const char* note;
        bool noted;
    };
    const std::vector<Case> cases = {
        {"name servers",
         {},
         "its name servers stay as the source has them: ns1.example.net.",
         true},
        {"glue",
         {{"sub.example.net.", "NS", "ns.sub.example.net."},
          {"ns.sub.example.net.", "A", "198.51.100.1"}},
         "never answered",
         false},
        {"data below a cut",
         {{"sub.example.net.", "NS", "ns.example.org."}, {"a.b.sub.example.net.", "TXT", "\"x\""}},
         "1 records stand at or below a delegation or a DNAME, taken but never answered; the "
         "first: "
         "a.b.sub.example.net. TXT \"x\"",
         true},
        {"data at a cut",
         {{"sub.example.net.", "NS", "ns.example.org."}, {"sub.example.net.", "TXT", "\"x\""}},
         "never answered",
         true},
        {"data beside a cut",
         {{"sub.example.net.", "NS", "ns.example.org."}, {"subs.example.net.", "TXT", "\"x\""}},
         "never answered",
         false},
        {"an address below a DNAME",
         {{"old.example.net.", "DNAME", "new.example.net."},
          {"a.old.example.net.", "A", "198.51.100.1"}},
         "never answered",
         true},
        {"a private address",
         {{"lan.example.net.", "A", "192.168.1.1"}},
         "1 addresses are not reachable from the internet, taken as they are; the first: "
         "lan.example.net. A 192.168.1.1",
         true},
    };
    for (const Case& each : cases) {
        INFO(each.what);
        Intake intake = begun();
        for (const Given& given : each.records)
            give(intake, given);
        const auto taken = intake.finish();
        REQUIRE(taken);
        CHECK(has_note(*taken, each.note) == each.noted);
    }
}

}  // namespace
}  // namespace hairpin::cli
