#include "zones/edit.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::zones {
namespace {

using tests::change;
using tests::edit;
using tests::name;

constexpr std::int64_t kNow = 1'795'000'100;
const EditMoment kMoment{kNow, std::nullopt};

ZoneRef small() {
    return tests::zone("example.net",
                       "www 60 A 192.0.2.1\nwww 60 A 192.0.2.2\nalias 60 CNAME www\n");
}

EditedZone applied(const ZoneRef& zone, const ZoneChange& wanted) {
    auto edited = apply(zone, wanted, kMoment, {});
    if (!edited) FAIL(edited.error().subject << ": " << edited.error().cause);
    return *std::move(edited);
}

RefusalCode refused(const ZoneRef& zone, const ZoneChange& wanted) {
    const auto edited = apply(zone, wanted, kMoment, {});
    REQUIRE_FALSE(edited);
    CHECK_FALSE(edited.error().cause.empty());
    return edited.error().code;
}

std::size_t count(const ZoneRef& zone, std::string_view owner, RType type) {
    const RRset* rrset = zone->find(name(owner), type);
    return rrset == nullptr ? 0 : rrset->count();
}

TEST_CASE("Each kind of edit does what RFC 2136 says", "[zones][rfc2136]") {
    const ZoneRef zone = small();
    const auto www = [&](EditKind kind, std::initializer_list<std::string_view> rdatas) {
        return count(
            applied(zone, change("example.net", {edit(kind, "www.example.net", RType::A, rdatas)}))
                .zone,
            "www.example.net", RType::A);
    };
    CHECK(www(EditKind::ReplaceRRset, {"192.0.2.9"}) == 1);
    CHECK(www(EditKind::ReplaceRRset, {}) == 0);
    CHECK(www(EditKind::AddRecords, {"192.0.2.9", "192.0.2.1"}) == 3);
    CHECK(www(EditKind::DeleteRecords, {"192.0.2.1", "192.0.2.77"}) == 1);
    CHECK(www(EditKind::DeleteRecords, {"192.0.2.1", "192.0.2.2"}) == 0);
    CHECK(www(EditKind::DeleteRRset, {}) == 0);
    CHECK(www(EditKind::DeleteOwner, {}) == 0);
}

TEST_CASE("The old snapshot is untouched and shares what did not change", "[zones]") {
    const ZoneRef before = small();
    const EditedZone edited = applied(
        before, change("example.net",
                       {edit(EditKind::ReplaceRRset, "new.example.net", RType::A, {"192.0.2.9"})}));
    CHECK(count(before, "new.example.net", RType::A) == 0);
    CHECK(before->find(name("www.example.net")) == edited.zone->find(name("www.example.net")));
    CHECK(edited.difference.serial_before == before->serial());
    CHECK(edited.difference.serial_after == edited.zone->serial());
    CHECK(edited.difference.rrsets.size() == 2);  // The new RRset and the SOA.
}

TEST_CASE("A change that leaves everything as it was is no change", "[zones]") {
    const ZoneRef zone = small();
    const auto same = GENERATE(
        as<std::vector<Edit>>(), std::vector<Edit>{},
        std::vector<Edit>{
            edit(EditKind::ReplaceRRset, "WWW.example.net", RType::A, {"192.0.2.2", "192.0.2.1"})},
        std::vector<Edit>{edit(EditKind::DeleteRRset, "none.example.net", RType::A, {})},
        std::vector<Edit>{edit(EditKind::AddRecords, "x.example.net", RType::A, {"192.0.2.9"}),
                          edit(EditKind::DeleteOwner, "x.example.net", RType::A, {})});
    const EditedZone edited = applied(zone, change("example.net", same));
    CHECK_FALSE(edited.changed);
    CHECK(edited.zone.get() == zone.get());
    CHECK(edited.difference.rrsets.empty());
}

TEST_CASE("Adding with another TTL gives the whole set that TTL", "[zones][rfc2136]") {
    const EditedZone edited =
        applied(small(), change("example.net", {edit(EditKind::AddRecords, "www.example.net",
                                                     RType::A, {"192.0.2.1"}, 300)}));
    CHECK(edited.zone->find(name("www.example.net"), RType::A)->ttl() == 300);
    CHECK(count(edited.zone, "www.example.net", RType::A) == 2);
}

TEST_CASE("Rules refuse what a zone cannot hold", "[zones][hostile]") {
    const ZoneRef zone = small();
    CHECK(refused(zone, change("example.net", {edit(EditKind::ReplaceRRset, "www.example.org",
                                                    RType::A, {"192.0.2.1"})})) ==
          RefusalCode::NotZone);
    CHECK(refused(zone, change("example.net", {edit(EditKind::ReplaceRRset, "www.example.net",
                                                    RType::CNAME, {"a."})})) == RefusalCode::Rule);
    CHECK(refused(zone, change("example.net", {edit(EditKind::AddRecords, "alias.example.net",
                                                    RType::A, {"192.0.2.1"})})) ==
          RefusalCode::Rule);
    CHECK(refused(zone, change("example.net", {edit(EditKind::AddRecords, "alias.example.net",
                                                    RType::CNAME, {"b."})})) == RefusalCode::Rule);
    CHECK(refused(zone, change("example.net", {edit(EditKind::DeleteRRset, "example.net",
                                                    RType::SOA, {})})) == RefusalCode::Rule);
    CHECK(refused(zone, change("example.net", {edit(EditKind::ReplaceRRset, "example.net",
                                                    RType::NS, {})})) == RefusalCode::Rule);
    CHECK(refused(zone, change("example.net", {edit(EditKind::DeleteRecords, "example.net",
                                                    RType::NS, {"ns1.example.org."})})) ==
          RefusalCode::Rule);
    CHECK(refused(zone, change("example.net", {edit(EditKind::ReplaceRRset, "x.example.net",
                                                    RType::SOA, {"a. b. 1 2 3 4 5"})})) ==
          RefusalCode::Rule);
    Edit meta = edit(EditKind::ReplaceRRset, "x.example.net", RType::A, {"192.0.2.1"});
    for (const RType type : {RType::ANY, RType::AXFR, RType::OPT, RType::TSIG, RType{0}}) {
        meta.type = type;
        CHECK(refused(zone, change("example.net", {meta})) == RefusalCode::Rule);
    }
    Edit bad = edit(EditKind::ReplaceRRset, "x.example.net", RType::A, {"192.0.2.1"});
    bad.rdatas = {{1, 2, 3}};
    CHECK(refused(zone, change("example.net", {bad})) == RefusalCode::Rule);
    Edit ttl = edit(EditKind::ReplaceRRset, "x.example.net", RType::A, {"192.0.2.1"}, 0x80000000u);
    CHECK(refused(zone, change("example.net", {ttl})) == RefusalCode::Rule);
}

TEST_CASE("Bounds are kept: records of a set, octets of a set, names of a zone",
          "[zones][hostile]") {
    const ZoneRef zone = small();
    Edit many = edit(EditKind::ReplaceRRset, "x.example.net", RType::A, {});
    for (unsigned each = 0; each < 5000; ++each)
        many.rdatas.push_back(
            {10, 0, static_cast<std::uint8_t>(each >> 8), static_cast<std::uint8_t>(each)});
    CHECK(refused(zone, change("example.net", {many})) == RefusalCode::TooLarge);

    Edit large = edit(EditKind::ReplaceRRset, "x.example.net", RType{65280}, {});
    large.rdatas.push_back(Octets(60'000));
    CHECK(refused(zone, change("example.net", {large})) == RefusalCode::TooLarge);

    EditRules rules;
    rules.max_names = 3;
    const auto grown =
        apply(zone,
              change("example.net",
                     {edit(EditKind::ReplaceRRset, "x.example.net", RType::A, {"192.0.2.1"})}),
              kMoment, rules);
    REQUIRE_FALSE(grown);
    CHECK(grown.error().code == RefusalCode::TooLarge);
}

TEST_CASE("A record that is there already does not count against the bound again", "[zones]") {
    EditRules rules;
    rules.max_rdatas = 2;
    const auto same =
        apply(small(),
              change("example.net",
                     {edit(EditKind::AddRecords, "www.example.net", RType::A, {"192.0.2.1"})}),
              kMoment, rules);
    REQUIRE(same);
    CHECK(same->zone->find(name("www.example.net"), RType::A)->count() == 2);
}

TEST_CASE("Prerequisites hold or the change is refused with its RFC 2136 meaning",
          "[zones][rfc2136]") {
    const ZoneRef zone = small();
    struct Case {
        PrerequisiteKind kind;
        const char* owner;
        RType type;
        std::vector<std::string> rdatas;
        std::optional<RefusalCode> refusal;
    };
    const auto asked = GENERATE(values<Case>({
        {PrerequisiteKind::OwnerInUse, "www.example.net", RType::ANY, {}, {}},
        {PrerequisiteKind::OwnerInUse, "x.example.net", RType::ANY, {}, RefusalCode::OwnerMissing},
        {PrerequisiteKind::OwnerNotInUse, "x.example.net", RType::ANY, {}, {}},
        {PrerequisiteKind::OwnerNotInUse,
         "www.example.net",
         RType::ANY,
         {},
         RefusalCode::OwnerExists},
        {PrerequisiteKind::RRsetExists, "www.example.net", RType::A, {}, {}},
        {PrerequisiteKind::RRsetExists,
         "www.example.net",
         RType::MX,
         {},
         RefusalCode::RRsetMissing},
        {PrerequisiteKind::RRsetAbsent, "www.example.net", RType::MX, {}, {}},
        {PrerequisiteKind::RRsetAbsent, "www.example.net", RType::A, {}, RefusalCode::RRsetExists},
        {PrerequisiteKind::RRsetIs, "www.example.net", RType::A, {"192.0.2.2", "192.0.2.1"}, {}},
        {PrerequisiteKind::RRsetIs,
         "www.example.net",
         RType::A,
         {"192.0.2.2"},
         RefusalCode::RRsetMissing},
        {PrerequisiteKind::RRsetIs, "www.example.net", RType::MX, {}, RefusalCode::RRsetMissing},
        {PrerequisiteKind::OwnerInUse, "www.example.org", RType::ANY, {}, RefusalCode::NotZone},
    }));
    ZoneChange wanted = change(
        "example.net", {edit(EditKind::ReplaceRRset, "y.example.net", RType::A, {"192.0.2.1"})});
    Prerequisite prerequisite{asked.kind, name(asked.owner), asked.type, {}, 0};
    for (const std::string& text : asked.rdatas)
        prerequisite.rdatas.push_back(tests::rdata(asked.type, text));
    wanted.prerequisites.push_back(prerequisite);
    INFO(asked.owner << " " << type_text(asked.type));
    const auto edited = apply(zone, wanted, kMoment, {});
    REQUIRE(edited.has_value() == !asked.refusal.has_value());
    if (!edited) CHECK(edited.error().code == *asked.refusal);
}

TEST_CASE("A precondition on the serial protects from a lost update", "[zones]") {
    const ZoneRef zone = small();
    ZoneChange wanted = change(
        "example.net", {edit(EditKind::ReplaceRRset, "y.example.net", RType::A, {"192.0.2.1"})});
    Prerequisite serial;
    serial.kind = PrerequisiteKind::SerialIs;
    serial.serial = zone->serial();
    wanted.prerequisites.push_back(serial);
    CHECK(applied(zone, wanted).changed);
    wanted.prerequisites[0].serial -= 1;
    CHECK(refused(zone, wanted) == RefusalCode::SerialMoved);
}

TEST_CASE("The serial is max(serial + 1, now) in RFC 1982 arithmetic", "[zones][rfc1982]") {
    CHECK(next_serial(1, kNow) == static_cast<std::uint32_t>(kNow));
    CHECK(next_serial(static_cast<std::uint32_t>(kNow) + 100, kNow) ==
          static_cast<std::uint32_t>(kNow) + 101);
    CHECK(next_serial(0xffffffffu, 5) == 5);
    CHECK(next_serial(0xffffffffu, 0) == 1);
    CHECK(serial_greater(1, 0xffffffffu));
    CHECK_FALSE(serial_greater(0xffffffffu, 1));
    CHECK_FALSE(serial_greater(0x80000000u, 0));  // Undefined by the RFC: never "greater" here.
    CHECK_FALSE(serial_greater(7, 7));
}

TEST_CASE("A SOA edit keeps its serial where that moves forward", "[zones]") {
    const ZoneRef zone = small();
    const std::uint32_t now = zone->serial();
    const auto soa = [&](std::uint32_t serial, const char* rest) {
        const std::string text =
            "ns1.example.org. hostmaster.example.org. " + std::to_string(serial) + rest;
        return applied(zone, change("example.net", {edit(EditKind::ReplaceRRset, "example.net",
                                                         RType::SOA, {text}, 3600)}));
    };
    const char* same = " 3600 600 604800 60";
    CHECK(soa(now + 5'000'000, same).zone->serial() == now + 5'000'000);
    CHECK_FALSE(soa(now, same).changed);
    CHECK_FALSE(soa(now - 1, same).changed);
    const EditedZone refreshed = soa(now - 1, " 7200 600 604800 30");
    CHECK(refreshed.changed);
    CHECK(serial_greater(refreshed.zone->serial(), now));
    CHECK(refreshed.zone->negative_soa().ttl() == 30);
}

TEST_CASE("Works of one commit share one bump of the serial", "[zones]") {
    const ZoneRef published = small();
    const auto put = [](const char* owner) {
        return change("example.net",
                      {edit(EditKind::ReplaceRRset, owner, RType::A, {"192.0.2.1"})});
    };
    const EditMoment moment{kNow, published->serial()};
    const auto first = apply(published, put("a.example.net"), moment, {});
    REQUIRE(first);
    const auto second = apply(first->zone, put("b.example.net"), moment, {});
    REQUIRE(second);
    CHECK(first->zone->serial() == second->zone->serial());
    CHECK(serial_greater(second->zone->serial(), published->serial()));
}

TEST_CASE("Create, replace and drop take the whole zone", "[zones]") {
    const ZoneRef zone = small();
    CHECK(refused(zone, [] {
              ZoneChange c = change("example.net", {});
              c.action = ZoneAction::Create;
              return c;
          }()) == RefusalCode::ZoneExists);
    CHECK(refused({}, change("example.net", {})) == RefusalCode::NoSuchZone);

    ZoneChange whole =
        change("example.net",
               {edit(EditKind::ReplaceRRset, "example.net", RType::SOA, {"a. b. 1 2 3 4 5"}),
                edit(EditKind::ReplaceRRset, "example.net", RType::NS, {"ns.test."}),
                edit(EditKind::ReplaceRRset, "only.example.net", RType::A, {"192.0.2.1"})});
    whole.action = ZoneAction::Replace;
    const EditedZone replaced = applied(zone, whole);
    CHECK(replaced.zone->names().size() == 2);
    CHECK(count(replaced.zone, "www.example.net", RType::A) == 0);
    CHECK(serial_greater(replaced.zone->serial(), zone->serial()));

    ZoneChange lacking = whole;
    lacking.edits.erase(lacking.edits.begin());
    CHECK(refused(zone, lacking) == RefusalCode::Rule);

    ZoneChange gone = change("example.net", {});
    gone.action = ZoneAction::Drop;
    const EditedZone dropped = applied(zone, gone);
    CHECK(dropped.changed);
    CHECK_FALSE(dropped.zone);
    CHECK(dropped.difference.rrsets.size() == 4);
}

TEST_CASE("In a licence zone the address rules hold for twin names whoever asks",
          "[zones][invariant4]") {
    const ZoneRef licence = tests::zone("pl-acme.example.net", "", ZoneKind::Licence);
    const auto put = [](const char* owner, const char* address) {
        return change("pl-acme.example.net",
                      {edit(EditKind::ReplaceRRset, owner, RType::A, {address})});
    };
    CHECK(refused(licence, put("nur1.pl-acme.example.net", "192.168.1.11")) == RefusalCode::Rule);
    CHECK(refused(licence, put("NUR1.pl-acme.example.net", "100.64.0.1")) == RefusalCode::Rule);
    CHECK(refused(licence, put("i-nur1.pl-acme.example.net", "8.8.8.8")) == RefusalCode::Rule);
    CHECK(applied(licence, put("nur1.pl-acme.example.net", "8.8.8.8")).changed);
    CHECK(applied(licence, put("i-nur1.pl-acme.example.net", "192.168.1.11")).changed);
    CHECK(applied(licence, put("printer.pl-acme.example.net", "192.168.1.12")).changed);
    // The ways around: another owner's addresses, a wildcard's, another server's answers.
    const auto other = [](const char* owner, RType type, const char* text) {
        return change("pl-acme.example.net", {edit(EditKind::ReplaceRRset, owner, type, {text})});
    };
    CHECK(refused(licence, other("nur1.pl-acme.example.net", RType::CNAME,
                                 "i-nur1.pl-acme.example.net.")) == RefusalCode::Rule);
    CHECK(refused(licence, other("nur1.pl-acme.example.net", RType::NS, "ns.evil.test.")) ==
          RefusalCode::Rule);
    CHECK(refused(licence, other("i-nur1.pl-acme.example.net", RType::DNAME, "evil.test.")) ==
          RefusalCode::Rule);
    CHECK(refused(licence, other("*.pl-acme.example.net", RType::A, "10.0.0.9")) ==
          RefusalCode::Rule);
    CHECK(refused(licence, other("*.pl-acme.example.net", RType::CNAME,
                                 "i-nur1.pl-acme.example.net.")) == RefusalCode::Rule);
    CHECK(refused(licence, other("pl-acme.example.net", RType::DNAME, "evil.test.")) ==
          RefusalCode::Rule);
    CHECK(refused(licence, other("_ACME-challenge.nur1.pl-acme.example.net", RType::NS,
                                 "ns.evil.test.")) == RefusalCode::Rule);
    CHECK(applied(licence, other("*.pl-acme.example.net", RType::TXT, "\"fine\"")).changed);
    CHECK(applied(licence,
                  other("shop.pl-acme.example.net", RType::CNAME, "nur1.pl-acme.example.net."))
              .changed);
    CHECK(applied(licence, other("branch.pl-acme.example.net", RType::NS, "ns.branch.test."))
              .changed);
    const ZoneRef plain = tests::zone("example.net", "");
    CHECK(applied(plain, change("example.net", {edit(EditKind::ReplaceRRset, "nur1.example.net",
                                                     RType::A, {"10.0.0.1"})}))
              .changed);
}

ZoneChange with_addresses(std::string_view owner, int records,
                          EditKind kind = EditKind::ReplaceRRset) {
    Edit edit;
    edit.kind = kind;
    edit.owner = name(owner);
    edit.ttl = 60;
    for (int number = 1; number <= records; ++number)
        edit.rdatas.push_back({192, 0, 2, static_cast<std::uint8_t>(number)});
    return change("example.net", {edit});
}

TEST_CASE("An RRset is told of when it passes 100 records, and not again", "[zones]") {
    struct Step {
        const char* why;
        ZoneChange change;
        std::size_t told;
        std::size_t crowded;
    };
    const std::vector<Step> steps = {
        {"100 are taken everywhere", with_addresses("a.example.net", 100), 0, 0},
        {"the 101st passes the mark", with_addresses("a.example.net", 101, EditKind::AddRecords), 1,
         1},
        {"one more says nothing new", with_addresses("a.example.net", 102), 0, 1},
        {"nor does another name", with_addresses("b.example.net", 3), 0, 1},
        {"a second one is told of", with_addresses("b.example.net", 150), 1, 2},
        {"back to 100", with_addresses("a.example.net", 100), 0, 1},
        {"and over it again", with_addresses("a.example.net", 101), 1, 2},
        {"a name that goes takes it along",
         change("example.net", {edit(EditKind::DeleteOwner, "b.example.net", RType::A, {})}), 0, 1},
    };
    ZoneRef zone = small();
    for (const Step& step : steps) {
        INFO(step.why);
        const EditedZone edited = applied(zone, step.change);
        CHECK(edited.newly_crowded.size() == step.told);
        CHECK(edited.zone->crowded_rrsets(10).size() == step.crowded);
        zone = edited.zone;
    }
    CHECK(zone->crowded_rrsets(10) ==
          std::vector<CrowdedRRset>{{name("a.example.net"), RType::A, 101}});
    CHECK(zone->crowded_rrsets(0).empty());

    ZoneChange replace = change("example.net", {});
    replace.action = ZoneAction::Replace;
    const RRset& soa = zone->soa();
    replace.edits = {
        {EditKind::ReplaceRRset, zone->apex(), RType::SOA, 60, soa.copy_rdatas()},
        {EditKind::ReplaceRRset, zone->apex(), RType::NS, 60, zone->ns().copy_rdatas()},
        with_addresses("c.example.net", 120).edits.front()};
    const EditedZone replaced = applied(zone, replace);
    CHECK(replaced.newly_crowded ==
          std::vector<CrowdedRRset>{{name("c.example.net"), RType::A, 120}});
    CHECK(replaced.zone->crowded_rrsets(10) == replaced.newly_crowded);
}

}  // namespace
}  // namespace hairpin::zones
