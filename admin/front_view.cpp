// Accounts of the ACME front, for operators: GET /v1/acme-accounts, DELETE /v1/acme-accounts/{id}.

#include <algorithm>
#include <utility>

#include "admin/handlers.hpp"
#include "admin/paging.hpp"
#include "store/front_rows.hpp"

namespace hairpin::admin {
namespace {

/// What the account's newest order came to; null: it has none.
Result<void, Problem> write_last_order(JsonWriter& json, store::Database& database,
                                       const std::string& account) {
    const auto orders = TRY(store::front_orders_of(database, account));
    json.member("orders", orders.size());
    json.key("last_order");
    if (orders.empty()) {
        json.null();
        return {};
    }
    const store::FrontOrderRow& last = orders.front();
    json.begin_object();
    json.member("status", to_string(last.state));
    json.member("created", last.created_at);
    json.key("problem");
    if (last.problem.empty()) {
        json.null();
    } else {
        json.value(last.problem);
    }
    json.end_object();
    return {};
}

Result<void, Problem> write_front_account(JsonWriter& json, store::Queries& queries,
                                          const store::FrontAccountRow& row) {
    const auto server = TRY(queries.server(row.server_id));
    json.begin_object();
    json.member("id", row.id);
    json.member("licence", server ? server->licence : "");
    json.member("server", server ? server->label : "");
    json.member("credential", row.credential_id);
    json.member("status", to_string(row.status));
    json.member("thumbprint", row.thumbprint);
    json.member("created", row.created_at);
    json.member("last_used", row.used_at);
    TRY(write_last_order(json, queries.database(), row.id));
    json.end_object();
    return {};
}

}  // namespace

Result<net::Response, Problem> list_front_accounts(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    store::Queries& queries = api.queries();
    const auto rows = TRY(store::front_accounts(queries.database(), page.wanted(), page.after));
    const std::size_t count = std::min(rows.size(), page.limit);
    JsonWriter json;
    json.begin_object().key("accounts").begin_array();
    for (std::size_t at = 0; at < count; ++at)
        TRY(write_front_account(json, queries, rows[at]));
    json.end_array();
    write_next(json, rows.size() > count, count == 0 ? "" : rows[count - 1].id);
    json.end_object();
    return json_response(200, json);
}

Result<Write, Problem> delete_front_account(Api&, const Call& call) {
    Write write;
    write.audit = {"acme-account.delete", call.arguments[0]};
    write.rows = [id = call.arguments[0]](store::Writer& writer,
                                          zones::Change&) -> Result<void, Problem> {
        TRY(store::erase_front_account(writer, id));
        return {};
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    return write;
}

}  // namespace hairpin::admin
