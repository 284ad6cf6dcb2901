#include "admin/rrset_json.hpp"

#include <utility>

#include "admin/names.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {

void write_records(JsonWriter& json, const zones::RRset& rrset) {
    json.member("ttl", rrset.ttl());
    json.key("records").begin_array();
    for (const OctetView rdata : rrset.rdatas())
        json.value(zones::rdata_text(rrset.type(), rdata));
    json.end_array();
}

void write_rrset(JsonWriter& json, const zones::Name& owner, const zones::RRset& rrset) {
    json.member("owner", shown(owner));
    json.member("type", zones::type_text(rrset.type()));
    write_records(json, rrset);
}

void write_side(JsonWriter& json, std::string_view name, const zones::RRsetRef& side) {
    json.key(name);
    if (!side) {
        json.null();
        return;
    }
    json.begin_object();
    write_records(json, *side);
    json.end_object();
}

zones::Ttl read_ttl(ObjectReader& body, zones::Ttl when_absent) {
    const auto ttl = body.number("ttl", 0, zones::kMaxTtl);
    return ttl ? static_cast<zones::Ttl>(*ttl) : when_absent;
}

std::vector<Octets> read_records(ObjectReader& body, zones::RType type, const zones::Name& apex,
                                 std::vector<FieldError>& errors) {
    std::vector<Octets> rdatas;
    const auto records = body.texts("records", kMaxRecords);
    if (!records) return rdatas;
    for (std::size_t at = 0; at < records->size(); ++at) {
        auto rdata = zones::rdata_from_text(type, (*records)[at], apex);
        if (!rdata) {
            body.refuse("records", "record " + std::to_string(at) + ": " + rdata.error().cause);
            if (errors.size() > 20) break;
            continue;
        }
        rdatas.push_back(*std::move(rdata));
    }
    return rdatas;
}

zones::Edit read_rrset_edit(const JsonValue& value, const std::string& pointer,
                            const zones::Name& apex, zones::Ttl when_absent,
                            std::vector<FieldError>& errors) {
    zones::Edit edit;
    ObjectReader body(value, pointer, errors);
    body.require("owner");
    body.require("type");
    body.require("records");
    if (const auto text = body.text("owner", 1'024)) {
        const auto owner = parse_owner(*text, apex);
        if (!owner) body.refuse("owner", owner.error());
        if (owner) edit.owner = *owner;
    }
    edit.ttl = read_ttl(body, when_absent);
    const auto text = body.text("type", 16);
    const auto type = text ? zones::type_from_text(*text) : std::nullopt;
    if (text && !type) body.refuse("type", "is not an RR type");
    if (type) {
        edit.type = *type;
        edit.rdatas = read_records(body, *type, apex, errors);
    } else {
        static_cast<void>(body.any("records"));
    }
    body.finish();
    return edit;
}

}  // namespace hairpin::admin
