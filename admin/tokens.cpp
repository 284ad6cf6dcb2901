#include "admin/tokens.hpp"

#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

constexpr std::string_view kOperatorPrefix = "hp_op_";
constexpr std::string_view kServerPrefix = "hp_srv_";
constexpr std::size_t kTokenOctets = 32;
constexpr std::size_t kTokenCharacters = 43;

}  // namespace

std::string make_token(store::CredentialKind kind) {
    const bool is_operator = kind == store::CredentialKind::Operator;
    return std::string(is_operator ? kOperatorPrefix : kServerPrefix) +
           to_base64url(random_octets(kTokenOctets));
}

bool is_token(std::string_view text) noexcept {
    return token_kind(text).has_value();
}

std::optional<store::CredentialKind> token_kind(std::string_view text) noexcept {
    auto kind = store::CredentialKind::Server;
    if (text.starts_with(kOperatorPrefix)) {
        text.remove_prefix(kOperatorPrefix.size());
        kind = store::CredentialKind::Operator;
    } else if (text.starts_with(kServerPrefix)) {
        text.remove_prefix(kServerPrefix.size());
    } else {
        return std::nullopt;
    }
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (text.size() != kTokenCharacters ||
        text.find_first_not_of(kAlphabet) != std::string_view::npos)
        return std::nullopt;
    return kind;
}

bool holds_token(std::string_view text) noexcept {
    return text.find(kOperatorPrefix) != std::string_view::npos ||
           text.find(kServerPrefix) != std::string_view::npos;
}

Sha256 token_hash(std::string_view token) {
    return sha256(as_octets(token));
}

store::CredentialRow operator_credential(std::string_view token, std::string label, WallTime now) {
    store::CredentialRow row;
    row.kind = store::CredentialKind::Operator;
    row.token_hash = token_hash(token);
    row.label = std::move(label);
    row.created_at = now;
    return row;
}

}  // namespace hairpin::admin
