#include "cli/credential_commands.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/zone_import.hpp"

namespace hairpin::cli {
namespace {

using Json = nlohmann::ordered_json;

int fail_with(std::string_view text) {
    fmt::print(stderr, "hairpin: {}\n", text);
    return kFailed;
}

void put_text(Json& body, const char* name, const std::string& text) {
    if (!text.empty()) body[name] = text;
}

/// "OWNER TYPE DATA" at its first two blanks. False: it has fewer words.
bool split_record(const std::string& text, std::string& owner, std::string& type,
                  std::string& data) {
    const std::size_t first = text.find(' ');
    if (first == std::string::npos) return false;
    const std::size_t second = text.find(' ', first + 1);
    owner = text.substr(0, first);
    type = text.substr(first + 1, second == std::string::npos ? second : second - first - 1);
    data = second == std::string::npos ? std::string() : text.substr(second + 1);
    return !owner.empty() && !type.empty();
}

/// Adds a record to the RRset of its owner and type.
void add_record(Json& rrsets, const std::string& owner, const std::string& type,
                const std::string& data) {
    for (Json& each : rrsets)
        if (each["owner"] == owner && each["type"] == type) {
            each["records"].push_back(data);
            return;
        }
    Json records = Json::array();
    if (!data.empty()) records.push_back(data);
    rrsets.push_back({{"owner", owner}, {"type", type}, {"records", std::move(records)}});
}

/// One call, whose answer is written where it is a good one.
int call_and_print(const RestOptions& api, const char* method, const std::string& path,
                   const std::string& body) {
    auto client = RestClient::create(api);
    if (!client) return fail_with(client.error().text());
    net::ClientRequest request;
    request.body = body;
    if (!body.empty()) request.headers.push_back({"content-type", "application/json"});
    const auto answer = (*client)->call(method, path, std::move(request));
    if (!answer) return fail_with(answer.error().text());
    if (answer->status >= 300) return fail_with(problem_text(*answer));
    const auto json = Json::parse(answer->body, nullptr, false);
    if (!json.is_discarded()) fmt::print("{}\n", json.dump(2));
    return kDone;
}

std::string path_of(const CredentialOptions& options) {
    return "/v1/credentials/" + path_segment(options.id);
}

std::string record_lines(const Json& change, const char* side, char sign) {
    std::string lines;
    const auto found = change.find(side);
    if (found == change.end() || !found->is_object()) return lines;
    for (const Json& record : found->value("records", Json::array()))
        lines += fmt::format("{} {} {} {} {}\n", sign, change.value("owner", ""),
                             found->value("ttl", 0), change.value("type", ""),
                             record.is_string() ? record.get<std::string>() : std::string());
    return lines;
}

/// Puts what a door's client would send, in the form that this door has. Errors: a sentence.
Result<void, std::string> put_request(Json& body, const CredentialOptions& options) {
    if (options.request.empty()) return {};
    if (options.door == "update") {
        body["request"] = options.request;
        return {};
    }
    if (options.request.size() > 1) return fail(std::string("only UPDATE has several --request"));
    const std::string& text = options.request.front();
    auto request = Json(text);
    if (options.door != "dyndns2") request = Json::parse(text, nullptr, false);
    if (request.is_discarded()) return fail("\"" + text + "\" is not JSON");
    body["request"] = std::move(request);
    return {};
}

/// What the client would be told, as a line. A body of several lines keeps them.
std::string answer_line(const Json& answer) {
    const auto text = [&](const char* name) { return answer.value(name, std::string()); };
    if (answer.contains("rcode")) return "= " + text("rcode") + "\n";
    if (answer.contains("datagram")) return "= datagram: " + text("datagram") + "\n";
    std::string body = text("body");
    while (body.ends_with('\n'))
        body.pop_back();
    return fmt::format("= {}{}{}\n", answer.value("status", 0), body.empty() ? "" : " ", body);
}

}  // namespace

std::string creation_body(const CredentialOptions& options) {
    if (!options.json.empty()) return options.json;
    Json body = Json::object();
    put_text(body, "kind", options.kind);
    put_text(body, "name", options.name);
    put_text(body, "role", options.role);
    put_text(body, "zone", options.zone);
    put_text(body, "label", options.label);
    put_text(body, "expires", options.expires);
    if (!options.licence.empty()) {
        body["owner"]["licence"] = options.licence;
        if (!options.server.empty()) body["owner"]["server"] = options.server;
    }
    if (!options.sources.empty()) body["sources"] = options.sources;
    return body.dump();
}

Result<std::string, std::string> explanation_body(const CredentialOptions& options) {
    Json body = Json::object();
    put_text(body, "credential", options.id);
    put_text(body, "server", options.server);
    put_text(body, "zone", options.zone);
    put_text(body, "operation", options.operation);
    put_text(body, "source", options.source);
    put_text(body, "door", options.door);
    if (auto put = put_request(body, options); !put) return fail(std::move(put).error());
    Json rrsets = Json::array();
    std::string owner;
    std::string type;
    std::string data;
    for (const std::string& each : options.records) {
        if (!split_record(each, owner, type, data) || data.empty())
            return fail("\"" + each + "\" is not OWNER TYPE DATA");
        add_record(rrsets, owner, type, data);
    }
    for (const std::string& each : options.removed) {
        if (!split_record(each, owner, type, data) || !data.empty())
            return fail("\"" + each + "\" is not OWNER TYPE");
        add_record(rrsets, owner, type, "");
    }
    if (!rrsets.empty()) body["rrsets"] = std::move(rrsets);
    return body.dump();
}

std::string explanation_lines(std::string_view body) {
    const auto json = Json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("allowed")) return {};
    std::string lines = json.value("rule", "") + "\n";
    for (const Json& each : json.value("changes", Json::array())) {
        lines += record_lines(each, "before", '-');
        lines += record_lines(each, "after", '+');
    }
    const auto answer = json.find("answer");
    if (answer != json.end() && answer->is_object()) lines += answer_line(*answer);
    return lines;
}

int make_credential(const CredentialOptions& options) {
    return call_and_print(options.api, "POST", "/v1/credentials", creation_body(options));
}

namespace {

/// Every row of a list, a line each. `base` has a query; `member` is the list's name in a page.
int print_list(const RestOptions& api, const std::string& base, const char* member) {
    auto client = RestClient::create(api);
    if (!client) return fail_with(client.error().text());
    for (std::string cursor;;) {
        const auto answer = (*client)->call("GET", base + cursor);
        if (!answer) return fail_with(answer.error().text());
        if (answer->status != 200) return fail_with(problem_text(*answer));
        const auto page = Json::parse(answer->body, nullptr, false);
        if (!page.is_object()) return fail_with("the API's answer is not JSON");
        for (const Json& each : page.value(member, Json::array()))
            fmt::print("{}\n", each.dump());
        const auto next = page.find("next");
        if (next == page.end() || !next->is_string()) return kDone;
        cursor = "&cursor=" + path_segment(next->get<std::string>());
    }
}

}  // namespace

int list_credentials(const CredentialOptions& options) {
    return print_list(
        options.api,
        "/v1/credentials?limit=500" +
            (options.licence.empty() ? "" : "&licence=" + path_segment(options.licence)),
        "credentials");
}

int list_acme_accounts(const CredentialOptions& options) {
    return print_list(options.api, "/v1/acme-accounts?limit=500", "accounts");
}

int revoke_certificate(const CredentialOptions& options) {
    const std::size_t slash = options.server.find('/');
    if (slash == std::string::npos) return fail_with("the server is not LICENCE/LABEL");
    return call_and_print(options.api, "POST",
                          "/v1/licences/" + path_segment(options.server.substr(0, slash)) +
                              "/servers/" + path_segment(options.server.substr(slash + 1)) +
                              "/certificate/revocation",
                          Json({{"reason", options.reason}}).dump());
}

int forget_acme_account(const CredentialOptions& options) {
    return call_and_print(options.api, "DELETE", "/v1/acme-accounts/" + path_segment(options.id),
                          "");
}

int show_credential(const CredentialOptions& options) {
    return call_and_print(options.api, "GET", path_of(options), "");
}

int rotate_credential(const CredentialOptions& options) {
    Json body = {{"overlap", options.overlap}};
    put_text(body, "name", options.name);
    return call_and_print(options.api, "POST", path_of(options) + "/rotation", body.dump());
}

int revoke_credential(const CredentialOptions& options) {
    return call_and_print(options.api, "DELETE", path_of(options), "");
}

int explain_permission(const CredentialOptions& options) {
    const auto body = explanation_body(options);
    if (!body) return fail_with(body.error());
    auto client = RestClient::create(options.api);
    if (!client) return fail_with(client.error().text());
    net::ClientRequest request;
    request.body = *body;
    request.headers.push_back({"content-type", "application/json"});
    const auto answer = (*client)->call("POST", "/v1/credentials/explain", std::move(request));
    if (!answer) return fail_with(answer.error().text());
    if (answer->status != 200) return fail_with(problem_text(*answer));
    const std::string lines = explanation_lines(answer->body);
    if (lines.empty()) return fail_with("the API's answer is no explanation");
    fmt::print("{}", lines);
    return lines.starts_with("allowed") ? kDone : kFailed;
}

}  // namespace hairpin::cli
