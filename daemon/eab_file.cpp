#include "daemon/eab_file.hpp"

#include <openssl/crypto.h>

#include <string>

#include "acme/account_messages.hpp"
#include "core/secret_file.hpp"

namespace hairpin::daemon {
Result<Octets> load_eab_key(const std::string& path) {
    if (path.empty()) return Octets();
    std::string text = TRY(read_secret_file(path));
    auto key = acme::read_mac_key(text);
    OPENSSL_cleanse(text.data(), text.size());
    if (!key) return fail(Error{ErrorCode::Invalid, path, key.error().cause});
    return std::move(*key);
}

Result<void> load_eab_keys(const Config& config, acme::Options& options) {
    options.eab_key = TRY(load_eab_key(config.acme_eab_key_file));
    options.standby_eab_key = TRY(load_eab_key(config.acme_standby_eab_key_file));
    for (std::size_t each = 0; each < options.fallbacks.size(); ++each) {
        const IssuerConfig& issuer = config.acme_fallbacks[each];
        options.fallbacks[each].eab_key = TRY(load_eab_key(issuer.eab_key_file));
        options.fallbacks[each].standby_eab_key = TRY(load_eab_key(issuer.standby_eab_key_file));
    }
    return {};
}

}  // namespace hairpin::daemon
