// acme/foresight.hpp - whether a request made now would be postponed, before anything is made of
// it.
//
// The engine decides about attempts (admission.cpp); this tells callers beforehand what it would
// decide, from the store alone, so that a client is told "later" where it still listens. It may be
// wrong by what happens between; then the attempt waits, as always.
//
// Threads   As the Queries given.

#pragma once

#include <cstdint>
#include <optional>

#include "acme/certificates.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"

namespace hairpin::acme {

/// For an attempt with a key that has none under way. Errors: those of the store.
[[nodiscard]] Result<std::optional<Postponement>> postponement_of(store::Queries& queries,
                                                                  const Options& options,
                                                                  std::int64_t server_id,
                                                                  WallTime now);

}  // namespace hairpin::acme
