#include "cli/credential_commands.hpp"

#include <catch2/catch.hpp>

namespace hairpin::cli {
namespace {

TEST_CASE("Options become the body of a new credential", "[cli][credentials]") {
    CredentialOptions options;
    options.kind = "dyndns";
    options.licence = "acme";
    options.server = "nur1";
    options.role = "addresses";
    options.sources = {"192.0.2.0/24"};
    CHECK(creation_body(options) ==
          R"({"kind":"dyndns","role":"addresses","owner":{"licence":"acme","server":"nur1"},)"
          R"("sources":["192.0.2.0/24"]})");
    options.json = R"({"kind":"token"})";
    CHECK(creation_body(options) == R"({"kind":"token"})");
}

TEST_CASE("Records of one owner and type are one RRset of the question", "[cli][credentials]") {
    CredentialOptions options;
    options.server = "acme/nur1";
    options.zone = "z.example";
    options.records = {"a.z.example A 192.0.2.1", "a.z.example A 192.0.2.2",
                       "a.z.example TXT \"two words\""};
    options.removed = {"b.z.example A"};
    const auto body = explanation_body(options);
    REQUIRE(body);
    CHECK(*body == R"({"server":"acme/nur1","zone":"z.example","rrsets":[)"
                   R"({"owner":"a.z.example","type":"A","records":["192.0.2.1","192.0.2.2"]},)"
                   R"({"owner":"a.z.example","type":"TXT","records":["\"two words\""]},)"
                   R"({"owner":"b.z.example","type":"A","records":[]}]})");
    for (const char* wrong : {"", "a", "a A", " A x"}) {
        CredentialOptions bad;
        bad.records = {wrong};
        INFO(wrong);
        CHECK_FALSE(explanation_body(bad));
    }
    CredentialOptions bad;
    bad.removed = {"a A 192.0.2.1"};
    CHECK_FALSE(explanation_body(bad));
}

TEST_CASE("A request stands in the question as the door's client would send it",
          "[cli][credentials]") {
    CredentialOptions options;
    options.server = "acme/nur1";
    const auto asked = [&](const char* door, std::vector<std::string> request) {
        options.door = door;
        options.request = std::move(request);
        const auto body = explanation_body(options);
        return body ? *body : "error: " + body.error();
    };
    CHECK(asked("dyndns2", {"hostname=a&myip=192.0.2.1"}) ==
          R"({"server":"acme/nur1","door":"dyndns2","request":"hostname=a&myip=192.0.2.1"})");
    CHECK(asked("acme-dns", {R"({"subdomain": "a"})"}) ==
          R"({"server":"acme/nur1","door":"acme-dns","request":{"subdomain":"a"}})");
    CHECK(
        asked("update", {"delete a A", "add a 60 A 192.0.2.1"}) ==
        R"({"server":"acme/nur1","door":"update","request":["delete a A","add a 60 A 192.0.2.1"]})");
    CHECK(asked("transfer", {}) == R"({"server":"acme/nur1","door":"transfer"})");
    CHECK(asked("httpreq", {"{"}) == R"(error: "{" is not JSON)");
    CHECK(asked("rest", {"{}", "{}"}) == "error: only UPDATE has several --request");
}

TEST_CASE("What the door would answer stands below", "[cli][credentials]") {
    const auto lines = [](const std::string& answer) {
        return explanation_lines(R"({"allowed":false,"rule":"refused: x","changes":[],"answer":)" +
                                 answer + "}");
    };
    CHECK(lines(R"({"status":200,"body":"nohost\n"})") == "refused: x\n= 200 nohost\n");
    CHECK(lines(R"({"status":204,"body":""})") == "refused: x\n= 204\n");
    CHECK(lines(R"({"rcode":"REFUSED"})") == "refused: x\n= REFUSED\n");
    CHECK(lines(R"({"datagram":"none"})") == "refused: x\n= datagram: none\n");
}

TEST_CASE("An explanation is a sentence and what would change", "[cli][credentials]") {
    CHECK(explanation_lines(
              R"({"allowed":true,"rule":"allowed by grant 1: ..","changes":[
                  {"owner":"a.z","type":"A","before":{"ttl":60,"records":["192.0.2.1"]},
                   "after":{"ttl":60,"records":["192.0.2.2","192.0.2.3"]}},
                  {"owner":"b.z","type":"A","before":null,"after":{"ttl":5,"records":["192.0.2.9"]}}
                 ]})") ==
          "allowed by grant 1: ..\n- a.z 60 A 192.0.2.1\n+ a.z 60 A 192.0.2.2\n"
          "+ a.z 60 A 192.0.2.3\n+ b.z 5 A 192.0.2.9\n");
    CHECK(explanation_lines(R"({"allowed":false,"rule":"refused: ..","changes":[]})") ==
          "refused: ..\n");
    for (const char* odd : {"", "[]", "{}", "x"})
        CHECK(explanation_lines(odd).empty());
}

}  // namespace
}  // namespace hairpin::cli
