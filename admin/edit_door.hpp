// admin/edit_door.hpp - edits of a stock client on their way through the committer.
//
// What every door that writes records has in common: a plan made on the commit thread over what the
// commit meets, its rows, the delegations that follow, actor, audit and rate. What differs (how
// the client says it, what it is answered) is the door's.
//
// Threads   submit_edits(): any. `done` runs on the commit thread (or on the caller's, where the
//           queue is full) and must only hand on.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "admin/context.hpp"
#include "admin/edit_plan.hpp"
#include "admin/problem.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/committer.hpp"
#include "store/records.hpp"

namespace hairpin::admin {

struct DoorRequest {
    EditRequest edits;
    zones::Actor actor;  // Who it says it is, until the commit knows.
    std::string reason;
    bool is_trial = false;  // Permission and prerequisites are asked, and nothing is changed.
    /// The door has no credential at hand to ask over_rate() before.
    bool is_counted_here = false;
};

/// Why nothing was changed: a problem of ours, or a refusal of the zones (a prerequisite, a rule).
using DoorRefusal = std::variant<Problem, zones::Refusal>;
using DoorDone = std::function<void(Result<zones::ZoneReceipt, DoorRefusal>)>;

/// `context` outlives `done`.
void submit_edits(ApiContext& context, DoorRequest request, DoorDone done);

/// Writes the audit row of a write that was refused before it came to edits: the same row, under
/// the same bound, that a refusal within the commit has. `done` as in submit_edits().
void audit_refusal(ApiContext& context, zones::Actor actor, const std::string& subject,
                   const std::string& sentence, std::function<void()> done);

/// Takes one write from the credential's rate. Nullopt: it may go on; else how long to wait.
[[nodiscard]] std::optional<Seconds> over_rate(ApiContext& context,
                                               const store::CredentialRow& credential);

/// One face for both.
[[nodiscard]] Problem to_problem(const DoorRefusal& refusal);

}  // namespace hairpin::admin
