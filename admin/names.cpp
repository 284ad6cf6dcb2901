#include "admin/names.hpp"

#include "core/assert.hpp"

namespace hairpin::admin {
namespace {

bool is_ldh(std::string_view label) noexcept {
    if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    return label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
           std::string_view::npos;
}

std::string reason(std::string_view text, zones::NameError error) {
    return "\"" + std::string(text.substr(0, 80)) +
           "\" is not a DNS name: " + std::string(zones::to_string(error));
}

}  // namespace

Result<void, std::string> check_licence_name(std::string_view name) {
    if (is_ldh(name) && name.size() <= kMaxLicenceOctets) return {};
    return fail("must be 1 to " + std::to_string(kMaxLicenceOctets) +
                " lower-case letters, digits and hyphens, with a letter or digit at both ends");
}

Result<TwinNames, std::string> twin_names(std::string_view label, const zones::Name& apex,
                                          const zones::AddressRules& rules) {
    const auto named = zones::Name::child(label, apex);
    if (!named || rules.role_of(*named, apex) != zones::TwinRole::Public)
        return fail("must be \"" + rules.server_label + "\" and a number from 1, such as \"" +
                    rules.server_label + "1\"");
    const auto internal = zones::Name::child(rules.internal_prefix + std::string(label), apex);
    if (!internal) return fail(std::string("is too long for this zone"));
    return TwinNames{named->lower(), internal->lower()};
}

Result<zones::Name, std::string> parse_alias(std::string_view text, const zones::Name& apex) {
    const std::string said = "\"" + std::string(text.substr(0, 80)) + "\" ";
    for (std::string_view rest = text;;) {
        const std::size_t dot = rest.find('.');
        if (!is_ldh(rest.substr(0, dot)))
            return fail(said +
                        "is no alias: it is one or more labels of lower-case letters, "
                        "digits and hyphens in front of the zone, such as cloud");
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    const auto name = zones::Name::parse(std::string(text) + "." + apex.text());
    // The longest owner that may ever stand below it.
    if (!name || !zones::Name::child("_validation-persist", *name))
        return fail(said + "is too long for an alias in this zone");
    return name->lower();
}

zones::Name challenge_name(const zones::Name& name) {
    const auto made = zones::Name::child("_acme-challenge", name);
    HAIRPIN_ASSERT(made.has_value());
    return *made;
}

std::string label_of(const zones::Name& owner, zones::TwinRole role,
                     const zones::AddressRules& rules) {
    std::string label(as_text(owner.lower().first_label()));
    if (role == zones::TwinRole::Internal) label.erase(0, rules.internal_prefix.size());
    return label;
}

Result<zones::Name, std::string> parse_apex(std::string_view text) {
    const auto name = zones::Name::parse(text);
    if (!name) return fail(reason(text, name.error()));
    if (name->is_root()) return fail(std::string("the root is not a zone that we host"));
    if (name->is_wildcard()) return fail(std::string("a wildcard is not a zone"));
    return name->lower();
}

Result<zones::Name, std::string> parse_owner(std::string_view text, const zones::Name& apex) {
    if (text == "@") return apex;
    const auto name = zones::Name::parse(text);
    if (!name) return fail(reason(text, name.error()));
    if (!name->is_within(apex))
        return fail("\"" + name->text() + "\" is not in zone " + apex.text() +
                    ": write the whole name, such as www." + apex.text());
    return *name;
}

}  // namespace hairpin::admin
