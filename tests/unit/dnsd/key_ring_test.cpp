#include "dnsd/key_ring.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/tsig.hpp"

namespace hairpin::dnsd::tests {
namespace {

TEST_CASE("A key is found by its name in any case, and by no other", "[dnsd][rfc8945]") {
    KeyRing ring;
    CHECK(ring.find(key_name("key.")) == nullptr);
    TsigKeyOptions options;
    options.id = 42;
    ring.put(make_key("Transfer.Example.NET.", options));
    ring.put(make_key("key."));
    ring.put(make_key("."));
    for (const char* name : {"transfer.example.net.", "TRANSFER.example.NET."}) {
        const TsigKey* key = ring.find(key_name(name));
        REQUIRE(key != nullptr);
        CHECK(key->id() == 42);
        CHECK(as_text(key->name()) == std::string_view("\10transfer\7example\3net\0", 22));
    }
    CHECK(ring.find(key_name(".")) != nullptr);
    for (const char* name : {"example.net.", "x.transfer.example.net.", "transfer.", "net."})
        CHECK(ring.find(key_name(name)) == nullptr);
    CHECK(ring.size() == 3);
}

TEST_CASE("A key's secret is kept as it was given", "[dnsd]") {
    for (const std::size_t octets : {1u, 16u, 64u, 65u, 1000u, 65'535u}) {
        const Octets secret(octets, 0x5a);
        const TsigKeyRef key = TsigKey::create(key_name("key."), secret, {});
        CHECK(Octets(key->secret().begin(), key->secret().end()) == secret);
    }
}

TEST_CASE("A ring that was published does not change with its copy", "[dnsd]") {
    KeyRing first;
    for (int each = 0; each < 1000; ++each) {
        TsigKeyOptions options;
        options.id = each;
        first.put(make_key("k" + std::to_string(each) + ".example.net.", options));
    }
    KeyRing next = first;
    TsigKeyOptions renewed;
    renewed.id = 2000;
    next.put(make_key("k7.example.net.", renewed));
    CHECK(next.erase(key_name("K8.example.net.")));
    CHECK_FALSE(next.erase(key_name("k8.example.net.")));
    CHECK(next.size() == 999);
    CHECK(first.size() == 1000);
    CHECK(first.find(key_name("k7.example.net."))->id() == 7);
    CHECK(next.find(key_name("k7.example.net."))->id() == 2000);
    CHECK(first.find(key_name("k8.example.net.")) != nullptr);
    CHECK(next.find(key_name("k8.example.net.")) == nullptr);
    // What did not change is the same object.
    CHECK(first.find(key_name("k9.example.net.")) == next.find(key_name("k9.example.net.")));
}

TEST_CASE("A key is usable while it has not expired and is not too weak", "[dnsd][rfc8945]") {
    struct Case {
        const char* why;
        TsigAlgorithm algorithm;
        WeakAlgorithms weak;
        TsigTime expires;
        bool usable;
    };
    const std::vector<Case> cases = {
        {"SHA-256", TsigAlgorithm::HmacSha256, WeakAlgorithms::Refused, kNeverExpires, true},
        {"SHA-512", TsigAlgorithm::HmacSha512, WeakAlgorithms::Refused, kNeverExpires, true},
        {"SHA-1", TsigAlgorithm::HmacSha1, WeakAlgorithms::Refused, kNeverExpires, false},
        {"MD5", TsigAlgorithm::HmacMd5, WeakAlgorithms::Refused, kNeverExpires, false},
        {"SHA-1, allowed", TsigAlgorithm::HmacSha1, WeakAlgorithms::Allowed, kNeverExpires, true},
        {"MD5, allowed", TsigAlgorithm::HmacMd5, WeakAlgorithms::Allowed, kNeverExpires, true},
        {"ends later", TsigAlgorithm::HmacSha256, WeakAlgorithms::Refused, kTsigNow + 1, true},
        {"ends now", TsigAlgorithm::HmacSha256, WeakAlgorithms::Refused, kTsigNow, false},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        TsigKeyOptions options;
        options.algorithm = each.algorithm;
        options.weak = each.weak;
        options.expires = each.expires;
        CHECK(make_key("key.", options)->is_usable(kTsigNow) == each.usable);
    }
}

TEST_CASE("Algorithms have the names and sizes of RFC 8945", "[dnsd][rfc8945]") {
    struct Case {
        TsigAlgorithm algorithm;
        std::string text;
        std::string name;
        std::size_t octets;
        std::size_t least;
    };
    const std::vector<Case> cases = {
        {TsigAlgorithm::HmacSha256, "hmac-sha256", "hmac-sha256.", 32, 16},
        {TsigAlgorithm::HmacSha384, "hmac-sha384", "hmac-sha384.", 48, 24},
        {TsigAlgorithm::HmacSha512, "hmac-sha512", "hmac-sha512.", 64, 32},
        {TsigAlgorithm::HmacSha224, "hmac-sha224", "hmac-sha224.", 28, 14},
        {TsigAlgorithm::HmacSha1, "hmac-sha1", "hmac-sha1.", 20, 10},
        {TsigAlgorithm::HmacMd5, "hmac-md5", "hmac-md5.sig-alg.reg.int.", 16, 10},
    };
    for (const Case& each : cases) {
        INFO(each.text);
        CHECK(to_string(each.algorithm) == each.text);
        const auto name = zones::Name::from_wire(algorithm_name(each.algorithm));
        REQUIRE(name);
        CHECK(name->text() == each.name);
        CHECK(mac_octets(each.algorithm) == each.octets);
        CHECK(least_mac_octets(each.algorithm) == each.least);
        CHECK(tsig_algorithm(each.text) == each.algorithm);
        CHECK(tsig_algorithm(each.name) == each.algorithm);
    }
    CHECK(tsig_algorithm("HMAC-MD5.SIG-ALG.REG.INT") == TsigAlgorithm::HmacMd5);
    CHECK(tsig_algorithm("HMAC-SHA256.") == TsigAlgorithm::HmacSha256);
    for (const char* unknown : {"", ".", "sha256", "hmac-sha3-256", "gss-tsig", "hmac-sha256.."})
        CHECK_FALSE(tsig_algorithm(unknown));
}

}  // namespace
}  // namespace hairpin::dnsd::tests
