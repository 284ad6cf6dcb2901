// dnsd/transfer_records.hpp - the records of a transfer, one after the other, from a snapshot.
//
// A whole zone: the SOA, every other record once in canonical order of owners (glue and what is
// occluded included), the SOA again. A difference: the SOA, the old SOA, what is deleted, the SOA,
// what is added, the SOA. It may pause after any record; it holds the snapshot and the path to
// where it stands. It does not know messages (dnsd/transfer.hpp).
//
// Standards RFC 5936 sections 2.2 and 3 (all of it, each once); RFC 1995 section 4 (the order).
// Threads   One.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "core/octets.hpp"
#include "zones/edit.hpp"
#include "zones/zone.hpp"

namespace hairpin::dnsd {

/// Between two serials; the second one is the snapshot's (dnsd/transfer_choice.hpp checks).
using DifferenceRef = std::shared_ptr<const zones::ZoneDifference>;

class TransferRecords {
public:
    /// The whole zone.
    explicit TransferRecords(zones::ZoneRef zone);
    /// The difference that leads to `zone`; null: the whole zone.
    TransferRecords(zones::ZoneRef zone, DifferenceRef difference);
    TransferRecords(const TransferRecords&) = delete;
    TransferRecords& operator=(const TransferRecords&) = delete;

    [[nodiscard]] bool at_end() const noexcept { return !portion_; }
    // Of the record it stands at; not at the end. Valid until advance().
    /// Absolute, in the case that the zone has it.
    [[nodiscard]] const zones::Name& owner() const noexcept { return *portion_->owner; }
    /// As stored: kRecordHeadOctets of head, then RDATA (zones/rrset.hpp).
    [[nodiscard]] OctetView record() const noexcept;
    void advance();

private:
    /// Records of one RRset, but for those that `except` holds too, TTL included.
    struct Portion {
        const zones::Name* owner;
        const zones::RRset* rrset;
        const zones::RRset* except = nullptr;
    };
    struct WholeZone {
        zones::NameTree<zones::Node>::Cursor names;
        const zones::Node* node = nullptr;
        std::size_t rrset = 0;   // The next one of `node`.
        zones::Name owner = {};  // Of `node`.
        bool began = false;
        bool ended = false;
    };
    struct Steps {
        DifferenceRef difference;
        zones::RRsetRef old_soa;
        enum class Part : std::uint8_t { Soa, OldSoa, Deleted, NewSoa, Added, LastSoa, End };
        Part part = Part::Soa;
        std::size_t rrset = 0;  // The next one of `difference`.
    };

    [[nodiscard]] std::optional<Portion> next(WholeZone& whole);
    [[nodiscard]] std::optional<Portion> next(Steps& steps);
    [[nodiscard]] std::optional<Portion> next_of(Steps& steps, Steps::Part following);
    [[nodiscard]] Portion soa() const noexcept { return {&zone_->apex(), &zone_->soa()}; }
    void enter_portion();
    [[nodiscard]] bool is_excepted();

    zones::ZoneRef zone_;
    std::variant<WholeZone, Steps> source_;
    std::optional<Portion> portion_;
    zones::RRset::Iterator record_{nullptr};
    zones::RRset::Iterator except_{nullptr};  // Both are sorted: they go forward side by side.
};

}  // namespace hairpin::dnsd
