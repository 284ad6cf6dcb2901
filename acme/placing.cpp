// Which challenge of an authorization is met, with what value, and where it is put: see engine.hpp.

#include <utility>

#include "acme/challenge_place.hpp"
#include "acme/dns_persist.hpp"
#include "acme/engine.hpp"
#include "acme/txt_values.hpp"
#include "core/log.hpp"

namespace hairpin::acme {
namespace {

void put_at(Pending& value, const ChallengePlace& place) {
    value.txt_owner = place.owner.text();
    value.txt_apex = place.apex.text();
    value.elsewhere = place.elsewhere != nullptr;
}

}  // namespace

Result<Pending, Verdict> Engine::value_for(const Seat& seat, const std::string& authorization_url,
                                           const Authorization& authorization) {
    if (auto persistent = persist_value_for(*seat.client, authorization_url, authorization))
        return *std::move(persistent);
    if (!authorization.dns01)
        return fail(Verdict{Remedy::PersonNeeded,
                            "no-dns-01",
                            "the CA does not offer the challenge dns-01 for " + authorization.name +
                                ": configure another one as [acme] directory",
                            {}});
    Pending value;
    value.url = authorization_url;
    value.name = authorization.name;
    value.challenge_url = authorization.dns01->url;
    value.txt_value = dns01_value(authorization.dns01->token, seat.client->thumbprint());
    const auto challenge = challenge_name(authorization.name);
    if (!options_.coupling.zones || !challenge) return value;
    const auto place =
        find_challenge_place(*options_.coupling.zones(), options_.coupling.elsewhere, *challenge);
    if (!place)
        return fail(Verdict{Remedy::PersonNeeded, "challenge-elsewhere", place.error().text(), {}});
    if (!(place->owner == *challenge)) put_at(value, *place);
    return value;
}

/// Empty: dns-01 does it. That is the rule; dns-persist-01 is switched on, offered, and in reach.
std::optional<Pending> Engine::persist_value_for(const Client& client,
                                                 const std::string& authorization_url,
                                                 const Authorization& authorization) {
    const CouplingOptions& coupling = options_.coupling;
    if (coupling.dns_persist == DnsPersist::Off || !coupling.zones || !authorization.persist)
        return std::nullopt;
    const auto account_uri = persist_account_uri(
        coupling.dns_persist, authorization.name,
        {client.account_url(), client.thumbprint(), client.directory()->account_hash_prefix});
    const auto owner = persist_name(authorization.name);
    const auto name = zones::Name::parse(authorization.name);
    if (!account_uri || !owner || !name) return std::nullopt;
    const auto table = coupling.zones();
    // A value that is to stay has to be kept up with, so only in zones of ours.
    const auto place = find_challenge_place(*table, {}, *owner);
    const CaaWanted wanted{client.directory()->caa_identities, client.account_url(),
                           "dns-persist-01"};
    const bool is_forbidden =
        judge_caa_of(*table, *name, CaaNone{}, wanted).outcome == PreflightOutcome::Problem;
    if (!place || is_forbidden) {
        log::logger("acme").info(
            "{}: validated by dns-01: {}", authorization.name,
            place ? "CAA records do not allow dns-persist-01" : place.error().text());
        return std::nullopt;
    }
    Pending value;
    value.url = authorization_url;
    value.name = authorization.name;
    value.challenge_url = authorization.persist->url;
    value.txt_value = choose_persist_value(
        *table, place->owner, authorization.persist->issuers.front(), *account_uri, clock_.now());
    value.stays = true;
    put_at(value, *place);
    return value;
}

}  // namespace hairpin::acme
