#include "acme/chain.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "acme/csr.hpp"
#include "tests/support/x509.hpp"

namespace hairpin::acme {
namespace {

using tests::CertificateRef;
using tests::CertificateText;
using tests::KeyRef;

constexpr Seconds kDay{24 * 3600};
const WallTime kNow = from_unix_milliseconds(1'795'000'000'000);
const std::string kPublic = "nur1.pl-acme.example.net";
const std::string kInternal = "i-nur1.pl-acme.example.net";
const std::string kBoth = "DNS:" + kPublic + ",DNS:" + kInternal;

/// A root, an intermediate and whatever leaf a test wants.
struct Ca {
    KeyRef root_key = tests::ec_key("P-256");
    KeyRef key = tests::ec_key("P-256");
    KeyRef leaf_key = tests::ec_key("P-256");
    CertificateRef root = tests::make_certificate(
        {"root", "", kNow - kDay, kNow + kDay * 3650, true}, root_key, nullptr, root_key);
    CertificateRef intermediate = tests::make_certificate(
        {"intermediate", "", kNow - kDay, kNow + kDay * 1000, true}, key, root, root_key);

    [[nodiscard]] CertificateText good() const {
        return {kPublic, kBoth, kNow - Seconds(3600), kNow + kDay * 90, false};
    }
    [[nodiscard]] std::string chain(const CertificateText& text) const {
        return tests::pem_of(tests::make_certificate(text, leaf_key, intermediate, key)) +
               tests::pem_of(intermediate);
    }
    [[nodiscard]] ChainExpectation expectation() const {
        return {{kPublic, kInternal}, key_sha256(leaf_key.get()), kNow};
    }
};

TEST_CASE("a good chain is taken, and written anew", "[acme][rfc8555]") {
    const Ca ca;
    const std::string pem = ca.chain(ca.good());

    const auto facts = check_chain("some words of the CA\n" + pem + "\n\n", ca.expectation());

    REQUIRE(facts);
    CHECK(facts->pem == pem);
    CHECK(facts->not_before == kNow - Seconds(3600));
    CHECK(facts->not_after == kNow + kDay * 90);
    CHECK(facts->key_sha256 == key_sha256(ca.leaf_key.get()));
    CHECK(check_chain(pem + tests::pem_of(ca.root), ca.expectation()));
}

TEST_CASE("a certificate that is not what was asked for is refused", "[acme][hostile]") {
    const Ca ca;
    struct Case {
        const char* why;
        CertificateText text;
        const char* said;
    };
    const auto with_names = [&](const std::string& names) {
        CertificateText text = ca.good();
        text.alternative_names = names;
        return text;
    };
    const auto with_times = [&](WallTime from, WallTime to) {
        CertificateText text = ca.good();
        text.not_before = from;
        text.not_after = to;
        return text;
    };
    const std::vector<Case> cases = {
        {"one name", with_names("DNS:" + kPublic), "names are not exactly"},
        {"no names", with_names(""), "names are not exactly"},
        {"one more name", with_names(kBoth + ",DNS:www.example.net"), "names are not exactly"},
        {"twice a name", with_names(kBoth + ",DNS:" + kPublic), "names are not exactly"},
        {"an address", with_names(kBoth + ",IP:192.0.2.1"), "not a DNS name"},
        {"expired", with_times(kNow - kDay * 90, kNow), "expired"},
        {"not begun", with_times(kNow + kDay + Seconds(1), kNow + kDay * 90), "not valid before"},
        {"too long", with_times(kNow, kNow + kDay * 398 + Seconds(1)), "lifetime"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        const auto facts = check_chain(ca.chain(each.text), ca.expectation());
        REQUIRE_FALSE(facts);
        CHECK(facts.error().code == ErrorCode::Protocol);
        CHECK_THAT(facts.error().cause, Catch::Contains(each.said));
    }
    CHECK(check_chain(ca.chain(with_names("DNS:" + kInternal + ",DNS:" + kPublic)),
                      ca.expectation()));
    CHECK(check_chain(ca.chain(with_times(kNow + kDay, kNow + kDay * 90)), ca.expectation()));
    CHECK(check_chain(ca.chain(with_times(kNow, kNow + kDay * 398)), ca.expectation()));
}

TEST_CASE("another key than the request's is refused", "[acme][hostile]") {
    const Ca ca;
    ChainExpectation expectation = ca.expectation();
    expectation.key_sha256 = key_sha256(ca.root_key.get());

    const auto facts = check_chain(ca.chain(ca.good()), expectation);

    REQUIRE_FALSE(facts);
    CHECK_THAT(facts.error().cause, Catch::Contains("another key"));
}

TEST_CASE("a chain that does not hang together is refused", "[acme][hostile]") {
    const Ca ca;
    const Ca other;
    const std::string leaf =
        tests::pem_of(tests::make_certificate(ca.good(), ca.leaf_key, ca.intermediate, ca.key));
    const std::string self_signed =
        tests::pem_of(tests::make_certificate(ca.good(), ca.leaf_key, nullptr, ca.leaf_key));
    // The right name, the wrong key.
    const std::string forged =
        tests::pem_of(tests::make_certificate(ca.good(), ca.leaf_key, ca.intermediate, other.key));
    const CertificateRef no_ca = tests::make_certificate(
        {"intermediate", "", kNow - kDay, kNow + kDay, false}, ca.key, ca.root, ca.root_key);
    std::string damaged = leaf + tests::pem_of(ca.intermediate);
    damaged[leaf.size() + 200] = '!';
    std::string endless = leaf;
    for (std::size_t each = 0; each < kMaxChainLength; ++each)
        endless += tests::pem_of(ca.intermediate);

    struct Case {
        const char* why;
        std::string pem;
    };
    const std::vector<Case> cases = {
        {"no issuer", leaf},
        {"signed by itself", self_signed},
        {"another CA of the same name", leaf + tests::pem_of(other.intermediate)},
        {"forged", forged + tests::pem_of(ca.intermediate)},
        {"an issuer that is no CA", leaf + tests::pem_of(no_ca)},
        {"root in the wrong place", leaf + tests::pem_of(ca.root)},
        {"the wrong way round", tests::pem_of(ca.intermediate) + leaf},
        {"damaged", damaged},
        {"cut", (leaf + tests::pem_of(ca.intermediate)).substr(0, leaf.size() + 100)},
        {"endless", endless},
        {"empty", ""},
        {"no PEM", "<html>502</html>"},
    };
    for (const Case& each : cases) {
        INFO(each.why);
        CHECK_FALSE(check_chain(each.pem, ca.expectation()));
    }
    CHECK(check_chain(std::string(kMaxChainOctets + 1, 'x'), ca.expectation()).error().code ==
          ErrorCode::Limit);
}

TEST_CASE("a certificate is renewed at two thirds of its life, a short one at half", "[acme]") {
    for (const int days : {6, 9, 10, 45, 90, 398}) {
        const WallTime end = kNow + kDay * days;
        const Milliseconds life = kDay * days;
        const Milliseconds base = days < 10 ? life / 2 : life * 2 / 3;
        for (std::int64_t server = 1; server < 200; ++server) {
            const WallTime at = renewal_time(kNow, end, server);
            REQUIRE(at >= kNow + base - life / 50);
            REQUIRE(at <= kNow + base + life / 50);
            REQUIRE(at == renewal_time(kNow, end, server));
        }
    }
}

TEST_CASE("servers that began together are renewed apart", "[acme]") {
    std::set<WallTime> times;
    for (std::int64_t server = 1; server <= 100; ++server)
        times.insert(renewal_time(kNow, kNow + kDay * 90, server));
    CHECK(times.size() > 90);
}

}  // namespace
}  // namespace hairpin::acme
