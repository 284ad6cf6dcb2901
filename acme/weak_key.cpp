#include "acme/weak_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include <algorithm>
#include <bitset>
#include <fstream>
#include <string_view>
#include <utility>

#include "acme/openssl_handles.hpp"
#include "core/assert.hpp"
#include "core/handle.hpp"
#include "core/octets.hpp"

namespace hairpin::acme {
namespace {

void free_text(char* text) {
    OPENSSL_free(text);
}

using TextHandle = Handle<char, free_text>;
using BnScratch = Handle<BN_CTX, BN_CTX_free>;

constexpr unsigned kLargestSmallPrime = 751;  // As Let's Encrypt divides by.
// RSALib's primes are k * M + (65537^a mod M), where M is the product of the primes up to this one
// for moduli of 1984 bits and more; so the modulus is a power of 65537 modulo each of them.
constexpr unsigned kLargestRocaPrime = 701;
constexpr unsigned kRocaGenerator = 65537;

/// The odd primes up to kLargestSmallPrime.
const std::vector<unsigned>& odd_primes() {
    static const std::vector<unsigned> primes = [] {
        std::vector<unsigned> found;
        for (unsigned each = 3; each <= kLargestSmallPrime; each += 2)
            if (std::none_of(found.begin(), found.end(),
                             [&](unsigned prime) { return each % prime == 0; }))
                found.push_back(each);
        return found;
    }();
    return primes;
}

/// Whether `residue` is a power of 65537 modulo `prime`.
bool is_power_of_generator(unsigned residue, unsigned prime) {
    const unsigned generator = kRocaGenerator % prime;
    unsigned power = 1;
    do {
        if (power == residue) return true;
        power = power * generator % prime;
    } while (power != 1 && power != 0);
    return false;
}

bool has_rsalib_structure(const BIGNUM* modulus) {
    return std::all_of(odd_primes().begin(), odd_primes().end(), [&](unsigned prime) {
        return prime > kLargestRocaPrime ||
               is_power_of_generator(static_cast<unsigned>(BN_mod_word(modulus, prime)), prime);
    });
}

/// Squares end in one of twelve ways modulo 64: five candidates in six need no root.
bool may_be_square(const BIGNUM* number) {
    constexpr unsigned kModulus = 64;
    static const std::bitset<kModulus> endings = [] {
        std::bitset<kModulus> squares;
        for (unsigned each = 0; each < kModulus; ++each)
            squares.set(each * each % kModulus);
        return squares;
    }();
    return endings.test(static_cast<std::size_t>(BN_mod_word(number, kModulus)));
}

/// The integer square root, rounded down, by Newton's method from above. Number > 0.
NumberHandle root_of(const BIGNUM* number, BN_CTX* scratch) {
    NumberHandle root(BN_new());
    NumberHandle next(BN_new());
    HAIRPIN_ASSERT(root && next);
    BN_zero(root.get());
    HAIRPIN_ASSERT(BN_set_bit(root.get(), (BN_num_bits(number) + 1) / 2) == 1);
    for (;;) {
        HAIRPIN_ASSERT(BN_div(next.get(), nullptr, number, root.get(), scratch) == 1 &&
                       BN_add(next.get(), next.get(), root.get()) == 1 &&
                       BN_rshift1(next.get(), next.get()) == 1);
        if (BN_cmp(next.get(), root.get()) >= 0) return root;
        root.swap(next);
    }
}

bool is_square(const BIGNUM* number, BN_CTX* scratch) {
    if (BN_is_zero(number) != 0) return true;
    if (!may_be_square(number)) return false;
    const NumberHandle root = root_of(number, scratch);
    const NumberHandle square(BN_new());
    HAIRPIN_ASSERT(square && BN_sqr(square.get(), root.get(), scratch) == 1);
    return BN_cmp(square.get(), number) == 0;
}

/// Fermat: n = a^2 - b^2 = (a + b)(a - b). From a = ceil(sqrt(n)) upwards, until a^2 - n is square.
bool has_close_primes(const BIGNUM* modulus) {
    const BnScratch scratch(BN_CTX_new());
    HAIRPIN_ASSERT(scratch);
    const NumberHandle a = root_of(modulus, scratch.get());
    const NumberHandle difference(BN_new());
    HAIRPIN_ASSERT(difference);
    for (int step = 0; step < kFermatSteps; ++step) {
        HAIRPIN_ASSERT(BN_sqr(difference.get(), a.get(), scratch.get()) == 1 &&
                       BN_sub(difference.get(), difference.get(), modulus) == 1);
        // Below the root only in the first step, where the modulus is no square.
        if (BN_is_negative(difference.get()) == 0 && is_square(difference.get(), scratch.get()))
            return true;
        HAIRPIN_ASSERT(BN_add_word(a.get(), 1) == 1);
    }
    return false;
}

/// Empty: not an RSA key.
NumberHandle modulus_of(const EVP_PKEY* key) {
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return nullptr;
    BIGNUM* modulus = nullptr;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1) return nullptr;
    return NumberHandle(modulus);
}

Octets sha1(std::string_view text) {
    Octets digest(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    HAIRPIN_ASSERT(
        EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
    digest.resize(size);
    return digest;
}

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

template <typename T>
void sort_unique(std::vector<T>& all) {
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    all.shrink_to_fit();
}

}  // namespace

std::optional<std::string> weakness_of(const EVP_PKEY* key) {
    const NumberHandle modulus = modulus_of(key);
    if (!modulus) return std::nullopt;
    if (BN_is_odd(modulus.get()) == 0) return "is divisible by 2: it is no RSA key";
    for (const unsigned prime : odd_primes())
        if (BN_mod_word(modulus.get(), prime) == 0)
            return "is divisible by " + std::to_string(prime) + ": it is no RSA key";
    if (has_rsalib_structure(modulus.get()))
        return "was made by a faulty chip, and can be computed from its public half (ROCA, "
               "CVE-2017-15361)";
    if (has_close_primes(modulus.get()))
        return "has primes so close to one another that they are found at once (Fermat's method)";
    return std::nullopt;
}

Result<RefusedKeys> RefusedKeys::read(const std::vector<std::string>& paths) {
    RefusedKeys keys;
    for (const std::string& path : paths) {
        std::ifstream file(path, std::ios::binary | std::ios::ate);
        if (!file) return fail(Error{ErrorCode::Io, path, "cannot be read"});
        if (static_cast<std::size_t>(file.tellg()) > kMaxRefusedFile)
            return fail(Error{ErrorCode::Limit, path,
                              "is larger than " + std::to_string(kMaxRefusedFile) + " octets"});
        file.seekg(0);
        std::string line;
        for (std::size_t number = 1; std::getline(file, line); ++number)
            if (auto read = keys.read_line(line); !read)
                return fail(Error{read.error().code, path + ":" + std::to_string(number),
                                  read.error().cause});
        if (file.bad()) return fail(Error{ErrorCode::Io, path, "cannot be read to its end"});
    }
    sort_unique(keys.by_key_);
    sort_unique(keys.by_modulus_);
    return keys;
}

Result<void> RefusedKeys::read_line(std::string_view line) {
    const std::string_view text = without_blanks(line.substr(0, line.find('#')));
    if (text.empty()) return {};
    const auto octets = from_hex(text);
    if (octets && octets->size() == Sha256().size()) {
        std::copy(octets->begin(), octets->end(), by_key_.emplace_back().begin());
        return {};
    }
    if (octets && octets->size() == ModulusTail().size()) {
        std::copy(octets->begin(), octets->end(), by_modulus_.emplace_back().begin());
        return {};
    }
    return fail(
        Error{ErrorCode::Invalid, "",
              "is neither 64 hexadecimal digits (SHA-256 of a public key) nor 20 (a line of "
              "openssl-blacklist)"});
}

bool RefusedKeys::holds(const EVP_PKEY* key, const Sha256& key_sha256) const {
    if (std::binary_search(by_key_.begin(), by_key_.end(), key_sha256)) return true;
    if (by_modulus_.empty()) return false;
    const NumberHandle modulus = modulus_of(key);
    if (!modulus) return false;
    const TextHandle digits(BN_bn2hex(modulus.get()));
    HAIRPIN_ASSERT(digits);
    const Octets digest = sha1("Modulus=" + std::string(digits.get()) + "\n");
    ModulusTail tail{};
    std::copy(digest.end() - static_cast<std::ptrdiff_t>(tail.size()), digest.end(), tail.begin());
    return std::binary_search(by_modulus_.begin(), by_modulus_.end(), tail);
}

}  // namespace hairpin::acme
