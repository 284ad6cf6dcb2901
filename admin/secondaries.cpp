#include "admin/secondaries.hpp"

#include <algorithm>

#include "admin/names.hpp"

namespace hairpin::admin {
namespace {

constexpr std::uint16_t kDnsPort = 53;

std::optional<store::SecondaryRow> read_one_secondary(const JsonValue& value,
                                                      const std::string& pointer,
                                                      std::vector<FieldError>& errors) {
    const std::size_t errors_before = errors.size();
    ObjectReader reader(value, pointer, errors);
    reader.require("address");
    store::SecondaryRow secondary;
    if (const auto text = reader.text("address")) {
        const auto address = Endpoint::parse(*text, kDnsPort);
        if (!address || address->port == 0)
            reader.refuse("address", "must be ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT");
        else
            secondary.address = *address;
    }
    const JsonValue* key = reader.any("tsig");
    if (key != nullptr && !key->is_null()) {
        if (const auto text = reader.text("tsig", 1'024)) {
            const auto name = parse_apex(*text);
            if (!name) reader.refuse("tsig", name.error());
            if (name) secondary.key = *name;
        }
    }
    reader.finish();
    if (errors.size() != errors_before) return std::nullopt;
    return secondary;
}

/// A server's own key is not the operator's to hand to others.
Result<bool> is_key_of_operator(store::Writer& writer, const zones::Name& name) {
    const auto row = TRY(writer.read().credential_by_tsig_name(name.text()));
    return row && row->kind == store::CredentialKind::Tsig;
}

}  // namespace

std::optional<std::vector<store::SecondaryRow>> read_secondaries(ObjectReader& body,
                                                                 std::vector<FieldError>& errors) {
    const JsonValue* value = body.any("secondaries");
    if (value == nullptr) return std::nullopt;
    const auto* array = std::get_if<JsonArray>(&value->is);
    if (array == nullptr || array->size() > kMaxSecondaries) {
        body.refuse("secondaries",
                    "must be a list of at most " + std::to_string(kMaxSecondaries) + " objects");
        return std::nullopt;
    }
    std::vector<store::SecondaryRow> all;
    for (std::size_t at = 0; at < array->size(); ++at) {
        const std::string pointer = "/secondaries/" + std::to_string(at);
        const auto secondary = read_one_secondary((*array)[at], pointer, errors);
        if (!secondary) continue;
        const bool is_known = std::any_of(all.begin(), all.end(), [&](const auto& known) {
            return known.address == secondary->address;
        });
        if (is_known) errors.push_back({pointer + "/address", "stands twice"});
        all.push_back(*secondary);
    }
    return all;
}

Result<void, Problem> store_secondaries(store::Writer& writer, const zones::Name& apex,
                                        const std::vector<store::SecondaryRow>& secondaries) {
    for (std::size_t at = 0; at < secondaries.size(); ++at) {
        const auto& key = secondaries[at].key;
        if (!key || TRY(is_key_of_operator(writer, *key))) continue;
        return fail(invalid_field(
            "/secondaries/" + std::to_string(at) + "/tsig",
            "names no TSIG key: make " + key->text() + " with POST /v1/credentials first"));
    }
    TRY(store::put_secondaries(writer, apex, secondaries));
    return {};
}

void write_secondaries(JsonWriter& json, const std::vector<store::SecondaryRow>& secondaries) {
    json.key("secondaries").begin_array();
    for (const store::SecondaryRow& each : secondaries) {
        json.begin_object();
        json.member("address", each.address.text());
        json.key("tsig");
        each.key ? json.value(shown(*each.key)) : json.null();
        json.end_object();
    }
    json.end_array();
}

std::string secondaries_text(const std::vector<store::SecondaryRow>& secondaries) {
    std::string text;
    for (const store::SecondaryRow& each : secondaries)
        text += each.address.text() + " " + (each.key ? each.key->text() : "") + "\n";
    return text;
}

}  // namespace hairpin::admin
