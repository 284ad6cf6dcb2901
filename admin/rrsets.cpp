// Static records: GET, PUT, DELETE /v1/zones/{zone}/rrsets/{owner}/{type}, PATCH .../rrsets.

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "admin/conditions.hpp"
#include "admin/granted.hpp"
#include "admin/handlers.hpp"
#include "admin/names.hpp"
#include "admin/rrset_json.hpp"
#include "admin/zone_state.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kMaxPatchedRRsets = 1'000;

/// Which RRset a path names.
struct RRsetPath {
    zones::Name apex;
    zones::Name owner;
    zones::RType type;

    [[nodiscard]] std::string text() const { return owner.text() + " " + zones::type_text(type); }
    [[nodiscard]] static Result<RRsetPath, Problem> of(const Call& call) {
        const auto apex = TRY(apex_argument(call));
        const auto owner = parse_owner(call.arguments[1], apex);
        if (!owner) return fail(Problem(ProblemType::NotFound, owner.error()));
        const auto type = zones::type_from_text(call.arguments[2]);
        if (!type)
            return fail(Problem(ProblemType::NotFound,
                                "\"" + call.arguments[2].substr(0, 32) + "\" is not an RR type"));
        return RRsetPath{apex, *owner, *type};
    }
};

/// The RRset as it is; null where there is none. Errors: NotFound: there is no such zone.
Result<const zones::RRset*, Problem> find_rrset(const zones::ZoneTable& table,
                                                const RRsetPath& path) {
    const zones::Zone* zone = table.find(path.apex);
    if (zone == nullptr) return fail(not_found("zone " + path.apex.text()));
    return zone->find(path.owner, path.type);
}

net::Response rrset_response(int status, const RRsetPath& path, const zones::RRset& rrset,
                             const zones::ZoneReceipt* receipt = nullptr) {
    JsonWriter json;
    json.begin_object();
    write_rrset(json, path.owner, rrset);
    // Only where there is something: else it is what GET shows.
    if (receipt != nullptr && !receipt->newly_crowded.empty())
        write_warnings(json, receipt->newly_crowded);
    json.end_object();
    net::Response response = json_response(status, json);
    response.headers.push_back({"etag", rrset_etag(rrset)});
    return response;
}

zones::ZoneChange change_of(const zones::Name& apex, std::vector<zones::Edit> edits) {
    zones::ZoneChange change;
    change.apex = apex;
    change.edits = std::move(edits);
    return change;
}

}  // namespace

Result<net::Response, Problem> get_rrset(Api& api, const Call& call) {
    const auto path = TRY(RRsetPath::of(call));
    TRY(check_readable(api, call, path.apex, path.owner, path.type));
    const auto table = api.zones();
    const zones::RRset* rrset = TRY(find_rrset(*table, path));
    if (rrset == nullptr) return fail(not_found("RRset " + path.text()));
    const std::string etag = rrset_etag(*rrset);
    if (none_match_names(call.request, etag)) return net::Response{304, {{"etag", etag}}, {}};
    return rrset_response(200, path, *rrset);
}

Result<Write, Problem> put_rrset(Api& api, const Call& call) {
    const auto path = TRY(RRsetPath::of(call));
    TRY(check_rate(api, call));
    if (auto concerned = check_concerned(api, call, path.apex); !concerned)
        return refused_write({"rrset.put", path.text()}, std::move(concerned).error());
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    zones::Edit edit;
    edit.owner = path.owner;
    edit.type = path.type;
    edit.ttl = read_ttl(body, api.context().options.ttl);
    body.require("records");
    edit.rdatas = read_records(body, path.type, path.apex, errors);
    if (errors.empty() && edit.rdatas.empty())
        body.refuse("records", "must have at least one; DELETE removes an RRset");
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    Write write;
    write.audit = {"rrset.put", path.text()};
    auto is_new = std::make_shared<bool>(false);
    write.rows = [path, edit, is_new, conditions = WriteConditions::of(call.request),
                  caller = granted_caller(call), &context = api.context()](
                     store::Writer& writer, zones::Change& change) -> Result<void, Problem> {
        const zones::RRset* current = TRY(find_rrset(writer.zones(), path));
        TRY(conditions.check(current == nullptr ? "" : rrset_etag(*current)));
        *is_new = current == nullptr;
        change.zones.push_back(change_of(path.apex, {edit}));
        return admit_granted(context, caller, writer, change);
    };
    // The rules have held by then, so that the RRset can be made of the edit.
    write.answer = [path, edit, is_new](const store::WorkReceipt& receipt) {
        return rrset_response(*is_new ? 201 : 200, path,
                              *zones::RRset::create(edit.type, edit.ttl, edit.rdatas),
                              &receipt.zones.front());
    };
    return write;
}

Result<Write, Problem> delete_rrset(Api& api, const Call& call) {
    const auto path = TRY(RRsetPath::of(call));
    TRY(check_rate(api, call));
    if (auto concerned = check_concerned(api, call, path.apex); !concerned)
        return refused_write({"rrset.delete", path.text()}, std::move(concerned).error());
    Write write;
    write.audit = {"rrset.delete", path.text()};
    write.rows = [path, conditions = WriteConditions::of(call.request),
                  caller = granted_caller(call), &context = api.context()](
                     store::Writer& writer, zones::Change& change) -> Result<void, Problem> {
        const zones::RRset* current = TRY(find_rrset(writer.zones(), path));
        if (current == nullptr) return fail(not_found("RRset " + path.text()));
        TRY(conditions.check(rrset_etag(*current)));
        zones::Edit edit;
        edit.kind = zones::EditKind::DeleteRRset;
        edit.owner = path.owner;
        edit.type = path.type;
        change.zones.push_back(change_of(path.apex, {std::move(edit)}));
        return admit_granted(context, caller, writer, change);
    };
    write.answer = [](const store::WorkReceipt&) { return no_content(); };
    return write;
}

Result<Write, Problem> patch_rrsets(Api& api, const Call& call) {
    const auto apex = TRY(apex_argument(call));
    TRY(check_rate(api, call));
    if (auto concerned = check_concerned(api, call, apex); !concerned)
        return refused_write({"rrsets.patch", apex.text()}, std::move(concerned).error());
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    body.require("rrsets");
    const JsonValue* list = body.any("rrsets");
    const auto* rrsets = list == nullptr ? nullptr : std::get_if<JsonArray>(&list->is);
    if (list != nullptr &&
        (rrsets == nullptr || rrsets->empty() || rrsets->size() > kMaxPatchedRRsets))
        body.refuse("rrsets",
                    "must be a list of 1 to " + std::to_string(kMaxPatchedRRsets) + " RRsets");
    body.finish();
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    std::vector<zones::Edit> edits;
    for (std::size_t at = 0; at < rrsets->size(); ++at)
        edits.push_back(read_rrset_edit((*rrsets)[at], "/rrsets/" + std::to_string(at), apex,
                                        api.context().options.ttl, errors));
    if (!errors.empty()) return fail(to_problem(std::move(errors)));

    Write write;
    write.audit = {"rrsets.patch", apex.text()};
    write.rows = [apex, edits, conditions = WriteConditions::of(call.request),
                  caller = granted_caller(call), &context = api.context()](
                     store::Writer& writer, zones::Change& change) -> Result<void, Problem> {
        const zones::Zone* zone = writer.zones().find(apex);
        if (zone == nullptr) return fail(not_found("zone " + apex.text()));
        TRY(conditions.check_serial(zone->serial()));
        change.zones.push_back(change_of(apex, edits));
        return admit_granted(context, caller, writer, change);
    };
    write.answer = [](const store::WorkReceipt& receipt) {
        return changed_response(receipt.zones.front());
    };
    return write;
}

}  // namespace hairpin::admin
