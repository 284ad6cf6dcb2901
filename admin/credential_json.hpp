// admin/credential_json.hpp - credentials as JSON: what a body asks for, what an answer shows.
//
//   {"kind": "tsig", "name": "upd.", "allow": [{"zone": "pl-acme.example.net.", "names": "*",
//    "types": ["*"], "operations": ["read", "update"], "values": "any"}], "sources": [..]}
//
// A role is a name for the grants of a usual purpose (credential_roles.hpp).
//
// Threads   Pure, but for the randomness of secrets.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/json_value.hpp"
#include "admin/json_writer.hpp"
#include "core/octets.hpp"
#include "store/records.hpp"
#include "zones/permission.hpp"

namespace hairpin::admin {

/// The highest rate that a credential can be given.
inline constexpr std::int64_t kMostWritesPerMinute = 10'000'000;

/// Whose a credential is.
struct CredentialOwner {
    std::string licence;  // Empty: the operator's.
    std::string server;   // Label; empty: the licence's own.
    friend bool operator==(const CredentialOwner&, const CredentialOwner&) = default;
};

/// What a body asks for. The row is whole but for its id, its time, its owner and, with a role,
/// what follows from that.
struct WantedCredential {
    store::CredentialRow row;
    CredentialOwner owner;
    std::string secret;  // As it is shown, once.
    Octets tsig_secret;
    std::vector<zones::Grant> grants;
    std::string role;                      // Empty: `grants` say it.
    std::optional<zones::Name> role_zone;  // Of a role without an owner.
};

/// Everything that is wrong with it is in `errors` then.
[[nodiscard]] WantedCredential read_wanted_credential(ObjectReader& body,
                                                      std::vector<FieldError>& errors);

/// Gives the row a new secret, and its name to what has none yet. Of a TSIG key: made when
/// `tsig_secret` is empty.
void make_secret(WantedCredential& wanted);

/// "allow", where it is there. For bodies that change what there is.
[[nodiscard]] std::optional<std::vector<zones::Grant>> read_allow(ObjectReader& body,
                                                                  std::vector<FieldError>& errors);
[[nodiscard]] std::optional<std::vector<Prefix>> read_sources(ObjectReader& body);

/// `secret` null: it is not shown.
void write_credential(JsonWriter& json, const store::CredentialRow& row,
                      const CredentialOwner& owner, const std::vector<zones::Grant>& grants,
                      const std::string* secret);
void write_grants(JsonWriter& json, const std::vector<zones::Grant>& grants);

}  // namespace hairpin::admin
