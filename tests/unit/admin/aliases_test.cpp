// Aliases of servers: their rows and CNAMEs, who may have which, and what follows.

#include "store/acme_rows.hpp"
#include "store/alias_rows.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {
namespace {

using net::Method;
using zones::RType;

const std::string kAliases = "/v1/licences/acme/servers/nur1/aliases";
constexpr const char* kCloud = "cloud.pl-acme.example.net.";

/// A licence with the servers nur1 and nur2.
struct AliasSite : ApiFixture {
    std::string token;
    AliasSite() : token(make_server()) {
        REQUIRE(as_operator(Method::Post, "/v1/licences/acme/servers", "{}").status == 201);
    }
    [[nodiscard]] Answer put(const std::string& alias, const std::string& body = {}) {
        return as_operator(Method::Put, kAliases + "/" + alias, body);
    }
    [[nodiscard]] Answer remove(const std::string& alias) {
        return as_operator(Method::Delete, kAliases + "/" + alias);
    }
    [[nodiscard]] Answer put_record(const std::string& owner, const std::string& type,
                                    const std::string& record) {
        return as_operator(Method::Put,
                           "/v1/zones/pl-acme.example.net/rrsets/" + owner + "/" + type,
                           "{\"records\":[\"" + record + "\"]}");
    }
    [[nodiscard]] std::string cname(std::string_view owner = kCloud) const {
        return addresses(owner, RType::CNAME);
    }
    [[nodiscard]] JsonValue listed() { return as_operator(Method::Get, kAliases).json(); }
    [[nodiscard]] std::uint32_t serial() const {
        return store.zone("pl-acme.example.net.")->serial();
    }
    /// nur1 has a certificate, or an attempt for one, with such a key.
    void give_attempt(store::KeyOrigin origin) {
        store::Work work;
        work.rows = [&](store::Writer& writer, zones::Change&) -> Result<void> {
            store::AcmeAttemptRow row;
            row.server_id = TRY(writer.read().server("acme", "nur1"))->id;
            row.zone_apex = tests::name("pl-acme.example.net.");
            row.public_name = "nur1.pl-acme.example.net";
            row.internal_name = "i-nur1.pl-acme.example.net";
            row.key_origin = origin;
            TRY(insert_attempt(writer, row));
            return {};
        };
        REQUIRE(store.submit(std::move(work)));
        desk.last_actor = {};
    }
};

TEST_CASE("An alias is a row and a CNAME in one commit, and asking twice is no harm",
          "[admin][alias]") {
    AliasSite site;
    const std::uint32_t before = site.serial();
    const Answer made = site.put("cloud");
    CHECK(made.status == 201);
    CHECK(text_at(made.json(), "/alias") == "cloud");
    CHECK(text_at(made.json(), "/name") == "cloud.pl-acme.example.net");
    CHECK(text_at(made.json(), "/target") == "public");
    CHECK(site.cname() == "nur1.pl-acme.example.net.");
    CHECK_FALSE(site.addresses("_acme-challenge.cloud.pl-acme.example.net.", RType::HINFO).empty());
    CHECK(site.serial() > before);
    const std::uint32_t then = site.serial();

    CHECK(site.put("cloud").status == 200);
    CHECK(site.serial() == then);
    CHECK(site.put("cloud", R"({"target":"internal"})").status == 200);
    CHECK(site.cname() == "i-nur1.pl-acme.example.net.");
    CHECK(site.put("a.b.c").status == 201);
    CHECK(size_at(site.listed(), "/aliases") == 2);
    CHECK(text_at(site.listed(), "/aliases/0/alias") == "a.b.c");
    CHECK(text_at(site.listed(), "/aliases/1/target") == "internal");

    CHECK(site.remove("cloud").status == 204);
    CHECK(site.cname().empty());
    CHECK(site.addresses("_acme-challenge.cloud.pl-acme.example.net.", RType::HINFO).empty());
    CHECK(site.remove("cloud").status == 404);
    CHECK(size_at(site.listed(), "/aliases") == 1);
    const Answer audit = site.as_operator(Method::Get, "/v1/audit");
    CHECK_THAT(audit.body, Catch::Contains("\"alias.put\"") && Catch::Contains("acme/nur1/cloud") &&
                               Catch::Contains("\"alias.delete\""));
}

TEST_CASE("Names of a server are told with its aliases, where there are any", "[admin][alias]") {
    AliasSite site;
    CHECK_THAT(site.as_operator(Method::Get, "/v1/licences/acme/servers/nur1").body,
               !Catch::Contains("aliases"));
    REQUIRE(site.put("cloud").status == 201);
    const std::string wanted = R"("aliases":["cloud.pl-acme.example.net"])";
    CHECK_THAT(site.as_operator(Method::Get, "/v1/licences/acme/servers/nur1").body,
               Catch::Contains(wanted));
    CHECK_THAT(site.ask({Method::Get, "/v1/self", "", site.token, {}}).body,
               Catch::Contains(wanted));
    CHECK_THAT(site.beat(site.token, "{}").body, Catch::Contains(wanted));
    CHECK_THAT(site.as_operator(Method::Get, "/v1/licences/acme/servers/nur2").body,
               !Catch::Contains("aliases"));
}

TEST_CASE("What is no alias is refused with the reason", "[admin][alias][hostile]") {
    AliasSite site;
    struct Case {
        std::string alias;
        std::string body;
        int status;
        const char* says;
    };
    const std::string label(63, 'a');
    const std::vector<Case> cases = {
        {"Cloud", "", 400, "lower-case"},
        {"-cloud", "", 400, "lower-case"},
        {"cl_oud", "", 400, "lower-case"},
        {"%2A", "", 400, "lower-case"},
        {"cloud.", "", 400, "lower-case"},
        {"a..b", "", 400, "lower-case"},
        {"@", "", 400, "lower-case"},
        {"_acme-challenge.nur1", "", 400, "lower-case"},
        {label + "a", "", 400, "too long"},
        {label + "." + label + "." + label + "." + label, "", 400, "too long"},
        {std::string(900, 'a'), "", 400, "too long"},
        {"cloud", R"({"target":"both"})", 400, "public or internal"},
        {"cloud", R"({"target":7})", 400, "/target"},
        {"cloud", R"({"goal":"public"})", 400, "/goal"},
        {"cloud", R"({"target":"public","target":"public"})", 400, "there twice"},
        {"cloud", "[]", 400, "JSON object"},
        {"cloud", "{", 400, "JSON"},
        {"nur1", "", 422, "a name for servers"},
        {"nur77", "", 422, "a name for servers"},
        {"i-nur1", "", 422, "a name for servers"},
        {"i-nur99", "", 422, "a name for servers"},
        {"a.nur1", "", 422, "below nur1.pl-acme.example.net"},
        {"a.b.i-nur5", "", 422, "below i-nur5.pl-acme.example.net"},
    };
    for (const Case& each : cases) {
        INFO(each.alias << " " << each.body);
        const Answer answer = site.put(each.alias, each.body);
        CHECK(answer.status == each.status);
        CHECK_THAT(answer.body, Catch::Contains(each.says));
    }
    CHECK(size_at(site.listed(), "/aliases") == 0);
    CHECK(site.as_operator(Method::Put, "/v1/licences/acme/servers/nur9/aliases/cloud").status ==
          404);
    CHECK(site.as_operator(Method::Put, "/v1/licences/none/servers/nur1/aliases/cloud").status ==
          404);
    CHECK(site.as_operator(Method::Get, "/v1/licences/acme/servers/nur9/aliases").status == 404);
    CHECK(site.remove("Cloud").status == 404);
    CHECK(site.put("nur").status == 201);  // No number: no server is ever called that.
}

TEST_CASE("An alias takes no name that has records, or that nobody would be answered at",
          "[admin][alias]") {
    AliasSite site;
    REQUIRE(site.put_record("www.pl-acme.example.net", "A", "192.0.2.1").status == 201);
    REQUIRE(site.put_record("far.pl-acme.example.net", "CNAME", "www.example.org.").status == 201);
    REQUIRE(site.put_record("cut.pl-acme.example.net", "NS", "ns.example.org.").status == 201);
    REQUIRE(site.put_record("dname.pl-acme.example.net", "DNAME", "example.org.").status == 201);
    REQUIRE(
        site.put_record("same.pl-acme.example.net", "CNAME", "nur1.pl-acme.example.net.").status ==
        201);
    REQUIRE(site.as_operator(Method::Post, "/v1/zones", R"({"zone":"sub.pl-acme.example.net"})")
                .status == 201);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"www", "stands alone"},    {"far", "a CNAME to another name"},
        {"cut", "stands alone"},    {"a.cut", "below cut.pl-acme.example.net"},
        {"b.dname", "below dname"}, {"x.sub", "in the zone sub.pl-acme.example.net."},
    };
    for (const auto& [alias, says] : cases) {
        INFO(alias);
        const Answer answer = site.put(alias);
        CHECK(answer.status == 409);
        CHECK_THAT(answer.body, Catch::Contains(says));
    }
    CHECK(site.put("same").status == 201);     // It says the same already.
    CHECK(site.put("a.b.www").status == 201);  // Below a name with records is a name like any.
    const Answer other =
        site.as_operator(Method::Put, "/v1/licences/acme/servers/nur2/aliases/same");
    CHECK(other.status == 409);
    CHECK_THAT(other.body, Catch::Contains("another server's alias"));
}

TEST_CASE("A server has eight aliases and no ninth", "[admin][alias][limit]") {
    AliasSite site;
    for (int number = 0; number < 8; ++number)
        REQUIRE(site.put("a" + std::to_string(number)).status == 201);
    const Answer ninth = site.put("a8");
    CHECK(ninth.status == 413);
    CHECK_THAT(ninth.body, Catch::Contains("at most 8 aliases"));
    CHECK(site.cname("a8.pl-acme.example.net.").empty());
    CHECK(site.put("a7", R"({"target":"internal"})").status == 200);
}

TEST_CASE("A CNAME that was taken out of the zone is told, and put back", "[admin][alias]") {
    AliasSite site;
    REQUIRE(site.put("cloud").status == 201);
    const std::string cname =
        "/v1/zones/pl-acme.example.net/rrsets/cloud.pl-acme.example.net/CNAME";
    REQUIRE(site.as_operator(Method::Delete, cname).status == 204);
    CHECK_THAT(site.as_operator(Method::Get, kAliases).body,
               Catch::Contains(R"("published":false)"));
    CHECK(site.put("cloud").status == 200);
    CHECK(site.cname() == "nur1.pl-acme.example.net.");
    // Led elsewhere it is not the alias's; what stands in its place is in the way.
    REQUIRE(site.put_record("cloud.pl-acme.example.net", "CNAME", "www.example.org.").status ==
            200);
    CHECK_THAT(site.as_operator(Method::Get, kAliases).body,
               Catch::Contains(R"("published":false)"));
    CHECK(site.put("cloud").status == 200);
    REQUIRE(site.as_operator(Method::Delete, cname).status == 204);
    REQUIRE(site.put_record("cloud.pl-acme.example.net", "A", "192.0.2.1").status == 201);
    CHECK(site.put("cloud").status == 409);
    CHECK(site.remove("cloud").status == 204);
    CHECK(site.addresses(kCloud, RType::A) == "192.0.2.1");
}

TEST_CASE("Aliases go with their server, and hold their name against a new one", "[admin][alias]") {
    AliasSite site;
    REQUIRE(site.put("cloud").status == 201);
    REQUIRE(site.as_operator(Method::Put, "/v1/licences/acme/servers/nur2/aliases/mail").status ==
            201);
    REQUIRE(site.as_operator(Method::Delete, "/v1/licences/acme/servers/nur1").status == 204);
    CHECK(site.cname().empty());
    CHECK(site.addresses("_acme-challenge.cloud.pl-acme.example.net.", RType::HINFO).empty());
    CHECK(site.cname("mail.pl-acme.example.net.") == "nur2.pl-acme.example.net.");

    // As one of another configuration, where "nur5" was no name for servers.
    store::Work work;
    work.rows = [](store::Writer& writer, zones::Change&) -> Result<void> {
        const auto server = TRY(writer.read().server("acme", "nur2"));
        return store::put_alias(writer, {server->id, "i-nur5.pl-acme.example.net",
                                         store::AliasTarget::Public, writer.now()});
    };
    REQUIRE(site.store.submit(std::move(work)));
    const Answer refused =
        site.as_operator(Method::Post, "/v1/licences/acme/servers", R"({"label":"nur5"})");
    CHECK(refused.status == 409);
    CHECK_THAT(refused.body, Catch::Contains("an alias"));
}

TEST_CASE("A zone that is replaced keeps the challenge names of its aliases", "[admin][alias]") {
    AliasSite site;
    REQUIRE(site.put("cloud").status == 201);
    const std::string zone_file = "/v1/zones/pl-acme.example.net/zonefile";
    const std::string text = site.as_operator(Method::Get, zone_file).body;
    REQUIRE(site.as_operator(Method::Put, zone_file, text, {{"content-type", "text/dns"}}).status <
            300);
    CHECK(site.cname() == "nur1.pl-acme.example.net.");
    CHECK_FALSE(site.addresses("_acme-challenge.cloud.pl-acme.example.net.", RType::HINFO).empty());
}

TEST_CASE("A token has aliases where its grants let it write the CNAME",
          "[admin][alias][permission]") {
    AliasSite site;
    site.make_server("beta");
    const auto token_of = [&](const std::string& rest) {
        const Answer made =
            site.as_operator(Method::Post, "/v1/credentials", R"({"kind":"token",)" + rest + "}");
        INFO(made.body);
        REQUIRE(made.status == 201);
        return text_at(made.json(), "/secret");
    };
    const std::string zone = token_of(R"("owner":{"licence":"acme"},"role":"zone")");
    const std::string reader = token_of(R"("owner":{"licence":"acme"},"role":"reader")");
    const std::string foreign = token_of(R"("owner":{"licence":"beta"},"role":"zone")");
    const auto as = [&](const std::string& token, Method method, const std::string& target) {
        return site.ask({method, target, "", token, {}}).status;
    };
    CHECK(as(foreign, Method::Put, kAliases + "/cloud") == 403);
    CHECK(as(foreign, Method::Get, kAliases) == 403);
    CHECK(as(foreign, Method::Put, "/v1/licences/none/servers/nur1/aliases/cloud") == 403);
    CHECK(as(reader, Method::Put, kAliases + "/cloud") == 403);
    CHECK(as(site.token, Method::Put, kAliases + "/cloud") == 403);
    CHECK(site.cname().empty());

    CHECK(as(zone, Method::Put, kAliases + "/cloud") == 201);
    CHECK(site.cname() == "nur1.pl-acme.example.net.");
    CHECK_FALSE(site.addresses("_acme-challenge.cloud.pl-acme.example.net.", RType::HINFO).empty());
    CHECK(size_at(site.ask({Method::Get, kAliases, "", reader, {}}).json(), "/aliases") == 1);
    CHECK(as(reader, Method::Delete, kAliases + "/cloud") == 403);
    CHECK(as(foreign, Method::Delete, kAliases + "/cloud") == 403);
    CHECK(as(zone, Method::Delete, kAliases + "/cloud") == 204);
    CHECK(site.cname().empty());
}

TEST_CASE("A new alias asks for a certificate where the key is ours", "[admin][alias][acme]") {
    AliasSite site;
    REQUIRE(site.put("first").status == 201);
    CHECK(site.desk.last_actor.door.empty());  // Nobody has asked for a certificate yet.

    SECTION("a managed key") {
        site.give_attempt(store::KeyOrigin::Managed);
        site.desk.last_key = acme::DeviceKey{};
        CHECK(site.put("cloud").status == 201);
        CHECK(site.desk.last_actor.door == "rest");
        CHECK(std::holds_alternative<acme::ManagedKey>(site.desk.last_key));
        site.desk.last_actor = {};
        CHECK(site.put("cloud", R"({"target":"internal"})").status == 200);
        CHECK(site.desk.last_actor.door.empty());
        CHECK(site.remove("cloud").status == 204);
        CHECK(site.desk.last_actor.door == "rest");  // The attempt is still under way.
    }
    SECTION("a key of the server's") {
        site.give_attempt(store::KeyOrigin::Device);
        CHECK(site.put("cloud").status == 201);
        CHECK(site.remove("cloud").status == 204);
        CHECK(site.desk.last_actor.door.empty());
    }
}

}  // namespace
}  // namespace hairpin::admin
