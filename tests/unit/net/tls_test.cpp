#include "net/tls.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include "core/handle.hpp"
#include "tests/unit/net/server_fixture.hpp"

namespace hairpin::net {
namespace {

using BioHandle = Handle<BIO, BIO_free_all>;
using CertificateHandle = Handle<X509, X509_free>;

CertificateHandle parse(const std::string& pem) {
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return CertificateHandle(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

TEST_CASE("a self-signed certificate covers its names and nothing else", "[net][rfc5280]") {
    const auto pair = make_self_signed({"manager.example.net", "192.0.2.1", "2001:db8::1"});
    REQUIRE(pair);
    const auto certificate = parse(pair->certificate);
    REQUIRE(certificate);
    CHECK(X509_check_host(certificate.get(), "manager.example.net", 0, 0, nullptr) == 1);
    CHECK(X509_check_host(certificate.get(), "other.example.net", 0, 0, nullptr) == 0);
    CHECK(X509_check_ip_asc(certificate.get(), "192.0.2.1", 0) == 1);
    CHECK(X509_check_ip_asc(certificate.get(), "2001:db8::1", 0) == 1);
    CHECK(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())) == 1);
    CHECK(X509_cmp_current_time(X509_get0_notBefore(certificate.get())) < 0);
    CHECK(X509_cmp_current_time(X509_get0_notAfter(certificate.get())) > 0);
    CHECK(EVP_PKEY_get_bits(X509_get0_pubkey(certificate.get())) == 256);
}

TEST_CASE("names that are no names get no certificate", "[net]") {
    CHECK_FALSE(make_self_signed({}));
    CHECK_FALSE(make_self_signed({"a b"}));
    CHECK_FALSE(make_self_signed({"a,IP:10.0.0.1"}));
    CHECK_FALSE(make_self_signed({""}));
    CHECK(make_self_signed({std::string(70, 'a') + ".example.net"}));  // Too long for a CN only.
}

TEST_CASE("a self-signed certificate made again with its key keeps its pin", "[net][rfc7858]") {
    const auto first = make_self_signed({"manager.example.net"});
    REQUIRE(first);
    const auto again = make_self_signed({"manager.example.net"}, first->key);
    REQUIRE(again);
    CHECK(again->key == first->key);
    CHECK(again->certificate != first->certificate);
    const auto facts = [](const PemPair& pair) {
        return ServerTls::from_pem(pair.certificate, pair.key).value()->facts();
    };
    CHECK(facts(*again).key_pin == facts(*first).key_pin);
    CHECK(facts(*again).fingerprint != facts(*first).fingerprint);
    const auto other = make_self_signed({"manager.example.net"});
    CHECK(facts(*other).key_pin != facts(*first).key_pin);
    CHECK(make_self_signed({"manager.example.net"}, "nonsense").error().code == ErrorCode::Invalid);
    CHECK_FALSE(make_self_signed({"manager.example.net"}, first->certificate));
}

TEST_CASE("a certificate that is served says what it is", "[net]") {
    const auto pair = make_self_signed({"manager.example.net", "192.0.2.1", "2001:db8::1"});
    const CertificateFacts facts =
        ServerTls::from_pem(pair->certificate, pair->key).value()->facts();
    CHECK(facts.names ==
          std::vector<std::string>{"manager.example.net", "192.0.2.1", "2001:db8::1"});
    CHECK(facts.key_pin.size() == 44);
    CHECK(facts.not_after - facts.not_before == Seconds(397LL * 24 * 3600));
    const auto certificate = parse(pair->certificate);
    const auto at = static_cast<std::time_t>(to_unix_seconds(facts.not_after));
    CHECK(ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate.get()), at) == 0);
}

TEST_CASE("PEM that does not fit is refused with a reason", "[net]") {
    const auto one = make_self_signed({"one.example"});
    const auto two = make_self_signed({"two.example"});
    REQUIRE(one);
    REQUIRE(two);
    CHECK(ServerTls::from_pem(one->certificate, one->key));
    CHECK(ServerTls::from_pem(one->certificate + two->certificate, one->key));

    const auto mixed = ServerTls::from_pem(one->certificate, two->key);
    REQUIRE_FALSE(mixed);
    CHECK(mixed.error().subject == "private key");
    const auto none = ServerTls::from_pem("", one->key);
    REQUIRE_FALSE(none);
    CHECK(none.error().subject == "certificate");
    CHECK_FALSE(ServerTls::from_pem(one->certificate, "nonsense"));
    const auto broken =
        one->certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    CHECK_FALSE(ServerTls::from_pem(broken, one->key));
}

TEST_CASE("the fingerprint is that of the certificate", "[net]") {
    const auto pair = make_self_signed({"one.example"});
    const auto tls = ServerTls::from_pem(pair->certificate, pair->key);
    REQUIRE(tls);
    CHECK((*tls)->fingerprint().size() == 64);
    const auto again = ServerTls::from_pem(pair->certificate, pair->key);
    REQUIRE(again);
    CHECK((*tls)->fingerprint() == (*again)->fingerprint());
}

TEST_CASE("a slot counts its generations and hands out the newest", "[net]") {
    const auto pair = make_self_signed({"one.example"});
    const auto first = ServerTls::from_pem(pair->certificate, pair->key);
    const auto second = ServerTls::from_pem(pair->certificate, pair->key);
    REQUIRE(first);
    REQUIRE(second);
    CertificateSlot slot(*first);
    const auto before = slot.generation();
    CHECK(slot.current() == *first);
    slot.replace(*second);
    CHECK(slot.generation() > before);
    CHECK(slot.current() == *second);
    CHECK(first->use_count() == 1);
}

TEST_CASE("TLS 1.1 is refused, 1.2 and 1.3 are served", "[net][rfc8446]") {
    const tests::ServerFixture server(tests::echo);
    const auto connects = [&](int version) {
        const Handle<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
        SSL_CTX_set_security_level(context.get(), 0);
        SSL_CTX_set_min_proto_version(context.get(), version);
        SSL_CTX_set_max_proto_version(context.get(), version);
        const auto socket = tests::connect_to(server.endpoint());
        const Handle<SSL, SSL_free> tls(SSL_new(context.get()));
        SSL_set_fd(tls.get(), socket.get());
        return SSL_connect(tls.get()) == 1;
    };
    CHECK_FALSE(connects(TLS1_1_VERSION));
    CHECK(connects(TLS1_2_VERSION));
    CHECK(connects(TLS1_3_VERSION));
}

}  // namespace
}  // namespace hairpin::net
