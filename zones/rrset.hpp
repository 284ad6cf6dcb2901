// zones/rrset.hpp - all records of one owner and type, kept the way they go onto the wire.
//
// Each record is stored as: C0 0C | type | class IN | TTL | RDLENGTH | RDATA. C0 0C is a pointer to
// the question's name, so an answer to the owner asked is one copy. For another owner the copier
// patches those two octets. An RRset does not know its owner: the node (zones/node.hpp) does. Names
// in RDATA are uncompressed.
//
// RDATA are in canonical order (RFC 4034 section 6.3 by octets as stored) and without duplicates
// (RFC 2181 section 5).
//
// Threads   Immutable and counted (core/ref.hpp).

#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "core/octets.hpp"
#include "core/ref.hpp"
#include "zones/rtype.hpp"

namespace hairpin::zones {

/// Secondaries take RRsets of so many records. BIND refuses the zone with the next one unless its
/// operator says otherwise (max-records-per-type); we hold more (EditRules::max_rdatas), and warn.
inline constexpr std::size_t kMostRecordsEverywhere = 100;

/// Seconds; RFC 2181 section 8: 0..2^31-1.
using Ttl = std::uint32_t;
inline constexpr Ttl kMaxTtl = 0x7fffffff;

/// Octets of pointer, type, class, TTL and RDLENGTH in front of each RDATA.
inline constexpr std::size_t kRecordHeadOctets = 12;
/// A set that does not fit into one message cannot be answered or transferred: header, question,
/// OPT, TSIG leave this.
inline constexpr std::size_t kMaxRRsetOctets = 60'000;

class RRset;
using RRsetRef = Ref<const RRset>;

class RRset final : public RefCounted<RRset> {
public:
    /// Sorts, drops duplicates. At least one RDATA, each at most 65,535 octets and valid for the
    /// type (rdata_is_valid() in zones/presentation.hpp), all together at most kMaxRRsetOctets in
    /// stored form: asserted.
    [[nodiscard]] static RRsetRef create(RType type, Ttl ttl, std::vector<Octets> rdatas);

    [[nodiscard]] RType type() const noexcept { return type_; }
    [[nodiscard]] Ttl ttl() const noexcept { return ttl_; }
    [[nodiscard]] std::uint16_t count() const noexcept { return count_; }
    /// All records as described above.
    [[nodiscard]] OctetView wire() const noexcept {
        return {reinterpret_cast<const std::uint8_t*>(this + 1), octets_};
    }

    /// Walks the RDATA: `for (OctetView rdata : rrset.rdatas())`.
    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = OctetView;
        using reference = OctetView;
        using pointer = void;
        using iterator_category = std::input_iterator_tag;
        explicit Iterator(const std::uint8_t* record) noexcept : record_(record) {}
        [[nodiscard]] OctetView operator*() const noexcept {
            return {record_ + kRecordHeadOctets, rdlength()};
        }
        Iterator& operator++() noexcept {
            record_ += kRecordHeadOctets + rdlength();
            return *this;
        }
        [[nodiscard]] bool operator==(const Iterator& other) const noexcept = default;

    private:
        [[nodiscard]] std::size_t rdlength() const noexcept {
            return static_cast<std::size_t>(record_[10] << 8 | record_[11]);
        }
        const std::uint8_t* record_;
    };
    struct Range {
        Iterator first, last;
        [[nodiscard]] Iterator begin() const noexcept { return first; }
        [[nodiscard]] Iterator end() const noexcept { return last; }
    };
    [[nodiscard]] Range rdatas() const noexcept {
        return {Iterator(wire().data()), Iterator(wire().data() + octets_)};
    }
    [[nodiscard]] std::vector<Octets> copy_rdatas() const;
    [[nodiscard]] bool contains(OctetView rdata) const noexcept;
    /// Same type, TTL and records, octet for octet.
    [[nodiscard]] bool same_as(const RRset& other) const noexcept;

    static void destroy(RRset* rrset) noexcept;

private:
    RRset(RType type, Ttl ttl, std::uint16_t count, std::uint32_t octets) noexcept
        : type_(type), count_(count), ttl_(ttl), octets_(octets) {}

    RType type_;
    std::uint16_t count_;
    Ttl ttl_;
    std::uint32_t octets_;
    // The records follow the object in the same allocation.
};

}  // namespace hairpin::zones
