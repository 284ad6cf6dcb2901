#include "dnsd/transfer_records.hpp"

#include <algorithm>
#include <utility>

#include "core/assert.hpp"

namespace hairpin::dnsd {
namespace {

using zones::kRecordHeadOctets;
using zones::RType;

const zones::RRsetDifference* soa_of(const zones::ZoneDifference& difference) {
    const auto soa = std::find_if(difference.rrsets.begin(), difference.rrsets.end(),
                                  [](const auto& each) { return each.type == RType::SOA; });
    return soa == difference.rrsets.end() ? nullptr : &*soa;
}

}  // namespace

TransferRecords::TransferRecords(zones::ZoneRef zone) : TransferRecords(std::move(zone), nullptr) {}

TransferRecords::TransferRecords(zones::ZoneRef zone, DifferenceRef difference)
    : zone_(std::move(zone)),
      source_(WholeZone{zones::NameTree<zones::Node>::Cursor(zone_->names())}) {
    if (difference != nullptr) {
        const zones::RRsetDifference* soa = soa_of(*difference);
        HAIRPIN_ASSERT(soa != nullptr && soa->before);
        source_ = Steps{std::move(difference), soa->before};
    }
    advance();
}

OctetView TransferRecords::record() const noexcept {
    const OctetView rdata = *record_;
    return {rdata.data() - kRecordHeadOctets, kRecordHeadOctets + rdata.size()};
}

void TransferRecords::advance() {
    if (portion_) ++record_;
    for (;;) {
        while (portion_ && record_ != portion_->rrset->rdatas().end()) {
            if (!is_excepted()) return;
            ++record_;
        }
        portion_ = std::visit([this](auto& source) { return next(source); }, source_);
        if (!portion_) return;
        enter_portion();
    }
}

void TransferRecords::enter_portion() {
    // A record of another TTL is another record: it is deleted and added.
    if (portion_->except != nullptr && portion_->except->ttl() != portion_->rrset->ttl())
        portion_->except = nullptr;
    record_ = portion_->rrset->rdatas().begin();
    if (portion_->except != nullptr) except_ = portion_->except->rdatas().begin();
}

bool TransferRecords::is_excepted() {
    if (portion_->except == nullptr) return false;
    const OctetView wanted = *record_;
    for (const auto end = portion_->except->rdatas().end(); except_ != end; ++except_) {
        const OctetView other = *except_;
        if (std::lexicographical_compare(other.begin(), other.end(), wanted.begin(), wanted.end()))
            continue;
        return std::equal(other.begin(), other.end(), wanted.begin(), wanted.end());
    }
    return false;
}

std::optional<TransferRecords::Portion> TransferRecords::next(WholeZone& whole) {
    if (!std::exchange(whole.began, true)) return soa();
    for (;;) {
        if (whole.node != nullptr && whole.rrset < whole.node->rrsets().size()) {
            const zones::RRset* rrset = whole.node->rrsets()[whole.rrset++].get();
            if (rrset == &zone_->soa()) continue;  // First and last only.
            return Portion{&whole.owner, rrset};
        }
        if (whole.ended) return std::nullopt;
        whole.node = whole.names.next();
        whole.rrset = 0;
        whole.ended = whole.node == nullptr;
        if (whole.ended) return soa();
        const auto owner = zones::Name::join(whole.node->owner(), zone_->apex());
        HAIRPIN_ASSERT(owner.has_value());
        whole.owner = *owner;
    }
}

/// RFC 1995 section 4: what is deleted behind the old SOA, what is added behind the new one, all of
/// it between two copies of the newest SOA.
std::optional<TransferRecords::Portion> TransferRecords::next(Steps& steps) {
    using Part = Steps::Part;
    switch (steps.part) {
        case Part::Soa:
            steps.part = Part::OldSoa;
            return soa();
        case Part::OldSoa:
            steps.part = Part::Deleted;
            return Portion{&zone_->apex(), steps.old_soa.get()};
        case Part::Deleted:
            return next_of(steps, Part::NewSoa);
        case Part::NewSoa:
            steps.part = Part::Added;
            return soa();
        case Part::Added:
            return next_of(steps, Part::LastSoa);
        case Part::LastSoa:
            steps.part = Part::End;
            return soa();
        case Part::End:
            break;
    }
    return std::nullopt;
}

std::optional<TransferRecords::Portion> TransferRecords::next_of(Steps& steps,
                                                                 Steps::Part following) {
    const auto& rrsets = steps.difference->rrsets;
    while (steps.rrset < rrsets.size()) {
        const zones::RRsetDifference& each = rrsets[steps.rrset++];
        if (each.type == RType::SOA) continue;
        const zones::RRset* before = each.before.get();
        const zones::RRset* after = each.after.get();
        if (steps.part == Steps::Part::Added) std::swap(before, after);
        if (before != nullptr) return Portion{&each.owner, before, after};
    }
    steps.rrset = 0;
    steps.part = following;
    return next(steps);
}

}  // namespace hairpin::dnsd
