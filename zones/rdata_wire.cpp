#include "zones/rdata_wire.hpp"

#include <algorithm>
#include <array>

#include "zones/name.hpp"
#include "zones/rdata_layout.hpp"

namespace hairpin::zones {
namespace {

// RFC 3597 section 4: "well-known" types, and "RP, AFSDB, RT, SIG, PX, NXT, NAPTR, and SRV". NXT
// (30) is opaque here: it has been dead since RFC 3755.
constexpr std::array<std::uint16_t, 18> kMayBeCompressed = {2,  3,  4,  5,  6,  7,  8,  9,  12,
                                                            14, 15, 17, 18, 21, 24, 26, 33, 35};

bool may_be_compressed(RType type) {
    return std::binary_search(kMayBeCompressed.begin(), kMayBeCompressed.end(), to_number(type));
}

// RFC 4034 section 6.2 adds these two, whose names were never compressed.
bool has_names_of_old(RType type) {
    constexpr RType kKx{36};
    return may_be_compressed(type) || type == kKx || type == RType::DNAME;
}

}  // namespace

Octets folded_rdata(RType type, OctetView rdata) {
    Octets folded(rdata.begin(), rdata.end());
    const RdataLayout* layout = layout_of(type);
    if (layout == nullptr || !has_names_of_old(type)) return folded;
    std::size_t at = 0;
    for (const Field field : layout->fields) {
        if (field == Field::End) break;
        const auto octets = field_octets(field, rdata.subspan(at));
        if (!octets) break;  // Not valid for the type: as it is.
        if (field == Field::Name)
            for (std::size_t each = at; each < at + *octets; ++each)
                folded[each] = lower(folded[each]);
        at += *octets;
    }
    return folded;
}

Result<Octets, WireError> expanded_rdata(OctetView message, const RecordAt& record) {
    const OctetView stored = message.subspan(record.rdata, record.rdlength);
    const auto type = static_cast<RType>(record.type);
    const RdataLayout* layout = layout_of(type);
    if (layout == nullptr || !may_be_compressed(type)) return Octets(stored.begin(), stored.end());

    Octets rdata;
    rdata.reserve(record.rdlength + kMaxNameOctets);
    std::size_t at = record.rdata;
    for (const Field field : layout->fields) {
        if (field == Field::End) break;
        if (field == Field::Name) {
            const NameAt name = TRY(read_name(message, at));
            rdata.insert(rdata.end(), name.name.wire().begin(), name.name.wire().end());
            at = name.next;
        } else {
            const OctetView rest = message.subspan(at, record.next - at);
            const auto octets = field_octets(field, rest);
            if (!octets) return fail(WireError::Truncated);
            rdata.insert(rdata.end(), rest.begin(),
                         rest.begin() + static_cast<std::ptrdiff_t>(*octets));
            at += *octets;
        }
        if (at > record.next) return fail(WireError::Truncated);
    }
    if (at != record.next) return fail(WireError::Truncated);
    return rdata;
}

}  // namespace hairpin::zones
