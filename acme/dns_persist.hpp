// acme/dns_persist.hpp - the TXT record of dns-persist-01, in the format of each draft.
//
//   _validation-persist.<name> TXT "<issuer>; accounturi=<uri>; persistUntil=<seconds>"
//
// The record says that an account of the CA may have certificates for the name, and stays. draft-01
// names the account by its URL, draft-02 by a hash over name, key and URL. Never with
// `policy=wildcard`, always with an end, which moves on with each order: an account key that was
// lost opens nothing for longer than kPersistFor. Which challenge is chosen is placing.cpp's.
//
// Standards draft-ietf-acme-dns-persist-01 and -02 section 4.1; RFC 8659 section 4.2 (the syntax).
// Threads   Pure functions.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acme/attempt.hpp"
#include "acme/coupling.hpp"
#include "core/clock.hpp"
#include "zones/change.hpp"
#include "zones/zone.hpp"

namespace hairpin::acme {

inline constexpr Milliseconds kPersistFor{30LL * 24 * 3600 * 1000};
/// A record that is good for so long is left as it is.
inline constexpr Milliseconds kPersistEnough{20LL * 24 * 3600 * 1000};

struct PersistAccount {
    std::string url;
    std::string thumbprint;   // Of its key, base64url.
    std::string hash_prefix;  // meta.accountHashPrefix of the CA's directory; empty: none.
};

struct PersistRecord {
    std::string issuer;
    std::string account_uri;
    std::optional<WallTime> until;  // Empty: for ever.
    bool is_wide = false;           // It has a policy.
};

/// _validation-persist.<name>
[[nodiscard]] std::optional<zones::Name> persist_name(std::string_view name);
/// What the record calls the account; nullopt: this CA does not do what the draft says. `name`
/// without a final dot.
[[nodiscard]] std::optional<std::string> persist_account_uri(DnsPersist draft,
                                                             std::string_view name,
                                                             const PersistAccount& account);
[[nodiscard]] std::string persist_value(const std::string& issuer, const std::string& account_uri,
                                        WallTime until);
/// Nullopt: it is none, or has a tag twice, which CAs take for malformed.
[[nodiscard]] std::optional<PersistRecord> read_persist(std::string_view value);

/// The value that is to stand at `owner`: one that is there and good for long enough, else a new
/// one.
[[nodiscard]] std::string choose_persist_value(const zones::ZoneTable& table,
                                               const zones::Name& owner, const std::string& issuer,
                                               const std::string& account_uri, WallTime now);
/// Adds to a change that publishes `values` the removal of those that they take the place of, and
/// of those of the same issuer that have ended.
void remove_old_persist_values(const zones::ZoneTable& table, std::span<const Pending> values,
                               WallTime now, std::vector<zones::ZoneChange>& changes);

}  // namespace hairpin::acme
