#include "hooks/signature.hpp"

#include <catch2/catch.hpp>

#include "core/crypto.hpp"

namespace hairpin::hooks {
namespace {

// The example of the specification ("Symmetric"), as its libraries' tests have it.
constexpr auto kSpecSecret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr auto kSpecId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr auto kSpecBody = R"({"test": 2432232314})";

TEST_CASE("The specification's own example is signed as it says", "[hooks][standard-webhooks]") {
    const auto secret = from_base64(kSpecSecret);
    REQUIRE(secret);
    CHECK(sign({*secret}, kSpecId, 1'614'265'330, kSpecBody) ==
          "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("Two secrets make two signatures, the new one first", "[hooks][standard-webhooks]") {
    const Octets first(32, 1);
    const Octets second(32, 2);
    const std::string both = sign({first, second}, "evt_1", 17, "{}");
    CHECK(both == sign({first}, "evt_1", 17, "{}") + " " + sign({second}, "evt_1", 17, "{}"));
}

TEST_CASE("Id, time and body are all signed", "[hooks][standard-webhooks]") {
    const Octets secret(32, 1);
    const std::string one = sign({secret}, "evt_1", 17, "{}");
    CHECK(one != sign({secret}, "evt_2", 17, "{}"));
    CHECK(one != sign({secret}, "evt_1", 18, "{}"));
    CHECK(one != sign({secret}, "evt_1", 17, "[]"));
}

TEST_CASE("Secrets are random and written as the specification wants them",
          "[hooks][standard-webhooks]") {
    const Octets secret = make_secret();
    CHECK(secret.size() >= 24);
    CHECK(secret.size() <= 64);
    CHECK(secret != make_secret());
    const std::string text = secret_text(secret);
    REQUIRE(text.substr(0, 6) == "whsec_");
    CHECK(from_base64(text.substr(6)) == secret);
}

}  // namespace
}  // namespace hairpin::hooks
