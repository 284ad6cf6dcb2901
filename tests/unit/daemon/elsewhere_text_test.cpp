#include "daemon/elsewhere_text.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "daemon/acme_options.hpp"
#include "daemon/config.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hairpin::daemon {
namespace {

TEST_CASE("A zone elsewhere is one line of the configuration", "[daemon][elsewhere]") {
    const auto read =
        read_elsewhere("V.example; server=192.0.2.53; key_file=v.key; ttl=30 ;settle_s=20");
    REQUIRE(read);
    CHECK(read->zone.apex.text() == "v.example.");
    CHECK(read->zone.server.text() == "192.0.2.53:53");
    CHECK(read->key_file == "v.key");
    CHECK(read->zone.ttl == 30);
    CHECK(read->zone.settle == Seconds(20));
    CHECK(text_of(*read) ==
          "v.example.; server=192.0.2.53:53; key_file=v.key; ttl=30; settle_s=20");
    CHECK(text_of(*read_elsewhere(text_of(*read))) == text_of(*read));
    const std::string two =
        "v.example.; server=192.0.2.53:53; key_file=v.key; "
        "secondaries=192.0.2.54:53,[2001:db8::54]:5300; ttl=60; settle_s=0";
    CHECK(text_of(*read_elsewhere(two)) == two);
    CHECK(read_elsewhere("v.example; server=192.0.2.53; key_file=k; secondaries=192.0.2.54 , ::1")
              ->zone.secondaries.size() == 2);
    CHECK(read_elsewhere("v.example; server=[2001:db8::1]:5300; key_file=k")->zone.server.text() ==
          "[2001:db8::1]:5300");

    struct Case {
        const char* text;
        const char* words;
    };
    for (const Case& each : std::initializer_list<Case>{
             {"", "\"\" is no name of a zone"},
             {".; server=192.0.2.53; key_file=k", "is no name of a zone"},
             {"a..b; server=192.0.2.53; key_file=k", "is no name of a zone"},
             {"v.example; key_file=k", "server is missing"},
             {"v.example; server=192.0.2.53", "key_file is missing"},
             {"v.example; server=ns.example; key_file=k", "neither an address"},
             {"v.example; server=192.0.2.53:0; key_file=k", "neither an address"},
             {"v.example; sever=192.0.2.53", "unknown word \"sever\"; did you mean server?"},
             {"v.example; server", "unknown word"},
             {"v.example; server=", "server has no value"},
             {"v.example; server=192.0.2.53; key_file=k; ttl=0", "ttl must be"},
             {"v.example; server=192.0.2.53; key_file=k; ttl=1h", "ttl must be"},
             {"v.example; server=192.0.2.53; key_file=k; secondaries=ns", "\"ns\" is neither"},
             {"v.example; server=192.0.2.53; key_file=k; secondaries=::1,,::2", "\"\" is neither"},
             {"v.example; server=192.0.2.53; key_file=k; secondaries=::1,", "\"\" is neither"},
             {"v.example; server=192.0.2.53; key_file=k; "
              "secondaries=::1,::1,::1,::1,::1,::1,::1,::1,"
              "::1,::1,::1,::1,::1,::1,::1,::1,::1",
              "more than 16"},
             {"v.example; server=192.0.2.53; key_file=k; settle_s=3601", "settle_s must be"}}) {
        INFO(each.text);
        const auto refused = read_elsewhere(each.text);
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error(), Catch::Contains(each.words));
    }
}

TEST_CASE("Each zone elsewhere gets the key of its own file, which others may not read",
          "[daemon][elsewhere][hostile]") {
    const tests::TemporaryFolder folder;
    const std::string path = folder.file("v.key");
    std::ofstream(path) << "hmac-sha512:acme.v.example:c2VjcmV0\n";
    ::chmod(path.c_str(), 0640);
    Config config;
    config.acme_elsewhere = {*read_elsewhere("v.example; server=192.0.2.53; key_file=" + path)};
    acme::Options options = acme_options(config, {});
    REQUIRE(options.coupling.elsewhere.size() == 1);
    REQUIRE(load_acme_secrets(config, options));
    CHECK(acme::key_text(options.coupling.elsewhere[0]) == "acme.v.example");
    CHECK(options.coupling.elsewhere[0].key->algorithm() == dnsd::TsigAlgorithm::HmacSha512);

    ::chmod(path.c_str(), 0644);
    const auto open = load_acme_secrets(config, options);
    REQUIRE_FALSE(open);
    CHECK(open.error().code == ErrorCode::Denied);
    CHECK(open.error().text().find("c2VjcmV0") == std::string::npos);
}

}  // namespace
}  // namespace hairpin::daemon
