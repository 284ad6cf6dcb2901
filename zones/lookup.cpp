#include "zones/lookup.hpp"

#include <algorithm>
#include <array>

namespace hairpin::zones {
namespace {

// What a node answers to a type, once nothing above it speaks first.
Finding at_node(const Node& node, RType qtype, bool from_wildcard) noexcept {
    // RFC 8482 section 4.1: one RRset of those at the name is enough for ANY.
    if (qtype == RType::ANY) return Match{node.rrsets().front().get(), &node, from_wildcard};
    if (const RRset* rrset = node.find(qtype)) return Match{rrset, &node, from_wildcard};
    if (const RRset* cname = node.find(RType::CNAME)) return Alias{cname, from_wildcard};
    return NoData{false, from_wildcard};
}

// RFC 4592 section 3.3.1: the source of synthesis is the asterisk label right below the closest
// encloser. It may be an empty non-terminal (section 2.2.2: those exist), which synthesises
// nothing.
Finding at_wildcard(const Zone& zone, OctetView labels, std::size_t qname_labels,
                    std::size_t encloser_labels, RType qtype) noexcept {
    std::size_t at = 0;
    for (std::size_t skip = qname_labels - encloser_labels; skip > 0; --skip)
        at += labels[at] + 1u;
    const OctetView encloser = labels.subspan(at);
    std::array<std::uint8_t, kMaxNameOctets> source;
    if (encloser.size() + 2 > source.size()) return NxDomain{encloser_labels};
    source[0] = 1;
    source[1] = '*';
    std::copy(encloser.begin(), encloser.end(), source.begin() + 2);
    const OctetView name(source.data(), encloser.size() + 2);
    NameTree<Node>::Descent found;
    zone.names().descend(TreeKey(name).view(), name, found);
    if (found.exact != nullptr) return at_node(*NameTree<Node>::leaf(found.exact), qtype, true);
    if (found.common == encloser_labels + 1) return NoData{true, true};
    return NxDomain{encloser_labels};
}

}  // namespace

Finding look_up(const Zone& zone, const Name& qname, const TreeKey& key, RType qtype) noexcept {
    const OctetView labels = qname.relative_to(zone.apex());
    NameTree<Node>::Descent found;
    zone.names().descend(key.below(zone.apex_labels()), labels, found);

    // The topmost ancestor that gives the name away speaks first: what is below it is occluded.
    for (std::size_t each = 0; each < found.ancestors; ++each) {
        const Node& ancestor = *NameTree<Node>::leaf(found.ancestor[each]);
        if (ancestor.is_delegation_point()) return Referral{&ancestor};
        if (ancestor.has_dname()) return Redirection{ancestor.find(RType::DNAME), &ancestor};
    }

    if (found.exact != nullptr) {
        const Node& node = *NameTree<Node>::leaf(found.exact);
        // RFC 4035 section 3.1.4.1: the parent side of a zone cut is authoritative for DS.
        if (node.is_delegation_point() && qtype != RType::DS) return Referral{&node};
        return at_node(node, qtype, false);
    }

    const std::size_t qname_labels = key.labels() - zone.apex_labels();
    if (found.common == qname_labels) return NoData{true, false};
    return at_wildcard(zone, labels, qname_labels, found.common, qtype);
}

const Node* find_glue(const Zone& zone, const Name& owner) noexcept {
    return zone.find(owner);
}

}  // namespace hairpin::zones
