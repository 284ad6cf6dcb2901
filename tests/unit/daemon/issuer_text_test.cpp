#include "daemon/issuer_text.hpp"

#include <catch2/catch.hpp>

#include "daemon/config.hpp"

namespace hairpin::daemon {
namespace {

TEST_CASE("A known CA needs its name and its binding", "[daemon][issuers]") {
    const auto google = read_issuer(
        "google; eab_kid=kid-1; eab_key_file=google.key;standby_eab_kid=kid-2;"
        " standby_eab_key_file = two.key; preferred_chain=GTS Root R1");
    REQUIRE(google);
    CHECK(google->options.name == "google");
    CHECK(google->options.directory == "https://dv.acme-v02.api.pki.goog/directory");
    CHECK(google->options.eab_kid == "kid-1");
    CHECK(google->eab_key_file == "google.key");
    CHECK(google->options.standby_eab_kid == "kid-2");
    CHECK(google->standby_eab_key_file == "two.key");
    CHECK(google->options.preferred_chain == "GTS Root R1");
    CHECK(google->options.staging.empty());
    CHECK(read_issuer(text_of(*google))->options.name == "google");
    CHECK(text_of(*read_issuer(text_of(*google))) == text_of(*google));
    const auto letsencrypt = read_issuer("letsencrypt");
    REQUIRE(letsencrypt);
    CHECK(letsencrypt->options.staging == "https://acme-staging-v02.api.letsencrypt.org/directory");
    CHECK(read_issuer("letsencrypt; staging=off")->options.staging.empty());
}

TEST_CASE("Another CA is called by its host, or as it is said", "[daemon][issuers]") {
    CHECK(read_issuer("https://CA.example:14000/dir")->options.name == "ca.example-14000");
    const auto own =
        read_issuer("https://ca.example/dir; name=ours; ca_file=ca.pem; profile=short");
    REQUIRE(own);
    CHECK(own->options.name == "ours");
    CHECK(own->options.ca_file == "ca.pem");
    CHECK(own->options.profile == "short");
}

TEST_CASE("A CA that makes no sense is refused with the nearest word",
          "[daemon][issuers][hostile]") {
    struct Case {
        const char* text;
        const char* words;
    };
    for (const Case& each :
         {Case{"gogle; eab_kid=a; eab_key_file=b", "did you mean google?"},
          Case{"http://ca.example/dir", "must be an https:// URL or one of letsencrypt, google"},
          Case{"", "must be an https:// URL"},
          Case{"letsencrypt; eab_kd=a", "unknown word \"eab_kd\"; did you mean eab_kid?"},
          Case{"letsencrypt; profile", "unknown word \"profile\""},
          Case{"letsencrypt; profile=", "profile has no value"},
          Case{"letsencrypt;", "unknown word \"\""},
          Case{"letsencrypt; name=My CA", "name must be at most 40 of a-z"},
          Case{"letsencrypt; eab_kid=a", "go together"},
          Case{"letsencrypt; standby_eab_kid=a", "standby_eab_kid and standby_eab_key_file"},
          Case{"letsencrypt; profile=a b", "is no profile's name"},
          Case{"letsencrypt; staging=http://x", "staging must be an https:// URL, or off"},
          Case{"zerossl", "ZeroSSL binds accounts to one at its web site"}}) {
        INFO(each.text);
        const auto read = read_issuer(each.text);
        REQUIRE_FALSE(read);
        CHECK_THAT(read.error(), Catch::Contains(each.words));
    }
}

const std::string kLeastOfAll = R"(version = 1
data_dir = "/var/lib/hairpin"
[dns]
listen = ["192.0.2.1:53"]
[http]
listen = ["192.0.2.1:443"]
server_name = "ns1.example.net"
[names]
base = "example.net."
nameservers = ["ns1.example.net."]
hostmaster = "hostmaster@example.net"
[acme]
)";

TEST_CASE("CAs follow one another in the configuration", "[daemon][issuers]") {
    const auto config =
        parse_config(kLeastOfAll +
                         "directory = \"letsencrypt\"\n"
                         "fallbacks = [\"google; eab_kid=k; eab_key_file=g.key\", "
                         "\"https://ca.example/dir; ca_file=/etc/ca.pem\"]\n"
                         "standby = \"off\"\ncanary_name = \"canary.example.net\"\n",
                     "/etc/hairpin/hairpin.toml");
    if (!config) FAIL(config.error().front().text());
    CHECK(config->acme_directory == "https://acme-v02.api.letsencrypt.org/directory");
    CHECK(config->acme_staging == "https://acme-staging-v02.api.letsencrypt.org/directory");
    CHECK_FALSE(config->acme_standby);
    CHECK(config->acme_canaries);
    REQUIRE(config->acme_fallbacks.size() == 2);
    CHECK(config->acme_fallbacks[0].eab_key_file == "/etc/hairpin/g.key");
    CHECK(config->acme_fallbacks[1].options.ca_file == "/etc/ca.pem");
}

TEST_CASE("CAs that do not go together are refused by their keys", "[daemon][issuers][hostile]") {
    struct Case {
        const char* lines;
        const char* words;
    };
    for (const Case& each :
         {Case{"directory = \"letsencript\"", "acme.directory: \"letsencript\" must be"},
          Case{"directory = \"letsencrypt\"\nfallbacks = [\"letsencrypt\"]",
               "acme.fallbacks: letsencrypt is the first CA already"},
          Case{"fallbacks = [\"letsencrypt\"]", "there is no first CA: give acme.directory"},
          Case{"directory = \"letsencrypt\"\nfallbacks = [\"https://a.example/d\", "
               "\"https://a.example/d\"]",
               "stands twice"},
          Case{"directory = \"letsencrypt\"\nstaging = \"no\"",
               "acme.staging: must be an https://"},
          Case{"directory = \"letsencrypt\"\nstandby_eab_kid = \"a\"",
               "acme.standby_eab_kid and acme.standby_eab_key_file go together"},
          Case{"directory = \"letsencrypt\"\nfallback = []", "did you mean acme.fallbacks?"}}) {
        INFO(each.lines);
        const auto config = parse_config(kLeastOfAll + each.lines + "\n", "x.toml");
        REQUIRE_FALSE(config);
        CHECK_THAT(config.error().front().text(), Catch::Contains(each.words));
    }
}

}  // namespace
}  // namespace hairpin::daemon
