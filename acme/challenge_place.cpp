#include "acme/challenge_place.hpp"

#include <variant>

#include "zones/lookup.hpp"
#include "zones/tree_key.hpp"

namespace hairpin::acme {
namespace {

constexpr int kMostSteps = 8;

Error no_place(const zones::Name& challenge, std::string cause) {
    return Error{ErrorCode::Invalid, challenge.text_without_dot(), std::move(cause)};
}

std::string outside_text(const zones::Name& challenge, const zones::Name& at) {
    if (at == challenge) return "is in no zone that is served here: create the zone";
    return "leads by CNAME to " + at.text_without_dot() +
           ", which is in no zone that is served here, so that its TXT value cannot be written: "
           "let the CNAME end in a zone of ours, or remove it, or name the zone that it ends in, "
           "its "
           "primary and a key that may change it as [acme] elsewhere";
}

/// Nobody gets a value at its own name outside of our zones: an order is about names of ours.
const ElsewhereZone* place_elsewhere(std::span<const ElsewhereZone> elsewhere,
                                     const zones::Name& challenge, const zones::Name& at) {
    return at == challenge ? nullptr : find_elsewhere(elsewhere, at);
}

/// The same below a delegation in `zone`: one that the delegation leads to.
const ElsewhereZone* place_delegated(std::span<const ElsewhereZone> elsewhere,
                                     const zones::Name& at, const zones::Zone& zone) {
    const ElsewhereZone* found = find_elsewhere(elsewhere, at);
    const bool is_below =
        found != nullptr && !(found->apex == zone.apex()) && found->apex.is_within(zone.apex());
    return is_below ? found : nullptr;
}

}  // namespace

Result<ChallengePlace> find_challenge_place(const zones::ZoneTable& table,
                                            std::span<const ElsewhereZone> elsewhere,
                                            const zones::Name& challenge) {
    zones::Name at = challenge;
    for (int step = 0; step <= kMostSteps; ++step) {
        const zones::Zone* zone = table.closest_enclosing(at);
        if (zone == nullptr) {
            const ElsewhereZone* outside = place_elsewhere(elsewhere, challenge, at);
            if (outside != nullptr) return ChallengePlace{at, outside->apex, outside};
            return fail(no_place(challenge, outside_text(challenge, at)));
        }
        const auto found = zones::look_up(*zone, at, zones::TreeKey(at), zones::RType::TXT);
        if (std::holds_alternative<zones::Referral>(found)) {
            const ElsewhereZone* outside = place_delegated(elsewhere, at, *zone);
            if (outside != nullptr) return ChallengePlace{at, outside->apex, outside};
            return fail(no_place(challenge,
                                 at.text_without_dot() +
                                     " is delegated to other name servers: remove the NS records "
                                     "there, or put a CNAME to a name in a zone of ours into it"));
        }
        if (std::holds_alternative<zones::Redirection>(found))
            return fail(no_place(challenge, at.text_without_dot() +
                                                " is below a DNAME: remove it, or put the names "
                                                "elsewhere"));
        const auto* alias = std::get_if<zones::Alias>(&found);
        if (alias == nullptr || alias->from_wildcard)
            return ChallengePlace{at, zone->apex(), nullptr};
        const auto target = zones::Name::from_wire(*alias->cname->rdatas().begin());
        if (!target) return fail(no_place(challenge, "has a broken CNAME"));
        at = *target;
    }
    return fail(no_place(challenge, "is a CNAME in a loop, or of more than " +
                                        std::to_string(kMostSteps) +
                                        " steps: let it end at one name of our zones"));
}

}  // namespace hairpin::acme
