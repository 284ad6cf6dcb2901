#include "daemon/eab_file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "daemon/acme_options.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hairpin::daemon {
namespace {

/// The path again, of a file with this text.
std::string eab_file(const std::string& path, const std::string& text, mode_t mode) {
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
}

TEST_CASE("The key of an external account is read from its file", "[daemon][rfc8555]") {
    const tests::TemporaryFolder folder;
    const std::string path = folder.file("eab.key");
    const Octets key(32, 0xfb);
    CHECK(load_eab_key(eab_file(path, to_base64url(key) + "\n", 0640)) == key);
    CHECK(load_eab_key("")->empty());
}

TEST_CASE("Each CA gets the keys of its own files", "[daemon][rfc8555][issuers]") {
    const tests::TemporaryFolder folder;
    const auto file = [&](const std::string& name, std::uint8_t octet) {
        return eab_file(folder.file(name), to_base64url(Octets(32, octet)), 0600);
    };
    Config config;
    config.acme_eab_key_file = file("one", 1);
    config.acme_standby_eab_key_file = file("two", 2);
    config.acme_fallbacks.resize(2);
    config.acme_fallbacks[1].eab_key_file = file("three", 3);
    config.acme_fallbacks[1].standby_eab_key_file = file("four", 4);
    acme::Options options = acme_options(config, {});
    REQUIRE(load_eab_keys(config, options));
    CHECK(options.eab_key == Octets(32, 1));
    CHECK(options.standby_eab_key == Octets(32, 2));
    CHECK(options.fallbacks[0].eab_key.empty());
    CHECK(options.fallbacks[1].eab_key == Octets(32, 3));
    CHECK(options.fallbacks[1].standby_eab_key == Octets(32, 4));
    config.acme_fallbacks[0].eab_key_file = folder.file("missing");
    CHECK_FALSE(load_eab_keys(config, options));
}

TEST_CASE("A key file that others can read, or that holds no key, is refused without its words",
          "[daemon][hostile]") {
    const tests::TemporaryFolder folder;
    const std::string path = folder.file("eab.key");
    const std::string text = to_base64url(Octets(32, 7));
    CHECK(load_eab_key(eab_file(path, text, 0644)).error().code == ErrorCode::Denied);
    const auto none = load_eab_key(eab_file(path, "hunter2, in plain words", 0600));
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::Invalid);
    CHECK(none.error().subject == path);
    CHECK(none.error().text().find("hunter2") == std::string::npos);
    CHECK_FALSE(load_eab_key(folder.file("missing")));
}

}  // namespace
}  // namespace hairpin::daemon
