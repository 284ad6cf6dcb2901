#include "daemon/server_certificate.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/handle.hpp"
#include "core/log.hpp"

namespace hairpin::daemon {
namespace {

using BioHandle = Handle<BIO, BIO_free_all>;
using X509Handle = Handle<X509, X509_free>;

constexpr std::size_t kMaxPemOctets = 1 << 20;
constexpr std::time_t kRenewBefore = 30 * 24 * 3600;

std::string self_signed_path(const Config& config) {
    return config.data_dir + "/self-signed.pem";
}
std::string self_signed_key_path(const Config& config) {
    return config.data_dir + "/self-signed.key";
}

Result<std::string> read_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(path, errno));
    std::string text(kMaxPemOctets, '\0');
    std::size_t size = 0;
    for (;;) {
        const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0) return fail(system_error(path, errno));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
        if (size == text.size())
            return fail(Error{ErrorCode::Limit, path, "the file is over 1 MiB"});
    }
    text.resize(size);
    return text;
}

// Whole or not at all: written beside it, synced, renamed.
Result<void> write_private_file(const std::string& path, const std::string& text) {
    const std::string beside = path + ".new";
    const Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return fail(system_error(beside, errno));
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0 || ::rename(beside.c_str(), path.c_str()) != 0)
        return fail(system_error(beside, errno));
    return {};
}

/// What it is made for: what we are called, and this machine.
std::vector<std::string> self_signed_names(const Config& config) {
    std::vector<std::string> names = {config.http_server_name};
    const auto add = [&names](const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    std::for_each(config.http_other_names.begin(), config.http_other_names.end(), add);
    for (const char* local : {"localhost", "127.0.0.1", "::1"})
        add(local);
    return names;
}

// Made for these names, and with more than kRenewBefore left.
bool is_fresh(const std::string& pem, const std::vector<std::string>& names) {
    const BioHandle memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const X509Handle certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    if (!certificate) return false;
    std::time_t limit = std::time(nullptr) + kRenewBefore;
    const auto is_named = [&](const std::string& name) {
        return X509_check_host(certificate.get(), name.data(), name.size(), 0, nullptr) == 1 ||
               X509_check_ip_asc(certificate.get(), name.c_str(), 0) == 1;
    };
    return std::all_of(names.begin(), names.end(), is_named) &&
           X509_cmp_time(X509_get0_notAfter(certificate.get()), &limit) > 0;
}

Result<std::shared_ptr<const net::ServerTls>> load_pair(const std::string& certificate,
                                                        const std::string& key) {
    const std::string chain_pem = TRY(read_file(certificate));
    const std::string key_pem = TRY(read_file(key));
    auto tls = net::ServerTls::from_pem(chain_pem, key_pem);
    if (!tls) return fail(Error{tls.error().code, certificate, tls.error().cause});
    return tls;
}

}  // namespace

Result<std::shared_ptr<const net::ServerTls>> load_certificate_files(const Config& config) {
    if (config.http_certificate.empty()) return std::shared_ptr<const net::ServerTls>();
    return load_pair(config.http_certificate, config.http_key);
}

Result<void> check_server_certificate(const Config& config) {
    const auto files = TRY(load_certificate_files(config));
    struct stat facts {};
    if (files || ::stat(self_signed_path(config).c_str(), &facts) != 0) return {};
    static_cast<void>(TRY(load_pair(self_signed_path(config), self_signed_key_path(config))));
    return {};
}

Result<std::shared_ptr<const net::ServerTls>> make_self_signed_certificate(const Config& config) {
    const auto names = self_signed_names(config);
    if (const auto kept = read_file(self_signed_path(config)); kept && is_fresh(*kept, names)) {
        auto loaded = load_pair(self_signed_path(config), self_signed_key_path(config));
        if (loaded) return loaded;
        log::logger("daemon").warn("the self-signed certificate is made anew: {}",
                                   loaded.error().text());
    }
    const auto key = read_file(self_signed_key_path(config));
    auto made = net::make_self_signed(names, key ? *key : std::string());
    if (!made && key && net::make_self_signed(names)) {
        log::logger("daemon").warn(
            "the self-signed certificate gets a new key, pins of the last "
            "one are void: {}: {}",
            self_signed_key_path(config), made.error().text());
        made = net::make_self_signed(names);
    }
    const net::PemPair pair = TRY(std::move(made));
    TRY(write_private_file(self_signed_key_path(config), pair.key));
    TRY(write_private_file(self_signed_path(config), pair.certificate));
    return load_pair(self_signed_path(config), self_signed_key_path(config));
}

}  // namespace hairpin::daemon
