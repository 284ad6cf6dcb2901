// admin/credential_lookup.hpp - a credential as callers name it.
//
// Threads   As the Queries given.

#pragma once

#include <string>

#include "admin/problem.hpp"
#include "core/result.hpp"
#include "store/reader.hpp"
#include "store/records.hpp"

namespace hairpin::admin {

/// One with grants of its own, by its id or by the name of its TSIG key. Errors: NotFound.
[[nodiscard]] Result<store::CredentialRow, Problem> find_credential(store::Queries& queries,
                                                                    const std::string& wanted);

}  // namespace hairpin::admin
