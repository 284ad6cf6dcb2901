// acme/foresight.hpp - whether a request made now would be postponed, before anything is made of
// it.
//
// The engine decides about attempts (admission.cpp, gate.hpp); this tells callers beforehand what
// it would decide, from the store and from the line that waits for the CA's limits, so that a
// client is told "later" where it still listens. It may be wrong by what happens between; then the
// attempt waits, as always.
//
// Threads   As the Queries given.

#pragma once

#include <cstdint>
#include <optional>

#include "acme/certificates.hpp"
#include "acme/queue_view.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"

namespace hairpin::acme {

/// A wait in the line that is shorter is none: a client that asks at the front waits so long.
inline constexpr Milliseconds kShortWait{60'000};

/// For an attempt with a key that has none under way. Errors: those of the store.
[[nodiscard]] Result<std::optional<Postponement>> postponement_of(store::Queries& queries,
                                                                  const Options& options,
                                                                  const QueueView& line,
                                                                  const store::Subject& subject,
                                                                  WallTime now);

}  // namespace hairpin::acme
