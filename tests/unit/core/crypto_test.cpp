#include "core/crypto.hpp"

#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

namespace hairpin {
namespace {

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = std::filesystem::temp_directory_path() / "hairpin-XXXXXX";
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string file(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

TEST_CASE("SHA-256 and HMAC-SHA-256 give the standards' values", "[core]") {
    CHECK(to_hex(sha256(as_octets("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    // RFC 4231 section 4.3.
    CHECK(to_hex(hmac_sha256(as_octets("Jefe"), as_octets("what do ya want for nothing?"))) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    // A key without octets is one too, and one longer than a block is hashed (RFC 2104 section 2).
    CHECK(to_hex(hmac_sha256({}, {})) ==
          "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    // RFC 4231 section 4.7.
    CHECK(
        to_hex(hmac_sha256(Octets(131, 0xaa),
                           as_octets("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("A sealed value opens under its key and context only", "[core][invariant5]") {
    std::array<std::uint8_t, Sealer::kKeyOctets> key{};
    fill_random(key);
    const Sealer sealer = Sealer::from_key(key);
    const Octets secret = random_octets(100);
    const Octets sealed = sealer.seal(secret, "acme-account:1");

    REQUIRE(sealer.open(sealed, "acme-account:1"));
    CHECK(*sealer.open(sealed, "acme-account:1") == secret);
    CHECK(sealer.open(sealed, "acme-account:2").error().code == ErrorCode::Corrupt);
    key[0] ^= 1;
    CHECK_FALSE(Sealer::from_key(key).open(sealed, "acme-account:1"));
    CHECK(sealer.seal(secret, "acme-account:1") != sealed);  // A new nonce each time.
}

TEST_CASE("Every changed octet of a sealed value is noticed", "[core][invariant5]") {
    const Sealer sealer = Sealer::from_key({});
    const Octets sealed = sealer.seal(as_octets("secret"), "x");
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        Octets changed = sealed;
        changed[at] ^= 1;
        INFO(at);
        CHECK_FALSE(sealer.open(changed, "x"));
    }
    for (std::size_t size = 0; size < sealed.size(); ++size)
        CHECK_FALSE(sealer.open(OctetView(sealed).first(size), "x"));
    CHECK(sealer.open(sealer.seal({}, "x"), "x")->empty());
}

TEST_CASE("The master key file is private, made once and read strictly", "[core][invariant5]") {
    const TemporaryFolder folder;
    const std::string path = folder.file("master.key");
    REQUIRE(Sealer::create_key_file(path));
    struct stat facts {};
    REQUIRE(stat(path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    CHECK(Sealer::create_key_file(path).error().code == ErrorCode::Conflict);
    REQUIRE(Sealer::from_file(path));
    const Octets sealed = Sealer::from_file(path)->seal(as_octets("s"), "x");
    CHECK(Sealer::from_file(path)->open(sealed, "x"));

    REQUIRE(chmod(path.c_str(), 0640) == 0);
    CHECK(Sealer::from_file(path).error().code == ErrorCode::Denied);
    CHECK(Sealer::from_file(folder.file("none")).error().code == ErrorCode::Io);
    for (const char* content : {"", "00", "zz"}) {
        const std::string bad = folder.file("bad.key");
        std::ofstream(bad) << content;
        REQUIRE(chmod(bad.c_str(), 0600) == 0);
        CHECK(Sealer::from_file(bad).error().code == ErrorCode::Corrupt);
    }
}

TEST_CASE("Comparing in constant time compares", "[core]") {
    CHECK(equal_in_constant_time(as_octets("abc"), as_octets("abc")));
    CHECK_FALSE(equal_in_constant_time(as_octets("abc"), as_octets("abd")));
    CHECK_FALSE(equal_in_constant_time(as_octets("abc"), as_octets("ab")));
    CHECK(random_id().size() == 32);
    CHECK(random_id() != random_id());
}

}  // namespace
}  // namespace hairpin
