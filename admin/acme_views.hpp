// admin/acme_views.hpp - what the handlers of /v1/acme share.
//
// Threads   The loop's thread.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "acme/queue_view.hpp"
#include "admin/api.hpp"
#include "admin/json_writer.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"

namespace hairpin::admin {

/// Of a limit, in seconds.
inline constexpr std::int64_t kLongestPeriod = acme::kMaxPeriod / Seconds(1);

[[nodiscard]] Problem no_ca();
/// Errors: Unavailable no CA is configured.
[[nodiscard]] Result<std::shared_ptr<const acme::QueueView>, Problem> queue_of(Api& api);
/// The member "parked" of an object that is open.
void write_parked(JsonWriter& json, const std::vector<acme::WaitingLine::Parked>& parked);

}  // namespace hairpin::admin
