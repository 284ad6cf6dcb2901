// New servers and new credentials of servers: the two calls that show secrets.

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <utility>

#include "admin/conditions.hpp"
#include "admin/eab_keys.hpp"
#include "admin/front_request.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/server_view.hpp"
#include "admin/tokens.hpp"
#include "admin/tsig_keys.hpp"
#include "admin/zone_content.hpp"
#include "store/alias_rows.hpp"

namespace hairpin::admin {
namespace {

constexpr std::int64_t kLongestOverlap = 7 * 24 * 3600;  // Seconds.

/// A new credential: what is stored, and what the answer shows once.
struct Secrets {
    std::string token;
    TsigKey tsig;
    store::CredentialRow row;
    std::string base;  // Of the ACME front's URLs.

    [[nodiscard]] static Secrets make() {
        Secrets secrets;
        secrets.token = make_token(store::CredentialKind::Server);
        secrets.row.kind = store::CredentialKind::Server;
        secrets.row.token_hash = token_hash(secrets.token);
        return secrets;
    }
    /// Errors: those of the store.
    [[nodiscard]] Result<std::int64_t, Problem> insert(store::Writer& writer, const Sealer& sealer,
                                                       const store::ServerRow& server,
                                                       const TwinNames& names) {
        tsig = make_tsig_key(names.public_name);
        row.server_id = server.id;
        row.label = server.licence + "/" + server.label;
        row.created_at = writer.now();
        row.tsig_name = tsig.name.text();
        row.tsig_algorithm = tsig.algorithm;
        row.tsig_sealed = sealer.seal(tsig.secret, tsig_seal_context(row.token_hash));
        return TRY(writer.insert_credential(row));
    }
    void write(JsonWriter& json) const {
        json.member("token", token);
        json.key("tsig").begin_object();
        json.member("name", shown(tsig.name));
        json.member("algorithm", tsig.algorithm);
        json.member("secret", to_base64(tsig.secret));
        json.end_object();
        write_eab_key(json, make_eab_key(tsig.name, tsig.secret), base);
    }
};

/// Where an ACME client of the server finds us, as this caller does.
std::string acme_base(const ApiOptions& options, const net::Request& request) {
    if (auto base = front_base(options, request)) return *std::move(base);
    return options.server_name.empty() ? "" : "https://" + options.server_name;
}

/// All labels of a licence.
Result<std::set<std::string>, Problem> labels_of(store::Queries& queries,
                                                 const std::string& licence) {
    std::set<std::string> labels;
    std::string after;
    for (;;) {
        const auto rows = TRY(queries.servers(licence, store::kMaxPage, after));
        for (const auto& row : rows)
            labels.insert(row.label);
        if (rows.size() < store::kMaxPage) return labels;
        after = rows.back().label;
    }
}

/// Names that aliases of the licence's servers have: under another configuration they were no names
/// for servers.
using AliasNames = std::set<std::string>;

Result<AliasNames, Problem> alias_names_of(store::Queries& queries, const std::string& licence) {
    AliasNames names;
    for (const store::AliasRow& row : TRY(store::aliases_of_licence(queries.database(), licence)))
        names.insert(row.name);
    return names;
}

/// Whether an operator's own records stand where the server's would, or an alias has its name.
bool is_occupied(const zones::Zone& zone, const TwinNames& names, const AliasNames& aliases) {
    return zone.find(names.public_name) != nullptr || zone.find(names.internal_name) != nullptr ||
           aliases.contains(shown(names.public_name)) ||
           aliases.contains(shown(names.internal_name));
}

/// The label asked for, or the lowest that is free.
Result<std::string, Problem> choose_label(const std::set<std::string>& labels,
                                          const std::optional<std::string>& asked,
                                          const zones::Zone& zone, const AliasNames& aliases,
                                          const zones::AddressRules& rules) {
    if (asked) {
        const auto names = twin_names(*asked, zone.apex(), rules);
        if (!names) return fail(invalid_field("/label", names.error()));
        if (labels.contains(*asked))
            return fail(Problem(ProblemType::Conflict, "server " + *asked + " exists already"));
        if (is_occupied(zone, *names, aliases))
            return fail(Problem(
                ProblemType::Conflict,
                "zone " + zone.apex().text() + " holds records of its own, or an alias, at " +
                    shown(names->public_name) + " or " + shown(names->internal_name)));
        return *asked;
    }
    for (std::size_t number = 1;; ++number) {
        std::string label = rules.server_label + std::to_string(number);
        const auto names = twin_names(label, zone.apex(), rules);
        if (!names) return fail(Problem(ProblemType::TooLarge, "no label is free"));
        if (!labels.contains(label) && !is_occupied(zone, *names, aliases)) return label;
    }
}

/// What the commit thread makes of a new server.
struct Creation {
    store::ServerRow server;
    std::optional<std::string> label;
    Secrets secrets = Secrets::make();
    TwinNames names;
    zones::Name zone;

    Result<void, Problem> run(const ApiOptions& options, const Sealer& sealer,
                              store::Writer& writer, zones::Change& change) {
        const auto licence = TRY(writer.read().licence(server.licence));
        if (!licence) return fail(not_found("licence \"" + server.licence + "\""));
        const zones::Zone* found = writer.zones().find(licence->zone_apex);
        if (found == nullptr)
            return fail(Problem(ProblemType::Internal, "the licence's zone is not there"));
        zone = found->apex();
        const auto labels = TRY(labels_of(writer.read(), server.licence));
        if (labels.size() >= options.max_servers_per_licence)
            return fail(Problem(ProblemType::TooLarge,
                                "a licence has at most " +
                                    std::to_string(options.max_servers_per_licence) + " servers"));
        const auto aliases = TRY(alias_names_of(writer.read(), server.licence));
        server.label = TRY(choose_label(labels, label, *found, aliases, options.addresses));
        names = *twin_names(server.label, zone, options.addresses);
        server.created_at = writer.now();
        server.id = TRY(writer.insert_server(server));
        TRY(secrets.insert(writer, sealer, server, names));
        zones::ZoneChange edit;
        edit.apex = zone;
        edit.edits = challenge_keepers(names);
        change.zones.push_back(std::move(edit));
        return {};
    }

    [[nodiscard]] net::Response answer(const ApiOptions& options) const {
        JsonWriter json;
        json.begin_object();
        json.member("licence", server.licence);
        json.member("label", server.label);
        json.member("zone", shown(zone));
        write_names(json, names);
        json.member("port", server.port);
        secrets.write(json);
        write_check_in(json, options, server.id);
        write_fallback(json, options);
        json.end_object();
        net::Response response = json_response(201, json);
        response.headers.push_back({"etag", version_etag(1)});
        response.headers.push_back(
            {"location", "/v1/licences/" + server.licence + "/servers/" + server.label});
        return response;
    }
};

/// What the commit thread makes of a new credential.
struct Rotation {
    std::string licence;
    std::string label;
    Seconds overlap{0};
    Secrets secrets = Secrets::make();
    std::optional<WallTime> others_end;

    Result<void, Problem> run(const ApiOptions& options, const Sealer& sealer,
                              store::Writer& writer) {
        const auto row = TRY(writer.read().licence(licence));
        if (!row) return fail(not_found("licence \"" + licence + "\""));
        const auto server = TRY(writer.read().server(licence, label));
        if (!server) return fail(not_found("server \"" + label + "\" in licence " + licence));
        const auto names = twin_names(label, row->zone_apex, options.addresses);
        if (!names) return fail(Problem(ProblemType::Internal, names.error()));
        const std::int64_t id = TRY(secrets.insert(writer, sealer, *server, *names));
        if (overlap.count() == 0) {
            TRY(writer.revoke_credentials_of_server(server->id, id));
        } else {
            others_end = writer.now() + overlap;
            TRY(writer.expire_credentials_of_server(server->id, id, *others_end));
        }
        return {};
    }

    [[nodiscard]] net::Response answer() const {
        JsonWriter json;
        json.begin_object();
        json.member("licence", licence);
        json.member("label", label);
        secrets.write(json);
        json.member("others_valid_until", others_end);
        json.end_object();
        return json_response(201, json);
    }
};

}  // namespace

Result<Write, Problem> post_server(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    auto creation = std::make_shared<Creation>();
    creation->server.licence = call.arguments[0];
    creation->secrets.base = acme_base(api.context().options, call.request);
    creation->label = body.text("label", zones::kMaxLabelOctets);
    creation->server.port = static_cast<std::uint16_t>(body.number("port", 1, 65'535).value_or(0));
    if (creation->label && zones::Name::parse(*creation->label)) {
        const auto lower = zones::Name::parse(*creation->label)->lower();
        if (shown(lower) != *creation->label) body.refuse("label", "must be in lower case");
    }
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    Write write;
    write.audit = {"server.create", call.arguments[0] + "/" + creation->label.value_or("*")};
    const ApiContext& context = api.context();
    write.rows = [creation, &context](store::Writer& writer, zones::Change& change) {
        return creation->run(context.options, context.sealer, writer, change);
    };
    write.answer = [creation, &context](const store::WorkReceipt&) {
        return creation->answer(context.options);
    };
    return write;
}

Result<Write, Problem> post_server_credential(Api& api, const Call& call) {
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    auto rotation = std::make_shared<Rotation>();
    rotation->licence = call.arguments[0];
    rotation->label = call.arguments[1];
    rotation->secrets.base = acme_base(api.context().options, call.request);
    rotation->overlap = Seconds(body.number("overlap", 0, kLongestOverlap).value_or(0));
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    Write write;
    write.audit = {"server.rotate-credential", call.arguments[0] + "/" + call.arguments[1]};
    const ApiContext& context = api.context();
    write.rows = [rotation, &context](store::Writer& writer, zones::Change&) {
        return rotation->run(context.options, context.sealer, writer);
    };
    write.answer = [rotation](const store::WorkReceipt&) { return rotation->answer(); };
    return write;
}

}  // namespace hairpin::admin
