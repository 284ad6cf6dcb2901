#include "acme/txt_values.hpp"

#include <algorithm>
#include <utility>

namespace hairpin::acme {
namespace {

constexpr std::size_t kMostInString = 255;

zones::Name txt_apex(const Pending& value, const zones::Name& otherwise) {
    if (value.txt_apex.empty()) return otherwise;
    return zones::Name::parse(value.txt_apex).value_or(otherwise);
}

/// The entry of `apex` in a list of them, made where it is missing.
template <typename Entry>
Entry& entry_of(std::vector<Entry>& entries, const zones::Name& apex) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& each) { return each.apex == apex; });
    if (found != entries.end()) return *found;
    Entry& made = entries.emplace_back();
    made.apex = apex;
    return made;
}

}  // namespace

std::optional<zones::Name> challenge_name(std::string_view name) {
    const auto owner = zones::Name::parse(name);
    if (!owner) return std::nullopt;
    return zones::Name::child("_acme-challenge", *owner);
}

std::optional<zones::Name> txt_owner(const Pending& value) {
    if (value.txt_owner.empty()) return challenge_name(value.name);
    const auto owner = zones::Name::parse(value.txt_owner);
    return owner ? std::optional(*owner) : std::nullopt;
}

Octets txt_rdata(std::string_view value) {
    Octets rdata;
    do {
        const std::string_view part = value.substr(0, kMostInString);
        rdata.push_back(static_cast<std::uint8_t>(part.size()));
        rdata.insert(rdata.end(), part.begin(), part.end());
        value.remove_prefix(part.size());
    } while (!value.empty());
    return rdata;
}

std::vector<zones::ZoneChange> txt_changes(const zones::Name& apex, std::span<const Pending> values,
                                           TxtEffect effect, std::uint32_t ttl) {
    const zones::EditKind kind =
        effect == TxtEffect::Add ? zones::EditKind::AddRecords : zones::EditKind::DeleteRecords;
    std::vector<zones::ZoneChange> changes;
    for (const Pending& each : values) {
        if (each.elsewhere || (effect == TxtEffect::Remove && each.stays)) continue;
        const auto owner = txt_owner(each);
        if (!owner) continue;  // Looked at before it was stored: never.
        entry_of(changes, txt_apex(each, apex))
            .edits.push_back({kind, *owner, zones::RType::TXT, ttl, {txt_rdata(each.txt_value)}});
    }
    return changes;
}

std::vector<TxtQuestion> txt_questions(std::span<const Pending> values) {
    std::vector<TxtQuestion> questions;
    for (const Pending& each : values)
        if (const auto owner = each.elsewhere ? std::nullopt : txt_owner(each))
            questions.push_back({*owner, each.txt_value});
    return questions;
}

std::vector<ElsewhereValues> values_elsewhere(std::span<const Pending> values) {
    std::vector<ElsewhereValues> all;
    for (const Pending& each : values)
        if (const auto owner = each.elsewhere ? txt_owner(each) : std::nullopt)
            entry_of(all, txt_apex(each, *owner)).values.push_back({*owner, each.txt_value});
    return all;
}

std::vector<SecondaryQuestion> secondary_questions(
    const zones::Name& apex, std::span<const Pending> values,
    const std::function<std::vector<Endpoint>(const zones::Name& apex)>& secondaries) {
    struct InZone {
        zones::Name apex;
        std::vector<Pending> values;
    };
    std::vector<InZone> zones;
    for (const Pending& each : values)
        if (!each.elsewhere) entry_of(zones, txt_apex(each, apex)).values.push_back(each);
    std::vector<SecondaryQuestion> all;
    for (const InZone& zone : zones)
        for (const Endpoint& server : secondaries(zone.apex))
            all.push_back({server, txt_questions(zone.values), zone.apex});
    return all;
}

}  // namespace hairpin::acme
