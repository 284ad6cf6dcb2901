#include "acme/evidence.hpp"

#include <algorithm>
#include <set>

#include "acme/engine.hpp"
#include "zones/presentation.hpp"

namespace hairpin::acme {
namespace {

/// "12:00:03" of RFC 3339's "2026-11-28T12:00:03Z".
std::string time_of_day(WallTime at) {
    constexpr std::size_t kTimeAt = 11;
    constexpr std::size_t kTimeLength = 8;
    return to_rfc3339(at).substr(kTimeAt, kTimeLength);
}

/// CAA is looked for up the tree, so no records there are a good answer.
bool is_as_it_should_be(const SeenQuery& query) {
    return query.rcode == "NOERROR" && (query.type == zones::RType::CAA || query.records > 0);
}

std::string outcome(const SeenQuery& query) {
    if (query.rcode.empty()) return "no answer";
    if (query.rcode != "NOERROR") return query.rcode;
    return query.records == 0 ? "no record" : std::to_string(query.records) + " records";
}

std::string sentence(const SeenQuery& query) {
    return query.client.address.text() + " got " + outcome(query) + " from " + query.node.text() +
           " at " + time_of_day(query.at) + " (" + zones::type_text(query.type) + " over " +
           query.transport + ")";
}

}  // namespace

std::string evidence_of(std::string_view name, const std::vector<SeenQuery>& seen) {
    const auto subject = zones::Name::parse(name);
    const auto challenge = challenge_name(name);
    if (!subject || !challenge) return {};
    std::vector<SeenQuery> about;
    std::set<IpAddress> clients;
    for (const SeenQuery& each : seen) {
        const bool is_caa = each.type == zones::RType::CAA && subject->is_within(each.owner);
        if (!is_caa && !(each.owner == *challenge)) continue;
        about.push_back(each);
        if (!is_caa) clients.insert(each.client.address);
    }
    if (about.empty())
        return "nobody asked our servers for " + challenge->text_without_dot() +
               ": look whether the zone's delegation leads to them, and whether port 53 is open "
               "over "
               "UDP and TCP";
    std::stable_partition(about.begin(), about.end(),
                          [](const SeenQuery& each) { return !is_as_it_should_be(each); });
    std::string text = std::to_string(clients.size()) + " addresses asked our servers for it: ";
    for (std::size_t index = 0; index < std::min(about.size(), kSpelledOut); ++index)
        text += (index == 0 ? "" : "; ") + sentence(about[index]);
    if (about.size() > kSpelledOut)
        text += "; and " + std::to_string(about.size() - kSpelledOut) + " more";
    if (clients.size() < kUsualPerspectives)
        text += "; fewer than the " + std::to_string(kUsualPerspectives) +
                " places that Let's Encrypt looks from, so some may not reach us";
    return text;
}

}  // namespace hairpin::acme
