// cli/event_commands.hpp - `hairpin events ..` and `hairpin webhook ..`: what happened, who is
// told.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/rest_client.hpp"

namespace hairpin::cli {

struct EventOptions {
    RestOptions api;
    bool is_json = false;     // A line of JSON for each event.
    bool follows = false;     // Wait for what comes, without an end.
    std::int64_t after = -1;  // The id of the last event that is known; -1: nobody said.
    std::vector<std::string> kinds;
    std::string licence;
};

struct WebhookOptions {
    RestOptions api;
    std::string id;
    std::string url;
    std::vector<std::string> kinds;
    std::string licence;
    std::string label;
    std::int64_t overlap = -1;  // Seconds; -1: the API's own.
    bool is_disabled = false;
};

/// @return kDone, kFailed (cli/zone_import.hpp).
[[nodiscard]] int show_events(const EventOptions& options);
[[nodiscard]] int add_webhook(const WebhookOptions& options);
[[nodiscard]] int list_webhooks(const WebhookOptions& options);
[[nodiscard]] int show_webhook(const WebhookOptions& options);
[[nodiscard]] int test_webhook(const WebhookOptions& options);
[[nodiscard]] int rotate_webhook(const WebhookOptions& options);
[[nodiscard]] int enable_webhook(const WebhookOptions& options);
[[nodiscard]] int disable_webhook(const WebhookOptions& options);
[[nodiscard]] int remove_webhook(const WebhookOptions& options);

// For their tests.
/// The events of one page as lines; empty where the body is none.
[[nodiscard]] std::string event_lines(std::string_view body, bool is_json);
[[nodiscard]] std::string webhook_lines(std::string_view body);

}  // namespace hairpin::cli
