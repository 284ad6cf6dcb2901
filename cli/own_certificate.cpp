#include "cli/own_certificate.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/zone_import.hpp"

namespace hairpin::cli {
namespace {

using OwnJson = nlohmann::json;

int own_failed(std::string_view text) {
    fmt::print(stderr, "hairpin: {}\n", text);
    return kFailed;
}

/// A member as text; empty where it is none, or null.
std::string text_of(const OwnJson& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string list_of(const OwnJson& object, const char* name) {
    std::string listed;
    const auto found = object.find(name);
    if (found == object.end() || !found->is_array()) return listed;
    for (const OwnJson& each : *found)
        if (each.is_string()) listed += (listed.empty() ? "" : " ") + each.get<std::string>();
    return listed;
}

void add_line(std::string& lines, std::string_view what, const std::string& value) {
    if (!value.empty()) lines += fmt::format("{:<10} {}\n", what, value);
}

void add_served(std::string& lines, const OwnJson& served) {
    add_line(lines, "names", list_of(served, "names"));
    add_line(lines, "until", text_of(served, "not_after"));
    add_line(lines, "sha256", text_of(served, "sha256"));
    const std::string pin = text_of(served, "key_pin");
    add_line(lines, "key pin", pin.empty() ? pin : "sha256//" + pin);
}

}  // namespace

std::string own_certificate_lines(std::string_view body) {
    const auto json = OwnJson::parse(body, nullptr, false);
    if (!json.is_object() || text_of(json, "source").empty()) return {};
    std::string lines;
    add_line(lines, "shown", text_of(json, "source"));
    add_served(lines, json);
    if (const auto order = json.find("order"); order != json.end() && order->is_object()) {
        const std::string obstacle = text_of(*order, "obstacle");
        const std::string step = text_of(*order, "step");
        add_line(lines, "order",
                 !obstacle.empty() ? "none: " + obstacle
                 : step.empty()    ? text_of(*order, "state")
                                   : text_of(*order, "state") + ", at \"" + step + "\"");
        add_line(lines, "for", list_of(*order, "names"));
        add_line(lines, "problem", text_of(*order, "problem"));
        add_line(lines, "renewal", text_of(*order, "renew_at"));
        add_line(lines, "next look", text_of(*order, "next_check"));
    }
    if (const auto fallback = json.find("fallback");
        fallback != json.end() && fallback->is_object()) {
        add_line(lines, "fallback", list_of(*fallback, "listeners"));
        add_served(lines, *fallback);
    }
    return lines;
}

int run_own_certificate(const OwnCertificateOptions& options) {
    auto client = RestClient::create(options.api);
    if (!client) return own_failed(client.error().text());
    const auto answer = (*client)->call(options.is_order ? "POST" : "GET", "/v1/certificate");
    if (!answer) return own_failed(answer.error().text());
    if (answer->status >= 300) return own_failed(problem_text(*answer));
    if (options.is_order) {
        fmt::print("ordered; hairpin certificate own shows how far it is\n");
        return kDone;
    }
    const std::string lines = own_certificate_lines(answer->body);
    if (lines.empty()) return own_failed("the API's answer is none");
    fmt::print("{}", lines);
    return kDone;
}

}  // namespace hairpin::cli
