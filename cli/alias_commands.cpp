#include "cli/alias_commands.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/api_answer.hpp"
#include "cli/zone_import.hpp"
#include "core/json_writer.hpp"

namespace hairpin::cli {
namespace {

constexpr const char* kServerForm = "a server is given as LICENCE/LABEL";

std::string alias_line(const JsonAnswer& alias) {
    return fmt::format(
        "{} leads to the {} name{}\n", alias.word("name"), alias.word("target"),
        alias.word("published") == "false" ? "; its CNAME is not in the zone: add it again" : "");
}

}  // namespace

std::optional<std::string> alias_path(std::string_view server) {
    const auto slash = server.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == server.size())
        return std::nullopt;
    return "/v1/licences/" + path_segment(server.substr(0, slash)) + "/servers/" +
           path_segment(server.substr(slash + 1)) + "/aliases";
}

std::string alias_lines(std::string_view body) {
    const auto answer = JsonAnswer::parse(body);
    if (!answer) return {};
    std::string lines;
    for (const JsonAnswer& each : answer->items("aliases"))
        lines += alias_line(each);
    return lines;
}

int list_aliases(const AliasOptions& options) {
    const auto path = alias_path(options.server);
    if (!path) return say_failed(kServerForm);
    const auto answer = ask_api(options.api, "GET", *path);
    if (!answer) return kFailed;
    if (options.is_json) {
        for (const JsonAnswer& each : answer->items("aliases"))
            fmt::print("{}\n", each.text());
    } else {
        fmt::print("{}", alias_lines(answer->text()));
    }
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

int add_alias(const AliasOptions& options) {
    const auto path = alias_path(options.server);
    if (!path) return say_failed(kServerForm);
    JsonWriter body;
    body.begin_object();
    body.member("target", options.is_internal ? "internal" : "public");
    body.end_object();
    const auto answer =
        ask_api(options.api, "PUT", *path + "/" + path_segment(options.alias), body.take());
    if (!answer) return kFailed;
    fmt::print("{}", alias_line(*answer));
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

int remove_alias(const AliasOptions& options) {
    const auto path = alias_path(options.server);
    if (!path) return say_failed(kServerForm);
    const auto answer = call_api(options.api, "DELETE", *path + "/" + path_segment(options.alias));
    return answer ? kDone : kFailed;
}

}  // namespace hairpin::cli
