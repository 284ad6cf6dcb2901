#include "core/crypto.hpp"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/assert.hpp"
#include "core/fd.hpp"
#include "core/handle.hpp"

namespace hairpin {
namespace {

using MacHandle = Handle<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using CipherHandle = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

constexpr std::uint8_t kSealVersion = 1;
constexpr std::size_t kNonceOctets = 12;
constexpr std::size_t kTagOctets = 16;
constexpr std::size_t kMaxKeyFileOctets = 66;

int as_int(std::size_t size) {
    HAIRPIN_ASSERT(size <= 0x7fffffff);
    return static_cast<int>(size);
}

Error not_sealed(std::string_view context) {
    return {ErrorCode::Corrupt, std::string(context),
            "the sealed value does not open under this master key"};
}

/// What every HMAC begins as. OpenSSL looks methods up by name each time it is not shown one, which
/// takes longer than hashing. Constant once it is made.
const EVP_MAC_CTX* keyless_hmac() {
    static const MacHandle made = [] {
        const Handle<EVP_MAC, EVP_MAC_free> method(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
        MacHandle context(EVP_MAC_CTX_new(method.get()));
        std::array<char, 7> digest{"SHA256"};
        const std::array<OSSL_PARAM, 2> parameters = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
            OSSL_PARAM_construct_end()};
        HAIRPIN_ASSERT(context && EVP_MAC_CTX_set_params(context.get(), parameters.data()) == 1);
        return context;
    }();
    return made.get();
}

}  // namespace

Sha256 sha256(OctetView octets) {
    Sha256 digest{};
    SHA256(octets.data(), octets.size(), digest.data());
    return digest;
}

Sha256 hmac_sha256(OctetView key, OctetView octets) {
    const MacHandle context(EVP_MAC_CTX_dup(keyless_hmac()));
    // To OpenSSL no pointer is no key, and an empty key is one.
    static constexpr std::uint8_t kEmptyKey = 0;
    const std::uint8_t* start = key.empty() ? &kEmptyKey : key.data();
    Sha256 digest{};
    std::size_t size = 0;
    const bool is_made = context && EVP_MAC_init(context.get(), start, key.size(), nullptr) == 1 &&
                         EVP_MAC_update(context.get(), octets.data(), octets.size()) == 1 &&
                         EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1;
    HAIRPIN_ASSERT(is_made && size == digest.size());
    return digest;
}

bool equal_in_constant_time(OctetView a, OctetView b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void fill_random(std::span<std::uint8_t> octets) {
    HAIRPIN_ASSERT(RAND_bytes(octets.data(), as_int(octets.size())) == 1);
}

Octets random_octets(std::size_t size) {
    Octets octets(size);
    fill_random(octets);
    return octets;
}

std::string random_id() {
    return to_hex(random_octets(16));
}

std::string random_uuid() {
    Octets octets = random_octets(16);
    octets[6] = static_cast<std::uint8_t>(0x40 | (octets[6] & 0x0f));  // The version.
    octets[8] = static_cast<std::uint8_t>(0x80 | (octets[8] & 0x3f));  // The variant.
    std::string text = to_hex(octets);
    for (const std::size_t at : {8u, 13u, 18u, 23u})
        text.insert(at, 1, '-');
    return text;
}

Result<void> Sealer::create_key_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) {
        if (errno == EEXIST)
            return fail(Error{ErrorCode::Conflict, path, "the master key file exists already"});
        return fail(system_error(path, errno));
    }
    const std::string text = to_hex(random_octets(kKeyOctets)) + "\n";
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0)
        return fail(system_error(path, errno));
    return {};
}

Result<Sealer> Sealer::from_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(path, errno));
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return fail(system_error(path, errno));
    if ((facts.st_mode & 077) != 0)
        return fail(Error{ErrorCode::Denied, path, "others can read the master key: chmod 600 it"});

    std::string text(kMaxKeyFileOctets, '\0');
    const ssize_t size = ::read(file.get(), text.data(), text.size());
    if (size < 0) return fail(system_error(path, errno));
    text.resize(static_cast<std::size_t>(size));
    if (text.ends_with('\n')) text.pop_back();
    const auto octets = from_hex(text);
    if (!octets || octets->size() != kKeyOctets)
        return fail(Error{ErrorCode::Corrupt, path, "it does not hold 64 hexadecimal digits"});

    Sealer sealer;
    std::copy(octets->begin(), octets->end(), sealer.key_.begin());
    return sealer;
}

Sealer Sealer::from_key(const std::array<std::uint8_t, kKeyOctets>& key) {
    Sealer sealer;
    sealer.key_ = key;
    return sealer;
}

Octets Sealer::seal(OctetView plain, std::string_view context) const {
    Octets sealed(1 + kNonceOctets + plain.size() + kTagOctets);
    sealed[0] = kSealVersion;
    const std::span nonce(sealed.data() + 1, kNonceOctets);
    fill_random(nonce);
    std::uint8_t* cipher_text = nonce.data() + kNonceOctets;

    const CipherHandle cipher(EVP_CIPHER_CTX_new());
    int size = 0;
    const bool ok = EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(),
                                       nonce.data()) == 1 &&
                    EVP_EncryptUpdate(cipher.get(), nullptr, &size, as_octets(context).data(),
                                      as_int(context.size())) == 1 &&
                    EVP_EncryptUpdate(cipher.get(), cipher_text, &size, plain.data(),
                                      as_int(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(cipher.get(), cipher_text + plain.size(), &size) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagOctets,
                                        cipher_text + plain.size()) == 1;
    HAIRPIN_ASSERT(ok);
    return sealed;
}

Result<Octets> Sealer::open(OctetView sealed, std::string_view context) const {
    if (sealed.size() < 1 + kNonceOctets + kTagOctets || sealed[0] != kSealVersion)
        return fail(not_sealed(context));
    const auto nonce = sealed.subspan(1, kNonceOctets);
    const auto cipher_text =
        sealed.subspan(1 + kNonceOctets, sealed.size() - 1 - kNonceOctets - kTagOctets);
    std::array<std::uint8_t, kTagOctets> tag{};
    std::copy(sealed.end() - kTagOctets, sealed.end(), tag.begin());

    Octets plain(cipher_text.size() + kTagOctets);
    const CipherHandle cipher(EVP_CIPHER_CTX_new());
    int size = 0;
    const bool ok =
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce.data()) ==
            1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &size, as_octets(context).data(),
                          as_int(context.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), plain.data(), &size, cipher_text.data(),
                          as_int(cipher_text.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagOctets, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), plain.data() + cipher_text.size(), &size) == 1;
    if (!ok) return fail(not_sealed(context));
    plain.resize(cipher_text.size());
    return plain;
}

}  // namespace hairpin
