// store/challenge_rows.hpp - which credential wrote which TXT value at a challenge name.
//
// DNS-01 clients replace or empty the whole TXT RRset of `_acme-challenge.<name>` (lego, acme.sh
// and libdns do), so that two of them at one name would undo each other. With these rows each
// removes only what it wrote. The RRset itself is the zone's; a row whose value stands there no
// more means nothing.
//
// Errors everywhere: as in reader.hpp and writer.hpp.
//
// Threads   As the Database or Writer given.

#pragma once

#include <cstdint>
#include <vector>

#include "core/clock.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"
#include "zones/name.hpp"

namespace hairpin::store {

struct ChallengeValue {
    Octets rdata;
    WallTime at{};
    friend bool operator==(const ChallengeValue&, const ChallengeValue&) = default;
};

/// Those that a credential wrote at an owner, the oldest first.
[[nodiscard]] Result<std::vector<ChallengeValue>> challenge_values(Database& database,
                                                                   const zones::Name& apex,
                                                                   const zones::Name& owner,
                                                                   std::int64_t credential_id);
/// Whether another credential wrote this value there too: then it stays when one removes it.
[[nodiscard]] Result<bool> others_wrote(Database& database, const zones::Name& apex,
                                        const zones::Name& owner, std::int64_t credential_id,
                                        OctetView rdata);
/// Written again, it is as new. Errors: NotFound: there is no such zone.
[[nodiscard]] Result<void> put_challenge_value(Writer& writer, const zones::Name& apex,
                                               const zones::Name& owner, std::int64_t credential_id,
                                               OctetView rdata);
/// What is not there is no error.
[[nodiscard]] Result<void> erase_challenge_value(Writer& writer, const zones::Name& apex,
                                                 const zones::Name& owner,
                                                 std::int64_t credential_id, OctetView rdata);

}  // namespace hairpin::store
