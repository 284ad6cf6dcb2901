// zones/draft.hpp - the owners that a change touches, before and after, while it is being applied.
//
// Holds copies of RRset references for touched owners only, so that a change to a zone of a million
// names costs what it touches. Not a zone: zones/edit.cpp turns it into the next snapshot and the
// difference.
//
// Threads   One.

#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "zones/change.hpp"
#include "zones/edit.hpp"
#include "zones/zone.hpp"

namespace hairpin::zones {

/// The RRsets of one owner, one per type, in no order.
using RRsetList = std::vector<RRsetRef>;

[[nodiscard]] const RRset* find_type(const RRsetList& list, RType type) noexcept;

struct DraftOwner {
    Name owner;
    RRsetList before;
    RRsetList after;
};

class Draft {
public:
    /// @param base  The zone as it is; null for a new one. Outlives the draft.
    /// `from_nothing`: every owner starts out empty (Create, Replace).
    enum class Start { FromBase, FromNothing };
    Draft(const Name& apex, const Zone* base, Start start);

    /// Errors: Rule the edit cannot be done (SOA or NS of the apex removed); TooLarge.
    [[nodiscard]] Result<void, Refusal> perform(const Edit& edit, const EditRules& rules);

    /// Touched owners in the order they were first touched; the apex is always among them.
    [[nodiscard]] std::vector<DraftOwner>& owners() noexcept { return owners_; }
    [[nodiscard]] DraftOwner& at(const Name& owner);

private:
    [[nodiscard]] Result<void, Refusal> put(DraftOwner& at, const Edit& edit, Ttl ttl,
                                            std::vector<Octets> rdatas, const EditRules& rules);

    Name apex_;
    const Zone* base_;
    Start start_;
    std::vector<DraftOwner> owners_;
    std::unordered_map<Name, std::size_t, NameHash> index_;
};

}  // namespace hairpin::zones
