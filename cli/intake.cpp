#include "cli/intake.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "cli/zone_notes.hpp"
#include "zones/draft.hpp"
#include "zones/presentation.hpp"
#include "zones/zone_rules.hpp"

namespace hairpin::cli {
namespace {

using zones::Edit;
using zones::Name;
using zones::RType;

// What stands in a signed zone because it is signed, or because of the software that signs it.
struct SignersRow {
    std::uint16_t type;
    std::string_view reason;
};
constexpr std::string_view kMadeAnew = "signatures and denial of existence belong to whoever signs";
constexpr std::string_view kKeys = "keys and their announcements belong to whoever signs";
constexpr std::array kSigners = {
    SignersRow{46, kMadeAnew},  // RRSIG
    SignersRow{47, kMadeAnew},  // NSEC
    SignersRow{48, kKeys},      // DNSKEY
    SignersRow{50, kMadeAnew},  // NSEC3
    SignersRow{51, kMadeAnew},  // NSEC3PARAM
    SignersRow{59, kKeys},      // CDS
    SignersRow{60, kKeys},      // CDNSKEY
    SignersRow{63, "a digest of the zone at its source does not fit the zone here (RFC 8976)"},
    SignersRow{65534, "BIND notes in it how far its own signing is"},
};

std::optional<std::string_view> signers_reason(const Name& owner, RType type, const Name& apex) {
    // Of the private type only BIND's own notes, which stand at the apex.
    if (to_number(type) == 65534 && owner != apex) return std::nullopt;
    for (const SignersRow& row : kSigners)
        if (row.type == to_number(type)) return row.reason;
    return std::nullopt;
}

// As the server will judge the RRset by itself.
std::optional<std::string> fault_of(const Edit& rrset, const Name& apex,
                                    const zones::EditRules& rules) {
    if (const auto good = zones::check_edit(rrset, apex); !good) return good.error().cause;
    zones::Draft draft(apex, nullptr, zones::Draft::Start::FromNothing);
    if (const auto good = draft.perform(rrset, rules); !good) return good.error().cause;
    return std::nullopt;
}

}  // namespace

bool TakenZone::has_losses() const noexcept {
    return std::any_of(left_out.begin(), left_out.end(),
                       [](const LeftOut& each) { return each.loss == Loss::Yes; });
}

Intake::Intake(const Name& apex, const zones::EditRules& rules) : apex_(apex), rules_(rules) {}

void Intake::leave_out(const Name& owner, RType type, std::size_t records,
                       const std::string& reason, Loss loss) {
    auto group = std::find_if(left_out_.begin(), left_out_.end(), [&](const LeftOut& each) {
        return each.type == type && each.reason == reason;
    });
    if (group == left_out_.end())
        group = left_out_.insert(left_out_.end(), LeftOut{type, reason, loss, 0, {}});
    group->records += records;
    const bool is_shown =
        std::find(group->owners.begin(), group->owners.end(), owner) != group->owners.end();
    if (!is_shown && group->owners.size() < LeftOut::kShownOwners) group->owners.push_back(owner);
}

void Intake::add(AxfrRecord record) {
    if (const auto reason = signers_reason(record.owner, record.type, apex_)) {
        has_dnskey_ = has_dnskey_ || record.type == RType::DNSKEY;
        return leave_out(record.owner, record.type, 1, std::string(*reason), Loss::No);
    }
    if (!record.owner.is_within(apex_))
        return leave_out(record.owner, record.type, 1, "the owner is outside of the zone",
                         Loss::Yes);
    if (!zones::rdata_is_valid(record.type, record.rdata))
        return leave_out(record.owner, record.type, 1, "the RDATA is malformed for its type",
                         Loss::Yes);
    zones::Ttl ttl = record.ttl;
    if (ttl > zones::kMaxTtl) {
        // RFC 2181 section 8: "a TTL received with the most significant bit set [is] zero".
        ttl = 0;
        ++ttls_over_;
    }
    const auto [place, is_new] = places_.try_emplace({record.owner, record.type}, rrsets_.size());
    if (is_new) {
        Edit rrset;
        rrset.owner = record.owner;
        rrset.type = record.type;
        rrset.ttl = ttl;
        rrsets_.push_back(std::move(rrset));
    }
    Edit& rrset = rrsets_[place->second];
    if (rrset.ttl != ttl) ++ttls_differ_;
    rrset.ttl = std::min(rrset.ttl, ttl);
    rrset.rdatas.push_back(std::move(record.rdata));
}

std::vector<Edit> Intake::good_rrsets() {
    std::vector<Edit> good;
    for (Edit& rrset : rrsets_) {
        const auto fault = fault_of(rrset, apex_, rules_);
        if (fault)
            leave_out(rrset.owner, rrset.type, rrset.rdatas.size(), *fault, Loss::Yes);
        else
            good.push_back(std::move(rrset));
    }
    places_.clear();
    rrsets_.clear();
    return good;
}

// Where RRsets may not stand together (a CNAME and something else) there is no telling which was
// meant: the owner is left out whole.
std::vector<Edit> Intake::of_good_owners(std::vector<Edit> rrsets) {
    zones::Draft draft(apex_, nullptr, zones::Draft::Start::FromNothing);
    for (const Edit& rrset : rrsets)
        static_cast<void>(draft.perform(rrset, rules_));  // Judged by fault_of() before.
    std::unordered_map<Name, std::string, zones::NameHash> faults;
    for (const zones::DraftOwner& owner : draft.owners()) {
        const auto allowed = zones::check_owner(owner, apex_, zones::ZoneKind::Plain, rules_);
        if (!allowed) faults.emplace(owner.owner, allowed.error().cause);
    }
    std::erase_if(rrsets, [&](const Edit& rrset) {
        const auto fault = faults.find(rrset.owner);
        if (fault == faults.end()) return false;
        leave_out(rrset.owner, rrset.type, rrset.rdatas.size(), fault->second, Loss::Yes);
        return true;
    });
    return rrsets;
}

Result<TakenZone> Intake::finish() {
    zones::ZoneChange change;
    change.apex = apex_;
    change.action = zones::ZoneAction::Create;
    change.edits = good_rrsets();
    change.edits = of_good_owners(std::move(change.edits));
    auto made = zones::apply({}, change, {1, {}}, rules_);
    if (!made) return fail(Error{ErrorCode::Invalid, made.error().subject, made.error().cause});
    TakenZone taken;
    taken.zone = made->zone;
    taken.left_out = std::move(left_out_);
    taken.zone->for_each([&taken](const Name&, const zones::Node& node) {
        for (const zones::RRsetRef& rrset : node.rrsets()) {
            ++taken.rrsets;
            taken.records += rrset->count();
        }
        return true;
    });
    add_notes(taken);
    return taken;
}

void Intake::add_notes(TakenZone& taken) const {
    if (has_dnskey_)
        taken.notes.emplace_back(
            "the zone is signed at its source and not here: take the DS out of the parent zone and "
            "let its TTL pass before resolvers are sent here, or they will refuse every answer");
    if (ttls_over_ != 0)
        taken.notes.push_back(std::to_string(ttls_over_) +
                              " records with a TTL over 2147483647 are taken with TTL 0 "
                              "(RFC 2181 section 8)");
    if (ttls_differ_ != 0)
        taken.notes.push_back(
            std::to_string(ttls_differ_) +
            " records had another TTL than the rest of their RRset: the smallest one is taken "
            "(RFC 2181 section 5.2)");
    append_zone_notes(*taken.zone, taken.notes);
}

}  // namespace hairpin::cli
