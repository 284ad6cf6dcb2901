#include "daemon/eab_file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace hairpin::daemon {
namespace {

Config config_with_eab(const std::string& path, const std::string& text, mode_t mode) {
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    Config config;
    config.acme_eab_kid = "kid-1";
    config.acme_eab_key_file = path;
    return config;
}

TEST_CASE("The key of an external account is read from its file", "[daemon][rfc8555]") {
    const tests::TemporaryFolder folder;
    const std::string path = folder.file("eab.key");
    const Octets key(32, 0xfb);
    CHECK(load_eab_key(config_with_eab(path, to_base64url(key) + "\n", 0640)) == key);
    CHECK(load_eab_key(Config())->empty());
}

TEST_CASE("A key file that others can read, or that holds no key, is refused without its words",
          "[daemon][hostile]") {
    const tests::TemporaryFolder folder;
    const std::string path = folder.file("eab.key");
    const std::string text = to_base64url(Octets(32, 7));
    CHECK(load_eab_key(config_with_eab(path, text, 0644)).error().code == ErrorCode::Denied);
    const auto none = load_eab_key(config_with_eab(path, "hunter2, in plain words", 0600));
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::Invalid);
    CHECK(none.error().subject == path);
    CHECK(none.error().text().find("hunter2") == std::string::npos);
    Config missing;
    missing.acme_eab_key_file = folder.file("missing");
    CHECK_FALSE(load_eab_key(missing));
}

}  // namespace
}  // namespace hairpin::daemon
