// admin/rehearsal.hpp - a request of a stock client that is judged, planned and answered, and not
// done.
//
// `explain` has no second idea of what a door does: it sends the door a request with a rehearsal in
// its exchange, and the door goes its usual way. Three things differ, all of them where doors meet
// (door_login.hpp, door_exchange.hpp): the caller is given in place of its secret; nothing is
// counted, limited, remembered or written; and where edits would be committed, their plan is made
// over what is published, and kept here. Not asked: how often the caller may write.
//
// Threads   The loop's.

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/api.hpp"
#include "admin/edit_door.hpp"
#include "admin/edit_plan.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "store/records.hpp"
#include "zones/edit.hpp"

namespace hairpin::admin {

struct Rehearsal {
    store::Identity caller;

    // What came of it.
    bool is_allowed = true;
    std::string rule;  // The sentence of the audit row, where it would be refused.
    std::vector<zones::RRsetDifference> differences;
    std::optional<net::Response> response;  // As the client would see it.

    /// The first sentence stays: what is said after it is said to the client.
    void refuse(std::string sentence) {
        is_allowed = false;
        if (rule.empty()) rule = std::move(sentence);
    }
};

/// Edits with what would come of them.
struct TriedEdits {
    EditPlan plan;
    zones::EditedZone edited;
};
/// The plan that the commit thread would make, and what the zone's rules make of it, over what is
/// published now. Writes nothing. Errors: as submit_edits().
[[nodiscard]] Result<TriedEdits, DoorRefusal> try_edits(Api& api, const EditRequest& request);

/// What the audit says of a refusal.
[[nodiscard]] std::string sentence_of(const DoorRefusal& refusal);

}  // namespace hairpin::admin
