// zones/lookup.hpp - what a zone says about one name and one type.
//
// This is the decision every answer rests on, kept apart from packets: it takes an immutable
// snapshot and returns pointers into it. It does not write wire format (dnsd/response.hpp), prove
// denial, chase a CNAME out of the zone, or know that a database exists.
//
// Terms     RFC 9499; delegation point as in RFC 4033 section 2.
// Standards RFC 1034 section 4.3.2 step 3; RFC 4592 for wildcards; RFC 6672 for DNAME; RFC 8020.
// Threads   Any number of readers. The zone must outlive the Finding.
// Cost      No allocation, no lock, no I/O: one descent of the tree, one more for a wildcard.

#pragma once

#include <variant>

#include "zones/name.hpp"
#include "zones/rrset.hpp"
#include "zones/rtype.hpp"
#include "zones/tree_key.hpp"
#include "zones/zone.hpp"

namespace hairpin::zones {

/// The RRset asked for. With QTYPE ANY `rrset` is one of the node's (RFC 8482 section 4.1).
struct Match {
    const RRset* rrset;
    const Node* node;
    bool from_wildcard;  // The owner is the QNAME, not the node's.
};
/// The owner has a CNAME instead (and the QTYPE is neither CNAME nor ANY).
struct Alias {
    const RRset* cname;
    bool from_wildcard;
};
/// An ancestor of the QNAME, `labels` labels below the apex, has a DNAME (RFC 6672 section 3.2).
struct Redirection {
    const RRset* dname;
    const Node* node;  // Its owner relative to the apex is the DNAME's owner.
};
/// At or below a delegation point: not authoritative. `node` holds NS and perhaps DS.
struct Referral {
    const Node* node;
};
/// The name exists (perhaps as an empty non-terminal, perhaps through a wildcard), the type does
/// not.
struct NoData {
    bool empty_non_terminal;
    bool from_wildcard;
};
/// The name does not exist, nor a wildcard for it.
struct NxDomain {
    std::size_t closest_encloser_labels;  // Labels of the closest encloser below the apex.
};

using Finding = std::variant<Match, Alias, Redirection, Referral, NoData, NxDomain>;

/// @param qname  The name asked for, in any case; within `zone`.
/// @param key    Its key, whole.
/// DS is looked up on the parent side: at a delegation point it is a Match or NoData, not a
/// Referral (RFC 4035 section 3.1.4.1).
[[nodiscard]] Finding look_up(const Zone& zone, const Name& qname, const TreeKey& key,
                              RType qtype) noexcept;

/// The node at `owner` for additional section processing: glue below a zone cut is found too (RFC
/// 9471).
[[nodiscard]] const Node* find_glue(const Zone& zone, const Name& owner) noexcept;

}  // namespace hairpin::zones
