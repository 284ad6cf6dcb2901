// admin/explain.hpp - what POST /v1/credentials/explain is asked, and what it answers.
//
// Either edits, reading or a transfer by the grants alone (explain.cpp), or a request of one door's
// client, in that client's own words, judged and answered by the door itself (explain_doors.cpp,
// explain_wire.cpp). Nothing is written.
//
// Threads   The loop's.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/api.hpp"
#include "admin/json_value.hpp"
#include "admin/rehearsal.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "store/records.hpp"
#include "zones/change.hpp"
#include "zones/edit.hpp"
#include "zones/name.hpp"
#include "zones/permission.hpp"
#include "zones/rtype.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kMaxExplained = 1'000;  // RRsets or updates.

/// What is asked about.
struct Supposition {
    std::string credential;
    std::string server;  // "acme/nur1", in place of a credential: its token or its key.
    std::optional<zones::Name> zone;
    zones::Operation operation = zones::Operation::Update;
    IpAddress source;
    std::optional<zones::Name> owner;  // To read.
    std::optional<zones::RType> type;
    std::vector<zones::Edit> edits;
    // A door's client, and what it would send.
    std::string door;
    const JsonValue* request = nullptr;  // Null: nothing was said.

    /// The zone; the root where none was named, which is no zone of ours.
    [[nodiscard]] zones::Name apex() const { return zone.value_or(zones::Name()); }
};

/// What the client would be told.
struct DoorAnswer {
    std::optional<int> status;  // Of HTTP, with its body.
    std::string body;
    std::string rcode;     // Of DNS.
    std::string datagram;  // Of a check-in: "none" or "challenge".
};

struct Explanation {
    bool is_allowed = false;
    std::string rule;
    std::vector<zones::RRsetDifference> differences = {};
    std::optional<DoorAnswer> answer = {};
};

/// A door as explain names it: by its word in the metrics and in the audit.
struct ExplainedDoor {
    std::string_view name;
    bool needs_zone;  // Its client names one.
    Result<Explanation, Problem> (*explain)(Api& api, const Supposition& wanted,
                                            store::Identity caller);
};
/// Every door there is.
[[nodiscard]] std::span<const ExplainedDoor> explained_doors() noexcept;

// The doors that are not of stock clients over HTTP (explain_wire.cpp). Errors: InvalidRequest,
// what the client would send is not that.
[[nodiscard]] Result<Explanation, Problem> explain_update(Api& api, const Supposition& wanted,
                                                          store::Identity caller);
[[nodiscard]] Result<Explanation, Problem> explain_transfer(Api& api, const Supposition& wanted,
                                                            store::Identity caller);
[[nodiscard]] Result<Explanation, Problem> explain_check_in(Api& api, const Supposition& wanted,
                                                            store::Identity caller);

/// Edits, as every door plans them.
[[nodiscard]] Explanation explain_edits(Api& api, const Supposition& wanted,
                                        const store::Identity& caller);
/// The same, from what try_edits() said.
[[nodiscard]] Explanation explanation_of(const Result<TriedEdits, DoorRefusal>& tried);

}  // namespace hairpin::admin
