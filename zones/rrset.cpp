#include "zones/rrset.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/assert.hpp"
#include "zones/wire.hpp"

namespace hairpin::zones {
namespace {

constexpr std::uint16_t kQuestionPointer = 0xC000 | 12;

std::uint8_t* write_record(std::uint8_t* at, RType type, Ttl ttl, const Octets& rdata) {
    write_u16(at, kQuestionPointer);
    write_u16(at + 2, to_number(type));
    write_u16(at + 4, static_cast<std::uint16_t>(RClass::IN));
    write_u32(at + 6, ttl);
    write_u16(at + 10, static_cast<std::uint16_t>(rdata.size()));
    if (!rdata.empty()) std::memcpy(at + kRecordHeadOctets, rdata.data(), rdata.size());
    return at + kRecordHeadOctets + rdata.size();
}

}  // namespace

RRsetRef RRset::create(RType type, Ttl ttl, std::vector<Octets> rdatas) {
    HAIRPIN_ASSERT(!rdatas.empty() && ttl <= kMaxTtl);
    std::sort(rdatas.begin(), rdatas.end());
    rdatas.erase(std::unique(rdatas.begin(), rdatas.end()), rdatas.end());
    std::size_t octets = 0;
    for (const Octets& rdata : rdatas)
        octets += kRecordHeadOctets + rdata.size();
    HAIRPIN_ASSERT(octets <= kMaxRRsetOctets);

    // One allocation for the object and its records: half the memory of two for a typical A RRset.
    void* memory = ::operator new(sizeof(RRset) + octets);
    auto* rrset = ::new (memory) RRset(type, ttl, static_cast<std::uint16_t>(rdatas.size()),
                                       static_cast<std::uint32_t>(octets));
    auto* at = reinterpret_cast<std::uint8_t*>(rrset + 1);
    for (const Octets& rdata : rdatas)
        at = write_record(at, type, ttl, rdata);
    return RRsetRef::adopt(rrset);
}

std::vector<Octets> RRset::copy_rdatas() const {
    std::vector<Octets> copies;
    copies.reserve(count_);
    for (const OctetView rdata : rdatas())
        copies.emplace_back(rdata.begin(), rdata.end());
    return copies;
}

bool RRset::contains(OctetView wanted) const noexcept {
    const Range all = rdatas();
    return std::any_of(all.begin(), all.end(), [wanted](OctetView rdata) {
        return rdata.size() == wanted.size() &&
               std::equal(rdata.begin(), rdata.end(), wanted.begin());
    });
}

bool RRset::same_as(const RRset& other) const noexcept {
    const OctetView a = wire();
    const OctetView b = other.wire();
    return type_ == other.type_ && a.size() == b.size() &&
           std::memcmp(a.data(), b.data(), a.size()) == 0;
}

void RRset::destroy(RRset* rrset) noexcept {
    rrset->~RRset();
    ::operator delete(rrset);
}

}  // namespace hairpin::zones
