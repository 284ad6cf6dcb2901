// Who follows a zone, as operators set it.

#include "store/transfer_rows.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

struct SecondariesFixture : ApiFixture {
    SecondariesFixture() {
        REQUIRE(as_operator(Method::Post, "/v1/zones", R"({"zone":"example.org"})").status == 201);
        REQUIRE(as_operator(Method::Post, "/v1/credentials", R"({"kind":"tsig","name":"upd"})")
                    .status == 201);
    }
    [[nodiscard]] Answer patch(const std::string& body, std::vector<net::Header> headers = {}) {
        return as_operator(Method::Patch, kZone, body, std::move(headers));
    }
    static constexpr const char* kZone = "/v1/zones/example.org";
};

TEST_CASE("Secondaries of a zone are set, shown and taken away", "[admin][secondaries]") {
    SecondariesFixture api;
    const Answer before = api.as_operator(Method::Get, api.kZone);
    CHECK(size_at(before.json(), "/secondaries") == 0);
    const Answer set = api.patch(
        R"({"secondaries":[{"address":"192.0.2.53","tsig":"UPD."},{"address":"[2001:db8::1]:5353"}]})");
    REQUIRE(set.status == 200);
    for (const Answer& answer : {set, api.as_operator(Method::Get, api.kZone)}) {
        const JsonValue zone = answer.json();
        CHECK(text_at(zone, "/secondaries/0/address") == "192.0.2.53:53");
        CHECK(text_at(zone, "/secondaries/0/tsig") == "upd");
        CHECK(text_at(zone, "/secondaries/1/address") == "[2001:db8::1]:5353");
        CHECK(at(zone, "/secondaries/1/tsig").is_null());
        CHECK(number_at(zone, "/serial") == number_at(before.json(), "/serial"));
        CHECK(answer.header("etag") == set.header("etag"));
    }
    CHECK(set.header("etag") != before.header("etag"));
    CHECK(api.patch(R"({"secondaries":[]})").status == 200);
    CHECK(api.as_operator(Method::Get, api.kZone).header("etag") == before.header("etag"));
}

TEST_CASE("Secondaries that cannot be are refused with the reason",
          "[admin][secondaries][hostile]") {
    struct Case {
        const char* body;
        const char* says;
    };
    const auto each = GENERATE(values<Case>({
        {R"({"secondaries":{}})", "must be a list"},
        {R"({"secondaries":["192.0.2.53"]})", "/secondaries/0 must be a JSON object"},
        {R"({"secondaries":[{}]})", "/secondaries/0/address is missing"},
        {R"({"secondaries":[{"address":"ns2.example.net"}]})", "must be ADDRESS"},
        {R"({"secondaries":[{"address":"192.0.2.53:0"}]})", "must be ADDRESS"},
        {R"({"secondaries":[{"address":"192.0.2.53","tsig":"none."}]})", "POST /v1/credentials"},
        {R"({"secondaries":[{"address":"192.0.2.53","tsig":7}]})", "must be a string"},
        {R"({"secondaries":[{"address":"192.0.2.53"},{"address":"192.0.2.53:53"}]})",
         "stands twice"},
        {R"({"secondaries":[{"address":"192.0.2.53","key":"upd"}]})", "is not known here"},
    }));
    INFO(each.body);
    SecondariesFixture api;
    const Answer refused = api.patch(each.body);
    CHECK(refused.status == 400);
    CHECK_THAT(refused.body, Catch::Contains(each.says));
    std::string many = R"({"secondaries":[)";
    for (int number = 1; number <= 33; ++number)
        many += std::string(number == 1 ? "" : ",") + R"({"address":"192.0.2.)" +
                std::to_string(number) + "\"}";
    CHECK(api.patch(many + "]}").status == 400);
    CHECK(size_at(api.as_operator(Method::Get, api.kZone).json(), "/secondaries") == 0);
}

TEST_CASE("A server's own key is no key for a secondary", "[admin][secondaries][invariant3]") {
    SecondariesFixture api;
    static_cast<void>(api.make_server());
    store::Reader reader = api.store.reader();
    std::string name;
    for (const auto& row : tests::must(reader->credentials(100, 0)))
        if (row.kind == store::CredentialKind::Server) name = row.tsig_name;
    REQUIRE_FALSE(name.empty());
    CHECK(
        api.patch(R"({"secondaries":[{"address":"192.0.2.53","tsig":")" + name + "\"}]}").status ==
        400);
    CHECK(api.as_operator(Method::Post, "/v1/credentials",
                          R"({"kind":"tsig","name":")" + name + "\"}")
              .status == 409);
}

TEST_CASE("An ETag of a zone holds what it was read for", "[admin][secondaries]") {
    SecondariesFixture api;
    const std::string bare = api.as_operator(Method::Get, api.kZone).header("etag");
    const char* one = R"({"secondaries":[{"address":"192.0.2.53"}]})";
    const Answer set = api.patch(one, {{"if-match", bare}});
    REQUIRE(set.status == 200);
    const std::string full = set.header("etag");
    CHECK(api.patch(R"({"secondaries":[]})", {{"if-match", bare}}).status == 412);
    CHECK(api.as_operator(Method::Get, api.kZone, "", {{"if-none-match", full}}).status == 304);
    CHECK(api.as_operator(Method::Get, api.kZone, "", {{"if-none-match", bare}}).status == 200);

    // For the content of the zone both will do, as long as that is the same.
    const char* records =
        R"({"rrsets":[{"owner":"www.example.org","type":"A","records":["192.0.2.1"]}]})";
    const std::string target = std::string(api.kZone) + "/rrsets";
    CHECK(api.as_operator(Method::Patch, target, records, {{"if-match", full}}).status == 200);
    CHECK(api.as_operator(Method::Patch, target, records, {{"if-match", full}}).status == 412);
}

TEST_CASE("A licence's zone may be given its secondaries by the licence", "[admin][secondaries]") {
    SecondariesFixture api;
    static_cast<void>(api.make_server());
    const Answer done =
        api.as_operator(Method::Patch, "/v1/licences/acme",
                        R"({"plan":"gold","secondaries":[{"address":"192.0.2.53","tsig":"upd"}]})");
    CHECK(done.status == 200);
    const JsonValue zone = api.as_operator(Method::Get, "/v1/zones/pl-acme.example.net").json();
    CHECK(text_at(zone, "/secondaries/0/tsig") == "upd");
    CHECK(api.as_operator(Method::Patch, "/v1/licences/acme",
                          R"({"plan":"no","secondaries":[{"address":"x"}]})")
              .status == 400);
    CHECK(text_at(api.as_operator(Method::Get, "/v1/licences/acme").json(), "/plan") == "gold");
}

}  // namespace
}  // namespace hairpin::admin
