// Who changed what, when, from where, before and after: /v1/zones/{zone}/history and /v1/audit.

#include <algorithm>
#include <utility>

#include "admin/handlers.hpp"
#include "admin/history_json.hpp"
#include "admin/names.hpp"
#include "admin/paging.hpp"
#include "store/journal_format.hpp"

namespace hairpin::admin {
namespace {

/// RRsets shown of one step; a zone that was made or replaced has many.
constexpr std::size_t kShownRRsets = 100;
/// Steps of a page, whatever `limit` says: each can hold a megabyte.
constexpr std::size_t kLongestHistory = 100;

Result<void, Problem> write_step(JsonWriter& json, const store::JournalRow& row) {
    const auto rrsets = TRY(store::decode_difference(row.difference, row.zone_apex));
    json.begin_object();
    write_step_head(json, row);
    json.key("changes").begin_array();
    for (std::size_t at = 0; at < std::min(rrsets.size(), kShownRRsets); ++at)
        write_difference(json, rrsets[at]);
    json.end_array();
    json.member("changes_in_all", rrsets.size());
    json.end_object();
    return {};
}

}  // namespace

Result<net::Response, Problem> get_history(Api& api, const Call& call) {
    const auto apex = TRY(apex_argument(call));
    Page page = TRY(Page::of(call.request));
    page.limit = std::min(page.limit, kLongestHistory);
    const std::int64_t before = TRY(page.after_number());
    const auto rows = TRY(api.queries().journal_page(apex, page.wanted(), before));
    // A zone that was dropped still has its history.
    if (rows.empty() && api.zones()->find(apex) == nullptr)
        return fail(not_found("zone " + apex.text()));
    const std::size_t count = std::min(rows.size(), page.limit);
    JsonWriter json;
    json.begin_object().key("history").begin_array();
    for (std::size_t at = 0; at < count; ++at)
        TRY(write_step(json, rows[at]));
    json.end_array();
    write_next(json, rows.size() > count, count == 0 ? "" : std::to_string(rows[count - 1].id));
    json.end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_audit(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    const std::int64_t before = TRY(page.after_number());
    const auto rows = TRY(api.queries().audit(page.wanted(), before));
    const std::size_t count = std::min(rows.size(), page.limit);
    JsonWriter json;
    json.begin_object().key("audit").begin_array();
    for (std::size_t at = 0; at < count; ++at) {
        json.begin_object();
        json.member("id", rows[at].id);
        json.member("at", rows[at].at);
        write_actor(json, rows[at].actor);
        json.member("action", rows[at].action);
        json.member("subject", rows[at].subject);
        json.member("outcome", store::to_string(rows[at].outcome));
        json.member("reason", rows[at].reason);
        json.end_object();
    }
    json.end_array();
    write_next(json, rows.size() > count, count == 0 ? "" : std::to_string(rows[count - 1].id));
    json.end_object();
    return json_response(200, json);
}

}  // namespace hairpin::admin
