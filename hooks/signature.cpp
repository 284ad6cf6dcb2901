#include "hooks/signature.hpp"

#include "core/crypto.hpp"

namespace hairpin::hooks {

Octets make_secret() {
    return random_octets(kSecretOctets);
}

std::string secret_text(OctetView secret) {
    return "whsec_" + to_base64(secret);
}

std::string sign(const std::vector<Octets>& secrets, std::string_view id, std::int64_t unix_seconds,
                 std::string_view body) {
    std::string signed_text(id);
    signed_text += '.';
    signed_text += std::to_string(unix_seconds);
    signed_text += '.';
    signed_text += body;
    std::string value;
    for (const Octets& secret : secrets) {
        if (!value.empty()) value += ' ';
        value += "v1," + to_base64(hmac_sha256(secret, as_octets(signed_text)));
    }
    return value;
}

}  // namespace hairpin::hooks
