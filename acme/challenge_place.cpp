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
           "let "
           "the CNAME end in a zone of ours, or remove it";
}

}  // namespace

Result<ChallengePlace> find_challenge_place(const zones::ZoneTable& table,
                                            const zones::Name& challenge) {
    zones::Name at = challenge;
    for (int step = 0; step <= kMostSteps; ++step) {
        const zones::Zone* zone = table.closest_enclosing(at);
        if (zone == nullptr) return fail(no_place(challenge, outside_text(challenge, at)));
        const auto found = zones::look_up(*zone, at, zones::TreeKey(at), zones::RType::TXT);
        if (std::holds_alternative<zones::Referral>(found))
            return fail(no_place(challenge,
                                 at.text_without_dot() +
                                     " is delegated to other name servers: remove the NS records "
                                     "there, or put a CNAME to a name in a zone of ours into it"));
        if (std::holds_alternative<zones::Redirection>(found))
            return fail(no_place(challenge, at.text_without_dot() +
                                                " is below a DNAME: remove it, or put the names "
                                                "elsewhere"));
        const auto* alias = std::get_if<zones::Alias>(&found);
        if (alias == nullptr || alias->from_wildcard) return ChallengePlace{at, zone->apex()};
        const auto target = zones::Name::from_wire(*alias->cname->rdatas().begin());
        if (!target) return fail(no_place(challenge, "has a broken CNAME"));
        at = *target;
    }
    return fail(no_place(challenge, "is a CNAME in a loop, or of more than " +
                                        std::to_string(kMostSteps) +
                                        " steps: let it end at one name of our zones"));
}

}  // namespace hairpin::acme
