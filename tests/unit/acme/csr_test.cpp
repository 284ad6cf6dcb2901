#include "acme/csr.hpp"

#include <functional>

#include <catch2/catch.hpp>

#include "acme/certificates.hpp"
#include "tests/support/x509.hpp"

namespace hairpin::acme {
namespace {

constexpr std::string_view kPublic = "nur1.pl-acme.example.net";
constexpr std::string_view kInternal = "i-nur1.pl-acme.example.net";
const std::vector<std::string> kTwinNames = {std::string(kPublic), std::string(kInternal)};
const std::string kBoth = "DNS:nur1.pl-acme.example.net,DNS:i-nur1.pl-acme.example.net";

tests::RequestText good_text() {
    return {std::string(kPublic), kBoth};
}

TEST_CASE("a request with an acceptable key is read, from DER and from PEM", "[acme][rfc2986]") {
    struct Case {
        std::string kind;
        tests::KeyRef key;
    };
    const std::vector<Case> cases = {{"P-256", tests::ec_key("P-256")},
                                     {"P-384", tests::ec_key("P-384")},
                                     {"RSA 2048", tests::rsa_key(2048)},
                                     {"RSA 3072", tests::rsa_key(3072)}};
    for (const Case& each : cases) {
        INFO(each.kind);
        const auto request = tests::make_request(each.key, good_text());
        const Octets der = tests::der_of(request);
        const auto csr = read_csr(der);
        REQUIRE(csr);
        CHECK(csr->key_kind == each.kind);
        CHECK(csr->der == der);
        CHECK(csr->key_sha256 == key_sha256(each.key.get()));
        CHECK(check_names(*csr, kTwinNames));
        const auto from_pem = read_csr(as_octets(tests::pem_of(request)));
        REQUIRE(from_pem);
        CHECK(from_pem->der == der);
    }
}

TEST_CASE("a weak or foreign key is refused, with what to take instead", "[acme][hostile]") {
    struct Case {
        const char* why;
        tests::KeyRef key;
        const char* said;
    };
    const std::vector<Case> cases = {
        {"RSA 1024", tests::rsa_key(1024), "1024 bits"},
        {"RSA 2047", tests::rsa_key(2047), "2047 bits"},
        {"RSA 4104", tests::rsa_key(4104), "4104 bits"},
        {"exponent 3", tests::rsa_key(2048, 3), "use 65537"},
        {"P-521", tests::ec_key("P-521"), "secp521r1"},
        {"secp256k1", tests::ec_key("secp256k1"), "secp256k1"},
        {"Ed25519", tests::ed25519_key(), "neither ECDSA nor RSA"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const auto csr = read_csr(tests::der_of(tests::make_request(each.key, good_text())));
        REQUIRE_FALSE(csr);
        CHECK(csr.error().code == ErrorCode::Invalid);
        CHECK_THAT(csr.error().cause, Catch::Contains(each.said));
    }
}

TEST_CASE("what is not a signed request is refused", "[acme][hostile]") {
    const Octets good = tests::der_of(tests::make_request(tests::ec_key("P-256"), good_text()));
    const std::string pem = tests::pem_of(tests::make_request(tests::ec_key("P-256"), good_text()));
    Octets bad_signature = good;
    bad_signature.back() ^= 1;
    Octets trailing = good;
    trailing.push_back(0);
    const Octets cut(good.begin(), good.end() - 1);

    struct Case {
        const char* why;
        Octets octets;
        ErrorCode code;
        const char* said;
    };
    const auto octets = [](std::string_view text) { return Octets(text.begin(), text.end()); };
    const std::vector<Case> cases = {
        {"signature", bad_signature, ErrorCode::Invalid, "signature"},
        {"trailing octet", trailing, ErrorCode::Invalid, "behind the end"},
        {"cut short", cut, ErrorCode::Invalid, "PKCS#10"},
        {"empty", {}, ErrorCode::Invalid, "PKCS#10"},
        {"text", octets("hello"), ErrorCode::Invalid, "PKCS#10"},
        {"broken PEM", octets(pem.substr(0, pem.size() / 2)), ErrorCode::Invalid, "PEM"},
        {"encrypted PEM",
         octets("-----BEGIN CERTIFICATE REQUEST-----\nProc-Type: 4,ENCRYPTED\n"
                "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n"
                "-----END CERTIFICATE REQUEST-----\n"),
         ErrorCode::Invalid, "PEM"},
        {"a private key", octets(SigningKey::generate()->pem()), ErrorCode::Invalid, "PEM"},
        {"too large", Octets(kMaxCsrOctets + 1, '0'), ErrorCode::Limit, "larger"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const auto csr = read_csr(each.octets);
        REQUIRE_FALSE(csr);
        CHECK(csr.error().code == each.code);
        CHECK_THAT(csr.error().cause, Catch::Contains(each.said));
    }
}

TEST_CASE("a request must name exactly the twin names, in any order and case", "[acme][rfc8555]") {
    struct Case {
        const char* why;
        tests::RequestText text;
        bool fits;
    };
    const std::string third = kBoth + ",DNS:www.example.net";
    const std::vector<Case> cases = {
        {"both, common name", good_text(), true},
        {"other order", {"", "DNS:i-nur1.pl-acme.example.net,DNS:nur1.pl-acme.example.net"}, true},
        {"no common name", {"", kBoth}, true},
        {"internal name as common name", {std::string(kInternal), kBoth}, true},
        {"upper case",
         {"NUR1.PL-ACME.EXAMPLE.NET",
          "DNS:NUR1.pl-acme.example.net,"
          "DNS:I-NUR1.pl-acme.example.net"},
         true},
        {"twice the same", {"", kBoth + ",DNS:nur1.pl-acme.example.net"}, true},
        {"only the public one", {"", "DNS:nur1.pl-acme.example.net"}, false},
        {"only a common name", {std::string(kPublic), ""}, false},
        {"nothing", {"", ""}, false},
        {"one more", {"", third}, false},
        {"another server",
         {"", "DNS:nur2.pl-acme.example.net,DNS:i-nur2.pl-acme.example.net"},
         false},
        {"a wildcard", {"", "DNS:*.pl-acme.example.net,DNS:i-nur1.pl-acme.example.net"}, false},
        {"an address too", {"", kBoth + ",IP:192.0.2.1"}, false},
        {"a mail address too", {"", kBoth + ",email:a@example.net"}, false},
        {"a final dot",
         {"", "DNS:nur1.pl-acme.example.net.,DNS:i-nur1.pl-acme.example.net"},
         false},
        {"foreign common name", {"www.example.net", kBoth}, false},
    };
    const auto key = tests::ec_key("P-256");
    for (const Case& each : cases) {
        INFO(each.why);
        const auto csr = read_csr(tests::der_of(tests::make_request(key, each.text)));
        REQUIRE(csr);
        const auto checked = check_names(*csr, kTwinNames);
        REQUIRE(checked.has_value() == each.fits);
        if (each.fits) continue;
        CHECK(checked.error().code == ErrorCode::Invalid);
        CHECK_THAT(checked.error().cause,
                   Catch::Contains("-addext subjectAltName=DNS:nur1.pl-acme.example.net,"
                                   "DNS:i-nur1.pl-acme.example.net") &&
                       Catch::Contains("openssl req -new"));
    }
}

TEST_CASE("a request names both twin names and any of the aliases", "[acme][alias]") {
    const std::string both = "DNS:" + std::string(kPublic) + ",DNS:" + std::string(kInternal);
    const std::vector<std::string> aliases = {"a.pl-acme.example.net", "b.pl-acme.example.net"};
    const auto key = tests::ec_key("P-256");
    const auto read = [&](const std::string& subject, const std::string& names) {
        return *read_csr(tests::der_of(tests::make_request(key, {subject, names})));
    };
    for (const char* more :
         {"", ",DNS:a.pl-acme.example.net", ",DNS:B.pl-acme.example.net,DNS:a.pl-acme.example.net"})
        CHECK(check_names(read("", both + more), kTwinNames, aliases));
    CHECK(others_of(read("", both + ",DNS:B.pl-acme.example.net,DNS:a.pl-acme.example.net"),
                    kTwinNames) == aliases);
    CHECK(others_of(read("", both), kTwinNames).empty());
    for (const std::string& names :
         {both + ",DNS:c.pl-acme.example.net", std::string("DNS:a.pl-acme.example.net"),
          "DNS:" + std::string(kPublic) + ",DNS:a.pl-acme.example.net",
          both + ",DNS:a.pl-acme.example.net,IP:192.0.2.1"})
        CHECK_FALSE(check_names(read("", names), kTwinNames, aliases));
}

TEST_CASE("hostile names in a request reach a person only as printable text", "[acme][hostile]") {
    const auto csr = read_csr(tests::der_of(
        tests::make_request(tests::ec_key("P-256"), {"", "DNS:a\x1b[31mb\x01.example"})));
    REQUIRE(csr);
    const auto checked = check_names(*csr, kTwinNames);
    REQUIRE_FALSE(checked);
    for (const char c : checked.error().cause)
        CHECK((c >= ' ' && c < 0x7f));
    CHECK(checked.error().cause.size() < 2000);
}

TEST_CASE("a request of ours is one that we accept", "[acme][rfc2986]") {
    const auto key = SigningKey::generate();
    REQUIRE(key);

    const auto der = make_csr(*key, kTwinNames);
    REQUIRE(der);
    const auto csr = read_csr(*der);
    REQUIRE(csr);
    CHECK(check_names(*csr, kTwinNames));
    CHECK(csr->common_names == std::vector<std::string>{std::string(kPublic)});
    CHECK(csr->key_sha256 == key_sha256(key->handle()));
}

TEST_CASE("a public name over 64 octets is not put into the common name", "[acme][rfc5280]") {
    const std::string longest = "nur123." + std::string(60, 'a') + ".example.net";
    const auto key = SigningKey::generate();
    const auto der = make_csr(*key, {longest, "i-" + longest});
    REQUIRE(der);
    const auto csr = read_csr(*der);
    REQUIRE(csr);
    CHECK(csr->common_names.empty());
    CHECK(check_names(*csr, {longest, "i-" + longest}));
}

}  // namespace
}  // namespace hairpin::acme
