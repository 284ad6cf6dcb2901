#include "zones/update_rules.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"
#include "zones/rdata_wire.hpp"

namespace hairpin::zones {
namespace {

using tests::edit;
using tests::name;

const EditMoment kMoment{1'795'000'100, std::nullopt};

ZoneRef world() {
    return tests::zone("example.net", R"(
@      3600 IN SOA ns1 hostmaster 100 3600 600 604800 60
@      3600 IN NS ns1
@      3600 IN NS ns2.example.org.
@      60   IN TXT "apex"
www    60   IN A 192.0.2.1
www    60   IN A 192.0.2.2
alias  60   IN CNAME www
cut    60   IN NS ns.cut
ns.cut 60   IN A 192.0.2.3
down   60   IN DNAME www
mail   60   IN MX 10 Www
svc    60   IN WKS \# 5 c000020106
)");
}

/// The RRset after the update as "TTL RDATA; RDATA", "-" where there is none; or the refusal.
std::string outcome(const ZoneRef& zone, std::vector<Edit> edits, std::string_view owner,
                    RType type) {
    ZoneChange change = tests::change("example.net", std::move(edits));
    change.conflicts = Conflicts::Ignore;
    const auto edited = apply(zone, change, kMoment, {});
    if (!edited) return "refused: " + edited.error().cause;
    const RRset* rrset = edited->zone->find(name(owner), type);
    if (rrset == nullptr) return "-";
    std::string text = std::to_string(rrset->ttl());
    for (const OctetView rdata : rrset->rdatas()) {
        text += text.find(' ') == std::string::npos ? " " : "; ";
        text += rdata_text(type, rdata);
    }
    return text;
}

TEST_CASE("An update that cannot be is ignored, record by record", "[zones][rfc2136]") {
    struct Case {
        const char* why;
        std::vector<Edit> edits;
        const char* owner;
        RType type;
        const char* after;
    };
    using enum EditKind;
    const auto tried = GENERATE(values<Case>({
        {"3.4.2.2: a CNAME beside other data",
         {edit(AddRecords, "www.example.net", RType::CNAME, {"x.example.org."})},
         "www.example.net",
         RType::CNAME,
         "-"},
        {"3.4.2.2: other data beside a CNAME",
         {edit(AddRecords, "alias.example.net", RType::A, {"192.0.2.9"})},
         "alias.example.net",
         RType::A,
         "-"},
        {"the rest of the message is done nevertheless",
         {edit(AddRecords, "alias.example.net", RType::A, {"192.0.2.9"}),
          edit(AddRecords, "new.example.net", RType::A, {"192.0.2.9"})},
         "new.example.net",
         RType::A,
         "60 192.0.2.9"},
        {"3.4.2.2: a CNAME replaces the CNAME that is there",
         {edit(AddRecords, "alias.example.net", RType::CNAME, {"x.example.org."}, 30)},
         "alias.example.net",
         RType::CNAME,
         "30 x.example.org."},
        {"of two CNAMEs in one message the later stands",
         {edit(AddRecords, "new.example.net", RType::CNAME, {"x.example.org."}),
          edit(AddRecords, "new.example.net", RType::CNAME, {"y.example.org."})},
         "new.example.net",
         RType::CNAME,
         "60 y.example.org."},
        {"a CNAME may follow when what it stood beside was deleted",
         {edit(DeleteOwner, "www.example.net", RType::ANY, {}),
          edit(AddRecords, "www.example.net", RType::CNAME, {"x.example.org."})},
         "www.example.net",
         RType::CNAME,
         "60 x.example.org."},
        {"RFC 6672 section 5.2: a DNAME replaces the DNAME",
         {edit(AddRecords, "down.example.net", RType::DNAME, {"x.example.org."})},
         "down.example.net",
         RType::DNAME,
         "60 x.example.org."},
        {"RFC 6672 section 5.2: a DNAME beside a CNAME",
         {edit(AddRecords, "alias.example.net", RType::DNAME, {"x.example.org."})},
         "alias.example.net",
         RType::DNAME,
         "-"},
        {"RFC 6672 section 5.2: a CNAME beside a DNAME",
         {edit(AddRecords, "down.example.net", RType::CNAME, {"x.example.org."})},
         "down.example.net",
         RType::CNAME,
         "-"},
        {"3.4.2.2: a duplicate replaces, with its TTL",
         {edit(AddRecords, "www.example.net", RType::A, {"192.0.2.1"}, 30)},
         "www.example.net",
         RType::A,
         "30 192.0.2.1; 192.0.2.2"},
        {"1.1.2: names in RDATA are the same whatever their case",
         {edit(AddRecords, "mail.example.net", RType::MX, {"10 WWW.example.net."})},
         "mail.example.net",
         RType::MX,
         "60 10 WWW.example.net."},
        {"of two that are the same in one message the later stands",
         {edit(AddRecords, "new.example.net", RType::MX,
               {"10 WWW.example.net.", "10 www.example.net."})},
         "new.example.net",
         RType::MX,
         "60 10 www.example.net."},
        {"3.4.2.2: WKS are the same by address and protocol",
         {edit(AddRecords, "svc.example.net", RType{11}, {"\\# 6 c000020106ff"})},
         "svc.example.net",
         RType{11},
         "60 \\# 6 c000020106ff"},
        {"3.4.2.3: the apex keeps its NS",
         {edit(DeleteRRset, "example.net", RType::NS, {})},
         "example.net",
         RType::NS,
         "3600 ns1.example.net.; ns2.example.org."},
        {"3.4.2.3: and its SOA",
         {edit(DeleteRRset, "example.net", RType::SOA, {})},
         "example.net",
         RType::TXT,
         "60 \"apex\""},
        {"a SOA below the apex is not there to be deleted",
         {edit(DeleteRRset, "www.example.net", RType::SOA, {}),
          edit(DeleteRecords, "www.example.net", RType::SOA,
               {"a.example.org. b.example.org. 1 1 1 1 1"}),
          edit(DeleteRRset, "www.example.net", RType::A, {})},
         "www.example.net",
         RType::A,
         "-"},
        {"3.4.2.3: everything else of it goes",
         {edit(DeleteOwner, "example.net", RType::ANY, {})},
         "example.net",
         RType::TXT,
         "-"},
        {"3.4.2.3: a delegation loses its NS",
         {edit(DeleteRRset, "cut.example.net", RType::NS, {})},
         "cut.example.net",
         RType::NS,
         "-"},
        {"3.4.2.4: one NS of the apex may go",
         {edit(DeleteRecords, "example.net", RType::NS, {"NS1.example.net."})},
         "example.net",
         RType::NS,
         "3600 ns2.example.org."},
        {"3.4.2.4: the last one may not",
         {edit(DeleteRecords, "example.net", RType::NS, {"ns1.example.net.", "ns2.example.org."})},
         "example.net",
         RType::NS,
         "3600 ns2.example.org."},
        {"3.4.2.4: below the apex the last one may",
         {edit(DeleteRecords, "cut.example.net", RType::NS, {"ns.cut.example.net."})},
         "cut.example.net",
         RType::NS,
         "-"},
        {"3.4.2.4: what is not there is no error",
         {edit(DeleteRecords, "www.example.net", RType::A, {"192.0.2.77"})},
         "www.example.net",
         RType::A,
         "60 192.0.2.1; 192.0.2.2"},
        {"an owner outside of the zone is still refused",
         {edit(AddRecords, "www.example.org", RType::SOA,
               {"a.example.org. b.example.org. 1 1 1 1 1"})},
         "www.example.net",
         RType::A,
         "refused: the owner is not in the zone example.net."},
    }));
    INFO(tried.why);
    CHECK(outcome(world(), tried.edits, tried.owner, tried.type) == tried.after);
}

TEST_CASE("A SOA counts only at the apex and with a greater serial", "[zones][rfc2136][rfc1982]") {
    const auto after = [](const char* owner, const char* soa) {
        return outcome(world(), {edit(EditKind::AddRecords, owner, RType::SOA, {soa}, 30)},
                       "example.net", RType::SOA);
    };
    const std::string before =
        "3600 ns1.example.net. hostmaster.example.net. 100 3600 600 604800 60";
    CHECK(after("example.net", "a.example.net. b.example.net. 99 1 2 3 4") == before);
    CHECK(after("example.net", "a.example.net. b.example.net. 100 1 2 3 4") == before);
    CHECK(after("example.net", "a.example.net. b.example.net. 101 1 2 3 4") ==
          "30 a.example.net. b.example.net. 101 1 2 3 4");
    // RFC 1982: so far ahead that it is behind.
    CHECK(after("example.net", "a.example.net. b.example.net. 2147483749 1 2 3 4") == before);
    CHECK(after("www.example.net", "a.example.net. b.example.net. 101 1 2 3 4") == before);
}

TEST_CASE("Everybody else is told of the conflict", "[zones]") {
    ZoneChange change = tests::change(
        "example.net", {edit(EditKind::AddRecords, "alias.example.net", RType::A, {"192.0.2.9"})});
    const auto edited = apply(world(), change, kMoment, {});
    REQUIRE_FALSE(edited);
    CHECK(edited.error().code == RefusalCode::Rule);
}

TEST_CASE("A prerequisite compares names as names", "[zones][rfc2136]") {
    ZoneChange change = tests::change("example.net", {});
    Prerequisite wanted;
    wanted.kind = PrerequisiteKind::RRsetIs;
    wanted.owner = name("mail.example.net");
    wanted.type = RType::MX;
    for (const char* rdata : {"10 www.example.net.", "10 WWW.EXAMPLE.NET."}) {
        wanted.rdatas = {tests::rdata(RType::MX, rdata)};
        change.prerequisites = {wanted};
        CHECK(apply(world(), change, kMoment, {}));
    }
}

TEST_CASE("RDATA are folded where RFC 4034 section 6.2 says so", "[zones][rfc4034][rfc3597]") {
    const auto folded = [](RType type, const char* text) {
        return rdata_text(type, folded_rdata(type, tests::rdata(type, text)));
    };
    CHECK(folded(RType::NS, "NS1.Example.") == "ns1.example.");
    CHECK(folded(RType::SRV, "1 2 3 HOST.") == "1 2 3 host.");
    CHECK(folded(RType::SOA, "A. B. 1 2 3 4 5") == "a. b. 1 2 3 4 5");
    CHECK(folded(RType::DNAME, "X.Y.") == "x.y.");
    CHECK(folded(RType::TXT, "\"ABC\"") == "\"ABC\"");
    CHECK(folded(RType::NAPTR, "1 2 \"S\" \"SIP\" \"\" HOST.") == "1 2 \"S\" \"SIP\" \"\" host.");
    CHECK(folded(RType::HTTPS, "1 Host.") == "1 Host.");
}

}  // namespace
}  // namespace hairpin::zones
