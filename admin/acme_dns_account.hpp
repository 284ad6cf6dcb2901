// admin/acme_dns_account.hpp - accounts of the acme-dns door: which names one writes at, and how a
// new one is made.
//
// Threads   Pure; insert_account(): the commit thread.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/context.hpp"
#include "admin/problem.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "store/records.hpp"
#include "store/writer.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"
#include "zones/permission.hpp"

namespace hairpin::admin {

/// Names an account writes at, all in one zone.
struct AcmeDnsNames {
    zones::Name apex;
    std::vector<zones::Name> owners;  // Empty: none.
};
/// Of a server's token: the challenge name of `subdomain`, where that is one of its twin names. Of
/// an account: every challenge name that its grants name exactly, in the zone of the first.
[[nodiscard]] AcmeDnsNames challenge_names_of(const store::Identity& account,
                                              std::span<const zones::Grant> grants,
                                              std::string_view subdomain);
/// As names are compared, so that a server may write its name as it likes.
[[nodiscard]] bool is_same_account(std::string_view user, std::string_view subdomain);
/// A challenge value as TXT RDATA: at most 255 octets.
[[nodiscard]] Octets challenge_rdata(std::string_view value);

struct AcmeDnsAccount {
    store::CredentialRow row;
    std::string password;  // Shown once.
    zones::Name apex;
    zones::Name fulldomain;
};
/// In the zone of the registrar's licence, or in the one zone that its grants name. Errors:
/// Forbidden: there is no such zone, or the grants do not allow challenge values there.
[[nodiscard]] Result<AcmeDnsAccount, Problem> new_account(const store::Identity& registrar,
                                                          std::span<const zones::Grant> grants,
                                                          std::vector<Prefix> sources);

/// Who registers, as the commit thread looks it up again.
struct Registrar {
    std::int64_t credential_id = 0;
    IpAddress source;
};
/// Row, grant and keeper of the new name. Errors: as plan_edits(); TooLarge: too many credentials.
[[nodiscard]] Result<void, Problem> insert_account(const ApiContext& context, store::Writer& writer,
                                                   const Registrar& registrar,
                                                   const AcmeDnsAccount& account,
                                                   zones::Change& change);
/// 201 with the password.
[[nodiscard]] net::Response account_response(const AcmeDnsAccount& account);

}  // namespace hairpin::admin
