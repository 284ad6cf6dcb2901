#include "admin/catalog_group.hpp"

#include <algorithm>

#include "zones/catalog.hpp"

namespace hairpin::admin {
namespace {

constexpr const char* kMember = "catalog_group";

// The RFC takes any octets; what consumers match it with are identifiers of configuration files.
bool is_visible(char letter) {
    return letter > 0x20 && letter < 0x7F;
}

}  // namespace

std::optional<std::string> read_catalog_group(ObjectReader& body) {
    const JsonValue* value = body.any(kMember);
    if (value == nullptr) return std::nullopt;
    if (value->is_null()) return std::string();
    auto text = body.text(kMember, zones::kMaxGroupOctets);
    if (!text) return std::nullopt;
    if (!text->empty() && std::all_of(text->begin(), text->end(), is_visible)) return text;
    body.refuse(kMember, "must be null or 1 to " + std::to_string(zones::kMaxGroupOctets) +
                             " visible ASCII characters");
    return std::nullopt;
}

void write_catalog_group(JsonWriter& json, const std::string& group) {
    json.key(kMember);
    group.empty() ? json.null() : json.value(group);
}

}  // namespace hairpin::admin
