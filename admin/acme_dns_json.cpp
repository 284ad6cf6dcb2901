#include "admin/acme_dns_json.hpp"

#include <utility>

#include "admin/json_value.hpp"
#include "core/octets.hpp"
#include "zones/name.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kMaxAllowFrom = 32;
constexpr JsonLimits kLimits{4'096, 4, 256};

Problem original_word(const char* detail) {
    return {ProblemType::InvalidRequest, detail};
}

bool has_name(const JsonMember& member, std::string_view name) noexcept {
    return zones::equal_ignoring_case(as_octets(member.name), as_octets(name));
}

/// The member of that name in any case, or null; two of them contradict each other.
Result<const JsonValue*, Problem> find_member(const JsonObject& object, std::string_view name) {
    const JsonValue* found = nullptr;
    for (const JsonMember& each : object) {
        if (!has_name(each, name)) continue;
        if (found != nullptr)
            return fail(Problem(ProblemType::MalformedJson, "a member is there twice"));
        found = &each.value;
    }
    return found;
}

Result<JsonObject, Problem> read_object(std::string_view body) {
    JsonValue value = TRY(parse_json(body, kLimits));
    auto* object = std::get_if<JsonObject>(&value.is);
    if (object == nullptr)
        return fail(Problem(ProblemType::MalformedJson, "the body is not an object"));
    return std::move(*object);
}

Result<std::string, Problem> read_word(const JsonObject& object, std::string_view name,
                                       const char* when_wrong) {
    const JsonValue* value = TRY(find_member(object, name));
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(&value->is);
    if (text == nullptr) return fail(original_word(when_wrong));
    return *text;
}

}  // namespace

bool is_challenge_value(std::string_view text) noexcept {
    constexpr std::string_view kBase64Letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return text.size() == 43 && text.find_first_not_of(kBase64Letters) == std::string_view::npos;
}

Result<AcmeDnsUpdate, Problem> read_acme_dns_update(std::string_view body) {
    const JsonObject object = TRY(read_object(body));
    AcmeDnsUpdate update;
    update.subdomain = TRY(read_word(object, "subdomain", "bad_subdomain"));
    const auto name = zones::Name::parse(update.subdomain);
    if (!name || name->is_root()) return fail(original_word("bad_subdomain"));
    update.txt = TRY(read_word(object, "txt", "bad_txt"));
    if (!is_challenge_value(update.txt)) return fail(original_word("bad_txt"));
    return update;
}

Result<std::vector<Prefix>, Problem> read_acme_dns_sources(std::string_view body) {
    std::vector<Prefix> sources;
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return sources;
    const JsonObject object = TRY(read_object(body));
    const JsonValue* value = TRY(find_member(object, "allowfrom"));
    if (value == nullptr || value->is_null()) return sources;
    const auto* list = std::get_if<JsonArray>(&value->is);
    if (list == nullptr || list->size() > kMaxAllowFrom)
        return fail(original_word("invalid_allowfrom_cidr"));
    for (const JsonValue& each : *list) {
        const auto* text = std::get_if<std::string>(&each.is);
        const auto prefix = text == nullptr ? std::nullopt : Prefix::parse(*text);
        if (!prefix) return fail(original_word("invalid_allowfrom_cidr"));
        sources.push_back(*prefix);
    }
    return sources;
}

}  // namespace hairpin::admin
