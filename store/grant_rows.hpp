// store/grant_rows.hpp - what a credential may do, as rows.
//
// Grants go with their credential, and with the zone that they name: one of that name made later is
// another's.
//
// Errors everywhere: as in reader.hpp and writer.hpp.
//
// Threads   As the Database or Writer given.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"
#include "zones/permission.hpp"

namespace hairpin::store {

inline constexpr std::size_t kMaxGrants = 100;

/// In the order in which they were given. One indexed read.
[[nodiscard]] Result<std::vector<zones::Grant>> grants_of(Database& database,
                                                          std::int64_t credential_id);
/// In place of those that it had. Errors: NotFound: there is no such zone; Limit: too many.
[[nodiscard]] Result<void> put_grants(Writer& writer, std::int64_t credential_id,
                                      const std::vector<zones::Grant>& grants);
/// A credential with its grants. Errors: NotFound.
[[nodiscard]] Result<void> erase_granted_credential(Writer& writer, std::int64_t id);

}  // namespace hairpin::store
