#include "acme/account_messages.hpp"

#include <nlohmann/json.hpp>

#include "core/crypto.hpp"

namespace hairpin::acme {
namespace {

using AccountJson = nlohmann::json;

std::string text_of_json(const AccountJson& json) {
    return json.dump(-1, ' ', true, AccountJson::error_handler_t::replace);
}

AccountJson jwk_of(const SigningKey& key) {
    return AccountJson::parse(key.jwk());
}

/// Flattened, by HS256: no nonce (RFC 8555 section 7.3.4).
AccountJson binding_jws(const AccountBinding& binding, const SigningKey& account_key,
                        std::string_view url) {
    const std::string header = to_base64url(
        as_octets(text_of_json({{"alg", "HS256"}, {"kid", binding.kid}, {"url", url}})));
    const std::string payload = to_base64url(as_octets(account_key.jwk()));
    const Sha256 mac = hmac_sha256(binding.key, as_octets(header + "." + payload));
    return {{"protected", header}, {"payload", payload}, {"signature", to_base64url(mac)}};
}

}  // namespace

Result<Octets> read_mac_key(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    while (!text.empty() && text.back() == '=')  // Some CAs show the padding.
        text.remove_suffix(1);
    auto key = from_base64url(text);
    if (!key || key->size() < 16 || key->size() > 512)
        return fail(Error{ErrorCode::Invalid, "EAB key",
                          "is not base64url of 16 to 512 octets, as the CA shows it"});
    return std::move(*key);
}

std::string new_account_payload(const std::vector<std::string>& contacts,
                                const AccountBinding& binding, const SigningKey& account_key,
                                std::string_view url) {
    AccountJson payload = {{"termsOfServiceAgreed", true}};
    if (!contacts.empty()) payload["contact"] = contacts;
    if (!binding.kid.empty())
        payload["externalAccountBinding"] = binding_jws(binding, account_key, url);
    return text_of_json(payload);
}

std::string find_account_payload() {
    return R"({"onlyReturnExisting":true})";
}

std::string key_change_payload(const SigningKey& new_key, const SigningKey& old_key,
                               std::string_view account_url, std::string_view url) {
    const std::string header =
        text_of_json({{"alg", "ES256"}, {"jwk", jwk_of(new_key)}, {"url", url}});
    return sign_jws(new_key, header,
                    text_of_json({{"account", account_url}, {"oldKey", jwk_of(old_key)}}));
}

}  // namespace hairpin::acme
