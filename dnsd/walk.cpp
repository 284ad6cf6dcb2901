#include "dnsd/walk.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

using zones::RType;

template <typename... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

constexpr std::size_t kPriorityOctets = 2;

struct Service {
    std::uint16_t priority;  // 0: AliasMode.
    zones::Name target;
};

/// The beginning of an SVCB's RDATA (RFC 9460 section 2.2).
std::optional<Service> read_service(OctetView rdata) noexcept {
    std::size_t end = kPriorityOctets;
    while (end < rdata.size() && rdata[end] != 0)
        end += rdata[end] + 1u;
    if (end >= rdata.size()) return std::nullopt;
    const auto target =
        zones::Name::from_wire(rdata.subspan(kPriorityOctets, end + 1 - kPriorityOctets));
    if (!target) return std::nullopt;
    return Service{zones::read_u16(rdata.data()), *target};
}

}  // namespace

Walk::Walk(const zones::ZoneTable& zones, const Query& query, Response& response) noexcept
    : zones_(zones), query_(query), response_(response), name_(query.qname), key_(query.qname) {
    find_zone();
    if (zone_ != nullptr) apex_octets_ = zone_->apex().size();
}

/// RFC 1034 section 4.3.2 step 2. RFC 4035 section 3.1.4.1: DS belongs to the parent's side of the
/// cut; without the parent the child says that it has none.
void Walk::find_zone() noexcept {
    const auto enclosing = zones_.enclosing(key_, name_.wire());
    zone_ = enclosing.zone;
    if (zone_ != nullptr && zone_->kind() == zones::ZoneKind::Catalog && !is_serial_asked())
        zone_ = nullptr;
    if (zone_ == nullptr) return;
    if (query_.qtype != RType::DS || enclosing.parent == nullptr) return;
    if (name_.size() == zone_->apex().size()) zone_ = enclosing.parent;
}

/// A catalog lists our customers: whoever may transfer it may see it, and to all others it is no
/// zone of ours (RFC 9432 section 6). But for its SOA, which secondaries ask for over UDP.
bool Walk::is_serial_asked() const noexcept {
    return links_ == 0 && query_.qtype == RType::SOA && name_.size() == zone_->apex().size();
}

void Walk::answer() noexcept {
    while (zone_ != nullptr) {
        finding_ = look_up(*zone_, name_, key_, query_.qtype);
        // Of the first name only: where a chain leads does not change who answered for the QNAME.
        if (links_ == 0 && !std::holds_alternative<zones::Referral>(finding_))
            response_.set_authoritative();
        if (put_finding() == Step::Stop) return;
        find_zone();
    }
}

Walk::Step Walk::put_finding() noexcept {
    return std::visit(
        Overloaded{[this](const zones::Match& match) { return follow(match); },
                   [this](const zones::Alias& alias) { return follow(alias); },
                   [this](const zones::Redirection& redirection) { return follow(redirection); },
                   [](const zones::Referral&) { return Step::Stop; },
                   [](const zones::NoData&) { return Step::Stop; },
                   [](const zones::NxDomain&) { return Step::Stop; }},
        finding_);
}

Walk::Step Walk::follow(const zones::Match& match) noexcept {
    synthesised_ |= match.from_wildcard;
    if (!response_.put(Section::Answer, *match.rrset, offset_)) response_.truncate();
    return Step::Stop;
}

Walk::Step Walk::follow(const zones::Alias& alias) noexcept {
    synthesised_ |= alias.from_wildcard;
    const auto target = zones::Name::from_wire(*alias.cname->rdatas().begin());
    if (!response_.put(Section::Answer, *alias.cname, offset_)) {
        response_.truncate();
        return Step::Stop;
    }
    return target ? move_to(*target) : Step::Stop;
}

/// RFC 6672 section 3.2 step 3.C: the DNAME, and a CNAME made from it with its TTL (section 3.1).
Walk::Step Walk::follow(const zones::Redirection& redirection) noexcept {
    synthesised_ = true;
    const zones::RRset* dname = redirection.dname;
    const std::size_t owner = owner_octets(*redirection.node);
    const auto passed = dnames_.begin() + static_cast<std::ptrdiff_t>(links_);
    const bool put_before = std::find(dnames_.begin(), passed, dname) != passed;
    if (!put_before && !response_.put(Section::Answer, *dname, ancestor_at(owner))) {
        response_.truncate();
        return Step::Stop;
    }
    dnames_[links_] = dname;

    const auto suffix = zones::Name::from_wire(*dname->rdatas().begin());
    const OctetView kept = name_.wire().first(name_.size() - owner);
    const auto target = suffix ? zones::Name::join(kept, *suffix) : std::nullopt;
    if (!target) {
        rcode_ = Rcode::YxDomain;
        return Step::Stop;
    }
    if (!response_.put_cname(offset_, dname->ttl(), *target)) {
        response_.truncate();
        return Step::Stop;
    }
    // The CNAME that was made is what was asked for (RFC 1034 section 4.3.2 step 3a).
    const bool asked = query_.qtype == RType::CNAME || query_.qtype == RType::ANY;
    return asked ? Step::Stop : move_to(*target);
}

/// The target of the CNAME that was put last becomes the name, unless it was one before.
Walk::Step Walk::move_to(const zones::Name& target) noexcept {
    passed_[links_++] = Place{offset_, name_.size()};
    for (std::size_t each = 0; each < links_; ++each) {
        const auto [offset, octets] = passed_[each];
        if (zones::equal_ignoring_case(response_.written().subspan(offset, octets), target.wire()))
            return Step::Stop;
    }
    if (links_ == kMaxChainLinks) return Step::Stop;
    name_ = target;
    key_ = zones::TreeKey(name_);
    offset_ = response_.last_rdata();
    return Step::Follow;
}

void Walk::authority() noexcept {
    if (response_.is_truncated()) return;
    std::visit(Overloaded{[](const zones::Match&) {}, [](const zones::Alias&) {},
                          [](const zones::Redirection&) {},
                          [this](const zones::Referral& referral) { put_referral(*referral.node); },
                          [this](const zones::NoData&) { put_negative(Rcode::NoError); },
                          [this](const zones::NxDomain&) { put_negative(Rcode::NxDomain); }},
               finding_);
}

/// RFC 1034 section 4.3.2 step 3.b; RFC 4035 section 3.1.4: the DS goes with the NS.
void Walk::put_referral(const zones::Node& delegation_point) noexcept {
    const std::size_t owner = ancestor_at(owner_octets(delegation_point));
    if (!response_.put(Section::Authority, *delegation_point.find(RType::NS), owner))
        return response_.truncate();
    ns_rdata_ = response_.last_rdata();
    const zones::RRset* ds = query_.edns.dnssec_ok ? delegation_point.find(RType::DS) : nullptr;
    if (ds != nullptr && !response_.put(Section::Authority, *ds, owner)) response_.truncate();
}

/// RFC 2308 sections 2 and 3. The owner's case is that of the question's end.
void Walk::put_negative(Rcode rcode) noexcept {
    rcode_ = rcode;
    const std::size_t owner = ancestor_at(zone_->apex().size());
    if (!response_.put(Section::Authority, zone_->negative_soa(), owner)) response_.truncate();
}

void Walk::additional() noexcept {
    if (response_.is_truncated()) return;
    if (const auto* referral = std::get_if<zones::Referral>(&finding_))
        put_glue_of(*referral->node);
    else if (const auto* match = std::get_if<zones::Match>(&finding_))
        put_service_targets(*match);
}

/// RFC 9471: glue of name servers below the cut goes with the referral or TC is set; other
/// addresses that the zone holds come after it, as far as they fit.
void Walk::put_glue_of(const zones::Node& delegation_point) noexcept {
    const zones::RRset& ns = *delegation_point.find(RType::NS);
    const zones::Name cut =
        name_.without_labels(key_.labels() - zone_->apex_labels() - delegation_point.labels());
    put_glue(ns, cut, Need::Required);
    put_glue(ns, cut, Need::Optional);
}

void Walk::put_glue(const zones::RRset& ns, const zones::Name& zone_cut, Need need) noexcept {
    std::size_t owner = ns_rdata_;
    for (const OctetView rdata : ns.rdatas()) {
        const std::size_t here = owner;
        owner += rdata.size() + zones::kRecordHeadOctets;
        const auto target = zones::Name::from_wire(rdata);
        if (!target || target->is_within(zone_cut) != (need == Need::Required)) continue;
        const zones::Node* node = find_glue(*zone_, *target);
        if (node == nullptr) continue;
        put_address(RType::A, *node, here, need);
        put_address(RType::AAAA, *node, here, need);
    }
}

void Walk::put_address(RType type, const zones::Node& node, std::size_t owner, Need need) noexcept {
    const zones::RRset* addresses = node.find(type);
    if (addresses == nullptr || response_.put(Section::Additional, *addresses, owner)) return;
    if (need == Need::Required) response_.set_truncated();
}

/// RFC 9460 section 4.1: "authoritative DNS servers SHOULD return A, AAAA, and SVCB records in the
/// Additional section for any TargetNames that are in the zone." A client can ask for them too, so
/// what does not fit is left out without TC, and so is what follows the first few targets.
void Walk::put_service_targets(const zones::Match& match) noexcept {
    const bool asked = query_.qtype == RType::SVCB || query_.qtype == RType::HTTPS;
    if (!asked) return;
    std::array<zones::Name, kMaxServiceTargets> targets;
    std::size_t count = 0;
    std::size_t rdata_at = response_.last_rdata();
    for (const OctetView rdata : match.rrset->rdatas()) {
        const std::size_t target_at = rdata_at + kPriorityOctets;
        rdata_at += rdata.size() + zones::kRecordHeadOctets;
        const auto service = read_service(rdata);
        if (!service || count == kMaxServiceTargets) return;
        // RFC 9460 section 2.5: "." is the owner itself, or in AliasMode no service at all.
        const bool is_owner = service->target.is_root();
        if (is_owner && service->priority == 0) continue;
        const zones::Name& target = is_owner ? name_ : service->target;
        const auto end = targets.begin() + static_cast<std::ptrdiff_t>(count);
        if (!target.is_within(zone_->apex()) || std::find(targets.begin(), end, target) != end)
            continue;
        targets[count++] = target;
        put_service_target(target, is_owner ? offset_ : target_at, *match.rrset);
    }
}

/// @param at  Where `target` stands in the message.
void Walk::put_service_target(const zones::Name& target, std::size_t at,
                              const zones::RRset& services) noexcept {
    const zones::TreeKey key(target);
    for (const RType type : {services.type(), RType::A, RType::AAAA}) {
        const auto found = look_up(*zone_, target, key, type);
        const auto* match = std::get_if<zones::Match>(&found);
        if (match == nullptr || match->rrset == &services) continue;  // Not there, or put already.
        static_cast<void>(response_.put(Section::Additional, *match->rrset, at));
    }
}

Outcome Walk::outcome() const noexcept {
    return std::visit(Overloaded{[](const zones::Match&) { return Outcome::Match; },
                                 [](const zones::Alias&) { return Outcome::Alias; },
                                 [](const zones::Redirection&) { return Outcome::Redirection; },
                                 [](const zones::Referral&) { return Outcome::Referral; },
                                 [](const zones::NoData&) { return Outcome::NoData; },
                                 [](const zones::NxDomain&) { return Outcome::NxDomain; }},
                      finding_);
}

/// Names that nobody has to know cost a stranger nothing to make up: what answers all of them is
/// one subject. A delegation of the first name's zone is another.
OctetView Walk::subject() const noexcept {
    const auto* no_data = std::get_if<zones::NoData>(&finding_);
    const auto* referral = std::get_if<zones::Referral>(&finding_);
    const bool made_up = synthesised_ || std::holds_alternative<zones::NxDomain>(finding_) ||
                         (no_data != nullptr && no_data->from_wildcard);
    std::size_t octets = made_up ? apex_octets_ : query_.qname.size();
    if (referral != nullptr && !synthesised_)
        octets = links_ == 0 ? owner_octets(*referral->node) : query_.qname.size();
    return query_.question.subspan(query_.qname.size() - octets, octets);
}

}  // namespace hairpin::dnsd
