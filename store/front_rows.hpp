// store/front_rows.hpp - accounts and orders of stock ACME clients at our front, as rows.
//
// What an order means and when it becomes valid is admin/front_order.hpp's; here its states are
// text with a CHECK. Rows go with their server, and an account with the credential that vouched for
// it. Nothing here is secret: keys are public ones.
//
// Errors everywhere: as in reader.hpp and writer.hpp.
//
// Threads   As the Database or Writer given.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"

namespace hairpin::store {

/// Of one server: one more takes the place of the one that has been quiet the longest, so that a
/// machine that is installed anew and anew is never locked out.
inline constexpr std::size_t kMaxFrontAccounts = 8;
/// Of one account: older ones are forgotten.
inline constexpr std::size_t kMaxFrontOrders = 32;

enum class FrontAccountStatus : std::uint8_t { Valid, Deactivated };
enum class FrontOrderState : std::uint8_t { Ready, Processing, Valid, Invalid };
/// As stored, and as RFC 8555 sections 7.1.2 and 7.1.3 write them.
[[nodiscard]] std::string_view to_string(FrontAccountStatus status) noexcept;
[[nodiscard]] std::string_view to_string(FrontOrderState state) noexcept;

struct FrontAccountRow {
    std::string id;  // 32 hexadecimal digits, random.
    std::int64_t server_id = 0;
    std::int64_t credential_id = 0;
    std::string jwk;         // RFC 7638 section 3.
    std::string thumbprint;  // Unique within the server.
    FrontAccountStatus status = FrontAccountStatus::Valid;
    WallTime created_at{};
    WallTime used_at{};  // When it ordered or was vouched for last.
};

struct FrontOrderRow {
    std::string id;  // 32 hexadecimal digits, random.
    std::string account_id;
    std::int64_t server_id = 0;
    std::vector<std::string> names;  // As ordered, in lower case, without a final dot.
    FrontOrderState state = FrontOrderState::Ready;
    WallTime created_at{};
    WallTime expires_at{};
    Octets csr;                                // DER; empty: not finalized.
    std::optional<Sha256> key_sha256;          // Of the CSR's SubjectPublicKeyInfo.
    std::optional<Sha256> before_sha256;       // The server's certificate at that time.
    std::optional<Sha256> certificate_sha256;  // What the order brought.
    std::string renewal_id;                    // RFC 9773 section 4.1, of that.
    std::string problem_type;                  // Of Invalid: "rejectedIdentifier".
    std::string problem;                       // In words.
};

[[nodiscard]] Result<std::optional<FrontAccountRow>> front_account(Database& database,
                                                                   std::string_view id);
/// The newest with that key, of one server or (nullopt) of any.
[[nodiscard]] Result<std::optional<FrontAccountRow>> front_account_by_key(
    Database& database, std::string_view thumbprint, std::optional<std::int64_t> server_id);
/// By id, of all servers, after `after_id`: for operators.
[[nodiscard]] Result<std::vector<FrontAccountRow>> front_accounts(Database& database,
                                                                  std::size_t limit,
                                                                  std::string_view after_id);
[[nodiscard]] Result<std::vector<FrontAccountRow>> front_accounts_of_server(Database& database,
                                                                            std::int64_t server_id);
[[nodiscard]] Result<std::optional<FrontOrderRow>> front_order(Database& database,
                                                               std::string_view id);
/// Newest first; at most kMaxFrontOrders.
[[nodiscard]] Result<std::vector<FrontOrderRow>> front_orders_of(Database& database,
                                                                 std::string_view account_id);
/// The newest order whose certificate has that id (RFC 9773 section 4.1).
[[nodiscard]] Result<std::optional<FrontOrderRow>> front_order_by_renewal_id(
    Database& database, std::string_view renewal_id);
/// Whether a client of the front asked for a certificate with this key: then that client renews it.
[[nodiscard]] Result<bool> is_front_key(Database& database, std::int64_t server_id,
                                        const Sha256& key_sha256);

/// Where the server has kMaxFrontAccounts, the quietest goes, with its orders. Errors: Conflict:
/// the server has an account with that key.
[[nodiscard]] Result<void> insert_front_account(Writer& writer, const FrontAccountRow& row);
/// Writes credential, key, status and time of use. Errors: NotFound; Conflict as above.
[[nodiscard]] Result<void> update_front_account(Writer& writer, const FrontAccountRow& row);
/// Errors: NotFound.
[[nodiscard]] Result<void> erase_front_account(Writer& writer, std::string_view id);
/// The account's oldest orders go where there are too many.
[[nodiscard]] Result<void> insert_front_order(Writer& writer, const FrontOrderRow& row);
/// Writes all but id, account, server, names and times, where the order is still in `expected`.
/// Errors: NotFound it is gone; Conflict it is in another state.
[[nodiscard]] Result<void> update_front_order(Writer& writer, const FrontOrderRow& row,
                                              FrontOrderState expected);

}  // namespace hairpin::store
