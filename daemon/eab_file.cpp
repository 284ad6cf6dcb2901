#include "daemon/eab_file.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "acme/account_messages.hpp"
#include "core/fd.hpp"

namespace hairpin::daemon {
namespace {

constexpr std::size_t kMaxEabFileOctets = 4096;

}  // namespace

Result<Octets> load_eab_key(const std::string& path) {
    if (path.empty()) return Octets();
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(path, errno));
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return fail(system_error(path, errno));
    if ((facts.st_mode & 007) != 0)
        return fail(Error{ErrorCode::Denied, path, "anybody can read the key: chmod 640 it"});
    std::string text(kMaxEabFileOctets, '\0');
    const ssize_t size = ::read(file.get(), text.data(), text.size());
    if (size < 0) return fail(system_error(path, errno));
    auto key = acme::read_mac_key(std::string_view(text).substr(0, static_cast<std::size_t>(size)));
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
