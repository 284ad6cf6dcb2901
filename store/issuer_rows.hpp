// store/issuer_rows.hpp - our accounts at CAs, and what is tried there so that it works when it is
// needed.
//
// Of one CA (by the URL of its directory) there is at most one account that orders (Active) and one
// in reserve (Standby). One that the CA does not take any more is kept (Refused): certificates were
// issued to it, and a person may want to know. What they are used for is acme/issuer.hpp's.
//
// Secrets: account keys are only here sealed, with the context that account_key_context() gives.
//
// Errors everywhere: as in acme_rows.hpp.
//
// Threads   Reads as the Database given; what takes a Writer: the commit thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"

namespace hairpin::store {

enum class AccountRole : std::uint8_t { Active, Standby, Refused };
/// As stored: "active", "standby", "refused".
[[nodiscard]] std::string_view to_string(AccountRole role) noexcept;

struct AcmeAccountRow {
    std::int64_t id = 0;
    std::string directory;  // The CA.
    AccountRole role = AccountRole::Active;
    Octets key_sealed;       // PKCS#8 DER of a P-256 key.
    std::string url;         // RFC 8555 section 7.1.2; empty: not registered yet.
    Octets next_key_sealed;  // What the account is being changed to; empty: nothing.
    std::string problem;     // Of a refused one: the CA's words.
    WallTime created_at{};
};

/// The context that account keys are sealed with.
[[nodiscard]] std::string account_key_context(std::string_view directory);

/// All of one CA, the oldest first.
[[nodiscard]] Result<std::vector<AcmeAccountRow>> accounts_of(Database& database,
                                                              std::string_view directory);
[[nodiscard]] Result<std::optional<AcmeAccountRow>> account_in_role(Database& database,
                                                                    std::string_view directory,
                                                                    AccountRole role);
/// Writes keys and URL of `row.id`; 0: of the account that the directory has in the role, which is
/// made where there is none. Its id. Errors: NotFound no account has that id.
[[nodiscard]] Result<std::int64_t> put_account(Writer& writer, const AcmeAccountRow& row);
/// Puts the account in reserve into the place of the active one, which becomes `left` (Standby or
/// Refused, with `problem`). Errors: NotFound there is none in reserve that is registered.
[[nodiscard]] Result<void> switch_accounts(Writer& writer, std::string_view directory,
                                           AccountRole left, const std::string& problem);

enum class CanaryKind : std::uint8_t { Certificate, StandbyAccount };
/// As stored: "certificate", "standby-account".
[[nodiscard]] std::string_view to_string(CanaryKind kind) noexcept;

struct CanaryRow {
    std::string directory;
    CanaryKind kind = CanaryKind::Certificate;
    WallTime due_at{};                // When it is tried next.
    std::optional<WallTime> good_at;  // When it went well last; empty: never yet.
    std::int64_t failures = 0;        // In a row.
    std::optional<WallTime> failed_at;
    std::string problem;  // Of the last failure.
    friend bool operator==(const CanaryRow&, const CanaryRow&) = default;
};

[[nodiscard]] Result<std::optional<CanaryRow>> canary(Database& database,
                                                      std::string_view directory, CanaryKind kind);
/// Inserts or replaces.
[[nodiscard]] Result<void> put_canary(Writer& writer, const CanaryRow& row);

}  // namespace hairpin::store
