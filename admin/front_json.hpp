// admin/front_json.hpp - the objects of the ACME front as JSON: directory, account, order,
// authorization, challenge.
//
// An authorization and its challenge have no rows: they follow from their order. Their ids are the
// order's, a hyphen, and the place of the name in it.
//
// Standards RFC 8555 sections 7.1.1 to 7.1.6 and 8; RFC 9773 section 4.2 (renewal information).
// Threads   Pure.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "admin/front_request.hpp"
#include "core/clock.hpp"
#include "store/front_rows.hpp"

namespace hairpin::admin {

/// The problem_type of an order whose client gave its authorization up (RFC 8555 section 7.5.2).
inline constexpr std::string_view kDeactivated = "deactivated";

/// The name of an order that an authorization is about.
struct FrontAuthorization {
    std::string order_id;
    std::size_t place = 0;
};
/// "<order>-<place>"; else nullopt.
[[nodiscard]] std::optional<FrontAuthorization> parse_authorization_id(std::string_view id);
[[nodiscard]] std::string authorization_id(const store::FrontOrderRow& order, std::size_t place);

[[nodiscard]] net::Response directory_response(const std::string& base);
[[nodiscard]] net::Response account_response(int status, const FrontCall& call,
                                             const store::FrontAccountRow& account);
/// With Location, and Retry-After while it is processing.
[[nodiscard]] net::Response order_response(int status, const FrontCall& call,
                                           const store::FrontOrderRow& order, WallTime now);
/// `place` is one of the order's names.
[[nodiscard]] net::Response authorization_response(const FrontCall& call,
                                                   const store::FrontOrderRow& order,
                                                   std::size_t place);
/// With a link to its authorization.
[[nodiscard]] net::Response challenge_response(const FrontCall& call,
                                               const store::FrontOrderRow& order,
                                               std::size_t place);

// front_certificates.cpp
/// Whether the certificate of the order's key names what was ordered. Errors: as below.
[[nodiscard]] Result<bool, FrontProblem> is_front_answer(Api& api,
                                                         const store::FrontOrderRow& order);
/// RFC 9773 section 4.1, of the certificate that the order brought; empty: it has no such name.
/// Errors: Malformed: it is gone.
[[nodiscard]] Result<std::string, FrontProblem> front_renewal_id(Api& api,
                                                                 const store::FrontOrderRow& order);

}  // namespace hairpin::admin
