// tests/support/zones.hpp - zones and changes from the text that people write them in.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "zones/edit.hpp"
#include "zones/presentation.hpp"
#include "zones/zone.hpp"
#include "zones/zone_file.hpp"

namespace hairpin::tests {

inline zones::Name name(std::string_view text) {
    const auto parsed = zones::Name::parse(text);
    if (!parsed) throw std::invalid_argument(std::string(text));
    return *parsed;
}

inline Octets rdata(zones::RType type, std::string_view text) {
    auto parsed = zones::rdata_from_text(type, text);
    if (!parsed) throw std::invalid_argument(parsed.error().text());
    return *std::move(parsed);
}

/// A new zone from master file text; SOA and NS are put in front when `text` has no SOA.
inline zones::ZoneRef zone(std::string_view apex, std::string_view text,
                           zones::ZoneKind kind = zones::ZoneKind::Plain) {
    std::string whole(text);
    if (whole.find("SOA") == std::string::npos)
        whole =
            "@ 3600 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 604800 60\n"
            "@ 3600 IN NS ns1.example.org.\n" +
            whole;
    auto edits = zones::parse_zone_file(whole, name(apex));
    if (!edits) throw std::invalid_argument(edits.error().text());
    zones::ZoneChange change;
    change.apex = name(apex);
    change.action = zones::ZoneAction::Create;
    change.kind = kind;
    change.edits = *std::move(edits);
    auto made = zones::apply({}, change, {1'795'000'000, {}}, {});
    if (!made) throw std::invalid_argument(made.error().subject + ": " + made.error().cause);
    return made->zone;
}

inline zones::Edit edit(zones::EditKind kind, std::string_view owner, zones::RType type,
                        std::initializer_list<std::string_view> rdatas, zones::Ttl ttl = 60) {
    zones::Edit made;
    made.kind = kind;
    made.owner = name(owner);
    made.type = type;
    made.ttl = ttl;
    for (const std::string_view text : rdatas)
        made.rdatas.push_back(rdata(type, text));
    return made;
}

inline zones::ZoneChange change(std::string_view apex, std::vector<zones::Edit> edits) {
    zones::ZoneChange made;
    made.apex = name(apex);
    made.edits = std::move(edits);
    return made;
}

}  // namespace hairpin::tests
