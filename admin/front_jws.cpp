#include "admin/front_jws.hpp"

#include <utility>

namespace hairpin::admin {
namespace {

FrontProblem malformed(std::string detail) {
    return {FrontError::Malformed, std::move(detail)};
}

Result<JsonValue, FrontProblem> front_json(std::string_view text, std::string_view what) {
    JsonLimits limits;
    limits.octets = kFrontBody;
    limits.values = 1'000;
    auto value = parse_json(text, limits);
    if (!value) return fail(malformed(std::string(what) + ": " + value.error().detail));
    if (!std::holds_alternative<JsonObject>(value->is))
        return fail(malformed(std::string(what) + " is not a JSON object"));
    return *std::move(value);
}

/// A member that must be text; empty text counts.
Result<std::string, FrontProblem> needed_text(const JsonValue& value, std::string_view name) {
    const std::string* text = text_of(value, name);
    if (text == nullptr)
        return fail(malformed("the JWS has no \"" + std::string(name) + "\" that is text"));
    return *text;
}

Result<std::string, FrontProblem> decoded(const std::string& text, std::string_view name) {
    const auto octets = from_base64url(text);
    if (!octets)
        return fail(malformed("\"" + std::string(name) +
                              "\" is not base64url without padding (RFC 8555 section 6.1)"));
    return std::string(as_text(*octets));
}

/// jwk xor kid, and the nonce, as the place wants them.
Result<void, FrontProblem> read_who(const JsonValue& header, FrontJwsPlace place, FrontJws& jws) {
    const JsonValue* jwk = member_of(header, "jwk");
    const std::string* kid = text_of(header, "kid");
    if (member_of(header, "kid") != nullptr && (kid == nullptr || kid->empty()))
        return fail(malformed("\"kid\" is not text"));
    if ((jwk != nullptr) == (kid != nullptr))
        return fail(malformed("the JWS must have either \"jwk\" or \"kid\""));
    if (jwk != nullptr && place == FrontJwsPlace::Binding)
        return fail(malformed("an external account binding has \"kid\" and no \"jwk\""));
    if (kid != nullptr && place == FrontJwsPlace::KeyChange)
        return fail(malformed("the inner JWS of a key change has \"jwk\" and no \"kid\""));
    if (kid != nullptr) jws.kid = *kid;
    if (jwk != nullptr) jws.jwk = TRY(read_jwk(*jwk));

    const bool wants_nonce = place == FrontJwsPlace::Request;
    const bool has_nonce = member_of(header, "nonce") != nullptr;
    if (!wants_nonce && has_nonce) return fail(malformed("an inner JWS must not have a \"nonce\""));
    if (wants_nonce) jws.nonce = TRY(needed_text(header, "nonce"));
    return {};
}

}  // namespace

Result<FrontJws, FrontProblem> read_front_jws(std::string_view body, FrontJwsPlace place) {
    const JsonValue value = TRY(front_json(body, "the body"));
    return read_front_jws(value, place);
}

Result<FrontJws, FrontProblem> read_front_jws(const JsonValue& value, FrontJwsPlace place) {
    // RFC 8555 section 6.2: neither the general serialization nor unprotected headers.
    if (member_of(value, "signatures") != nullptr || member_of(value, "header") != nullptr)
        return fail(
            malformed("the JWS must be flattened, with one signature and no unprotected "
                      "header"));
    const std::string guarded = TRY(needed_text(value, "protected"));
    const std::string payload = TRY(needed_text(value, "payload"));
    const std::string signature = TRY(needed_text(value, "signature"));
    FrontJws jws;
    const std::string header_text = TRY(decoded(guarded, "protected"));
    const JsonValue header = TRY(front_json(header_text, "the protected header"));
    // RFC 7515 section 4.1.11: what we would have to understand, and do not.
    if (member_of(header, "crit") != nullptr)
        return fail(malformed("the protected header has \"crit\", and no extension is known here"));
    jws.algorithm = TRY(needed_text(header, "alg"));
    if (place != FrontJwsPlace::Binding && !acme::signature_algorithm(jws.algorithm))
        return fail(FrontProblem(FrontError::BadSignatureAlgorithm,
                                 "the signature's algorithm is not taken here"));
    jws.url = TRY(needed_text(header, "url"));
    TRY(read_who(header, place, jws));
    jws.payload = TRY(decoded(payload, "payload"));
    const auto octets = from_base64url(signature);
    if (!octets || octets->empty()) return fail(malformed("\"signature\" is not base64url"));
    jws.signature = *octets;
    jws.signed_text = guarded + "." + payload;
    return jws;
}

Result<JsonValue, FrontProblem> front_object(std::string_view payload) {
    return front_json(payload, "the payload");
}

Result<acme::PublicKey, FrontProblem> read_jwk(const JsonValue& value) {
    // RFC 7517 section 9.2: what is private has no place in a message.
    if (member_of(value, "d") != nullptr || member_of(value, "k") != nullptr)
        return fail(
            FrontProblem(FrontError::BadPublicKey, "the JWK holds a private key: make a new one"));
    const auto part = [&](std::string_view name) {
        const std::string* text = text_of(value, name);
        return text == nullptr ? std::string() : *text;
    };
    auto key = acme::PublicKey::from_jwk(
        {part("kty"), part("crv"), part("x"), part("y"), part("n"), part("e")});
    if (!key)
        return fail(FrontProblem(FrontError::BadPublicKey,
                                 "the JWK is not taken: " + key.error().cause +
                                     "; take P-256, P-384, or RSA of 2048 to 4096 bits"));
    return *std::move(key);
}

Result<acme::PublicKey, FrontProblem> read_jwk(std::string_view text) {
    const JsonValue value = TRY(front_json(text, "the JWK"));
    return read_jwk(value);
}

const JsonValue* member_of(const JsonValue& value, std::string_view name) noexcept {
    const auto* object = std::get_if<JsonObject>(&value.is);
    if (object == nullptr) return nullptr;
    for (const JsonMember& each : *object)
        if (each.name == name) return &each.value;
    return nullptr;
}

const std::string* text_of(const JsonValue& value, std::string_view name) noexcept {
    const JsonValue* member = member_of(value, name);
    return member == nullptr ? nullptr : std::get_if<std::string>(&member->is);
}

}  // namespace hairpin::admin
