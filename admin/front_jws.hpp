// admin/front_jws.hpp - what an ACME client sends: a flattened JWS and the JSON in it.
//
// Strangers' octets become values here, before anybody is known: sizes and depth are bounded, an
// object with two members of one name is refused, base64url is strict. What is read is not
// verified: the signature, the nonce, the URL and the account are front_request.hpp's.
//
// Standards RFC 7515 section 7.2.2 (flattened JSON serialization), RFC 8555 sections 6.2, 7.3.4
//           (external account binding) and 7.3.5 (key change).
// Threads   Pure.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "acme/jose.hpp"
#include "admin/front_problem.hpp"
#include "admin/json_value.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

namespace hairpin::admin {

/// Of a request's body: a CSR with an RSA key of 4096 bits takes a quarter of it.
inline constexpr std::size_t kFrontBody = 16 * 1024;

/// A JWS as it was sent. Where it comes from (outer, binding, key change) says what must be there.
struct FrontJws {
    std::string algorithm;  // As it stands there.
    std::string nonce;      // Empty: none.
    std::string url;
    std::string kid;                     // Empty: none.
    std::optional<acme::PublicKey> jwk;  // Exactly one of kid and jwk is there.
    std::string payload;                 // Decoded.
    std::string signed_text;             // protected "." payload, as sent.
    Octets signature;
};

/// Which headers a JWS must and must not have.
enum class FrontJwsPlace : std::uint8_t {
    Request,    // alg, nonce, url, jwk xor kid (RFC 8555 section 6.2).
    Binding,    // alg, url, kid; no nonce (section 7.3.4).
    KeyChange,  // alg, url, jwk; no nonce (section 7.3.5).
};

/// Errors: Malformed with what is wrong; BadPublicKey; BadSignatureAlgorithm (not for Binding).
[[nodiscard]] Result<FrontJws, FrontProblem> read_front_jws(std::string_view body,
                                                            FrontJwsPlace place);
/// The same of a JWS that stands inside of another one's payload.
[[nodiscard]] Result<FrontJws, FrontProblem> read_front_jws(const JsonValue& value,
                                                            FrontJwsPlace place);

/// A payload that is an object. Errors: Malformed.
[[nodiscard]] Result<JsonValue, FrontProblem> front_object(std::string_view payload);
/// The JWK as RFC 7638 writes it, read again: as it is stored. Errors: BadPublicKey.
[[nodiscard]] Result<acme::PublicKey, FrontProblem> read_jwk(const JsonValue& value);
[[nodiscard]] Result<acme::PublicKey, FrontProblem> read_jwk(std::string_view text);

/// Null: no such member, or `value` is no object.
[[nodiscard]] const JsonValue* member_of(const JsonValue& value, std::string_view name) noexcept;
/// Null: no such member, or it is no text.
[[nodiscard]] const std::string* text_of(const JsonValue& value, std::string_view name) noexcept;

}  // namespace hairpin::admin
