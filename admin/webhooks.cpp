// Who is told of events over HTTPS: /v1/webhooks..

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "admin/conditions.hpp"
#include "admin/handlers.hpp"
#include "core/crypto.hpp"
#include "hooks/signature.hpp"
#include "hooks/target.hpp"
#include "hooks/teller.hpp"
#include "store/webhook_rows.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kMaxHookLabel = 255;
constexpr std::int64_t kLongestHookOverlap = 7 * 24 * 3600;  // Seconds.
constexpr std::int64_t kUsualHookOverlap = 24 * 3600;

void write_delivery(JsonWriter& json, const store::WebhookProgress& progress) {
    json.key("delivery").begin_object();
    json.member("told_up_to", progress.cursor);
    json.member("delivered", progress.delivered);
    json.member("failed", progress.failed);
    json.member("failing_since", progress.failing_since_at);
    json.member("attempts", progress.attempts);
    json.member("next_attempt", progress.next_at);
    json.key("last");
    if (!progress.last_at) {
        json.null();
    } else {
        json.begin_object();
        json.member("event", progress.last_event);
        json.member("at", *progress.last_at);
        json.member("status", progress.last_status == 0
                                  ? std::nullopt
                                  : std::optional(std::int64_t{progress.last_status}));
        json.member("error", progress.last_error.empty() ? std::nullopt
                                                         : std::optional(progress.last_error));
        json.end_object();
    }
    json.end_object();
}

/// @param secret  Shown this once; empty: it is not.
void write_webhook(JsonWriter& json, const store::WebhookRow& row, const std::string& secret,
                   WallTime now) {
    json.begin_object();
    json.member("id", row.id);
    json.member("url", row.url);
    json.member("label", row.label);
    json.member("kinds", row.filter.kinds);
    json.member("licence",
                row.filter.licence.empty() ? std::nullopt : std::optional(row.filter.licence));
    json.member("enabled", row.state == store::WebhookState::Enabled);
    json.member("state", to_string(row.state));
    if (!secret.empty()) json.member("secret", secret);
    json.member("old_secret_until", row.old_secret_until && *row.old_secret_until > now
                                        ? row.old_secret_until
                                        : std::nullopt);
    json.member("created", row.created_at);
    json.member("version", row.version);
    write_delivery(json, row.progress);
    json.end_object();
}

net::Response webhook_response(int status, const store::WebhookRow& row, const std::string& secret,
                               WallTime now) {
    JsonWriter json;
    write_webhook(json, row, secret, now);
    net::Response response = json_response(status, json);
    response.headers.push_back({"etag", version_etag(row.version)});
    if (status == 201)
        response.headers.push_back({"location", "/v1/webhooks/" + std::to_string(row.id)});
    return response;
}

Result<std::int64_t, Problem> webhook_id(const Call& call) {
    const std::string& text = call.arguments[0];
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error == std::errc() && end == text.data() + text.size()) return id;
    return fail(not_found("web-hook \"" + text + "\""));
}

Result<store::WebhookRow, Problem> find_webhook(store::Queries& queries, std::int64_t id) {
    auto row = TRY(store::WebhookQueries(queries.database()).webhook(id));
    if (!row) return fail(not_found("web-hook " + std::to_string(id)));
    return *std::move(row);
}

/// The members that POST and PATCH share.
struct WebhookMembers {
    std::optional<std::string> url;
    std::optional<std::string> label;
    std::optional<std::vector<std::string>> kinds;
    std::optional<std::string> licence;  // Empty: of all.
    std::optional<bool> enabled;

    void read(ObjectReader& body) {
        url = body.text("url", hooks::kMaxUrlOctets);
        label = body.text("label", kMaxHookLabel);
        kinds = body.texts("kinds", store::EventFilter::kMostPatterns);
        const JsonValue* whose = body.any("licence");
        if (whose != nullptr && whose->is_null()) licence = "";
        if (whose != nullptr && !whose->is_null()) licence = body.text("licence");
        enabled = body.truth("enabled");
        if (url) {
            const auto good = hooks::check_url(*url);
            if (!good) body.refuse("url", good.error());
        }
        if (const auto fault = kinds ? fault_of_kinds(*kinds) : std::nullopt)
            body.refuse("kinds", *fault);
    }
    Result<void, Problem> apply_to(store::WebhookRow& row, store::Queries& queries) const {
        if (licence && !licence->empty() && !TRY(queries.licence(*licence)))
            return fail(invalid_field("/licence", "there is no licence \"" + *licence + "\""));
        if (url) row.url = *url;
        if (label) row.label = *label;
        if (kinds) row.filter.kinds = *kinds;
        if (licence) row.filter.licence = *licence;
        if (enabled)
            row.state = *enabled ? store::WebhookState::Enabled : store::WebhookState::Disabled;
        return {};
    }
};

Result<WebhookMembers, Problem> read_webhook(const Call& call, bool needs_url) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    if (needs_url) body.require("url");
    WebhookMembers members;
    members.read(body);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    return members;
}

}  // namespace

Result<Write, Problem> post_webhook(Api& api, const Call& call) {
    const WebhookMembers members = TRY(read_webhook(call, true));
    const Octets secret = hooks::make_secret();
    auto row = std::make_shared<store::WebhookRow>();
    row->uid = random_id();
    row->secret_sealed = api.context().sealer.seal(secret, store::webhook_secret_context(row->uid));
    Write write;
    write.audit = {"webhook.create", members.label.value_or("")};
    write.rows = [row, members](store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        store::Queries& queries = writer.read();
        const auto all = TRY(store::WebhookQueries(queries.database()).webhooks());
        if (all.size() >= hooks::kMostWebhooks)
            return fail(Problem(
                ProblemType::TooLarge,
                "there are " + std::to_string(hooks::kMostWebhooks) + " web-hooks already"));
        TRY(members.apply_to(*row, queries));
        row->created_at = writer.now();
        row->progress.cursor = TRY(store::EventQueries(queries.database()).newest());
        row->id = TRY(store::insert_webhook(writer, *row));
        return {};
    };
    write.answer = [row, shown = hooks::secret_text(secret)](const store::WorkReceipt&) {
        return webhook_response(201, *row, shown, row->created_at);
    };
    return write;
}

Result<net::Response, Problem> list_webhooks(Api& api, const Call&) {
    const auto rows = TRY(store::WebhookQueries(api.queries().database()).webhooks());
    JsonWriter json;
    json.begin_object().key("webhooks").begin_array();
    for (const store::WebhookRow& each : rows)
        write_webhook(json, each, "", api.now());
    json.end_array().end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_webhook(Api& api, const Call& call) {
    const std::int64_t id = TRY(webhook_id(call));
    const auto row = TRY(find_webhook(api.queries(), id));
    return webhook_response(200, row, "", api.now());
}

Result<Write, Problem> patch_webhook(Api&, const Call& call) {
    const WebhookMembers members = TRY(read_webhook(call, false));
    const std::int64_t id = TRY(webhook_id(call));
    auto row = std::make_shared<store::WebhookRow>();
    auto at = std::make_shared<WallTime>();
    Write write;
    write.audit = {"webhook.patch", "webhook/" + std::to_string(id)};
    write.rows = [row, at, id, members, conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        store::WebhookRow wanted = TRY(find_webhook(writer.read(), id));
        TRY(conditions.check(version_etag(wanted.version)));
        TRY(members.apply_to(wanted, writer.read()));
        TRY(store::update_webhook(writer, wanted));
        *row = TRY(find_webhook(writer.read(), id));
        *at = writer.now();
        return {};
    };
    write.answer = [row, at](const store::WorkReceipt&) {
        return webhook_response(200, *row, "", *at);
    };
    return write;
}

Result<Write, Problem> post_webhook_rotation(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    const std::int64_t overlap =
        body.number("overlap", 0, kLongestHookOverlap).value_or(kUsualHookOverlap);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    const std::int64_t id = TRY(webhook_id(call));
    const Octets secret = hooks::make_secret();
    auto row = std::make_shared<store::WebhookRow>();
    auto at = std::make_shared<WallTime>();
    Write write;
    write.audit = {"webhook.rotate", "webhook/" + std::to_string(id)};
    write.rows = [row, at, id, secret, overlap, &sealer = api.context().sealer](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        *row = TRY(find_webhook(writer.read(), id));
        *at = writer.now();
        row->old_secret_sealed.clear();
        row->old_secret_until.reset();
        if (overlap > 0) {
            row->old_secret_sealed = row->secret_sealed;
            row->old_secret_until = writer.now() + Seconds(overlap);
        }
        row->secret_sealed = sealer.seal(secret, store::webhook_secret_context(row->uid));
        TRY(store::update_webhook(writer, *row));
        row->version += 1;
        return {};
    };
    write.answer = [row, at, shown = hooks::secret_text(secret)](const store::WorkReceipt&) {
        return webhook_response(200, *row, shown, *at);
    };
    return write;
}

Result<Write, Problem> delete_webhook(Api&, const Call& call) {
    const std::int64_t id = TRY(webhook_id(call));
    Write write;
    write.audit = {"webhook.delete", "webhook/" + std::to_string(id)};
    write.rows = [id, conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        const auto row = TRY(find_webhook(writer.read(), id));
        TRY(conditions.check(version_etag(row.version)));
        TRY(store::erase_webhook(writer, id));
        return {};
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    return write;
}

void post_webhook_test(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto id = webhook_id(exchange->call);
    if (!id) return api.respond(*exchange, id.error());
    hooks::Teller* teller = api.context().teller;
    if (teller == nullptr)
        return api.respond(*exchange,
                           Problem(ProblemType::Unavailable, "web-hooks are not told of here"));
    teller->test(*id, [back = api.way_back(), exchange](Result<hooks::TestOutcome> done) {
        back.post([exchange, done = std::move(done)](Api& self) {
            if (!done) return self.respond(*exchange, Problem(done.error()));
            JsonWriter json;
            json.begin_object();
            json.member("taken", done->error.empty());
            json.member("status", done->status == 0 ? std::nullopt
                                                    : std::optional(std::int64_t{done->status}));
            json.member("error", done->error.empty() ? std::nullopt : std::optional(done->error));
            json.member("milliseconds", std::int64_t{done->took.count()});
            json.end_object();
            self.respond(*exchange, json_response(200, json));
        });
    });
}

}  // namespace hairpin::admin
