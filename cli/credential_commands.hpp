// cli/credential_commands.hpp - `hairpin credential ..`: make, list, show, rotate, revoke, explain.
//
// Calls the API and writes its JSON, indented; of `explain` a sentence, the changes as lines
// with + and -, and what the client of a door would be answered behind =. A secret is shown once,
// by make and rotate, on standard output and nowhere else.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/rest_client.hpp"
#include "core/result.hpp"

namespace hairpin::cli {

/// What options say; empty members are not sent.
struct CredentialOptions {
    RestOptions api;
    std::string json;  // make: the whole body, in place of the options below.
    std::string kind;
    std::string name;
    std::string licence;
    std::string server;  // Label; explain: "licence/label".
    std::string role;
    std::string zone;
    std::string label;
    std::string expires;
    std::vector<std::string> sources;
    std::string id;  // show, rotate, revoke, explain: an id or the name of a key.
    std::int64_t overlap = 0;
    std::int64_t reason = 0;  // Of a revocation (RFC 5280 section 5.3.1).
    std::string operation;    // explain
    std::string source;
    std::vector<std::string> records;  // explain: "OWNER TYPE DATA".
    std::vector<std::string> removed;  // explain: "OWNER TYPE".
    std::string door;                  // explain: through which one.
    std::vector<std::string> request;  // explain: what its client would send.
};

/// @return kDone, kFailed (cli/zone_import.hpp).
[[nodiscard]] int make_credential(const CredentialOptions& options);
[[nodiscard]] int list_credentials(const CredentialOptions& options);
[[nodiscard]] int show_credential(const CredentialOptions& options);
[[nodiscard]] int rotate_credential(const CredentialOptions& options);
[[nodiscard]] int revoke_credential(const CredentialOptions& options);
/// kFailed as well where it would be refused.
[[nodiscard]] int explain_permission(const CredentialOptions& options);

/// The accounts of stock ACME clients at the front: docs/doors/acme.md.
[[nodiscard]] int list_acme_accounts(const CredentialOptions& options);
/// Takes the current certificate of `server` ("licence/label") back.
[[nodiscard]] int revoke_certificate(const CredentialOptions& options);
[[nodiscard]] int forget_acme_account(const CredentialOptions& options);

// For their tests.
[[nodiscard]] std::string creation_body(const CredentialOptions& options);
/// `request` is lines of nsupdate for UPDATE, a query for dyndns2, and JSON for the other doors.
/// Errors: a sentence: a record that is not "OWNER TYPE DATA", a request that is no JSON.
[[nodiscard]] Result<std::string, std::string> explanation_body(const CredentialOptions& options);
/// The answer as lines; empty where the body is not one.
[[nodiscard]] std::string explanation_lines(std::string_view body);

}  // namespace hairpin::cli
