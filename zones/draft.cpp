#include "zones/draft.hpp"

#include <algorithm>
#include <string>

#include "zones/presentation.hpp"

namespace hairpin::zones {
namespace {

Refusal refuse(RefusalCode code, const Edit& edit, std::string cause) {
    return {code, edit.owner.text() + " " + type_text(edit.type), std::move(cause)};
}

void remove_type(RRsetList& list, RType type) {
    std::erase_if(list, [type](const RRsetRef& each) { return each->type() == type; });
}

// SOA and NS of the apex are what makes it a zone: they may be replaced, never removed.
bool keeps_zone_alive(const Edit& edit, const Name& apex) {
    return edit.owner == apex && (edit.type == RType::SOA || edit.type == RType::NS);
}

std::vector<Octets> without(std::vector<Octets> from, const std::vector<Octets>& removed) {
    std::erase_if(from, [&](const Octets& each) {
        return std::find(removed.begin(), removed.end(), each) != removed.end();
    });
    return from;
}

}  // namespace

const RRset* find_type(const RRsetList& list, RType type) noexcept {
    const auto found = std::find_if(list.begin(), list.end(),
                                    [type](const auto& each) { return each->type() == type; });
    return found == list.end() ? nullptr : found->get();
}

Draft::Draft(const Name& apex, const Zone* base, Start start)
    : apex_(apex), base_(base), start_(start) {
    static_cast<void>(at(apex));
}

DraftOwner& Draft::at(const Name& owner) {
    const auto [known, is_new] = index_.try_emplace(owner, owners_.size());
    if (!is_new) return owners_[known->second];
    DraftOwner& made = owners_.emplace_back();
    made.owner = owner;
    if (const Node* node = base_ == nullptr ? nullptr : base_->find(owner)) {
        made.before.assign(node->rrsets().begin(), node->rrsets().end());
        if (start_ == Start::FromBase) made.after = made.before;
        // The owner keeps the case it has: two spellings of one name are one node.
        made.owner = Name::join(node->owner(), apex_).value_or(owner);
    }
    return made;
}

Result<void, Refusal> Draft::put(DraftOwner& at, const Edit& edit, Ttl ttl,
                                 std::vector<Octets> rdatas, const EditRules& rules) {
    // A record that stands twice counts once, against the bounds too.
    std::sort(rdatas.begin(), rdatas.end());
    rdatas.erase(std::unique(rdatas.begin(), rdatas.end()), rdatas.end());
    std::size_t octets = 0;
    for (const Octets& rdata : rdatas)
        octets += kRecordHeadOctets + rdata.size();
    if (rdatas.size() > rules.max_rdatas)
        return fail(
            refuse(RefusalCode::TooLarge, edit,
                   "an RRset may hold at most " + std::to_string(rules.max_rdatas) + " records"));
    if (octets > kMaxRRsetOctets)
        return fail(
            refuse(RefusalCode::TooLarge, edit, "the RRset does not fit into one DNS message"));
    remove_type(at.after, edit.type);
    at.after.push_back(RRset::create(edit.type, ttl, std::move(rdatas)));
    return {};
}

Result<void, Refusal> Draft::perform(const Edit& edit, const EditRules& rules) {
    DraftOwner& owner = at(edit.owner);
    const RRset* present =
        edit.kind == EditKind::DeleteOwner ? nullptr : find_type(owner.after, edit.type);
    const bool removes = edit.kind == EditKind::DeleteRRset ||
                         (edit.kind == EditKind::ReplaceRRset && edit.rdatas.empty());
    if (removes && keeps_zone_alive(edit, apex_))
        return fail(refuse(RefusalCode::Rule, edit,
                           "the apex of a zone keeps its SOA and NS; replace them instead"));

    switch (edit.kind) {
        case EditKind::ReplaceRRset:
            if (!edit.rdatas.empty()) return put(owner, edit, edit.ttl, edit.rdatas, rules);
            remove_type(owner.after, edit.type);
            return {};
        case EditKind::DeleteRRset:
            remove_type(owner.after, edit.type);
            return {};
        case EditKind::AddRecords: {
            if (edit.rdatas.empty()) return {};
            std::vector<Octets> all = edit.rdatas;
            if (present != nullptr)
                for (const OctetView rdata : present->rdatas())
                    all.emplace_back(rdata.begin(), rdata.end());
            return put(owner, edit, edit.ttl, std::move(all), rules);
        }
        case EditKind::DeleteRecords: {
            if (present == nullptr) return {};
            const Ttl ttl = present->ttl();
            std::vector<Octets> left = without(present->copy_rdatas(), edit.rdatas);
            if (!left.empty()) return put(owner, edit, ttl, std::move(left), rules);
            if (keeps_zone_alive(edit, apex_))
                return fail(refuse(RefusalCode::Rule, edit,
                                   "the apex keeps its SOA and at least one NS record"));
            remove_type(owner.after, edit.type);
            return {};
        }
        case EditKind::DeleteOwner:
            std::erase_if(owner.after, [&](const RRsetRef& each) {
                return !(edit.owner == apex_ &&
                         (each->type() == RType::SOA || each->type() == RType::NS));
            });
            return {};
    }
    return {};
}

}  // namespace hairpin::zones
