#include "acme/challenge_place.hpp"

#include <catch2/catch.hpp>

#include "acme/txt_values.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::acme {
namespace {

const zones::Name kHome = tests::name("pl-acme.example.net.");
const zones::Name kOther = tests::name("validation.example.");

zones::ZoneTable two_zones() {
    zones::ZoneTable table;
    table.put(tests::zone("pl-acme.example.net.",
                          "_acme-challenge.nur2 60 IN CNAME nur2.validation.example.\n"
                          "_acme-challenge.nur3 60 IN CNAME nur3.elsewhere.example.\n"
                          "_acme-challenge.nur4 60 IN CNAME _acme-challenge.nur5\n"
                          "_acme-challenge.nur5 60 IN CNAME _acme-challenge.nur4\n"
                          "_acme-challenge.nur6 60 IN NS ns.elsewhere.example.\n"
                          "_acme-challenge.nur7 60 IN CNAME twice.validation.example.\n"
                          "d 60 IN DNAME elsewhere.example.\n"
                          "*.any 60 IN CNAME nobody.elsewhere.example.\n"));
    table.put(tests::zone("validation.example.", "twice 60 IN CNAME end\n"));
    return table;
}

TEST_CASE("a challenge goes to where its CNAMEs lead, within our zones", "[acme][rfc8555]") {
    const zones::ZoneTable table = two_zones();
    const auto place = [&](const std::string& label) {
        return find_challenge_place(table, {}, tests::name("_acme-challenge." + label));
    };
    const auto owner = [](const char* text) { return tests::name(text); };
    CHECK(*place("nur1.pl-acme.example.net.") ==
          ChallengePlace{owner("_acme-challenge.nur1.pl-acme.example.net."), kHome});
    CHECK(*place("nur2.pl-acme.example.net.") ==
          ChallengePlace{owner("nur2.validation.example."), kOther});
    CHECK(*place("nur7.pl-acme.example.net.") ==
          ChallengePlace{owner("end.validation.example."), kOther});
    // A wildcard's CNAME is no decision about this name.
    CHECK(*place("any.pl-acme.example.net.") ==
          ChallengePlace{owner("_acme-challenge.any.pl-acme.example.net."), kHome});

    struct Case {
        const char* label;
        const char* words;
    };
    for (const Case& each : std::initializer_list<Case>{
             {"nur3.pl-acme.example.net.", "nur3.elsewhere.example, which is in no zone"},
             {"nur4.pl-acme.example.net.", "loop"},
             {"nur6.pl-acme.example.net.", "delegated to other name servers"},
             {"x.d.pl-acme.example.net.", "DNAME"},
             {"nur1.unknown.example.", "create the zone"}}) {
        INFO(each.label);
        const auto nowhere = place(each.label);
        REQUIRE_FALSE(nowhere);
        CHECK_THAT(nowhere.error().text(), Catch::Contains(each.words));
    }
}

TEST_CASE("a CNAME out of our zones leads to where the operator lets us write", "[acme][rfc8555]") {
    const zones::ZoneTable table = two_zones();
    std::vector<ElsewhereZone> elsewhere(3);
    elsewhere[0].apex = tests::name("example.");
    elsewhere[1].apex = tests::name("elsewhere.example.");
    elsewhere[2].apex = tests::name("_acme-challenge.nur6.pl-acme.example.net.");
    const auto place = [&](const std::string& label, std::size_t count = 3) {
        return find_challenge_place(table, std::span(elsewhere).first(count),
                                    tests::name("_acme-challenge." + label));
    };
    const auto there = place("nur3.pl-acme.example.net.");
    REQUIRE(there);
    CHECK(there->elsewhere == &elsewhere[1]);
    CHECK(there->owner == tests::name("nur3.elsewhere.example."));
    CHECK(there->apex == elsewhere[1].apex);
    CHECK(place("nur3.pl-acme.example.net.", 1)->elsewhere == elsewhere.data());
    // Delegated to others, who let us write.
    CHECK(place("nur6.pl-acme.example.net.")->elsewhere == &elsewhere[2]);
    CHECK_FALSE(place("nur6.pl-acme.example.net.", 2));
    // What is ours is ours, whatever is configured; and a name of nobody's zone is no CNAME.
    CHECK(place("nur2.pl-acme.example.net.")->elsewhere == nullptr);
    CHECK_FALSE(place("nur1.unknown.example."));

    const auto nowhere = place("nur3.pl-acme.example.net.", 0);
    REQUIRE_FALSE(nowhere);
    CHECK_THAT(nowhere.error().text(), Catch::Contains("as [acme] elsewhere"));
}

TEST_CASE("values elsewhere are in no change and no question of ours", "[acme]") {
    const std::vector<Pending> values = {
        {"u1", "nur1.pl-acme.example.net", "c1", "v1", "", "", false, false},
        {"u2", "nur3.pl-acme.example.net", "c2", "v2", "nur3.elsewhere.example.",
         "elsewhere.example.", false, true},
        {"u3", "nur4.pl-acme.example.net", "c3", "v3", "nur4.elsewhere.example.",
         "elsewhere.example.", false, true},
    };
    const auto added = txt_changes(kHome, values, TxtEffect::Add, 60);
    REQUIRE(added.size() == 1);
    CHECK(added[0].edits.size() == 1);
    CHECK(txt_changes(kHome, values, TxtEffect::Remove, 60).size() == 1);
    CHECK(txt_questions(values).size() == 1);
    const auto secondaries = secondary_questions(
        kHome, values, [](const zones::Name&) { return std::vector<Endpoint>(1); });
    CHECK(secondaries.size() == 1);
    const auto elsewhere = values_elsewhere(values);
    REQUIRE(elsewhere.size() == 1);
    CHECK(elsewhere[0].apex == tests::name("elsewhere.example."));
    REQUIRE(elsewhere[0].values.size() == 2);
    CHECK(elsewhere[0].values[1].owner == tests::name("nur4.elsewhere.example."));
    CHECK(elsewhere[0].values[1].value == "v3");
}

TEST_CASE("values appear and go in one change per zone, but those that stay", "[acme]") {
    const std::vector<Pending> values = {
        {"u1", "nur1.pl-acme.example.net", "c1", "v1", "", "", false},
        {"u2", "nur2.pl-acme.example.net", "c2", "v2", "nur2.validation.example.",
         "validation.example.", false},
        {"u3", "i-nur1.pl-acme.example.net", "c3", "v3",
         "_validation-persist.i-nur1.pl-acme.example.net.", "", true},
    };
    const auto added = txt_changes(kHome, values, TxtEffect::Add, 60);
    REQUIRE(added.size() == 2);
    CHECK(added[0].apex == kHome);
    REQUIRE(added[0].edits.size() == 2);
    CHECK(added[0].edits[0].owner == tests::name("_acme-challenge.nur1.pl-acme.example.net."));
    CHECK(added[1].apex == kOther);
    CHECK(added[1].edits[0] == zones::Edit{zones::EditKind::AddRecords,
                                           tests::name("nur2.validation.example."),
                                           zones::RType::TXT,
                                           60,
                                           {Octets{2, 'v', '2'}}});

    const auto removed = txt_changes(kHome, values, TxtEffect::Remove, 60);
    REQUIRE(removed.size() == 2);
    REQUIRE(removed[0].edits.size() == 1);
    CHECK(removed[0].edits[0].kind == zones::EditKind::DeleteRecords);
    CHECK(txt_questions(values).size() == 3);
}

TEST_CASE("each secondary is asked for the values of zones that it follows", "[acme]") {
    const Endpoint one = *Endpoint::parse("192.0.2.1:53");
    const Endpoint two = *Endpoint::parse("192.0.2.2:53");
    const auto questions = secondary_questions(
        kHome,
        std::vector<Pending>{{"u", "nur1.pl-acme.example.net", "c", "v1", "", "", false},
                             {"u", "nur2.pl-acme.example.net", "c", "v2", "x.validation.example.",
                              "validation.example.", false}},
        [&](const zones::Name& apex) { return std::vector{apex == kHome ? one : two}; });
    REQUIRE(questions.size() == 2);
    CHECK(questions[0].server == one);
    CHECK(questions[0].questions.front().value == "v1");
    CHECK(questions[1].server == two);
    CHECK(questions[1].questions.front().owner == tests::name("x.validation.example."));
}

TEST_CASE("a long value is several strings", "[acme][rfc1035]") {
    const Octets rdata = txt_rdata(std::string(300, 'x'));
    REQUIRE(rdata.size() == 302);
    CHECK(rdata[0] == 255);
    CHECK(rdata[256] == 45);
    CHECK(txt_rdata("") == Octets{0});
}

}  // namespace
}  // namespace hairpin::acme
