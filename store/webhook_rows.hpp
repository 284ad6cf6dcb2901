// store/webhook_rows.hpp - who is told of events over HTTPS, and how far each has been told.
//
// What is sent, when and to where is hooks/'s. Secrets are only here sealed (core/crypto.hpp's
// Sealer), with the context that webhook_secret_context() gives.
//
// Errors everywhere: as in reader.hpp and writer.hpp.
//
// Threads   WebhookQueries as its Database; what takes a Writer: the commit thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/event_rows.hpp"
#include "store/writer.hpp"

namespace hairpin::store {

/// GivenUp: it was told in vain for days, or answered that it is gone; only a person enables it
/// again.
enum class WebhookState : std::uint8_t { Enabled, Disabled, GivenUp };
/// As stored and shown: "enabled", "disabled", "given-up".
[[nodiscard]] std::string_view to_string(WebhookState state) noexcept;

/// How the telling goes.
struct WebhookProgress {
    std::int64_t cursor = 0;    // The event up to which all is done.
    std::int64_t attempts = 0;  // Of the event behind it, in vain, in a row.
    std::optional<WallTime> failing_since_at;
    std::optional<WallTime> next_at;  // When it is tried again; empty: nothing fails.
    std::int64_t delivered = 0;       // Events.
    std::int64_t failed = 0;          // Attempts.
    std::int64_t last_event = 0;      // Of the last attempt.
    std::optional<WallTime> last_at;
    int last_status = 0;     // 0: there was no answer.
    std::string last_error;  // A sentence; empty: it was taken.
};

struct WebhookRow {
    std::int64_t id = 0;
    std::string uid;
    std::string url;
    std::string label;
    EventFilter filter;
    WebhookState state = WebhookState::Enabled;
    Octets secret_sealed;
    Octets old_secret_sealed;  // Empty: there is none.
    std::optional<WallTime> old_secret_until;
    WallTime created_at{};
    std::int64_t version = 1;
    WebhookProgress progress;
};

[[nodiscard]] std::string webhook_secret_context(std::string_view uid);

class WebhookQueries {
public:
    /// `database` outlives this.
    explicit WebhookQueries(Database& database) noexcept : database_(database) {}
    [[nodiscard]] Result<std::optional<WebhookRow>> webhook(std::int64_t id);
    /// By id; there are few of them.
    [[nodiscard]] Result<std::vector<WebhookRow>> webhooks();

private:
    Database& database_;
};

/// The new id; `row.id` is not looked at.
[[nodiscard]] Result<std::int64_t> insert_webhook(Writer& writer, const WebhookRow& row);
/// Writes all but the progress where the row still has `row.version`, which grows by one. Where it
/// is enabled now and was not, what failed is tried at once. Errors: NotFound; Conflict.
[[nodiscard]] Result<void> update_webhook(Writer& writer, const WebhookRow& row);
/// Errors: NotFound.
[[nodiscard]] Result<void> erase_webhook(Writer& writer, std::int64_t id);
/// What the teller has done; does not count as a change of the hook. Errors: NotFound.
[[nodiscard]] Result<void> write_progress(Writer& writer, std::int64_t id,
                                          const WebhookProgress& progress);
/// As write_progress(), and nothing is told any more; an event says why.
[[nodiscard]] Result<void> give_up_webhook(Writer& writer, const WebhookRow& row,
                                           const std::string& why);

}  // namespace hairpin::store
