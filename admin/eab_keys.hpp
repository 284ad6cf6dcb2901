// admin/eab_keys.hpp - the key with which a server's ACME client is vouched for.
//
// Every credential of a server has one: its id is the name of the credential's TSIG key without the
// final dot, its MAC key is derived from that key's secret, which is stored sealed. So there is
// nothing more to store, to rotate or to revoke; and who learns the MAC key learns nothing of the
// secret it was derived from.
//
//   MAC key = HMAC-SHA-256(TSIG secret, "hairpin acme external account binding\n" kid)
//
// Standards RFC 8555 section 7.3.4.
// Threads   Pure functions.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/json_writer.hpp"
#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "store/records.hpp"
#include "zones/name.hpp"

namespace hairpin::admin {

struct EabKey {
    std::string kid;  // "k0123456789abcdef.nur1.pl-acme.example.net"
    Sha256 mac_key{};
};

/// @param tsig_name  Of the credential's key. @param secret  Of the same.
[[nodiscard]] EabKey make_eab_key(const zones::Name& tsig_name, OctetView secret);
/// The same of a stored credential. Errors: NotFound it has none; Corrupt its seal does not open.
[[nodiscard]] Result<EabKey> eab_key_of(const store::CredentialRow& credential,
                                        const Sealer& sealer);
/// The name of the TSIG key that a kid stands for, as stored; nullopt: it stands for none.
[[nodiscard]] std::optional<std::string> tsig_name_of_kid(std::string_view kid);

/// "acme": {"kid", "hmac_key", "directory"} in an object that is open. The MAC key is base64url, as
/// stock clients want it. `base`: "https://manager.example.net"; empty: no directory is named.
void write_eab_key(JsonWriter& json, const EabKey& key, const std::string& base);

}  // namespace hairpin::admin
