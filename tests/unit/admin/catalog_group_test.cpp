// Groups of zones in the catalog, as operators set them.

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

std::string group_at(const Answer& answer, const std::string& pointer = "") {
    const JsonValue json = answer.json();
    const JsonValue& group = at(json, pointer + "/catalog_group");
    return group.is_null() ? "(null)" : std::get<std::string>(group.is);
}

TEST_CASE("The group of a plain zone is set, shown and taken away", "[admin][zones][rfc9432]") {
    ApiFixture api;
    CHECK(group_at(api.as_operator(Method::Post, "/v1/zones",
                                   R"({"zone":"a.example","catalog_group":"gold"})")) == "gold");
    CHECK(group_at(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"b.example"})")) ==
          "(null)");
    const Answer before = api.as_operator(Method::Get, "/v1/zones/b.example");
    const Answer patched =
        api.as_operator(Method::Patch, "/v1/zones/b.example", R"({"catalog_group":"silver"})",
                        {{"if-match", before.header("etag")}});
    CHECK(patched.status == 200);
    CHECK(group_at(patched) == "silver");
    CHECK(number_at(patched.json(), "/serial") == number_at(before.json(), "/serial"));
    CHECK(patched.header("etag") != before.header("etag"));
    const Answer shown = api.as_operator(Method::Get, "/v1/zones/b.example");
    CHECK(group_at(shown) == "silver");
    CHECK(shown.header("etag") == patched.header("etag"));
    const Answer list = api.as_operator(Method::Get, "/v1/zones");
    CHECK(group_at(list, "/zones/0") == "gold");
    CHECK(group_at(list, "/zones/1") == "silver");
    // Secondaries alone leave it, and so does a change of the content.
    CHECK(group_at(api.as_operator(Method::Patch, "/v1/zones/b.example",
                                   R"({"secondaries":[]})")) == "silver");
    CHECK(api.as_operator(Method::Put, "/v1/zones/b.example/rrsets/www.b.example/TXT",
                          R"({"records":["\"x\""]})")
              .status == 201);
    CHECK(group_at(api.as_operator(Method::Patch, "/v1/zones/b.example",
                                   R"({"catalog_group":null})")) == "(null)");
}

TEST_CASE("The group of a licence's zone is the licence's", "[admin][licences][rfc9432]") {
    ApiFixture api;
    CHECK(group_at(api.as_operator(Method::Post, "/v1/licences",
                                   R"({"licence":"acme","catalog_group":"gold"})")) == "gold");
    CHECK(group_at(api.as_operator(Method::Get, "/v1/licences/acme")) == "gold");
    CHECK(group_at(api.as_operator(Method::Get, "/v1/licences"), "/licences/0") == "gold");
    CHECK(group_at(api.as_operator(Method::Get, "/v1/zones/pl-acme.example.net")) == "gold");
    CHECK(group_at(api.as_operator(Method::Patch, "/v1/licences/acme", R"({"plan":"x"})")) ==
          "gold");
    CHECK(group_at(api.as_operator(Method::Patch, "/v1/licences/acme",
                                   R"({"catalog_group":"silver"})")) == "silver");
    CHECK(group_at(api.as_operator(Method::Patch, "/v1/zones/pl-acme.example.net",
                                   R"({"catalog_group":null})")) == "(null)");
    CHECK(group_at(api.as_operator(Method::Get, "/v1/licences/acme")) == "(null)");
}

TEST_CASE("What is no group is refused with the reason", "[admin][zones][rfc9432][hostile]") {
    ApiFixture api;
    REQUIRE(api.as_operator(Method::Post, "/v1/licences", R"({"licence":"acme"})").status == 201);
    const auto group = GENERATE_COPY(
        values<std::string>({R"("")", R"("two words")", R"("tab\t")", R"("nul\u0000")",
                             R"("f\u00fcr")", "7", "[]", '"' + std::string(256, 'g') + '"'}));
    INFO(group);
    const std::string member = R"("catalog_group":)" + group;
    CHECK(api.as_operator(Method::Post, "/v1/zones", R"({"zone":"a.example",)" + member + "}")
              .status == 400);
    CHECK(
        api.as_operator(Method::Post, "/v1/licences", R"({"licence":"b",)" + member + "}").status ==
        400);
    for (const char* target : {"/v1/licences/acme", "/v1/zones/pl-acme.example.net"}) {
        const Answer refused = api.as_operator(Method::Patch, target, "{" + member + "}");
        CHECK(refused.status == 400);
        CHECK_THAT(refused.body, Catch::Contains("/catalog_group"));
    }
    CHECK(group_at(api.as_operator(Method::Patch, "/v1/licences/acme",
                                   R"({"catalog_group":")" + std::string(255, '~') + "\"}")) ==
          std::string(255, '~'));
}

}  // namespace
}  // namespace hairpin::admin
