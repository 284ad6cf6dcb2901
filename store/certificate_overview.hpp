// store/certificate_overview.hpp - all servers with where their certificates stand, in one read.
//
// For lists and counts over the whole fleet, where a read for each server would be two thousand
// reads. Errors as in sqlite_error.hpp.
//
// Threads   As the Database.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto.hpp"
#include "core/result.hpp"
#include "store/acme_rows.hpp"
#include "store/database.hpp"

namespace hairpin::store {

/// Where the certificates of a subject stand.
struct Standing {
    /// The newest one that has not expired, else the newest, of those that nobody wants revoked;
    /// without chain, CSR and key.
    std::optional<CertificateRow> certificate;
    /// Under way; of it `state`, `next_at` and `problem` alone.
    std::optional<AcmeAttemptRow> live;
};

struct CertificateOverview {
    struct Alone {
        std::string name;
        Standing standing;
    };
    std::int64_t server_id = 0;
    std::string licence;
    std::string label;
    std::optional<Sha256> served;  // What the server says that it serves.
    Standing twin;
    std::vector<Alone> alone;  // Few servers have any: they are read one by one, whole.
};

/// By server id, those behind `after_id`, at most `limit`.
[[nodiscard]] Result<std::vector<CertificateOverview>> certificate_overview(Database& database,
                                                                            WallTime now,
                                                                            std::size_t limit,
                                                                            std::int64_t after_id);

}  // namespace hairpin::store
