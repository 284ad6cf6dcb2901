#include "daemon/cookie_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "core/octets.hpp"

namespace hairpin::daemon {
namespace {

using dnsd::SipKey;

constexpr std::size_t kSecretOctets = SipKey().size();
constexpr std::size_t kSecretDigits = 2 * kSecretOctets;
constexpr std::size_t kMaxFileOctets = 256;

/// Takes one secret of `size` characters and its line end off the front of `text`.
std::optional<std::string_view> take_line(std::string_view& text, std::size_t size) {
    if (text.size() < size) return std::nullopt;
    const std::string_view line = text.substr(0, size);
    text.remove_prefix(size);
    if (text.starts_with('\n')) text.remove_prefix(1);
    return line;
}

std::optional<SipKey> to_key(OctetView octets) {
    SipKey key{};
    if (octets.size() != key.size()) return std::nullopt;
    std::copy(octets.begin(), octets.end(), key.begin());
    return key;
}

std::optional<SipKey> take_hexadecimal(std::string_view& text) {
    const auto line = take_line(text, kSecretDigits);
    const auto octets = line ? from_hex(*line) : std::nullopt;
    return octets ? to_key(*octets) : std::nullopt;
}

std::optional<SipKey> take_raw(std::string_view& text) {
    const auto line = take_line(text, kSecretOctets);
    return line ? to_key(as_octets(*line)) : std::nullopt;
}

template <typename Take>
std::optional<dnsd::CookieSecrets> parse_with(std::string_view text, Take take) {
    const auto current = take(text);
    if (!current) return std::nullopt;
    if (text.empty()) return dnsd::CookieSecrets{*current, std::nullopt};
    const auto other = take(text);
    if (!other || !text.empty()) return std::nullopt;
    return dnsd::CookieSecrets{*current, other};
}

/// Whole or not at all, and never over one that is there.
Result<void> make_secret_file(const std::string& path) {
    const std::string beside = path + ".new";
    const Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return fail(system_error(beside, errno));
    const std::string text = to_hex(random_octets(kSecretOctets)) + "\n";
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0 || ::rename(beside.c_str(), path.c_str()) != 0)
        return fail(system_error(beside, errno));
    return {};
}

Result<dnsd::CookieSecrets> read_secret_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(path, errno));
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return fail(system_error(path, errno));
    if ((facts.st_mode & 007) != 0)
        return fail(Error{ErrorCode::Denied, path, "anybody can read the secrets: chmod 640 it"});
    std::string text(kMaxFileOctets, '\0');
    const ssize_t size = ::read(file.get(), text.data(), text.size());
    if (size < 0) return fail(system_error(path, errno));
    text.resize(static_cast<std::size_t>(size));
    const auto secrets = parse_cookie_secrets(text);
    if (!secrets)
        return fail(Error{ErrorCode::Corrupt, path,
                          "it does not hold 1 or 2 lines of 32 hexadecimal digits"});
    return *secrets;
}

}  // namespace

std::optional<dnsd::CookieSecrets> parse_cookie_secrets(std::string_view text) {
    if (auto secrets = parse_with(text, take_hexadecimal)) return secrets;
    return parse_with(text, take_raw);
}

Result<dnsd::CookieSecrets> load_cookie_secrets(const Config& config) {
    if (!config.dns_cookie_secret_file.empty())
        return read_secret_file(config.dns_cookie_secret_file);
    const std::string own = config.cookie_secret_path();
    if (::access(own.c_str(), F_OK) != 0 && errno == ENOENT) TRY(make_secret_file(own));
    return read_secret_file(own);
}

}  // namespace hairpin::daemon
