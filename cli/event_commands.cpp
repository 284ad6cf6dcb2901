#include "cli/event_commands.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>

#include "cli/api_answer.hpp"
#include "cli/zone_import.hpp"
#include "core/json_writer.hpp"

namespace hairpin::cli {
namespace {

constexpr int kWaitSeconds = 50;  // Of one question, while events are followed.
constexpr Milliseconds kWaitTimeout{75'000};
constexpr std::chrono::seconds kComeBack{3};
constexpr int kTooMany = 429;

std::string event_query(const EventOptions& options, const std::string& after) {
    std::string query = "?limit=500";
    if (options.follows) query += "&wait=" + std::to_string(kWaitSeconds);
    if (!after.empty()) query += "&after=" + after;
    std::string kinds;
    for (const std::string& each : options.kinds)
        kinds += (kinds.empty() ? "" : ",") + each;
    if (!kinds.empty()) query += "&kind=" + path_segment(kinds);
    if (!options.licence.empty()) query += "&licence=" + path_segment(options.licence);
    return query;
}

/// Whether it is worth asking again: Hairpin is being restarted, or has too much to do.
bool is_passing(const Result<net::ClientResponse>& answer) {
    if (!answer) return answer.error().code == ErrorCode::Unavailable;
    return answer->status >= 500 || answer->status == kTooMany;
}

std::string webhook_path(const WebhookOptions& options, const char* below = "") {
    return "/v1/webhooks/" + path_segment(options.id) + below;
}

int print_json(const std::optional<JsonAnswer>& answer) {
    if (!answer) return kFailed;
    fmt::print("{}\n", answer->text(2));
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

int set_webhook(const WebhookOptions& options, bool is_enabled) {
    JsonWriter body;
    body.begin_object().member("enabled", is_enabled).end_object();
    return print_json(ask_api(options.api, "PATCH", webhook_path(options), body.take()));
}

}  // namespace

std::string event_lines(std::string_view body, bool is_json) {
    const auto answer = JsonAnswer::parse(body);
    if (!answer) return {};
    std::string lines;
    for (const JsonAnswer& each : answer->items("events")) {
        if (is_json) {
            lines += each.text() + "\n";
            continue;
        }
        lines += fmt::format("{} {} {:<24} {} {}\n", each.word("id"), each.word("timestamp"),
                             each.word("type"), each.word("subject"), each.member("data").text());
    }
    return lines;
}

int show_events(const EventOptions& options) {
    std::string after = options.after >= 0 ? std::to_string(options.after)
                        : options.follows  ? "now"
                                           : "0";
    auto client = RestClient::create(options.api);
    if (!client) return say_failed(client.error().text());
    for (;;) {
        net::ClientRequest request;
        request.timeout = kWaitTimeout;
        const auto answer =
            (*client)->call("GET", "/v1/events" + event_query(options, after), request);
        const bool is_good = answer && answer->status < 300;
        const std::string failure = !answer   ? answer.error().text()
                                    : is_good ? std::string()
                                              : problem_text(*answer);
        if (!is_good && options.follows && is_passing(answer)) {
            say_failed(failure + "; asking again");
            std::this_thread::sleep_for(kComeBack);
            continue;
        }
        if (!is_good) return say_failed(failure);
        const auto page = JsonAnswer::parse(answer->body);
        if (!page || !page->has("last"))
            return say_failed("the API's answer is not what was asked for");
        fmt::print("{}", event_lines(answer->body, options.is_json));
        if (std::fflush(stdout) != 0) return kFailed;
        after = page->word("last");
        if (!options.follows && page->word("more") != "true") return kDone;
    }
}

int add_webhook(const WebhookOptions& options) {
    JsonWriter body;
    body.begin_object().member("url", options.url).member("enabled", !options.is_disabled);
    if (!options.kinds.empty()) body.member("kinds", options.kinds);
    if (!options.licence.empty()) body.member("licence", options.licence);
    if (!options.label.empty()) body.member("label", options.label);
    body.end_object();
    return print_json(ask_api(options.api, "POST", "/v1/webhooks", body.take()));
}

std::string webhook_lines(std::string_view body) {
    const auto answer = JsonAnswer::parse(body);
    if (!answer) return {};
    std::string lines;
    for (const JsonAnswer& each : answer->items("webhooks")) {
        const JsonAnswer delivery = each.member("delivery");
        const JsonAnswer last = delivery.member("last");
        lines +=
            fmt::format("{} {} {} delivered {} failed {}{}\n", each.word("id"), each.word("state"),
                        each.word("url"), delivery.word("delivered"), delivery.word("failed"),
                        last.has("error") ? ": " + last.word("error") : "");
    }
    return lines;
}

int list_webhooks(const WebhookOptions& options) {
    const auto answer = call_api(options.api, "GET", "/v1/webhooks");
    if (!answer) return kFailed;
    fmt::print("{}", webhook_lines(*answer));
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

int show_webhook(const WebhookOptions& options) {
    return print_json(ask_api(options.api, "GET", webhook_path(options)));
}

int test_webhook(const WebhookOptions& options) {
    const auto answer = ask_api(options.api, "POST", webhook_path(options, "/test"));
    if (!answer) return kFailed;
    if (answer->word("taken") != "true") return say_failed("not taken: " + answer->word("error"));
    fmt::print("taken: HTTP {} in {} ms\n", answer->word("status"), answer->word("milliseconds"));
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

int rotate_webhook(const WebhookOptions& options) {
    JsonWriter body;
    body.begin_object();
    if (options.overlap >= 0) body.member("overlap", options.overlap);
    body.end_object();
    return print_json(ask_api(options.api, "POST", webhook_path(options, "/rotate"), body.take()));
}

int enable_webhook(const WebhookOptions& options) {
    return set_webhook(options, true);
}

int disable_webhook(const WebhookOptions& options) {
    return set_webhook(options, false);
}

int remove_webhook(const WebhookOptions& options) {
    return call_api(options.api, "DELETE", webhook_path(options)) ? kDone : kFailed;
}

}  // namespace hairpin::cli
