#include "cli/zone_reversal.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/zone_import.hpp"
#include "cli/zone_past.hpp"

namespace hairpin::cli {
namespace {

using Json = nlohmann::json;

int order_reversal(const ReversalOptions& options, const char* action, std::string body) {
    auto api = RestClient::create(options.api);
    if (!api) {
        fmt::print(stderr, "hairpin: {}\n", api.error().text());
        return kFailed;
    }
    net::ClientRequest order;
    order.headers.push_back({"content-type", "application/json"});
    order.body = std::move(body);
    const auto answer =
        (*api)->call("POST", fmt::format("/v1/zones/{}/{}", path_segment(options.zone), action),
                     std::move(order));
    if (!answer) {
        fmt::print(stderr, "hairpin: {}\n", answer.error().text());
        return kFailed;
    }
    if (answer->status != 200) {
        fmt::print(stderr, "hairpin: {}: Hairpin answers {}\n", options.zone,
                   problem_text(*answer));
        return kFailed;
    }
    fmt::print("{}", reversal_lines(answer->body));
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

}  // namespace

int run_zone_undo(const ReversalOptions& options) {
    return order_reversal(options, "undo", undo_body(options));
}

int run_zone_return(const ReversalOptions& options) {
    return order_reversal(options, "return", return_body(options));
}

std::string undo_body(const ReversalOptions& options) {
    std::int64_t number = 0;  // What is no number is refused by the API.
    const char* last = options.change.data() + options.change.size();
    const auto [end, error] = std::from_chars(options.change.data(), last, number);
    if (error != std::errc() || end != last) number = 0;
    Json body = {{options.is_serial ? "serial" : "id", number}};
    if (options.dry_run) body["dry_run"] = true;
    return body.dump();
}

std::string return_body(const ReversalOptions& options) {
    Json body = {{"to", options.moment}};
    if (!options.name.empty()) body["name"] = full_name(options.name, options.zone);
    if (!options.type.empty()) body["type"] = options.type;
    if (options.dry_run) body["dry_run"] = true;
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string reversal_lines(std::string_view body) {
    const Json answer = Json::parse(body, nullptr, false);
    if (!answer.is_object() || !answer.contains("rrsets") || !answer.contains("serial")) return {};
    const auto zone = answer.find("zone");
    if (zone == answer.end() || !zone->is_string()) return {};
    const bool is_dry = answer.contains("changes");
    std::string text =
        fmt::format("; {}. serial {}: {} RRsets {}\n", zone->get_ref<const std::string&>(),
                    answer["serial"].dump(), answer["rrsets"].dump(),
                    is_dry ? "would become what they were" : "became what they were");
    return is_dry ? text + diff_lines(body, false) : text;
}

}  // namespace hairpin::cli
