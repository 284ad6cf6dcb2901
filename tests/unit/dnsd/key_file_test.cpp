#include "dnsd/key_file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.hpp"
#include "zones/name.hpp"

namespace hairpin::dnsd {
namespace {

constexpr const char* kSecret = "bWFueSByYW5kb20gb2N0ZXRz";

/// "name algorithm secret", or the error.
std::string read(const std::string& text) {
    const auto key = parse_tsig_key(text);
    if (!key) return "refused: " + key.error().cause;
    const auto name = zones::Name::from_wire((*key)->name());
    REQUIRE(name);
    return name->text() + " " + std::string(to_string((*key)->algorithm())) + " " +
           to_base64((*key)->secret());
}

TEST_CASE("A TSIG key is read from what tsig-keygen writes and from dig's one line",
          "[dnsd][rfc8945]") {
    const std::string good = std::string("upd.example.net. hmac-sha512 ") + kSecret;
    const std::string secret = kSecret;
    for (const std::string& text : std::vector<std::string>{
             "key \"upd.example.net.\" {\n\talgorithm hmac-sha512;\n\tsecret \"" + secret +
                 "\";\n};\n",
             "key upd.example.net { secret " + secret + "; algorithm HMAC-SHA512; };",
             "// made today\n# by me\n/* really */ key \"UPD.example.net\" { algorithm "
             "\"hmac-sha512\"; "
             "secret \"" +
                 secret + "\"; };",
             "hmac-sha512:upd.example.net:" + secret + "\n",
             "hmac-sha512:upd.example.net.:" + secret}) {
        INFO(text);
        CHECK(read(text) == good);
    }
    CHECK(read("upd.example.net:" + secret) ==
          std::string("upd.example.net. hmac-sha256 ") + kSecret);
}

TEST_CASE("What is no TSIG key is refused, and the secret is not told", "[dnsd][hostile]") {
    const std::string secret = kSecret;
    for (const std::string& text : std::vector<std::string>{
             std::string(), secret, "name:not base64!", "rot13:name:" + secret, "a..b:" + secret,
             "key name { secret \"" + secret + "\";", "key name { secret \"" + secret + "\"; }",
             "key name { secret \"" + secret + "; };", "key name { secret; };", "key { };",
             "key name { secret \"" + secret + "\"; port 53; };",
             "key name { secret \"" + secret + "\"; }; key other { secret \"" + secret + "\"; };",
             "/* key name { secret \"" + secret + "\"; };", "key name { };"}) {
        INFO(text);
        const std::string said = read(text);
        CHECK(said.starts_with("refused: "));
        CHECK(said.find(secret) == std::string::npos);
    }
}

TEST_CASE("A key that anybody can read is not used", "[dnsd]") {
    const hairpin::tests::TemporaryFolder folder;
    const std::string path = folder.file("transfer.key");
    std::ofstream(path) << "name:" << kSecret << "\n";
    ::chmod(path.c_str(), 0644);
    const auto open = read_tsig_file(path);
    REQUIRE_FALSE(open);
    CHECK(open.error().code == ErrorCode::Denied);
    ::chmod(path.c_str(), 0600);
    CHECK(read_tsig_file(path));
}

}  // namespace
}  // namespace hairpin::dnsd
