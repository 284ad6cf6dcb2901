// store/work_group.hpp - the works of one commit: each in its own savepoint, on the zones as the
// works before it left them.
//
// Lives inside one open transaction. Keeps the next zone table (a persistent tree: undoing a work
// is forgetting a copy), and for each zone that moved the serial its journal rows begin at. Not
// here: the transaction, publishing, callbacks (store/committer.cpp).
//
// Serials: a zone's first change in a group takes the next serial; later ones keep it
// (zones::EditMoment), so readers see one bump per zone and commit. A zone made again after it was
// dropped goes on from its old serial.
//
// Threads   The commit thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/audit_rows.hpp"
#include "store/committer.hpp"
#include "store/database.hpp"
#include "zones/edit.hpp"
#include "zones/zone.hpp"

namespace hairpin::store {

class WorkGroup {
public:
    struct Moment {
        WallTime now;
        MonotonicTime monotonic;
    };
    struct Rules {
        const zones::EditRules& edits;
        const std::optional<zones::Name>& catalog;  // As in CommitterOptions.
    };
    /// All references outlive the group. `published` is what readers see.
    WorkGroup(Database& database, const zones::ZoneTable& published, const Rules& rules,
              const Moment& moment, RefusalBudget& budget)
        : database_(database),
          published_(published),
          rules_(rules),
          moment_(moment),
          budget_(budget),
          table_(published) {}

    /// Takes one work into the group, or refuses it and undoes what it wrote. `work` is used up.
    [[nodiscard]] Result<WorkReceipt, WorkRefusal> run(Work& work);
    /// Why the whole transaction must be given up; empty while it may be committed.
    [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

    [[nodiscard]] const zones::ZoneTable& table() const noexcept { return table_; }
    /// The zones that moved, each once with its last serial.
    [[nodiscard]] std::vector<zones::ZoneReceipt> moved() const;
    [[nodiscard]] std::size_t rrset_rows() const noexcept { return rrset_rows_; }
    /// What the works wrote that others keep in memory, some of it perhaps twice.
    [[nodiscard]] const Touched& touched() const noexcept { return touched_; }

private:
    struct Step {
        std::uint32_t serial_before = 0;  // Where the journal rows of the current serial begin.
        zones::ZoneReceipt receipt;
    };
    using Steps = std::unordered_map<zones::Name, Step, zones::NameHash>;
    // What one work did so far; becomes the group's when the work is kept.
    struct Attempt {
        zones::ZoneTable table;
        Steps steps;
        std::size_t rrset_rows = 0;
        Touched touched;
        WorkReceipt receipt;
    };

    [[nodiscard]] Result<void, WorkRefusal> perform(Work& work, Attempt& attempt);
    [[nodiscard]] Result<zones::ZoneReceipt, WorkRefusal> change_zone(
        const zones::Change& change, zones::ZoneChange& zone_change, Attempt& attempt);
    [[nodiscard]] Result<void, WorkRefusal> list_in_catalog(const zones::Change& change,
                                                            Attempt& attempt);
    [[nodiscard]] Result<void> write_step(const zones::Change& change,
                                          const zones::ZoneChange& zone_change,
                                          const zones::EditedZone& edited, zones::ZoneKind kind,
                                          Attempt& attempt);
    [[nodiscard]] Result<void> continue_serial(zones::ZoneChange& zone_change);
    [[nodiscard]] const Step* find_step(const zones::Name& apex, const Attempt& attempt) const;
    [[nodiscard]] Result<void> write_audit_row(const Work& work, Outcome outcome,
                                               std::string_view reason);
    static void put_step(Steps& steps, Step step);
    void keep(Attempt attempt);
    void refuse(const Work& work, const WorkRefusal& refusal);
    void give_up(Error error);

    Database& database_;
    const zones::ZoneTable& published_;
    const Rules rules_;
    Moment moment_;
    RefusalBudget& budget_;
    zones::ZoneTable table_;
    Steps steps_;
    std::size_t rrset_rows_ = 0;
    Touched touched_;
    std::optional<Error> failure_;
};

/// Adds one to the other.
void append(Touched& all, const Touched& more);

/// What every work of a group that could not be made durable is told.
[[nodiscard]] zones::Refusal not_durable(std::string_view cause);

}  // namespace hairpin::store
