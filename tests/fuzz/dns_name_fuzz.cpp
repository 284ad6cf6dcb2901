// Names inside messages, read by us and by ldns: where both take one, it is the same name; and what
// we take survives the way through text, case and order.
//
// Input: two octets of offset, then the message.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "core/handle.hpp"
#include "core/octets.hpp"
#include "zones/name.hpp"
#include "zones/tree_key.hpp"
#include "zones/wire.hpp"

// Behind the standard library: its macros break the headers of libstdc++ for clang.
#include <ldns/ldns.h>

namespace {

using namespace hairpin;
using zones::Name;

using RdfHandle = Handle<ldns_rdf, ldns_rdf_deep_free>;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

OctetView octets_of(const RdfHandle& rdf) {
    return {ldns_rdf_data(rdf.get()), ldns_rdf_size(rdf.get())};
}

void check_name(const Name& name) {
    require(name.size() >= 1 && name.size() <= zones::kMaxNameOctets, "size");
    require(name.wire().back() == 0, "no root label");
    require(name.labels() <= zones::kMaxLabels, "labels");
    require(Name::from_wire(name.wire()) == name, "wire form does not read back");
    const auto again = Name::parse(name.text());
    require(again.has_value() && *again == name, "text does not read back");
    require(std::ranges::equal(again->wire(), name.wire()), "text changes octets");
    require(name.lower() == name, "lower case is another name");
    require(name.is_within(Name()) && name.is_within(name), "not within the root or itself");
    require(zones::NameHash()(name) == zones::NameHash()(name.lower()), "hash sees case");
    require(std::ranges::equal(zones::TreeKey(name).view(), zones::TreeKey(name.lower()).view()),
            "key sees case");
}

/// Our two orders, by labels and by keys, are ldns's.
void check_order(const Name& a, const Name& b) {
    const auto rdf = [](const Name& name) {
        return RdfHandle(
            ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.size(), name.wire().data()));
    };
    const int theirs = ldns_dname_compare(rdf(a).get(), rdf(b).get());
    require(zones::canonical_less(a, b) == (theirs < 0), "ldns orders them otherwise");
    require(zones::canonical_less(b, a) == (theirs > 0), "ldns orders them otherwise, reversed");
    require((a == b) == (theirs == 0), "ldns disagrees about equality");
    const zones::TreeKey key_a(a);
    const zones::TreeKey key_b(b);
    require(std::ranges::lexicographical_compare(key_a.view(), key_b.view()) == (theirs < 0),
            "keys order them otherwise");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t offset = zones::read_u16(data);
    const OctetView message(data + 2, size - 2);
    const auto ours = zones::read_name(message, offset);

    std::size_t at = offset;
    ldns_rdf* raw = nullptr;
    const bool theirs =
        ldns_wire2dname(&raw, message.data(), message.size(), &at) == LDNS_STATUS_OK;
    const RdfHandle rdf(raw);
    if (!ours) {
        require(!zones::to_string(ours.error()).empty(), "an error without words");
        return 0;
    }
    check_name(ours->name);
    require(ours->next > offset && ours->next <= message.size(), "next is out of bounds");
    if (theirs) {
        require(std::ranges::equal(octets_of(rdf), ours->name.wire()), "ldns reads another name");
        require(at == ours->next, "ldns ends elsewhere");
    }
    const auto second = zones::read_name(message, ours->next);
    if (second) check_order(ours->name, second->name);
    return 0;
}
