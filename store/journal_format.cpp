#include "store/journal_format.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace hairpin::store {
namespace {

using zones::RRset;
using zones::RRsetDifference;
using zones::RRsetRef;

Error corrupt(std::string subject, std::string cause) {
    return {ErrorCode::Corrupt, std::move(subject), std::move(cause)};
}

template <typename Number>
void append_number(Octets& out, Number number) {
    for (std::size_t shift = sizeof(Number) * 8; shift > 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(number >> (shift - 8)));
}

void append(Octets& out, OctetView octets) {
    out.insert(out.end(), octets.begin(), octets.end());
}

std::size_t encoded_octets(const RRset* rrset) {
    // Stored form has a head in front of each RDATA; ours two octets.
    return rrset == nullptr
               ? 0
               : rrset->wire().size() - rrset->count() * (zones::kRecordHeadOctets - 2);
}

void append_rdatas(Octets& out, const RRset& rrset) {
    for (const OctetView rdata : rrset.rdatas()) {
        append_number(out, static_cast<std::uint16_t>(rdata.size()));
        append(out, rdata);
    }
}

void append_side(Octets& out, const RRset* rrset) {
    append_number(out, rrset == nullptr ? std::uint32_t{0} : rrset->ttl());
    append_number(out, static_cast<std::uint32_t>(encoded_octets(rrset)));
    if (rrset != nullptr) append_rdatas(out, *rrset);
}

// Takes fields off the front; every take says whether there was enough.
class Cursor {
public:
    explicit Cursor(OctetView octets) noexcept : rest_(octets) {}
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] std::optional<OctetView> take(std::size_t size) noexcept {
        if (rest_.size() < size) return std::nullopt;
        return std::exchange(rest_, rest_.subspan(size)).first(size);
    }
    template <typename Number>
    [[nodiscard]] std::optional<Number> number() noexcept {
        const auto octets = take(sizeof(Number));
        if (!octets) return std::nullopt;
        Number number = 0;
        for (const std::uint8_t octet : *octets)
            number = static_cast<Number>(number << 8 | octet);
        return number;
    }

private:
    OctetView rest_;
};

Result<RRsetRef> take_side(Cursor& cursor, zones::RType type) {
    const auto ttl = cursor.number<std::uint32_t>();
    const auto size = cursor.number<std::uint32_t>();
    const auto records = cursor.take(size.value_or(0));
    if (!ttl || !size || !records)
        return fail(corrupt("journal", "a difference ends in the middle"));
    if (records->empty()) return RRsetRef();
    return decode_rrset(type, *ttl, *records);
}

Result<RRsetDifference> take_difference(Cursor& cursor, const zones::Name& apex) {
    const auto owner_octets = cursor.number<std::uint8_t>();
    const auto labels = cursor.take(owner_octets.value_or(0));
    const auto type = cursor.number<std::uint16_t>();
    if (!owner_octets || !labels || !type)
        return fail(corrupt("journal", "a difference ends in the middle"));
    const auto owner = absolute_owner(*labels, apex);
    if (!owner) return fail(corrupt("journal", "an owner is not a name"));
    const auto rtype = static_cast<zones::RType>(*type);
    RRsetRef before = TRY(take_side(cursor, rtype));
    RRsetRef after = TRY(take_side(cursor, rtype));
    if (!before && !after) return fail(corrupt("journal", "a difference without either side"));
    return RRsetDifference{*owner, rtype, std::move(before), std::move(after)};
}

}  // namespace

std::optional<zones::Name> absolute_owner(OctetView labels, const zones::Name& apex) {
    std::array<std::uint8_t, zones::kMaxNameOctets> wire;
    if (labels.size() >= wire.size()) return std::nullopt;
    *std::copy(labels.begin(), labels.end(), wire.begin()) = 0;
    if (!zones::Name::from_wire(OctetView(wire).first(labels.size() + 1))) return std::nullopt;
    return zones::Name::join(labels, apex);
}

Octets encode_rdatas(const RRset& rrset) {
    Octets out;
    out.reserve(encoded_octets(&rrset));
    append_rdatas(out, rrset);
    return out;
}

Result<RRsetRef> decode_rrset(zones::RType type, std::int64_t ttl, OctetView records) {
    if (ttl < 0 || ttl > zones::kMaxTtl) return fail(corrupt("RRset", "its TTL is out of range"));
    std::vector<Octets> rdatas;
    std::size_t stored_octets = 0;
    for (Cursor cursor(records); !cursor.at_end();) {
        const auto size = cursor.number<std::uint16_t>();
        const auto rdata = size ? cursor.take(*size) : std::nullopt;
        if (!rdata) return fail(corrupt("RRset", "its records end in the middle"));
        stored_octets += zones::kRecordHeadOctets + rdata->size();
        rdatas.emplace_back(rdata->begin(), rdata->end());
    }
    if (rdatas.empty()) return fail(corrupt("RRset", "it has no records"));
    if (stored_octets > zones::kMaxRRsetOctets)
        return fail(corrupt("RRset", "it is larger than any RRset may be"));
    return RRset::create(type, static_cast<zones::Ttl>(ttl), std::move(rdatas));
}

std::vector<Octets> encode_difference(std::span<const RRsetDifference> rrsets,
                                      const zones::Name& apex) {
    std::vector<Octets> parts;
    for (const RRsetDifference& rrset : rrsets) {
        const OctetView labels = rrset.owner.relative_to(apex);
        const std::size_t size = 1 + labels.size() + 2 + 16 + encoded_octets(rrset.before.get()) +
                                 encoded_octets(rrset.after.get());
        if (parts.empty() || parts.back().size() + size > kJournalPartOctets)
            parts.push_back({kDifferenceVersion});
        Octets& out = parts.back();
        append_number(out, static_cast<std::uint8_t>(labels.size()));
        append(out, labels);
        append_number(out, zones::to_number(rrset.type));
        append_side(out, rrset.before.get());
        append_side(out, rrset.after.get());
    }
    return parts;
}

Result<std::vector<RRsetDifference>> decode_difference(OctetView octets, const zones::Name& apex) {
    Cursor cursor(octets);
    const auto version = cursor.number<std::uint8_t>();
    if (version != kDifferenceVersion)
        return fail(corrupt("journal", "a difference has an unknown format"));
    std::vector<RRsetDifference> rrsets;
    while (!cursor.at_end())
        rrsets.push_back(TRY(take_difference(cursor, apex)));
    return rrsets;
}

}  // namespace hairpin::store
