// store/renewal_rows.hpp - what a CA says about the renewal of a certificate (RFC 9773), as rows.
//
// One row per certificate, erased with it. What the members mean and how they are computed is
// acme/renewal_window.hpp's. The instant that was chosen is the certificate's own `renew_at`.
//
// Errors everywhere: Conflict, Unavailable, Corrupt as in sqlite_error.hpp.
//
// Threads   RenewalQueries as its Database; what takes a Writer: the commit thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/acme_rows.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"

namespace hairpin::store {

/// The certificate has no usable identifier (it names no key of its issuer): it is never looked up.
inline constexpr std::string_view kNoCertId = "-";

struct RenewalRow {
    std::int64_t certificate_id = 0;
    std::string cert_id;    // Empty: not computed yet; or kNoCertId.
    std::string directory;  // The CA that issued it; empty: not known.
    std::string account;    // The URL of the account that ordered it; empty: not known.
    std::optional<WallTime> window_start;  // With window_end, or neither.
    std::optional<WallTime> window_end;
    std::string explanation_url;
    std::optional<WallTime> check_at;  // When the CA is asked next; empty: it is not.
    std::int64_t failures = 0;         // To get an answer, in a row.
    friend bool operator==(const RenewalRow&, const RenewalRow&) = default;
};

class RenewalQueries {
public:
    /// `database` outlives this.
    explicit RenewalQueries(Database& database) noexcept : database_(database) {}

    [[nodiscard]] Result<std::optional<RenewalRow>> of_certificate(std::int64_t certificate_id);
    /// The newest, where several have the same.
    [[nodiscard]] Result<std::optional<RenewalRow>> with_cert_id(std::string_view cert_id);
    /// Whether a certificate of the server, expired or not, is from that CA.
    [[nodiscard]] Result<bool> has_issued(const Subject& subject, std::string_view directory);

private:
    Database& database_;
};

/// Inserts or replaces.
[[nodiscard]] Result<void> put_renewal(Writer& writer, const RenewalRow& row);
/// Errors: NotFound.
[[nodiscard]] Result<void> set_renew_at(Writer& writer, std::int64_t certificate_id, WallTime at);

}  // namespace hairpin::store
