// admin/edit_plan.hpp - what becomes of edits that somebody asks for through a door.
//
//   who asks -> standing, sources -> grants -> { report of a twin name | own challenge values |
//   records as they are }
//
// Every door that writes records (UPDATE, REST tokens, acme-dns, httpreq, PowerDNS) goes through
// here, so that one answer holds for all of them:
//
// - Nothing is allowed but by a grant (zones/permission.hpp).
// - A or AAAA at a twin name are a report: the same address rules, the same row, the same events
//   as a heartbeat; the TTL is the configuration's.
// - TXT at `_acme-challenge..` belongs to who wrote it: replacing or deleting the RRset removes
//   only what the same credential wrote (store/challenge_rows.hpp).
//
// A plan is made from what is there and writes nothing: the commit thread makes it and applies it,
// and `explain` shows it.
//
// Standards RFC 2136 section 3.3 (permission); RFC 8555 section 8.4 (challenges).
// Threads   plan_edits(): as the Queries given. apply_rows(): the commit thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/context.hpp"
#include "admin/problem.hpp"
#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"
#include "store/writer.hpp"
#include "zones/address_rules.hpp"
#include "zones/change.hpp"
#include "zones/permission.hpp"
#include "zones/zone.hpp"

namespace hairpin::admin {

/// Where a plan is made.
struct EditScene {
    store::Queries& queries;
    const zones::ZoneTable& zones;
    WallTime now;
    const zones::AddressRules& rules;
    zones::Ttl ttl;       // Of twin names.
    Milliseconds window;  // As HeartbeatSituation::window.

    /// All of these outlive it.
    [[nodiscard]] static EditScene of(const ApiOptions& options, store::Queries& queries,
                                      const zones::ZoneTable& zones, WallTime now);
};

struct EditRequest {
    std::int64_t credential_id = 0;
    IpAddress source;
    zones::ZoneChange change;  // Of an existing zone.
};

/// One server's report, as it would be written.
struct PlannedReport {
    store::ServerRow server;  // With its next report, port and state.
    bool changes_server = false;
};

struct PlannedChallenge {
    zones::Name owner;
    Octets rdata;
    bool is_put = true;  // Else it is taken away.
};

struct EditPlan {
    store::Identity identity;
    zones::ZoneChange change;  // What the zone is asked to become.
    std::vector<PlannedReport> reports;
    std::vector<PlannedChallenge> challenges;
    std::string rule;  // What allowed it.
};

/// Errors: Unauthorized, Forbidden  the credential ended, or may not: the detail is the sentence of
///                                  zones::decide()
///         LicenceSuspended, ServerSuspended
///         NotFound    there is no such zone, or none that the credential has to do with
///         RuleBroken  an address that the twin name does not take
///         Conflict    the server is frozen
[[nodiscard]] Result<EditPlan, Problem> plan_edits(const EditScene& scene,
                                                   const EditRequest& request);

/// Writes what the plan says beside the zone.
[[nodiscard]] Result<void, Problem> apply_rows(store::Writer& writer, const EditPlan& plan);

// The two halves of a plan, for their tests.

/// Takes the edits of A and AAAA at names of servers out of `plan.change` and puts those of a
/// report in their place. Errors: as plan_edits().
[[nodiscard]] Result<void, Problem> plan_reports(const EditScene& scene, const IpAddress& source,
                                                 EditPlan& plan);
/// Makes edits of TXT at challenge names say what the credential itself wrote.
[[nodiscard]] Result<void, Problem> plan_challenges(const EditScene& scene, EditPlan& plan);

/// Whether the first label is "_acme-challenge", in any case.
[[nodiscard]] bool is_challenge_name(const zones::Name& owner) noexcept;

}  // namespace hairpin::admin
