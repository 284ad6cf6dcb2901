#include "acme/profile.hpp"

#include <catch2/catch.hpp>

namespace hairpin::acme {
namespace {

const std::vector<std::string> kOffered = {"classic", "shortlived", "tlsserver"};

TEST_CASE("a profile is asked for where the CA has it", "[acme]") {
    CHECK(choose_profile("tlsserver", kOffered).name == "tlsserver");
    CHECK(choose_profile("tlsserver", kOffered).warning.empty());
}

TEST_CASE("a profile that the CA does not have is not asked for, and a person hears of it",
          "[acme]") {
    const ProfileChoice choice = choose_profile("tlsclient", kOffered);
    CHECK(choice.name.empty());
    CHECK(choice.warning.find("\"tlsclient\" (it has classic, shortlived, tlsserver)") !=
          std::string::npos);
    CHECK(choose_profile("tlsserver", {}).warning.find("it has none") != std::string::npos);
    // What nobody configured is not worth a word where there are no profiles at all.
    CHECK(choose_profile(kDefaultProfile, {}).name.empty());
    CHECK(choose_profile(kDefaultProfile, {}).warning.empty());
    CHECK_FALSE(choose_profile(kDefaultProfile, {"tlsserver"}).warning.empty());
}

TEST_CASE("a licence may have a profile of its own", "[acme]") {
    const std::vector<LicenceProfile> own = {{"demo", "shortlived"}};
    CHECK(profile_of(own, "demo", "classic") == "shortlived");
    CHECK(profile_of(own, "other", "classic") == "classic");
    CHECK(read_licence_profile("demo=shortlived") == LicenceProfile{"demo", "shortlived"});
    for (const char* bad : {"", "=", "demo", "demo=", "=classic", "demo=a b", "demo=\"x\""}) {
        INFO(bad);
        CHECK_FALSE(read_licence_profile(bad));
    }
    CHECK_FALSE(is_profile_name(std::string(65, 'a')));
}

TEST_CASE("a common name is for profiles that have one", "[acme]") {
    CHECK(has_common_name("classic"));
    CHECK(has_common_name(""));
    CHECK_FALSE(has_common_name("tlsserver"));
    CHECK_FALSE(has_common_name("shortlived"));
}

}  // namespace
}  // namespace hairpin::acme
