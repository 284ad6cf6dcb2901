#include "daemon/cookie_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "core/octets.hpp"
#include "core/secret_file.hpp"

namespace hairpin::daemon {
namespace {

constexpr std::size_t kSecretOctets = SipKey().size();
constexpr std::size_t kSecretDigits = 2 * kSecretOctets;

std::optional<SipKey> to_key(OctetView octets) {
    SipKey key{};
    if (octets.size() != key.size()) return std::nullopt;
    std::copy(octets.begin(), octets.end(), key.begin());
    return key;
}

/// Takes one secret and its line end off the front of `text`.
std::optional<SipKey> take_hexadecimal(std::string_view& text) {
    if (text.size() < kSecretDigits) return std::nullopt;
    const auto octets = from_hex(text.substr(0, kSecretDigits));
    text.remove_prefix(kSecretDigits);
    if (text.starts_with('\n')) text.remove_prefix(1);
    return octets ? to_key(*octets) : std::nullopt;
}

std::optional<dnsd::CookieSecrets> parse_hexadecimal(std::string_view text) {
    const auto current = take_hexadecimal(text);
    if (!current) return std::nullopt;
    if (text.empty()) return dnsd::CookieSecrets{*current, std::nullopt};
    const auto other = take_hexadecimal(text);
    if (!other || !text.empty()) return std::nullopt;
    return dnsd::CookieSecrets{*current, other};
}

bool is_printable(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char each) { return each == '\n' || (each >= ' ' && each <= '~'); });
}

/// A raw octet may be a line end itself: the size of the whole says where the secrets are. Digits
/// that were mistyped are no raw secret.
std::optional<dnsd::CookieSecrets> parse_raw(std::string_view text) {
    if (is_printable(text)) return std::nullopt;
    constexpr std::size_t kOne = kSecretOctets;
    const bool ends_line = text.ends_with('\n');
    std::size_t second = 0;  // Where it begins; 0: there is none.
    if (text.size() == 2 * kOne || (text.size() == 2 * kOne + 1 && ends_line))
        second = kOne;
    else if (text.size() == 2 * kOne + 1 || (text.size() == 2 * kOne + 2 && ends_line))
        second = kOne + 1;
    else if (text.size() != kOne && !(text.size() == kOne + 1 && ends_line))
        return std::nullopt;
    if (second == kOne + 1 && text[kOne] != '\n') return std::nullopt;
    const OctetView octets = as_octets(text);
    dnsd::CookieSecrets secrets{*to_key(octets.first(kOne)), std::nullopt};
    if (second != 0) secrets.other = to_key(octets.subspan(second, kOne));
    return secrets;
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

Result<dnsd::CookieSecrets> read_cookie_file(const std::string& path) {
    const std::string text = TRY(read_secret_file(path));
    const auto secrets = parse_cookie_secrets(text);
    if (!secrets)
        return fail(Error{ErrorCode::Corrupt, path,
                          "it does not hold 1 or 2 lines of 32 hexadecimal digits"});
    return *secrets;
}

}  // namespace

std::optional<dnsd::CookieSecrets> parse_cookie_secrets(std::string_view text) {
    if (auto secrets = parse_hexadecimal(text)) return secrets;
    return parse_raw(text);
}

Result<dnsd::CookieSecrets> load_cookie_secrets(const Config& config) {
    if (!config.dns_cookie_secret_file.empty())
        return read_cookie_file(config.dns_cookie_secret_file);
    const std::string own = config.cookie_secret_path();
    if (::access(own.c_str(), F_OK) != 0 && errno == ENOENT) TRY(make_secret_file(own));
    return read_cookie_file(own);
}

}  // namespace hairpin::daemon
