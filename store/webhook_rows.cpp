#include "store/webhook_rows.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "store/row_reading.hpp"
#include "store/rows.hpp"

namespace hairpin::store {
namespace {

constexpr std::array<std::string_view, 3> kWebhookStates = {"enabled", "disabled", "given-up"};

constexpr std::string_view kWebhookColumns =
    "id, uid, url, label, kinds, licence, state, secret_sealed, old_secret_sealed,"
    " old_secret_until, created_at, version, cursor, attempts, failing_since_at, next_at,"
    " delivered, failed, last_event, last_at, last_status, last_error FROM webhooks ";

std::string joined_kinds(const std::vector<std::string>& kinds) {
    std::string text;
    for (const std::string& each : kinds)
        text += (text.empty() ? "" : " ") + each;
    return text;
}

std::vector<std::string> split_kinds(std::string_view text) {
    std::vector<std::string> kinds;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find(' '), text.size());
        kinds.emplace_back(text.substr(0, size));
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return kinds;
}

WebhookProgress read_progress(const Statement& row, int first) {
    WebhookProgress progress;
    progress.cursor = row.integer(first);
    progress.attempts = row.integer(first + 1);
    progress.failing_since_at = row.optional_time(first + 2);
    progress.next_at = row.optional_time(first + 3);
    progress.delivered = row.integer(first + 4);
    progress.failed = row.integer(first + 5);
    progress.last_event = row.integer(first + 6);
    progress.last_at = row.optional_time(first + 7);
    progress.last_status = static_cast<int>(row.integer(first + 8));
    progress.last_error = row.string(first + 9);
    return progress;
}

Result<WebhookRow> read_webhook(const Statement& row) {
    WebhookRow hook;
    hook.id = row.integer(0);
    hook.uid = row.string(1);
    hook.url = row.string(2);
    hook.label = row.string(3);
    hook.filter = {split_kinds(row.text(4)), row.string(5)};
    hook.state =
        TRY(parse_state(row.text(6), std::array{WebhookState::Enabled, WebhookState::Disabled,
                                                WebhookState::GivenUp}));
    hook.secret_sealed = row.copy_octets(7);
    hook.old_secret_sealed = row.copy_octets(8);
    hook.old_secret_until = row.optional_time(9);
    hook.created_at = row.time(10);
    hook.version = row.integer(11);
    hook.progress = read_progress(row, 12);
    return hook;
}

const auto kReadWebhook = [](auto& row) { return read_webhook(row); };

Error no_webhook(std::int64_t id) {
    return {ErrorCode::NotFound, "web-hook " + std::to_string(id), "there is no such thing"};
}

}  // namespace

std::string_view to_string(WebhookState state) noexcept {
    return kWebhookStates[static_cast<std::size_t>(state)];
}

std::string webhook_secret_context(std::string_view uid) {
    return "webhook:" + std::string(uid);
}

Result<std::optional<WebhookRow>> WebhookQueries::webhook(std::int64_t id) {
    return one_row<WebhookRow>(database_, select(kWebhookColumns, "WHERE id = ?1"), kReadWebhook,
                               id);
}

Result<std::vector<WebhookRow>> WebhookQueries::webhooks() {
    return all_rows<WebhookRow>(database_, select(kWebhookColumns, "ORDER BY id"), kReadWebhook);
}

Result<std::int64_t> insert_webhook(Writer& writer, const WebhookRow& row) {
    TRY(writer.database().run(
        "INSERT INTO webhooks (uid, url, label, kinds, licence, state, secret_sealed, created_at,"
        " cursor) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        row.uid, row.url, row.label, joined_kinds(row.filter.kinds), row.filter.licence,
        to_string(row.state), row.secret_sealed, row.created_at, row.progress.cursor));
    writer.touch_webhooks();
    return writer.database().last_insert_id();
}

Result<void> update_webhook(Writer& writer, const WebhookRow& row) {
    TRY(writer.database().run(
        "UPDATE webhooks SET url = ?3, label = ?4, kinds = ?5, licence = ?6,"
        " next_at = iif(?7 = 'enabled' AND state <> 'enabled', NULL, next_at),"
        " attempts = iif(?7 = 'enabled' AND state <> 'enabled', 0, attempts),"
        " failing_since_at = iif(?7 = 'enabled' AND state <> 'enabled', NULL, failing_since_at),"
        " state = ?7, secret_sealed = ?8, old_secret_sealed = ?9, old_secret_until = ?10,"
        " version = version + 1 WHERE id = ?1 AND version = ?2",
        row.id, row.version, row.url, row.label, joined_kinds(row.filter.kinds), row.filter.licence,
        to_string(row.state), row.secret_sealed, row.old_secret_sealed, row.old_secret_until));
    writer.touch_webhooks();
    if (writer.database().changed_rows() == 1) return {};
    if (!TRY(WebhookQueries(writer.database()).webhook(row.id))) return fail(no_webhook(row.id));
    return fail(Error{ErrorCode::Conflict, "web-hook " + std::to_string(row.id),
                      "it was changed meanwhile"});
}

Result<void> erase_webhook(Writer& writer, std::int64_t id) {
    TRY(writer.database().run("DELETE FROM webhooks WHERE id = ?1", id));
    writer.touch_webhooks();
    if (writer.database().changed_rows() == 0) return fail(no_webhook(id));
    return {};
}

Result<void> write_progress(Writer& writer, std::int64_t id, const WebhookProgress& progress) {
    TRY(writer.database().run(
        "UPDATE webhooks SET cursor = ?2, attempts = ?3, failing_since_at = ?4, next_at = ?5,"
        " delivered = ?6, failed = ?7, last_event = ?8, last_at = ?9, last_status = ?10,"
        " last_error = ?11 WHERE id = ?1",
        id, progress.cursor, progress.attempts, progress.failing_since_at, progress.next_at,
        progress.delivered, progress.failed, progress.last_event, progress.last_at,
        std::int64_t{progress.last_status}, progress.last_error));
    if (writer.database().changed_rows() == 0) return fail(no_webhook(id));
    return {};
}

Result<void> give_up_webhook(Writer& writer, const WebhookRow& row, const std::string& why) {
    TRY(write_progress(writer, row.id, row.progress));
    TRY(writer.database().run(
        "UPDATE webhooks SET state = 'given-up', version = version + 1 WHERE id = ?1", row.id));
    writer.touch_webhooks();
    Event event{EventKind::WebhookDisabled, "", "webhook/" + std::to_string(row.id), {}};
    event.data.begin_object();
    event.data.member("webhook", row.id);
    event.data.member("label", row.label);
    event.data.member("reason", why);
    event.data.end_object();
    return writer.tell(std::move(event));
}

}  // namespace hairpin::store
