// Servers of a licence: GET, PATCH, DELETE /v1/licences/{licence}/servers..

#include <algorithm>
#include <memory>
#include <utility>

#include "acme/revocation.hpp"
#include "admin/conditions.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/paging.hpp"
#include "admin/report_row.hpp"
#include "admin/server_view.hpp"
#include "admin/zone_content.hpp"
#include "store/alias_rows.hpp"

namespace hairpin::admin {
namespace {

struct Found {
    store::LicenceRow licence;
    store::ServerRow server;
};

Result<Found, Problem> find_server(store::Queries& queries, const std::string& licence,
                                   const std::string& label) {
    auto row = TRY(queries.licence(licence));
    if (!row) return fail(not_found("licence \"" + licence + "\""));
    auto server = TRY(queries.server(licence, label));
    if (!server) return fail(not_found("server \"" + label + "\" in licence " + licence));
    return Found{*std::move(row), *std::move(server)};
}

struct ServerPatch {
    std::optional<std::uint16_t> port;
    std::optional<store::ServerState> state;
    std::optional<std::string> machine;

    void read(ObjectReader& body) {
        if (const auto number = body.number("port", 1, 65'535))
            port = static_cast<std::uint16_t>(*number);
        const auto word = body.text("state");
        if (word == "active") state = store::ServerState::Active;
        if (word == "suspended") state = store::ServerState::Suspended;
        if (word && !state) body.refuse("state", "must be active or suspended");
        machine = body.text("machine", 128);
    }
    /// Leaving a conflict: the machine chosen is the agreed one; without one, the next that
    /// reports.
    [[nodiscard]] std::optional<std::string> agreed_machine(const store::ServerRow& before) const {
        if (machine) return machine;
        const bool is_resolved =
            before.state == store::ServerState::Frozen && state == store::ServerState::Active;
        return is_resolved ? std::optional<std::string>("") : std::nullopt;
    }
    Result<void, Problem> run(store::Writer& writer, store::ServerRow& server) const {
        const auto agreed = agreed_machine(server);
        if (port) server.port = *port;
        if (state) server.state = *state;
        TRY(writer.update_server(server));
        server.version += 1;
        if (!agreed) return {};
        server.report.machine = *agreed;
        store::SeenUpdate update;
        update.server_id = server.id;
        update.report = server.report;
        return write_report_row(writer, std::move(update));
    }
};

}  // namespace

Result<net::Response, Problem> list_servers(Api& api, const Call& call) {
    const Page page = TRY(Page::of(call.request));
    const auto licence = TRY(api.queries().licence(call.arguments[0]));
    if (!licence) return fail(not_found("licence \"" + call.arguments[0] + "\""));
    const auto rows = TRY(api.queries().servers(licence->name, page.wanted(), page.after));
    const std::size_t count = std::min(rows.size(), page.limit);
    JsonWriter json;
    json.begin_object().key("servers").begin_array();
    for (std::size_t at = 0; at < count; ++at)
        write_server(json, TRY(describe(api, rows[at], licence->zone_apex)));
    json.end_array();
    write_next(json, rows.size() > count, count == 0 ? "" : rows[count - 1].label);
    json.end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> get_server(Api& api, const Call& call) {
    const auto found = TRY(find_server(api.queries(), call.arguments[0], call.arguments[1]));
    JsonWriter json;
    write_server(json, TRY(describe(api, found.server, found.licence.zone_apex)));
    net::Response response = json_response(200, json);
    response.headers.push_back({"etag", version_etag(found.server.version)});
    return response;
}

Result<Write, Problem> patch_server(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    ServerPatch patch;
    patch.read(body);
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    Write write;
    write.audit = {"server.patch", call.arguments[0] + "/" + call.arguments[1]};
    auto server = std::make_shared<store::ServerRow>();
    write.rows = [server, patch, arguments = call.arguments, &rivals = api.context().rivals,
                  conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change&) -> Result<void, Problem> {
        auto found = TRY(find_server(writer.read(), arguments[0], arguments[1]));
        TRY(conditions.check(version_etag(found.server.version)));
        *server = std::move(found.server);
        if (patch.state == store::ServerState::Active) rivals.forget(server->id);
        return patch.run(writer, *server);
    };
    write.answer = [server](const store::WorkReceipt&) {
        JsonWriter json;
        json.begin_object();
        json.member("licence", server->licence);
        json.member("label", server->label);
        json.member("port", server->port);
        json.member("state", server->state == store::ServerState::Frozen
                                 ? "conflict"
                                 : store::to_string(server->state));
        json.member("version", server->version);
        json.end_object();
        net::Response response = json_response(200, json);
        response.headers.push_back({"etag", version_etag(server->version)});
        return response;
    };
    return write;
}

Result<Write, Problem> delete_server(Api& api, const Call& call) {
    Write write;
    write.audit = {"server.delete", call.arguments[0] + "/" + call.arguments[1]};
    write.rows = [arguments = call.arguments, &context = api.context(),
                  conditions = WriteConditions::of(call.request)](
                     store::Writer& writer, zones::Change& change) -> Result<void, Problem> {
        const auto found = TRY(find_server(writer.read(), arguments[0], arguments[1]));
        TRY(conditions.check(version_etag(found.server.version)));
        TRY(acme::note_withdrawal(writer, found.server.id));
        // They go with the row of the server.
        const auto aliases = TRY(store::aliases_of(writer.database(), found.server.id));
        TRY(writer.erase_server(found.server.id));
        context.rivals.forget(found.server.id);
        const auto& apex = found.licence.zone_apex;
        const auto names = twin_names(found.server.label, apex, context.options.addresses);
        if (!names) return fail(Problem(ProblemType::Internal, names.error()));
        zones::ZoneChange edit;
        edit.apex = apex;
        edit.edits = server_removal(*names);
        for (const store::AliasRow& each : aliases)
            if (const auto alias = zones::Name::parse(each.name))
                for (zones::Edit& one : alias_removal(*alias))
                    edit.edits.push_back(std::move(one));
        change.zones.push_back(std::move(edit));
        return {};
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    return write;
}

void post_certificate_retry(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto& arguments = exchange->call.arguments;
    const auto found = find_server(api.queries(), arguments[0], arguments[1]);
    if (!found) return api.respond(*exchange, found.error());
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr)
        return api.respond(*exchange,
                           Problem(ProblemType::Unavailable, "no CA is configured here"));
    desk->retry(found->server.id,
                actor_of(*exchange->call.caller, exchange->call.request.peer, "rest"),
                [back = api.way_back(), exchange](Result<void> done) {
                    back.post([exchange, done = std::move(done)](Api& self) {
                        if (!done) return self.respond(*exchange, Problem(done.error()));
                        self.respond(*exchange, net::Response{202, {}, {}});
                    });
                });
}

namespace {

struct OperatorsRevocation {
    std::optional<Sha256> sha256;  // Empty: the current certificate.
    acme::RevocationReason reason = acme::RevocationReason::Unspecified;
};

Result<OperatorsRevocation, Problem> read_revocation(const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    OperatorsRevocation wanted;
    const auto reason = acme::revocation_reason(body.number("reason", 0, 5).value_or(0));
    if (!reason)
        body.refuse("reason",
                    "must be 0 (unspecified), 1 (keyCompromise), 4 (superseded) or 5 "
                    "(cessationOfOperation)");
    wanted.reason = reason.value_or(acme::RevocationReason::Unspecified);
    if (const auto hex = body.text("sha256")) {
        const auto octets = from_hex(*hex);
        wanted.sha256.emplace();
        if (octets && octets->size() == wanted.sha256->size())
            std::copy(octets->begin(), octets->end(), wanted.sha256->begin());
        else
            body.refuse("sha256", "must be 64 hexadecimal digits");
    }
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    return wanted;
}

}  // namespace

void post_certificate_revocation(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto& arguments = exchange->call.arguments;
    auto wanted = read_revocation(exchange->call);
    if (!wanted) return api.respond(*exchange, wanted.error());
    const auto found = find_server(api.queries(), arguments[0], arguments[1]);
    if (!found) return api.respond(*exchange, found.error());
    CertificateDesk* desk = api.context().certificates;
    if (desk == nullptr)
        return api.respond(*exchange,
                           Problem(ProblemType::Unavailable, "no CA is configured here"));
    if (!wanted->sha256) {
        const auto state = api.certificate_state(found->server.id);
        if (!state) return api.respond(*exchange, Problem(state.error()));
        if (!state->sha256) return api.respond(*exchange, not_found("certificate to revoke"));
        wanted->sha256 = state->sha256;
    }
    desk->revoke(found->server.id, *wanted->sha256, wanted->reason,
                 actor_of(*exchange->call.caller, exchange->call.request.peer, "rest"),
                 [back = api.way_back(), exchange](Result<void> done) {
                     back.post([exchange, done = std::move(done)](Api& self) {
                         if (!done) return self.respond(*exchange, Problem(done.error()));
                         self.respond(*exchange, net::Response{202, {}, {}});
                     });
                 });
}

}  // namespace hairpin::admin
