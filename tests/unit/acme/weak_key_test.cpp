#include "acme/weak_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <fstream>
#include <memory>

#include <catch2/catch.hpp>

#include "acme/csr.hpp"
#include "core/octets.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/x509.hpp"

namespace hairpin::acme {
namespace {

using Number = std::shared_ptr<BIGNUM>;

Number number(unsigned value = 0) {
    const Number made(BN_new(), BN_free);
    BN_set_word(made.get(), value);
    return made;
}

struct Arithmetic {
    std::shared_ptr<BN_CTX> scratch{BN_CTX_new(), BN_CTX_free};

    Number product(const Number& a, const Number& b) const {
        Number out = number();
        tests::require_good(BN_mul(out.get(), a.get(), b.get(), scratch.get()) == 1, "product");
        return out;
    }
    Number prime(int bits) const {
        Number out = number();
        tests::require_good(
            BN_generate_prime_ex(out.get(), bits, 0, nullptr, nullptr, nullptr) == 1, "prime");
        return out;
    }
    /// The first prime behind `from` + `gap`.
    Number prime_after(const Number& from, int gap) const {
        Number out(BN_dup(from.get()), BN_free);
        Number offset = number(1);
        tests::require_good(BN_lshift(offset.get(), offset.get(), gap) == 1 &&
                                BN_add(out.get(), out.get(), offset.get()) == 1,
                            "gap");
        do
            BN_add_word(out.get(), BN_is_odd(out.get()) ? 2 : 1);
        while (BN_check_prime(out.get(), scratch.get(), nullptr) != 1);
        return out;
    }
    /// The product of the primes up to 701, as RSALib takes for keys of 2048 bits.
    Number primorial() const {
        Number out = number(2);
        for (unsigned each = 3; each <= 701; each += 2)
            if (BN_check_prime(number(each).get(), scratch.get(), nullptr) == 1)
                BN_mul_word(out.get(), each);
        return out;
    }
    /// A prime as RSALib makes it: k * M + (65537^a mod M).
    Number rsalib_prime() const {
        const Number modulus = primorial();
        for (;;) {
            Number power = number();
            Number exponent = number();
            Number factor = number();
            BN_rand(exponent.get(), 60, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
            BN_rand(factor.get(), 1024 - BN_num_bits(modulus.get()), BN_RAND_TOP_TWO,
                    BN_RAND_BOTTOM_ANY);
            BN_mod_exp(power.get(), number(65537).get(), exponent.get(), modulus.get(),
                       scratch.get());
            Number made = product(factor, modulus);
            BN_add(made.get(), made.get(), power.get());
            if (BN_check_prime(made.get(), scratch.get(), nullptr) == 1) return made;
        }
    }
};

tests::KeyRef key_of_modulus(const Number& modulus) {
    const std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> builder(
        OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
    const Number exponent = number(65537);
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(
        OSSL_PARAM_BLD_to_param(builder.get()), OSSL_PARAM_free);
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    tests::require_good(
        EVP_PKEY_fromdata_init(context.get()) == 1 &&
            EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1,
        "public key");
    return tests::key_ref(key);
}

std::string weakness(const Number& modulus) {
    return weakness_of(key_of_modulus(modulus).get()).value_or("");
}

TEST_CASE("Keys as they should be have no weakness", "[acme][weak-key]") {
    for (const unsigned bits : {2048U, 2048U, 3072U, 4096U})
        CHECK_FALSE(weakness_of(tests::rsa_key(bits).get()));
    CHECK_FALSE(weakness_of(tests::ec_key("P-256").get()));
    CHECK_FALSE(weakness_of(tests::ed25519_key().get()));
}

TEST_CASE("A modulus with a small factor is no RSA key", "[acme][weak-key][hostile]") {
    const Arithmetic with;
    const Number large = with.prime(2040);
    CHECK_THAT(weakness(with.product(number(2), large)), Catch::Contains("divisible by 2:"));
    CHECK_THAT(weakness(with.product(number(3), large)), Catch::Contains("divisible by 3:"));
    CHECK_THAT(weakness(with.product(number(751), large)), Catch::Contains("divisible by 751:"));
    // The next prime is not looked for: where to stop is the CAs' choice.
    CHECK(weakness(with.product(number(757), large)).empty());
}

TEST_CASE("Primes that are close are found, and those that are not are not",
          "[acme][weak-key][hostile]") {
    const Arithmetic with;
    const Number p = with.prime(1024);
    CHECK_THAT(weakness(with.product(p, p)), Catch::Contains("Fermat"));  // A square.
    CHECK_THAT(weakness(with.product(p, with.prime_after(p, 1))), Catch::Contains("Fermat"));
    // The first step finds a distance up to about the fourth root of the modulus: 512 bits.
    CHECK_THAT(weakness(with.product(p, with.prime_after(p, 500))), Catch::Contains("Fermat"));
    CHECK(weakness(with.product(p, with.prime_after(p, 600))).empty());
}

TEST_CASE("The structure of Infineon's RSALib is seen", "[acme][weak-key][hostile]") {
    const Arithmetic with;
    const Number p = with.rsalib_prime();
    CHECK_THAT(weakness(with.product(p, with.rsalib_prime())), Catch::Contains("ROCA"));
    // One honest prime is enough to lose it.
    CHECK(weakness(with.product(p, with.prime(1024))).empty());
}

TEST_CASE("A request with a weak key says why, before its signature is looked at",
          "[acme][weak-key][hostile]") {
    const Arithmetic with;
    const Number p = with.prime(1024);
    const auto weak = key_of_modulus(with.product(p, with.prime_after(p, 1)));
    const auto request = tests::make_request(tests::ec_key("P-256"), {"", "DNS:nur1.example.net"});
    REQUIRE(X509_REQ_set_pubkey(request.get(), weak.get()) == 1);
    const auto csr = read_csr(tests::der_of(request));
    REQUIRE_FALSE(csr);
    CHECK(csr.error().code == ErrorCode::Invalid);
    CHECK_THAT(csr.error().cause, Catch::Contains("its key has primes so close"));
    CHECK_THAT(csr.error().cause, Catch::Contains("make a new one"));
}

struct Lists {
    tests::TemporaryFolder folder;
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder.file(name), std::ios::binary) << text;
        return folder.file(name);
    }
};

TEST_CASE("Keys in an operator's list are refused, by either way to name them",
          "[acme][weak-key]") {
    // As the lists of openssl-blacklist are made:
    //   openssl rsa -noout -modulus -in key.pem | sha1sum | cut -c21-40
    const Lists lists;
    const auto rsa = tests::rsa_key(2048);
    const auto ec = tests::ec_key("P-256");
    const auto other = tests::rsa_key(2048);
    BIGNUM* raw = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(rsa.get(), OSSL_PKEY_PARAM_RSA_N, &raw) == 1);
    const Number modulus(raw, BN_free);
    const std::unique_ptr<char, void (*)(char*)> digits(BN_bn2hex(modulus.get()),
                                                        [](char* text) { OPENSSL_free(text); });
    const std::string line = "Modulus=" + std::string(digits.get()) + "\n";
    std::array<std::uint8_t, 20> digest{};
    REQUIRE(EVP_Digest(line.data(), line.size(), digest.data(), nullptr, EVP_sha1(), nullptr) == 1);

    const auto refused = RefusedKeys::read(
        {lists.write("blacklist.RSA-2048",
                     "# of weak keys\r\n\n" + to_hex(OctetView(digest).subspan(10)) + "\r\n"),
         lists.write("published", to_hex(key_sha256(ec.get())) + " # found in an image\n" +
                                      to_hex(key_sha256(ec.get())))});
    REQUIRE(refused);
    CHECK(refused->size() == 2);
    CHECK(refused->holds(rsa.get(), key_sha256(rsa.get())));
    CHECK(refused->holds(ec.get(), key_sha256(ec.get())));
    CHECK_FALSE(refused->holds(other.get(), key_sha256(other.get())));

    const auto csr =
        read_csr(tests::der_of(tests::make_request(ec, {"", "DNS:a.example.net"})), *refused);
    REQUIRE_FALSE(csr);
    CHECK_THAT(csr.error().cause, Catch::Contains("strangers have"));
    CHECK(read_csr(tests::der_of(tests::make_request(other, {"", "DNS:a.example.net"})), *refused));
}

TEST_CASE("A list that cannot be read, or holds something else, is an error with its line",
          "[acme][weak-key]") {
    const Lists lists;
    const auto missing = RefusedKeys::read({lists.folder.file("none")});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::Io);
    for (const std::string bad : {"abc", "0123456789abcdef012", "0123456789abcdef0123 0", "xyz0"}) {
        const auto read = RefusedKeys::read({lists.write("bad", "# one\n" + bad + "\n")});
        REQUIRE_FALSE(read);
        CHECK(read.error().code == ErrorCode::Invalid);
        CHECK_THAT(read.error().subject, Catch::EndsWith("bad:2"));
    }
    CHECK(RefusedKeys::read({lists.write("empty", "")})->size() == 0);
}

}  // namespace
}  // namespace hairpin::acme
