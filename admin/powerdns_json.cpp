#include "admin/powerdns_json.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "admin/json_value.hpp"
#include "admin/rrset_json.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

constexpr JsonLimits kPatchLimits{256 * 1024, 8, 20'000};
constexpr std::size_t kMaxPatch = 1'000;

Problem powerdns_refusal(std::string sentence) {
    return {ProblemType::RuleBroken, std::move(sentence)};
}

const JsonValue* member_of(const JsonValue& value, std::string_view name) {
    const auto* object = std::get_if<JsonObject>(&value.is);
    if (object == nullptr) return nullptr;
    for (const JsonMember& each : *object)
        if (each.name == name) return &each.value;
    return nullptr;
}

/// PowerDNS's own sentence where there is none, or not of that type.
template <typename T>
Result<T, Problem> required(const JsonValue& value, std::string_view name, const char* type) {
    const JsonValue* found = member_of(value, name);
    const T* as = found == nullptr ? nullptr : std::get_if<T>(&found->is);
    if (as == nullptr)
        return fail(powerdns_refusal("Key '" + std::string(name) + "' not present or not " + type));
    return *as;
}

enum class ChangeType : std::uint8_t { Replace, Delete, Extend, Prune };

Result<ChangeType, Problem> read_change_type(const JsonValue& rrset) {
    std::string text = TRY(required<std::string>(rrset, "changetype", "a String"));
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
    });
    if (text == "REPLACE") return ChangeType::Replace;
    if (text == "DELETE") return ChangeType::Delete;
    if (text == "EXTEND") return ChangeType::Extend;
    if (text == "PRUNE") return ChangeType::Prune;
    return fail(powerdns_refusal("changetype must be REPLACE, DELETE, EXTEND or PRUNE"));
}

zones::EditKind kind_of_change(ChangeType type) noexcept {
    switch (type) {
        case ChangeType::Replace:
            return zones::EditKind::ReplaceRRset;
        case ChangeType::Delete:
            return zones::EditKind::DeleteRRset;
        case ChangeType::Extend:
            return zones::EditKind::AddRecords;
        case ChangeType::Prune:
            return zones::EditKind::DeleteRecords;
    }
    return zones::EditKind::DeleteRecords;
}

Result<zones::Name, Problem> read_name(const JsonValue& rrset, const zones::Name& apex) {
    const std::string text = TRY(required<std::string>(rrset, "name", "a String"));
    const auto name = zones::Name::parse(text);
    if (!name || !text.ends_with('.'))
        return fail(powerdns_refusal("DNS Name '" + text + "' is not canonical"));
    if (!name->is_within(apex))
        return fail(powerdns_refusal("RRset " + text + ": Name is out of zone"));
    return name->lower();
}

Result<void, Problem> read_record(const JsonValue& record, const std::string& subject,
                                  zones::Edit& edit) {
    const std::string content = TRY(required<std::string>(record, "content", "a String"));
    const JsonValue* disabled = member_of(record, "disabled");
    const bool* is_disabled = disabled == nullptr ? nullptr : std::get_if<bool>(&disabled->is);
    if (disabled != nullptr && is_disabled == nullptr)
        return fail(powerdns_refusal(subject + ": 'disabled' is not a Boolean"));
    if (is_disabled != nullptr && *is_disabled)
        return fail(
            powerdns_refusal(subject + ": a disabled record cannot be kept here: leave it out"));
    auto rdata = zones::rdata_from_text(edit.type, content);
    if (!rdata) return fail(powerdns_refusal(subject + ": " + rdata.error().cause));
    edit.rdatas.push_back(*std::move(rdata));
    return {};
}

Result<void, Problem> read_records_of(const JsonValue& rrset, ChangeType change,
                                      const std::string& subject, zones::Edit& edit) {
    if (change == ChangeType::Delete) return {};
    const JsonArray records = TRY(required<JsonArray>(rrset, "records", "an Array"));
    if (records.size() > kMaxRecords) return fail(powerdns_refusal(subject + ": too many records"));
    for (const JsonValue& each : records)
        TRY(read_record(each, subject, edit));
    const bool needs_ttl = change != ChangeType::Prune && !edit.rdatas.empty();
    if (!needs_ttl) return {};
    const auto ttl = TRY(required<std::int64_t>(rrset, "ttl", "an Integer"));
    if (ttl < 0 || ttl > zones::kMaxTtl)
        return fail(powerdns_refusal(subject + ": ttl is out of range"));
    edit.ttl = static_cast<zones::Ttl>(ttl);
    return {};
}

std::string_view text_of_change(ChangeType type) noexcept {
    switch (type) {
        case ChangeType::Replace:
            return "REPLACE";
        case ChangeType::Delete:
            return "DELETE";
        case ChangeType::Extend:
            return "EXTEND";
        case ChangeType::Prune:
            return "PRUNE";
    }
    return {};
}

/// Of one PATCH: as PowerDNS has it, an RRset is deleted and replaced in one, never replaced twice.
using SeenChanges = std::set<std::tuple<std::string, std::uint16_t, ChangeType>>;

Result<zones::Edit, Problem> read_change(const JsonValue& rrset, const zones::Name& apex,
                                         SeenChanges& seen) {
    zones::Edit edit;
    edit.owner = TRY(read_name(rrset, apex));
    const std::string type_name = TRY(required<std::string>(rrset, "type", "a String"));
    const std::string subject = "RRset " + edit.owner.text() + " IN " + type_name;
    const auto type = zones::type_from_text(type_name);
    // ALIAS, LUA and others are PowerDNS's own; external-dns may send the first.
    if (!type || zones::is_meta(*type))
        return fail(powerdns_refusal(subject + ": this type cannot be served here"));
    edit.type = *type;
    const ChangeType change = TRY(read_change_type(rrset));
    const std::string key = edit.owner.lower().text();
    if (!seen.emplace(key, zones::to_number(edit.type), change).second)
        return fail(powerdns_refusal("Duplicate " + subject +
                                     " with changetype: " + std::string(text_of_change(change))));
    edit.kind = kind_of_change(change);
    TRY(read_records_of(rrset, change, subject, edit));
    return edit;
}

}  // namespace

Result<std::vector<zones::Edit>, Problem> read_powerdns_patch(std::string_view body,
                                                              const zones::Name& apex) {
    const JsonValue value = TRY(parse_json(body, kPatchLimits));
    const JsonArray rrsets = TRY(required<JsonArray>(value, "rrsets", "an Array"));
    if (rrsets.size() > kMaxPatch)
        return fail(powerdns_refusal("at most " + std::to_string(kMaxPatch) + " RRsets at once"));
    std::vector<zones::Edit> edits;
    SeenChanges seen;
    for (const JsonValue& each : rrsets)
        edits.push_back(TRY(read_change(each, apex, seen)));
    return edits;
}

void write_powerdns_zone(JsonWriter& json, const zones::Zone& zone) {
    const std::string name = zone.apex().lower().text();
    json.member("id", name).member("name", name);
    json.member("url", "/api/v1/servers/localhost/zones/" + name);
    // Native: nobody needs to be told of a change but by us.
    json.member("kind", "Native").member("type", "Zone");
    json.member("serial", zone.serial()).member("notified_serial", zone.serial());
    json.member("edited_serial", zone.serial());
    json.key("masters").begin_array().end_array();
    json.member("dnssec", false).member("account", "");
}

void write_powerdns_rrset(JsonWriter& json, const zones::Name& owner, const zones::RRset& rrset) {
    // In PowerDNS's order: acme.sh reads from the name to the end of the records with sed.
    json.begin_object();
    json.key("comments").begin_array().end_array();
    json.member("name", owner.lower().text());
    json.key("records").begin_array();
    for (const OctetView rdata : rrset.rdatas()) {
        json.begin_object();
        json.member("content", zones::rdata_text(rrset.type(), rdata));
        json.member("disabled", false);
        json.end_object();
    }
    json.end_array();
    json.member("ttl", rrset.ttl()).member("type", zones::type_text(rrset.type()));
    json.end_object();
}

}  // namespace hairpin::admin
