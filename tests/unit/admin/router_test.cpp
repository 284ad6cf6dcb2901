#include "admin/router.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "admin/json_value.hpp"
#include "admin/openapi_document.hpp"

namespace hairpin::admin {
namespace {

using net::Method;

TEST_CASE("A path finds its route and its arguments", "[admin][router]") {
    struct Case {
        Method method;
        const char* path;
        const char* pattern;
        std::vector<std::string> arguments;
    };
    const auto each = GENERATE(values<Case>({
        {Method::Get, "/healthz", "/healthz", {}},
        {Method::Head, "/healthz", "/healthz", {}},
        {Method::Get,
         "/v1/licences/acme/servers/nur1",
         "/v1/licences/{licence}/servers/{server}",
         {"acme", "nur1"}},
        {Method::Put,
         "/v1/zones/example.net./rrsets/%40/TXT",
         "/v1/zones/{zone}/rrsets/{owner}/{type}",
         {"example.net.", "@", "TXT"}},
        {Method::Get, "/v1/zones/a%2Fb.example", "/v1/zones/{zone}", {"a/b.example"}},
    }));
    INFO(each.path);
    const auto match = find_route(routes(), each.method, each.path);
    REQUIRE(match);
    CHECK(match->route->pattern == each.pattern);
    CHECK(match->arguments == each.arguments);
}

TEST_CASE("A path that belongs to no route is not found", "[admin][router][rfc9110]") {
    for (const char* path : {"", "/", "x", "/v1", "/v1/", "/v1/zones/", "/v1//zones", "/healthz/",
                             "/v1/zones/%zz", "/v1/zones/%", "/HEALTHZ", "/v1/zones/a/b/c/d/e"}) {
        INFO(path);
        const auto match = find_route(routes(), Method::Get, path);
        REQUIRE_FALSE(match);
        CHECK(match.error().status() == 404);
    }
}

TEST_CASE("A method that a path does not take is refused with Allow", "[admin][router][rfc9110]") {
    const auto match = find_route(routes(), Method::Delete, "/v1/licences");
    REQUIRE_FALSE(match);
    CHECK(match.error().status() == 405);
    REQUIRE(match.error().headers.size() == 1);
    CHECK(match.error().headers[0].name == "allow");
    CHECK(match.error().headers[0].value == "POST, GET, HEAD, OPTIONS");
}

const JsonValue* member(const JsonValue& value, std::string_view name) {
    const auto* object = std::get_if<JsonObject>(&value.is);
    if (object == nullptr) return nullptr;
    for (const auto& [key, child] : *object)
        if (key == name) return &child;
    return nullptr;
}

JsonValue document() {
    JsonLimits limits;
    limits.octets = 1 << 20;
    limits.depth = 40;
    auto parsed = parse_json(openapi_document(), limits);
    REQUIRE(parsed);
    return *std::move(parsed);
}

/// Who may, as the document's `security` says it.
std::string access_in(const JsonValue& operation) {
    const JsonValue* security = member(operation, "security");
    if (security == nullptr) return "(no security)";
    std::string words;
    for (const JsonValue& choice : std::get<JsonArray>(security->is)) {
        const auto& schemes = std::get<JsonObject>(choice.is);
        words += schemes.empty() ? "nobody " : schemes[0].name + " ";
    }
    if (words.empty()) return "anyone";
    if (words == "nobody operator ") return "monitoring";
    if (words == "operator granted ") return "granted";
    words.pop_back();
    return words;
}

TEST_CASE("The route table and the OpenAPI document say the same", "[admin][router][openapi]") {
    std::set<std::string> in_table;
    for (const Route& route : routes())
        in_table.insert(std::string(net::to_string(route.method)) + " " +
                        std::string(route.pattern) + " by " + std::string(to_string(route.access)));
    CHECK(in_table.size() == routes().size());

    std::set<std::string> in_document;
    std::set<std::string> operation_ids;
    const JsonValue whole = document();
    for (const auto& [path, item] : std::get<JsonObject>(member(whole, "paths")->is)) {
        for (const auto& [key, operation] : std::get<JsonObject>(item.is)) {
            if (key == "parameters") continue;
            std::string method = key;
            for (char& letter : method)
                letter = static_cast<char>(letter - 'a' + 'A');
            in_document.insert(method + " " + path + " by " + access_in(operation));
            INFO(method << " " << path);
            REQUIRE(member(operation, "operationId") != nullptr);
            const auto id = std::get<std::string>(member(operation, "operationId")->is);
            CHECK(operation_ids.insert(id).second);
            CHECK(member(operation, "summary") != nullptr);
            CHECK(member(operation, "responses") != nullptr);
        }
    }
    CHECK(in_table == in_document);
}

TEST_CASE("Every path argument is a parameter of the document", "[admin][router][openapi]") {
    const JsonValue whole = document();
    const JsonValue* parameters = member(*member(whole, "components"), "parameters");
    for (const auto& [path, item] : std::get<JsonObject>(member(whole, "paths")->is)) {
        std::set<std::string> wanted;
        for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1))
            wanted.insert(path.substr(at + 1, path.find('}', at) - at - 1));
        std::set<std::string> given;
        const JsonValue* list = member(item, "parameters");
        if (list != nullptr) {
            for (const JsonValue& each : std::get<JsonArray>(list->is)) {
                const JsonValue* reference = member(each, "$ref");
                const JsonValue* parameter = &each;
                if (reference != nullptr) {
                    const auto target = std::get<std::string>(reference->is);
                    parameter = member(*parameters, target.substr(target.rfind('/') + 1));
                    REQUIRE(parameter != nullptr);
                }
                given.insert(std::get<std::string>(member(*parameter, "name")->is));
            }
        }
        INFO(path);
        CHECK(wanted == given);
    }
}

void collect_references(const JsonValue& value, std::set<std::string>& references) {
    if (const auto* array = std::get_if<JsonArray>(&value.is))
        for (const JsonValue& each : *array)
            collect_references(each, references);
    const auto* object = std::get_if<JsonObject>(&value.is);
    if (object == nullptr) return;
    for (const auto& [name, child] : *object) {
        if (name == "$ref") references.insert(std::get<std::string>(child.is));
        collect_references(child, references);
    }
}

TEST_CASE("Every reference of the document leads somewhere", "[admin][openapi]") {
    const JsonValue whole = document();
    std::set<std::string> references;
    collect_references(whole, references);
    CHECK(references.size() > 20);
    for (std::string_view reference : references) {
        INFO(reference);
        REQUIRE(reference.starts_with("#/"));
        reference.remove_prefix(2);
        const JsonValue* here = &whole;
        while (!reference.empty() && here != nullptr) {
            const std::size_t end = std::min(reference.find('/'), reference.size());
            here = member(*here, reference.substr(0, end));
            reference.remove_prefix(std::min(end + 1, reference.size()));
        }
        CHECK(here != nullptr);
    }
}

TEST_CASE("Every problem type is in the document, and no other", "[admin][openapi][rfc9457]") {
    const JsonValue whole = document();
    const JsonValue* problem = member(*member(*member(whole, "components"), "schemas"), "Problem");
    const JsonValue* type = member(*member(*problem, "properties"), "type");
    std::set<std::string> in_document;
    for (const JsonValue& each : std::get<JsonArray>(member(*type, "enum")->is))
        in_document.insert(std::get<std::string>(each.is));
    std::set<std::string> ours;
    for (const ProblemType each : all_problem_types())
        ours.insert(problem_uri(each));
    CHECK(ours.size() == all_problem_types().size());
    CHECK(ours == in_document);
}

}  // namespace
}  // namespace hairpin::admin
