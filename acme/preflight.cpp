#include "acme/preflight.hpp"

#include <algorithm>
#include <array>

#include "zones/lookup.hpp"
#include "zones/tree_key.hpp"

namespace hairpin::acme {
namespace {

using Outcome = PreflightOutcome;

constexpr int kMostAliases = 8;  // CNAMEs that are followed, as many as CAs do at least.
constexpr std::size_t kMaxSentence = 1'000;
constexpr std::size_t kDnskeyHead = 4;  // Flags, protocol, algorithm.

/// RFC 1982 section 3.2.
bool is_older(std::uint32_t a, std::uint32_t b) noexcept {
    return a != b && static_cast<std::int32_t>(a - b) < 0;
}

std::string names_text(const std::vector<zones::Name>& names) {
    std::string text;
    for (const zones::Name& each : names)
        text += (text.empty() ? "" : ", ") + each.text_without_dot();
    return text.empty() ? "none" : text;
}

std::vector<zones::Name> servers_in(const zones::Name& apex, const DnsAnswer& answer) {
    std::vector<zones::Name> servers;
    for (const DnsRecord& each : answer.records)
        if (each.type == zones::RType::NS && each.owner == apex)
            if (const auto name = zones::Name::from_wire(each.rdata)) servers.push_back(*name);
    return servers;
}

bool has_name(const std::vector<zones::Name>& names, const zones::Name& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

PreflightCheck servfail_meaning(const zones::Name& apex, const DelegationSeen& seen) {
    const std::string zone = apex.text_without_dot();
    if (seen.unchecked && *seen.unchecked && (*seen.unchecked)->has(Rcode::NoError))
        return {
            "delegation", Outcome::Problem,
            "resolvers refuse what is answered for " + zone +
                " because its signatures do not hold, and so do CAs: mend its DNSSEC, or remove "
                "the DS record at its parent"};
    // The parent was reached, so it is not the resolver that cannot ask.
    if (seen.unchecked && *seen.unchecked && seen.ds && seen.ds->has(Rcode::NoError))
        return {"delegation", Outcome::Problem,
                zone +
                    " is delegated, but no server that it is delegated to answers for it: see that "
                    "its name servers are reached on port 53 over UDP and TCP from outside"};
    return {"delegation", Outcome::Unknown,
            "the resolver has no answer about the delegation of " + zone + " (SERVFAIL)"};
}

std::string caa_advice(const zones::Name& at, const CaaWanted& wanted) {
    if (wanted.identities.empty() || wanted.account_url.empty())
        return ": allow the CA in the CAA records of " + at.text_without_dot();
    return ": add  0 issue \"" +
           issue_value(wanted.identities.front(), wanted.account_url, wanted.method) + "\"  at " +
           at.text_without_dot();
}

/// The CAA at one name as a CA looks it up: a chain of CNAME is followed, the target's parents are
/// not asked. Nullopt: none there, the climb goes on.
std::optional<CaaPlace> caa_at(const zones::ZoneTable& table, const zones::Name& at) {
    zones::Name name = at;
    for (int followed = 0; followed <= kMostAliases; ++followed) {
        const zones::Zone* zone = table.closest_enclosing(name);
        if (zone == nullptr)
            return followed == 0 ? CaaPlace(CaaElsewhere{at})
                                 : CaaPlace(CaaUnclear{at.text_without_dot() + " is an alias of " +
                                                       name.text_without_dot() +
                                                       ", which is not in a zone of ours"});
        const auto found = zones::look_up(*zone, name, zones::TreeKey(name), zones::RType::CAA);
        if (const auto* match = std::get_if<zones::Match>(&found))
            return CaaFound{at, match->rrset->copy_rdatas()};
        if (std::holds_alternative<zones::Referral>(found))
            return followed == 0 ? CaaPlace(CaaElsewhere{at})
                                 : CaaPlace(CaaUnclear{name.text_without_dot() +
                                                       " is delegated to other servers"});
        if (std::holds_alternative<zones::Redirection>(found))
            return CaaUnclear{at.text_without_dot() + " is below a DNAME"};
        const auto* alias = std::get_if<zones::Alias>(&found);
        if (alias == nullptr) return std::nullopt;
        const auto target = zones::Name::from_wire(*alias->cname->rdatas().begin());
        if (!target) return CaaUnclear{at.text_without_dot() + " has a broken CNAME"};
        name = *target;
    }
    return CaaUnclear{at.text_without_dot() + " is an alias in a loop or of too many steps"};
}

PreflightCheck judge_found_caa(const std::string& what, const zones::Name& name,
                               const CaaFound& found, const CaaWanted& wanted) {
    const CaaOpinion opinion = judge_caa(found.rdatas, wanted);
    const std::string at = found.at.text_without_dot();
    switch (opinion.decision) {
        case CaaDecision::Allows:
            return {what, Outcome::Good, "the CAA records of " + at + " allow the CA"};
        case CaaDecision::Unclear:
            return {what, Outcome::Unknown,
                    "whether the CAA records of " + at + " allow the CA is not clear: the set " +
                        opinion.why};
        case CaaDecision::Forbids:
            break;
    }
    return {what, Outcome::Problem,
            "the CAA records of " + at + " forbid the CA to issue for " + name.text_without_dot() +
                ": the set " + opinion.why + caa_advice(found.at, wanted)};
}

}  // namespace

std::string_view to_string(PreflightOutcome outcome) noexcept {
    constexpr std::array<std::string_view, 3> kTexts = {"ok", "unknown", "problem"};
    return kTexts[static_cast<std::size_t>(outcome)];
}

PreflightOutcome PreflightReport::outcome() const noexcept {
    Outcome worst = Outcome::Good;
    for (const PreflightCheck& each : checks)
        worst = std::max(worst, each.outcome);
    return worst;
}

std::string PreflightReport::sentence() const {
    const Outcome worst = outcome();
    std::string text;
    if (worst == Outcome::Good) return text;
    for (const PreflightCheck& each : checks)
        if (each.outcome == worst && text.size() + each.text.size() < kMaxSentence)
            text += (text.empty() ? "" : "; ") + each.text;
    return text;
}

PreflightCheck judge_server(const zones::Name& apex, const PreflightServer& server,
                            const Result<DnsAnswer>& soa) {
    const std::string zone = apex.text_without_dot();
    if (!soa)
        return {server.what, Outcome::Unknown,
                server.what + " could not be asked about " + zone + ": " + soa.error().cause};
    const Outcome bad = server.may_be_behind ? Outcome::Unknown : Outcome::Problem;
    const auto records = soa->rdatas(zones::RType::SOA);
    const auto serial =
        records.empty() ? std::optional<std::uint32_t>() : serial_of(records.front());
    if (!soa->has(Rcode::NoError) || !soa->is_authoritative || !serial)
        return {server.what, bad,
                server.what + " does not serve " + zone + " (" +
                    (soa->has(Rcode::NoError) ? "it answers without authority"
                                              : rcode_text(soa->rcode)) +
                    "): set the zone up there, or take the server out of the zone's secondaries"};
    if (is_older(*serial, server.serial))
        return {server.what, bad,
                server.what + " has " + zone + " with serial " + std::to_string(*serial) +
                    " and we have " + std::to_string(server.serial) +
                    ": look at its transfers, or take it out of the zone's secondaries"};
    return {server.what, Outcome::Good, "answers with serial " + std::to_string(*serial)};
}

PreflightCheck judge_delegation(const zones::Name& apex,
                                const std::vector<zones::Name>& our_servers,
                                const DelegationSeen& seen) {
    const std::string zone = apex.text_without_dot();
    const std::string delegate = ": delegate it at its parent to " + names_text(our_servers);
    if (!seen.ns)
        return {"delegation", Outcome::Unknown,
                "no resolver could be asked about " + zone + ": " + seen.ns.error().cause};
    if (seen.ns->has(Rcode::ServFail)) return servfail_meaning(apex, seen);
    if (seen.ns->has(Rcode::NxDomain))
        return {"delegation", Outcome::Problem,
                zone + " does not exist for resolvers outside" + delegate};
    if (!seen.ns->has(Rcode::NoError))
        return {"delegation", Outcome::Unknown,
                "the resolver answers " + rcode_text(seen.ns->rcode) + " about " + zone};
    const auto theirs = servers_in(apex, *seen.ns);
    if (theirs.empty())
        return {"delegation", Outcome::Problem,
                zone + " is not delegated: resolvers find no name servers of it" + delegate};
    std::vector<zones::Name> strangers;
    std::copy_if(theirs.begin(), theirs.end(), std::back_inserter(strangers),
                 [&](const zones::Name& each) { return !has_name(our_servers, each); });
    if (strangers.size() == theirs.size())
        return {
            "delegation", Outcome::Problem,
            zone + " is delegated to other name servers (" + names_text(theirs) + ")" + delegate};
    if (!strangers.empty())
        return {"delegation", Outcome::Good,
                "delegated to " + names_text(theirs) + ", of which the zone itself does not name " +
                    names_text(strangers)};
    return {"delegation", Outcome::Good, "delegated to " + names_text(theirs)};
}

std::uint16_t key_tag(OctetView dnskey_rdata) noexcept {
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < dnskey_rdata.size(); ++at)
        sum += (at & 1) != 0 ? dnskey_rdata[at] : static_cast<std::uint32_t>(dnskey_rdata[at] << 8);
    sum += sum >> 16 & 0xffff;
    return static_cast<std::uint16_t>(sum & 0xffff);
}

PreflightCheck judge_ds(const zones::Name& apex, const std::vector<Octets>& dnskeys,
                        const Result<DnsAnswer>& ds) {
    const std::string zone = apex.text_without_dot();
    if (!ds || !(ds->has(Rcode::NoError) || ds->has(Rcode::NxDomain)))
        return {"dnssec", Outcome::Unknown,
                "whether the parent of " + zone + " has a DS record could not be found out: " +
                    (ds ? rcode_text(ds->rcode) : ds.error().cause)};
    const auto records = ds->rdatas(zones::RType::DS);
    if (records.empty())
        return {"dnssec", Outcome::Good,
                dnskeys.empty() ? "not signed, and no DS record at the parent"
                                : "signed, but without a DS record at the parent nobody checks it"};
    if (dnskeys.empty())
        return {"dnssec", Outcome::Problem,
                "the parent of " + zone +
                    " has a DS record, but the zone is not signed, so that every CA refuses it: "
                    "have the DS record removed at the parent"};
    const bool is_chained = std::any_of(records.begin(), records.end(), [&](const Octets& each) {
        return std::any_of(dnskeys.begin(), dnskeys.end(), [&](const Octets& key) {
            // RFC 4034 section 5.1: key tag, algorithm, ..
            return each.size() > kDnskeyHead && key.size() > kDnskeyHead &&
                   key_tag(key) == (each[0] << 8 | each[1]) && key[3] == each[2];
        });
    });
    if (!is_chained)
        return {
            "dnssec", Outcome::Problem,
            "no DS record at the parent of " + zone +
                " belongs to a key of the zone, so that every CA refuses it: give the parent the "
                "DS of a key that is in the zone"};
    return {"dnssec", Outcome::Good, "a DS record at the parent belongs to a key of the zone"};
}

CaaPlace find_caa(const zones::ZoneTable& table, const zones::Name& name) {
    for (zones::Name at = name; !at.is_root(); at = at.without_labels(1))
        if (auto place = caa_at(table, at)) return *std::move(place);
    return CaaNone{};
}

std::optional<CaaPlace> caa_of_answer(const zones::Name& at, const Result<DnsAnswer>& answer) {
    if (!answer)
        return CaaUnclear{"no resolver could be asked for the CAA records of " +
                          at.text_without_dot() + ": " + answer.error().cause};
    if (!answer->has(Rcode::NoError) && !answer->has(Rcode::NxDomain))
        return CaaUnclear{"the resolver answers " + rcode_text(answer->rcode) +
                          " for the CAA records of " + at.text_without_dot()};
    auto rdatas = answer->rdatas(zones::RType::CAA);
    if (rdatas.empty()) return std::nullopt;
    return CaaFound{at, std::move(rdatas)};
}

PreflightCheck judge_caa_of(const zones::ZoneTable& table, const zones::Name& name,
                            const CaaPlace& above, const CaaWanted& wanted) {
    const std::string what = "caa " + name.text_without_dot();
    CaaPlace place = find_caa(table, name);
    if (const auto* elsewhere = std::get_if<CaaElsewhere>(&place)) {
        // Within a zone of ours it is below a delegation, about which nobody was asked.
        if (table.closest_enclosing(elsewhere->from) != nullptr)
            return {what, Outcome::Unknown,
                    elsewhere->from.text_without_dot() + " is delegated to other servers"};
        place = above;
    }
    if (const auto* found = std::get_if<CaaFound>(&place))
        return judge_found_caa(what, name, *found, wanted);
    if (const auto* unclear = std::get_if<CaaUnclear>(&place))
        return {what, Outcome::Unknown, unclear->why};
    if (std::holds_alternative<CaaElsewhere>(place))
        return {what, Outcome::Good, "no CAA records in our zones; above them nobody was asked"};
    return {what, Outcome::Good, "no CAA records: every CA may issue"};
}

}  // namespace hairpin::acme
