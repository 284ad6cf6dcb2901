// Edits through a door: who may, what becomes of them, and what stays another's.

#include "admin/edit_plan.hpp"

#include <future>

#include "admin/credential_check.hpp"
#include "admin/edit_door.hpp"
#include "store/challenge_rows.hpp"
#include "tests/unit/admin/api_fixture.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

using net::Method;
using tests::name;
using zones::EditKind;
using zones::RType;

constexpr const char* kDoorApex = "pl-acme.example.net.";
const std::string kOne(43, '1');
const std::string kTwo(43, '2');

zones::Edit door_edit(EditKind kind, const char* owner, RType type,
                      std::vector<std::string> rdatas = {}) {
    zones::Edit made;
    made.kind = kind;
    made.owner = name(owner);
    made.type = type;
    made.ttl = 1;
    for (const std::string& each : rdatas)
        made.rdatas.push_back(zones::rdata_from_text(type, each).value());
    return made;
}

/// An API with licence acme, server nur1, and credentials to try.
struct DoorSite : ApiFixture {
    DoorSite() { server_token = make_server(); }
    /// Its id.
    std::int64_t make(const std::string& body) {
        const Answer made = as_operator(Method::Post, "/v1/credentials", body);
        INFO(made.body);
        REQUIRE(made.status == 201);
        return number_at(made.json(), "/id");
    }
    std::int64_t make_role(const char* kind, const char* role) {
        return make(R"({"kind":")" + std::string(kind) +
                    R"(","owner":{"licence":"acme","server":"nur1"},"role":")" + role + "\"}");
    }
    /// "changed", "same", or the refusal's sentence.
    std::string pass(std::int64_t credential, std::vector<zones::Edit> edits,
                     const char* source = "203.0.113.10", const char* apex = kDoorApex) {
        DoorRequest request;
        request.edits.credential_id = credential;
        request.edits.source = *IpAddress::parse(source);
        request.edits.change.apex = name(apex);
        request.edits.change.edits = std::move(edits);
        request.actor = {"token", "test", source, "test"};
        std::promise<std::string> said;
        submit_edits(context, std::move(request), [&](auto result) {
            if (result) return said.set_value(result->changed ? "changed" : "same");
            said.set_value(to_problem(result.error()).detail);
        });
        return said.get_future().get();
    }
    [[nodiscard]] std::string challenges() const {
        return addresses("_acme-challenge.nur1.pl-acme.example.net.", RType::TXT);
    }
    std::string server_token;
};

constexpr const char* kTwinChallenge = "_acme-challenge.nur1.pl-acme.example.net.";
constexpr const char* kTwinPublic = "nur1.pl-acme.example.net.";
constexpr const char* kTwinInternal = "i-nur1.pl-acme.example.net.";

TEST_CASE("Addresses of a twin name are a report, whatever the door",
          "[admin][doors][rfc2136][invariant4]") {
    DoorSite site;
    const auto id = site.make_role("token", "addresses");
    CHECK(site.pass(id, {door_edit(EditKind::AddRecords, kTwinPublic, RType::A,
                                   {"203.0.113.7"})}) == "changed");
    CHECK(site.addresses(kTwinPublic, RType::A) == "203.0.113.7");
    // nsupdate's way: the family is replaced, the other one stays, and so does the TTL.
    CHECK(site.pass(id, {door_edit(EditKind::AddRecords, kTwinPublic, RType::AAAA,
                                   {"2001:db8::7"})}) == "changed");
    CHECK(site.pass(id, {door_edit(EditKind::DeleteRRset, kTwinPublic, RType::A),
                         door_edit(EditKind::AddRecords, kTwinPublic, RType::A,
                                   {"203.0.113.8"})}) == "changed");
    CHECK(site.addresses(kTwinPublic, RType::A) == "203.0.113.8");
    CHECK(site.addresses(kTwinPublic, RType::AAAA) == "2001:db8::7");
    CHECK(site.store.zone(kDoorApex)->find(name(kTwinPublic), RType::A)->ttl() ==
          site.context.options.ttl);
    CHECK(site.pass(id, {door_edit(EditKind::AddRecords, kTwinPublic, RType::A,
                                   {"203.0.113.8"})}) == "same");
    CHECK(site.pass(id, {door_edit(EditKind::ReplaceRRset, kTwinInternal, RType::A,
                                   {"10.1.2.3"})}) == "changed");
    const Answer self = site.ask({Method::Get, "/v1/self", "", site.server_token, {}});
    CHECK(texts_at(self.json(), "/published/public") == "203.0.113.8 2001:db8::7");
    CHECK(texts_at(self.json(), "/published/internal") == "10.1.2.3");
    CHECK(text_at(self.json(), "/online") == "online");

    // All or nothing: the good half is not taken with the bad one.
    const std::string refused =
        site.pass(id, {door_edit(EditKind::AddRecords, kTwinPublic, RType::A, {"203.0.113.9"}),
                       door_edit(EditKind::AddRecords, kTwinPublic, RType::A, {"192.168.1.1"})});
    CHECK_THAT(refused, Catch::Contains("does not take 192.168.1.1"));
    CHECK_THAT(
        site.pass(id, {door_edit(EditKind::AddRecords, kTwinInternal, RType::A, {"203.0.113.9"})}),
        Catch::Contains("does not take 203.0.113.9"));
    CHECK(site.addresses(kTwinPublic, RType::A) == "203.0.113.8");
}

TEST_CASE("A whole twin name may go, and its challenges stay in being", "[admin][doors]") {
    DoorSite site;
    const auto id = site.make(R"({"kind":"token","owner":{"licence":"acme"},"role":"zone"})");
    REQUIRE(site.pass(id, {door_edit(EditKind::AddRecords, kTwinPublic, RType::A, {"203.0.113.7"}),
                           door_edit(EditKind::AddRecords, kTwinPublic, RType::TXT, {"note"})}) ==
            "changed");
    REQUIRE(site.pass(id, {door_edit(EditKind::DeleteOwner, kTwinPublic, RType::ANY)}) ==
            "changed");
    CHECK(site.addresses(kTwinPublic, RType::A).empty());
    CHECK(site.addresses(kTwinPublic, RType::TXT).empty());
    REQUIRE(site.pass(id, {door_edit(EditKind::DeleteOwner, kTwinChallenge, RType::ANY)}) ==
            "same");
    CHECK(site.store.zone(kDoorApex)->find(name(kTwinChallenge)) != nullptr);
}

TEST_CASE("What looks like a server's name and is none is an ordinary record", "[admin][doors]") {
    DoorSite site;
    const auto id = site.make(R"({"kind":"token","owner":{"licence":"acme"},"role":"zone"})");
    const char* other = "nur7.pl-acme.example.net.";
    CHECK(site.pass(id, {door_edit(EditKind::AddRecords, other, RType::A, {"203.0.113.7"})}) ==
          "changed");
    CHECK_THAT(site.pass(id, {door_edit(EditKind::AddRecords, other, RType::A, {"10.0.0.1"})}),
               Catch::Contains("nur7"));
}

TEST_CASE("Challenge values of several writers stand side by side, and each removes its own",
          "[admin][doors][rfc8555]") {
    DoorSite site;
    const auto one = site.make_role("token", "challenges");
    const auto two = site.make_role("powerdns", "challenges");
    const auto add = [&](std::int64_t id, const std::string& value) {
        return site.pass(id,
                         {door_edit(EditKind::AddRecords, kTwinChallenge, RType::TXT, {value})});
    };
    CHECK(add(one, kOne) == "changed");
    CHECK(add(two, kTwo) == "changed");
    CHECK(site.challenges() == "\"" + kOne + "\" \"" + kTwo + "\"");
    // lego's way: the whole RRset is deleted, then its own value is added.
    const std::string three(43, '3');
    CHECK(site.pass(two, {door_edit(EditKind::DeleteRRset, kTwinChallenge, RType::TXT),
                          door_edit(EditKind::AddRecords, kTwinChallenge, RType::TXT, {three})}) ==
          "changed");
    CHECK(site.challenges() == "\"" + kOne + "\" \"" + three + "\"");
    // PowerDNS's way: the RRset is replaced by what was read, a stranger's value among it.
    CHECK(site.pass(two, {door_edit(EditKind::ReplaceRRset, kTwinChallenge, RType::TXT,
                                    {kOne, kTwo})}) == "changed");
    CHECK(site.challenges() == "\"" + kOne + "\" \"" + kTwo + "\"");
    // What both wrote stays until both have removed it.
    CHECK(site.pass(two, {door_edit(EditKind::DeleteRRset, kTwinChallenge, RType::TXT)}) ==
          "changed");
    CHECK(site.challenges() == "\"" + kOne + "\"");
    CHECK(site.pass(two, {door_edit(EditKind::DeleteRRset, kTwinChallenge, RType::TXT)}) == "same");
    CHECK(site.pass(one, {door_edit(EditKind::DeleteRecords, kTwinChallenge, RType::TXT,
                                    {kTwo})}) == "same");
    CHECK(site.pass(one, {door_edit(EditKind::DeleteRecords, kTwinChallenge, RType::TXT,
                                    {kOne})}) == "changed");
    CHECK(site.challenges().empty());
}

TEST_CASE("One writer's challenge values are bounded", "[admin][doors][limit]") {
    DoorSite site;
    const auto id = site.make_role("token", "challenges");
    std::string last;
    for (int at = 0; at < 40; ++at)
        last = site.pass(id, {door_edit(EditKind::AddRecords, kTwinChallenge, RType::TXT,
                                        {std::string(41, 'x') + std::to_string(10 + at)})});
    CHECK_THAT(last, Catch::Contains("at most 32 values"));
    CHECK(site.pass(id, {door_edit(EditKind::DeleteRRset, kTwinChallenge, RType::TXT)}) ==
          "changed");
    CHECK(site.challenges().empty());
}

TEST_CASE("Who may not is refused with the sentence that the audit holds",
          "[admin][doors][permission][invariant3]") {
    DoorSite site;
    static_cast<void>(site.make_server("beta"));
    const auto id = site.make_role("token", "challenges");
    struct Try {
        const char* apex;
        zones::Edit edit;
        const char* says;
    };
    const std::vector<Try> tries = {
        {kDoorApex, door_edit(EditKind::AddRecords, kTwinPublic, RType::A, {"203.0.113.7"}),
         "refused: no grant allows to update nur1.pl-acme.example.net."},
        {kDoorApex,
         door_edit(EditKind::AddRecords, kTwinChallenge, RType::TXT, {"\"not a challenge\""}),
         "refused: the grant for TXT at _acme-challenge.nur1.pl-acme.example.net. takes ACME "
         "challenge values only"},
        {kDoorApex, door_edit(EditKind::AddRecords, kTwinChallenge, RType::CNAME, {"a.example."}),
         "refused: no grant allows to update CNAME at "
         "_acme-challenge.nur1.pl-acme.example.net."},
        {"pl-beta.example.net.",
         door_edit(EditKind::AddRecords, "_acme-challenge.nur1.pl-beta.example.net.", RType::TXT,
                   {kOne}),
         "refused: no grant is for zone pl-beta.example.net."},
        // Whether it is there is not told.
        {"none.example.", door_edit(EditKind::AddRecords, "a.none.example.", RType::TXT, {kOne}),
         "refused: no grant is for zone none.example."},
    };
    for (const Try& each : tries) {
        CHECK(site.pass(id, {each.edit}, "203.0.113.10", each.apex) == each.says);
        const JsonValue audit = site.as_operator(Method::Get, "/v1/audit?limit=1").json();
        CHECK(text_at(audit, "/audit/0/outcome") == "refused");
        CHECK_THAT(text_at(audit, "/audit/0/reason"), Catch::Contains(each.says));
    }
}

TEST_CASE("A server sets aliases to its own names, and a licence to its servers'",
          "[admin][doors]") {
    DoorSite site;
    static_cast<void>(site.make_server());
    static_cast<void>(site.make_server("beta"));
    const auto make = [&](const std::string& owner) {
        return site.make(R"({"kind":"token","owner":)" + owner +
                         R"(,"allow":[{"zone":"pl-acme.example.net",
                             "names":["subtree:app.pl-acme.example.net"],"types":["CNAME"],
                             "operations":["update"],"values":"own-names"}]})");
    };
    const auto one = make(R"({"licence":"acme","server":"nur1"})");
    const auto all = make(R"({"licence":"acme"})");
    const auto alias = [&](std::int64_t credential, const char* target) {
        return site.pass(credential, {door_edit(EditKind::ReplaceRRset, "app.pl-acme.example.net.",
                                                RType::CNAME, {target})});
    };
    CHECK(alias(one, "nur1.pl-acme.example.net.") == "changed");
    CHECK(alias(one, "i-nur1.pl-acme.example.net.") == "changed");
    CHECK(alias(all, "nur2.pl-acme.example.net.") == "changed");
    const char* refused =
        "refused: the grant for CNAME at app.pl-acme.example.net. takes CNAMEs to its own names "
        "only";
    CHECK(alias(one, "nur2.pl-acme.example.net.") == refused);
    for (const char* foreign : {"nur3.pl-acme.example.net.", "nur1.pl-beta.example.net.",
                                "www.pl-acme.example.net.", "www.example.com."}) {
        INFO(foreign);
        CHECK(alias(one, foreign) == refused);
        CHECK(alias(all, foreign) == refused);
    }
    CHECK(site.addresses("app.pl-acme.example.net.", RType::CNAME) == "nur2.pl-acme.example.net.");
}

TEST_CASE("A server's names are asked for when it is decided, not when the role was given",
          "[admin][doors][permission]") {
    DoorSite site;
    for (const char* role : {"server", "addresses", "challenges"}) {
        INFO(role);
        const auto id = site.make_role("token", role);
        store::Reader reader = site.store.reader();
        const auto identity = reader->identity(id);
        REQUIRE((identity && *identity));
        zones::AddressRules moved = site.context.options.addresses;
        moved.internal_prefix = "in-";
        const auto names = [&](const zones::AddressRules& rules) {
            std::string text;
            const auto grants = effective_grants(*reader, **identity, rules);
            REQUIRE(grants);
            for (const zones::Grant& grant : *grants)
                for (const zones::NamePattern& each : grant.names)
                    text += each.text() + " ";
            return text;
        };
        const bool is_challenge = std::string_view(role) == "challenges";
        const std::string front = is_challenge ? "_acme-challenge." : "";
        CHECK_THAT(names(site.context.options.addresses),
                   Catch::StartsWith(front + kTwinPublic + " " + front + kTwinInternal));
        CHECK_THAT(names(moved), Catch::StartsWith(front + kTwinPublic + " " + front +
                                                   "in-nur1.pl-acme.example.net."));
    }
    const Answer refused = site.as_operator(
        Method::Post, "/v1/credentials",
        R"({"kind":"token","owner":{"licence":"acme"},"allow":[{"zone":"pl-acme.example.net",
            "names":["server:names"],"operations":["update"]}]})");
    CHECK(refused.status == 400);
    CHECK_THAT(refused.body, Catch::Contains("the owner is none"));
}

TEST_CASE("A credential that ended is refused at once", "[admin][doors][permission]") {
    DoorSite site;
    const zones::Edit edit = door_edit(EditKind::AddRecords, kTwinChallenge, RType::TXT, {kOne});
    const auto id = site.make_role("token", "challenges");
    const std::string target = "/v1/credentials/" + std::to_string(id);
    SECTION("deleted") {
        REQUIRE(site.as_operator(Method::Delete, target).status == 204);
        CHECK(site.pass(id, {edit}) == "refused: the credential was revoked");
    }
    SECTION("expired") {
        REQUIRE(site.as_operator(Method::Patch, target, R"({"expires":"2001-01-01T00:00:00Z"})")
                    .status == 200);
        CHECK(site.pass(id, {edit}) == "the token has expired");
    }
    SECTION("from elsewhere") {
        REQUIRE(
            site.as_operator(Method::Patch, target, R"({"sources":["198.51.100.0/24"]})").status ==
            200);
        CHECK(site.pass(id, {edit}) ==
              "refused: this credential may not be used from 203.0.113.10");
        CHECK(site.pass(id, {edit}, "198.51.100.9") == "changed");
    }
    SECTION("its licence suspended") {
        REQUIRE(site.as_operator(Method::Patch, "/v1/licences/acme", R"({"state":"suspended"})")
                    .status == 200);
        CHECK(site.pass(id, {edit}) == "licence acme is suspended");
    }
    SECTION("its server suspended") {
        REQUIRE(site.as_operator(Method::Patch, "/v1/licences/acme/servers/nur1",
                                 R"({"state":"suspended"})")
                    .status == 200);
        CHECK(site.pass(id, {edit}) == "server nur1 is suspended");
    }
    SECTION("its server gone") {
        REQUIRE(site.as_operator(Method::Delete, "/v1/licences/acme/servers/nur1").status == 204);
        CHECK(site.pass(id, {edit}) == "refused: the credential was revoked");
    }
}

TEST_CASE("A prerequisite and a rule of the zone are told apart from a lack of permission",
          "[admin][doors][rfc2136]") {
    DoorSite site;
    const auto id = site.make(R"({"kind":"token","owner":{"licence":"acme"},"role":"zone"})");
    CHECK_THAT(site.pass(id, {door_edit(EditKind::AddRecords, "www.pl-acme.example.net.",
                                        RType::CNAME, {"a.example."}),
                              door_edit(EditKind::ReplaceRRset, "www.pl-acme.example.net.",
                                        RType::A, {"203.0.113.1"})}),
               !Catch::Contains("grant"));
    CHECK(site.addresses("www.pl-acme.example.net.", RType::CNAME).empty());
}

}  // namespace
}  // namespace hairpin::admin
