#include "dnsd/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>

namespace hairpin::dnsd {
namespace {

using MacHandle = Handle<EVP_MAC, EVP_MAC_free>;

/// Looked up once: fetching takes longer than hashing. Constant afterwards.
EVP_MAC* hmac_method() noexcept {
    static const MacHandle method(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    return method.get();
}

}  // namespace

Mac::Mac(OctetView octets) noexcept
    : size_(static_cast<std::uint8_t>(std::min(octets.size(), kMaxMacOctets))) {
    std::copy_n(octets.begin(), size_, octets_.begin());
}

Hmac::Hmac(TsigAlgorithm algorithm, OctetView secret) noexcept
    : context_(EVP_MAC_CTX_new(hmac_method())) {
    // OpenSSL only reads the name, whatever its type says.
    auto* digest = const_cast<char*>(digest_name(algorithm));
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    if (!context_) return;
    if (EVP_MAC_init(context_.get(), secret.data(), secret.size(), parameters.data()) != 1)
        context_.reset();
}

void Hmac::add(OctetView octets) noexcept {
    if (context_ && EVP_MAC_update(context_.get(), octets.data(), octets.size()) != 1)
        context_.reset();
}

Mac Hmac::finish() noexcept {
    std::array<std::uint8_t, kMaxMacOctets> octets{};
    std::size_t size = 0;
    if (!context_) return {};
    if (EVP_MAC_final(context_.get(), octets.data(), &size, octets.size()) != 1) return {};
    return Mac(OctetView(octets).first(size));
}

}  // namespace hairpin::dnsd
