// admin/granted.hpp - tokens with grants on the routes that they share with operators.
//
// An operator passes; a token is judged by its grants, before anything about the zone is told, and
// again on the commit thread, where its writes become what a stock client's would (edit_plan.hpp).
//
// Threads   check_*: the loop's. admit_granted(): the commit thread.

#pragma once

#include <optional>

#include "admin/api.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"
#include "store/writer.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::admin {

/// Errors: Forbidden: no grant has to do with that zone.
[[nodiscard]] Result<void, Problem> check_concerned(Api& api, const Call& call,
                                                    const zones::Name& apex);
/// Takes one write from a token's rate. Errors: TooManyRequests.
[[nodiscard]] Result<void, Problem> check_rate(Api& api, const Call& call);
/// A write that is refused before there are edits of it, so that this stands in the audit as any
/// refusal within the commit does.
[[nodiscard]] Write refused_write(store::AuditNote audit, Problem problem);
/// Errors: Forbidden, with the sentence of zones::decide().
[[nodiscard]] Result<void, Problem> check_readable(Api& api, const Call& call,
                                                   const zones::Name& apex,
                                                   const zones::Name& owner, zones::RType type);

/// Who writes, as the commit thread needs it: nullopt for an operator.
struct GrantedCaller {
    std::int64_t credential_id = 0;
    IpAddress source;
};
[[nodiscard]] std::optional<GrantedCaller> granted_caller(const Call& call);

/// Puts in the place of a token's edits what its plan says. Errors: as plan_edits().
[[nodiscard]] Result<void, Problem> admit_granted(const ApiContext& context,
                                                  const std::optional<GrantedCaller>& caller,
                                                  store::Writer& writer, zones::Change& change);

}  // namespace hairpin::admin
