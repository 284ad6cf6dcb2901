#include "acme/elsewhere.hpp"

#include <algorithm>

namespace hairpin::acme {

const ElsewhereZone* find_elsewhere(std::span<const ElsewhereZone> all, const zones::Name& name) {
    const ElsewhereZone* nearest = nullptr;
    for (const ElsewhereZone& each : all)
        if (name.is_within(each.apex) &&
            (nearest == nullptr || each.apex.labels() > nearest->apex.labels()))
            nearest = &each;
    return nearest;
}

const ElsewhereZone* elsewhere_zone(std::span<const ElsewhereZone> all, const zones::Name& apex) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const ElsewhereZone& each) { return each.apex == apex; });
    return found == all.end() ? nullptr : &*found;
}

std::string server_text(const ElsewhereZone& zone) {
    return "the name server " + zone.server.text() + " of " + zone.apex.text_without_dot();
}

std::string key_text(const ElsewhereZone& zone) {
    const auto name = zone.key ? zones::Name::from_wire(zone.key->name()) : std::nullopt;
    return name ? name->text_without_dot() : "none";
}

}  // namespace hairpin::acme
