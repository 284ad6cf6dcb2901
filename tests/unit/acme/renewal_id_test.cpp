#include "acme/renewal_id.hpp"

#include <catch2/catch.hpp>

#include "acme/certificates.hpp"

namespace hairpin::acme {
namespace {

// RFC 9773 appendix A.1.
constexpr std::string_view kExample = R"(-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
)";

TEST_CASE("a certificate is named as in RFC 9773's example", "[acme][rfc9773]") {
    const auto id = renewal_id(kExample);
    REQUIRE(id);
    CHECK(*id == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
    const auto der = first_certificate_der(kExample);
    REQUIRE(der);
    CHECK(der->size() == 327);
}

TEST_CASE("what is no certificate has no name", "[acme][rfc9773]") {
    for (const std::string_view each :
         {std::string_view(), std::string_view("nonsense"), kExample.substr(0, 200)}) {
        CHECK_FALSE(renewal_id(each));
        CHECK_FALSE(first_certificate_der(each));
    }
}

TEST_CASE("the reasons of a revocation are four of RFC 5280's", "[acme][rfc5280]") {
    std::string taken;
    for (std::int64_t number = -1; number < 12; ++number)
        if (revocation_reason(number)) taken += std::to_string(number) + " ";
    CHECK(taken == "0 1 4 5 ");
}

}  // namespace
}  // namespace hairpin::acme
