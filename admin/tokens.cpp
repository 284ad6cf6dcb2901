#include "admin/tokens.hpp"

#include <algorithm>
#include <array>

#include "core/octets.hpp"

namespace hairpin::admin {
namespace {

using store::CredentialKind;

constexpr std::size_t kTokenOctets = 32;
constexpr std::size_t kTokenCharacters = 43;
constexpr std::size_t kAcmeDnsOctets = 30;       // 40 characters, as acme-dns makes them.
constexpr std::size_t kPasswordCharacters = 26;  // Of 32: 130 bits.
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kPasswordAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";

struct Prefixed {
    CredentialKind kind;
    std::string_view prefix;
};
constexpr std::array<Prefixed, 4> kPrefixes = {{
    {CredentialKind::Operator, "hp_op_"},
    {CredentialKind::Server, "hp_srv_"},
    {CredentialKind::Token, "hp_tok_"},
    {CredentialKind::PowerDns, "hp_pdns_"},
}};

/// For boxes that put it into a URL as it is.
std::string make_password() {
    static_assert(kPasswordAlphabet.size() == 32);
    std::string password;
    for (const std::uint8_t octet : random_octets(kPasswordCharacters))
        password += kPasswordAlphabet[octet & 31];
    return password;
}

}  // namespace

std::string make_token(CredentialKind kind) {
    for (const Prefixed& each : kPrefixes)
        if (each.kind == kind)
            return std::string(each.prefix) + to_base64url(random_octets(kTokenOctets));
    return kind == CredentialKind::AcmeDns ? to_base64url(random_octets(kAcmeDnsOctets))
                                           : make_password();
}

bool is_token(std::string_view text) noexcept {
    return token_kind(text).has_value();
}

std::optional<CredentialKind> token_kind(std::string_view text) noexcept {
    const auto* found = std::find_if(kPrefixes.begin(), kPrefixes.end(), [&](const auto& each) {
        return text.starts_with(each.prefix);
    });
    if (found == kPrefixes.end()) return std::nullopt;
    text.remove_prefix(found->prefix.size());
    if (text.size() != kTokenCharacters ||
        text.find_first_not_of(kBase64Url) != std::string_view::npos)
        return std::nullopt;
    return found->kind;
}

bool holds_token(std::string_view text) noexcept {
    return std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](const Prefixed& each) {
        return text.find(each.prefix) != std::string_view::npos;
    });
}

Sha256 token_hash(std::string_view token) {
    return sha256(as_octets(token));
}

store::CredentialRow operator_credential(std::string_view token, std::string label, WallTime now) {
    store::CredentialRow row;
    row.kind = CredentialKind::Operator;
    row.token_hash = token_hash(token);
    row.label = std::move(label);
    row.created_at = now;
    return row;
}

}  // namespace hairpin::admin
