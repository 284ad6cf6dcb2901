// What a zone is answered from: its serial and its age, wherever a zone or a licence is shown.

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

constexpr const char* kStart = "2026-11-18T11:06:40Z";  // The manual clock's.
constexpr const char* kLater = "2026-11-18T11:08:20Z";

struct Shown {
    std::int64_t serial;
    std::string published;
    std::int64_t age_seconds;
    friend bool operator==(const Shown&, const Shown&) = default;
};

Shown shown_at(const JsonValue& json, const std::string& pointer = "") {
    return {number_at(json, pointer + "/serial"), text_at(json, pointer + "/published"),
            number_at(json, pointer + "/age_seconds")};
}

struct ZoneStateFixture : ApiFixture {
    [[nodiscard]] std::int64_t served_serial(std::string_view apex) const {
        return store.zone(apex)->serial();
    }
    /// Every place where the zone of licence "acme" is shown.
    [[nodiscard]] std::vector<Shown> everywhere() {
        return {
            shown_at(as_operator(Method::Get, "/v1/zones/pl-acme.example.net").json()),
            shown_at(as_operator(Method::Get, "/v1/zones").json(), "/zones/0"),
            shown_at(as_operator(Method::Get, "/v1/licences/acme").json()),
            shown_at(as_operator(Method::Get, "/v1/licences").json(), "/licences/0"),
        };
    }
};

TEST_CASE("A zone tells the serial that is answered, since when and for how long",
          "[admin][zones]") {
    ZoneStateFixture api;
    const Answer made = api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})");
    const std::int64_t first = api.served_serial("pl-acme.example.net.");
    CHECK(shown_at(made.json()) == Shown{first, kStart, 0});

    api.store.clock.advance(Seconds(100));
    for (const Shown& each : api.everywhere())
        CHECK(each == Shown{first, kStart, 100});
    const Answer patched = api.as_operator(Method::Patch, "/v1/licences/acme", R"({"plan":"x"})");
    CHECK(shown_at(patched.json()) == Shown{first, kStart, 100});

    REQUIRE(api.as_operator(Method::Put,
                            "/v1/zones/pl-acme.example.net/rrsets/www.pl-acme.example.net/TXT",
                            R"({"records":["\"x\""]})")
                .status == 201);
    const std::int64_t second = api.served_serial("pl-acme.example.net.");
    CHECK(second > first);
    for (const Shown& each : api.everywhere())
        CHECK(each == Shown{second, kLater, 0});
}

TEST_CASE("A change of one zone makes no other younger", "[admin][zones]") {
    ZoneStateFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"a.example"})").status == 201);
    api.store.clock.advance(Seconds(100));
    const Answer made = api.as_operator(Method::Post, "/v1/zones", R"({"zone":"b.example"})");
    CHECK(shown_at(made.json()) == Shown{api.served_serial("b.example."), kLater, 0});
    const JsonValue zones = api.as_operator(Method::Get, "/v1/zones").json();
    CHECK(shown_at(zones, "/zones/0") == Shown{api.served_serial("a.example."), kStart, 100});
    CHECK(shown_at(zones, "/zones/1") == Shown{api.served_serial("b.example."), kLater, 0});
}

TEST_CASE("The store may be ahead of what is answered: the answer counts", "[admin][zones]") {
    ZoneStateFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status == 201);
    const auto serial = api.served_serial("pl-acme.example.net.");
    store::Database database = tests::open_database(api.store.path());
    REQUIRE(database.run("UPDATE zones SET serial = serial + 1"));
    for (const Shown& each : api.everywhere())
        CHECK(each.serial == serial);

    // In the moment between a commit and its publication.
    api.store.published->publish(std::make_shared<const zones::ZoneTable>());
    CHECK(size_at(api.as_operator(Method::Get, "/v1/zones").json(), "/zones") == 0);
    const JsonValue licence = api.as_operator(Method::Get, "/v1/licences/acme").json();
    CHECK(at(licence, "/serial").is_null());
    CHECK(at(licence, "/published").is_null());
    CHECK(at(licence, "/age_seconds").is_null());
}

TEST_CASE("A clock that was set back makes no zone younger than new", "[admin][zones]") {
    ZoneStateFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status == 201);
    api.store.clock.advance(Seconds(-50));
    for (const Shown& each : api.everywhere())
        CHECK(each.age_seconds == 0);
}

TEST_CASE("A metric tells when zones last changed for readers", "[admin][metrics]") {
    ZoneStateFixture api;
    const auto published = [&api] {
        const std::string text = api.as_operator(Method::Get, "/metrics").body;
        const std::string name = "\nhairpin_zones_published_timestamp_seconds ";
        const std::size_t at = text.find(name);
        REQUIRE(at != std::string::npos);
        return std::stoll(text.substr(at + name.size()));
    };
    CHECK(published() == 1'795'000'000);
    api.store.clock.advance(Seconds(7));
    REQUIRE(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"a.example"})").status == 201);
    CHECK(published() == 1'795'000'007);
    api.store.clock.advance(Seconds(7));  // Rows alone publish nothing.
    REQUIRE(
        api.as_operator(Method::Post, "/v1/credentials", R"({"kind":"tsig","name":"k"})").status ==
        201);
    CHECK(published() == 1'795'000'007);
}

std::string address_list(int count) {
    std::string list;
    for (int number = 1; number <= count; ++number)
        list += std::string(number == 1 ? "" : ",") + "\"192.0.2." + std::to_string(number) + '"';
    return "[" + list + "]";
}

bool has_warnings(const JsonValue& rrset) {
    const auto& members = std::get<JsonObject>(rrset.is);
    return std::any_of(members.begin(), members.end(),
                       [](const auto& member) { return member.name == "warnings"; });
}

struct CrowdedFixture : ApiFixture {
    CrowdedFixture() {
        REQUIRE(as_operator(Method::Post, "/v1/zones", R"({"zone":"example.org"})").status == 201);
    }
    [[nodiscard]] JsonValue put(const std::string& owner, int records) {
        const Answer done =
            as_operator(Method::Put, "/v1/zones/example.org/rrsets/" + owner + ".example.org/A",
                        R"({"records":)" + address_list(records) + "}");
        INFO(done.body);
        REQUIRE((done.status == 200 || done.status == 201));
        return done.json();
    }
    [[nodiscard]] JsonValue zone() {
        return as_operator(Method::Get, "/v1/zones/example.org").json();
    }
};

TEST_CASE("The change that makes an RRset too large for BIND is answered with a warning",
          "[admin][zones]") {
    CrowdedFixture api;
    CHECK(size_at(api.zone(), "/warnings") == 0);
    CHECK_FALSE(has_warnings(api.put("www", 100)));
    const JsonValue passed = api.put("www", 101);
    REQUIRE(size_at(passed, "/warnings") == 1);
    CHECK(text_at(passed, "/warnings/0/code") == "crowded-rrset");
    CHECK(text_at(passed, "/warnings/0/owner") == "www.example.org");
    CHECK(text_at(passed, "/warnings/0/type") == "A");
    CHECK(number_at(passed, "/warnings/0/records") == 101);
    CHECK_THAT(text_at(passed, "/warnings/0/text"), Catch::Contains("max-records-per-type"));

    CHECK_FALSE(has_warnings(api.put("www", 102)));  // It was said.
    CHECK_FALSE(has_warnings(api.put("other", 1)));
    CHECK(size_at(api.zone(), "/warnings") == 1);
    CHECK(number_at(api.zone(), "/warnings/0/records") == 102);
    CHECK_FALSE(has_warnings(api.put("www", 100)));
    CHECK(size_at(api.zone(), "/warnings") == 0);
    CHECK(size_at(api.put("www", 101), "/warnings") == 1);
}

TEST_CASE("Every call that changes content, and PATCH of the zone, warns", "[admin][zones]") {
    CrowdedFixture api;
    const std::string rrset =
        R"({"owner":"www.example.org","type":"A","records":)" + address_list(101) + "}";
    const JsonValue patched = api.as_operator(Method::Patch, "/v1/zones/example.org/rrsets",
                                              R"({"rrsets":[)" + rrset + "]}")
                                  .json();
    CHECK(size_at(patched, "/warnings") == 1);
    const Answer followed = api.as_operator(Method::Patch, "/v1/zones/example.org",
                                            R"({"secondaries":[{"address":"192.0.2.53"}]})");
    CHECK(size_at(followed.json(), "/warnings") == 1);

    std::string file = api.as_operator(Method::Get, "/v1/zones/example.org/zonefile").body;
    for (int number = 1; number <= 101; ++number)
        file += "more.example.org. 60 IN TXT \"" + std::to_string(number) + "\"\n";
    const JsonValue replaced =
        api.as_operator(Method::Put, "/v1/zones/example.org/zonefile", file).json();
    REQUIRE(size_at(replaced, "/warnings") == 1);
    CHECK(text_at(replaced, "/warnings/0/owner") == "more.example.org");
    const JsonValue zone = api.zone();
    REQUIRE(size_at(zone, "/warnings") == 2);
    CHECK(text_at(zone, "/warnings/0/owner") == "more.example.org");
    CHECK(text_at(zone, "/warnings/1/owner") == "www.example.org");
}

TEST_CASE("At most 100 warnings are shown", "[admin][zones][hostile]") {
    CrowdedFixture api;
    std::string file = api.as_operator(Method::Get, "/v1/zones/example.org/zonefile").body;
    for (int owner = 1; owner <= 101; ++owner)
        for (int number = 1; number <= 101; ++number)
            file += "o" + std::to_string(owner) + ".example.org. 60 IN TXT \"" +
                    std::to_string(number) + "\"\n";
    const Answer replaced = api.as_operator(Method::Put, "/v1/zones/example.org/zonefile", file);
    REQUIRE(replaced.status == 200);
    CHECK(size_at(replaced.json(), "/warnings") == 100);
    CHECK(size_at(api.zone(), "/warnings") == 100);
}

}  // namespace
}  // namespace hairpin::admin
