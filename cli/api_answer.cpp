#include "cli/api_answer.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/zone_import.hpp"

namespace hairpin::cli {

struct JsonAnswer::Value {
    nlohmann::ordered_json json;
};

namespace {

JsonAnswer answer_with(nlohmann::ordered_json json) {
    return JsonAnswer(
        std::make_shared<const JsonAnswer::Value>(JsonAnswer::Value{std::move(json)}));
}

}  // namespace

std::optional<JsonAnswer> JsonAnswer::parse(std::string_view text) {
    auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    return answer_with(std::move(json));
}

std::string JsonAnswer::word(const char* name) const {
    const auto found = value_->json.find(name);
    if (found == value_->json.end() || found->is_null()) return "-";
    if (found->is_number() || found->is_boolean()) return found->dump();
    if (!found->is_string()) return "-";
    std::string text = found->get<std::string>();
    for (char& each : text)
        if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) each = ' ';
    return text;
}

JsonAnswer JsonAnswer::member(const char* name) const {
    const auto found = value_->json.find(name);
    const bool is_object = found != value_->json.end() && found->is_object();
    return answer_with(is_object ? *found : nlohmann::ordered_json::object());
}

std::vector<JsonAnswer> JsonAnswer::items(const char* name) const {
    std::vector<JsonAnswer> all;
    const auto found = value_->json.find(name);
    if (found == value_->json.end() || !found->is_array()) return all;
    for (const auto& each : *found)
        if (each.is_object()) all.push_back(answer_with(each));
    return all;
}

std::string JsonAnswer::text(int indent) const {
    return value_->json.dump(indent);
}

int say_failed(std::string_view text) {
    fmt::print(stderr, "hairpin: {}\n", text);
    return kFailed;
}

std::optional<std::string> call_api(const RestOptions& api, const char* method,
                                    const std::string& path, const std::string& body) {
    auto client = RestClient::create(api);
    if (!client) return say_failed(client.error().text()), std::nullopt;
    net::ClientRequest request;
    request.body = body;
    if (!body.empty()) request.headers.push_back({"content-type", "application/json"});
    auto answer = (*client)->call(method, path, std::move(request));
    if (!answer) return say_failed(answer.error().text()), std::nullopt;
    if (answer->status >= 300) return say_failed(problem_text(*answer)), std::nullopt;
    return std::move(answer->body);
}

std::optional<JsonAnswer> ask_api(const RestOptions& api, const char* method,
                                  const std::string& path, const std::string& body) {
    const auto answer = call_api(api, method, path, body);
    if (!answer) return std::nullopt;
    auto json = JsonAnswer::parse(*answer);
    if (!json) say_failed("the API's answer is not what was asked for");
    return json;
}

}  // namespace hairpin::cli
