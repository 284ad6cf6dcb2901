#include "daemon/config.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "daemon/options.hpp"

namespace hairpin::daemon {
namespace {

const std::string kLeast = R"(version = 1
data_dir = "data"
[names]
base = "example.net."
nameservers = ["ns1.example.net."]
hostmaster = "ops@example.net"
)";

std::string errors_of(const std::string& text) {
    const auto config = parse_config(text, "/etc/hairpin/hairpin.toml");
    if (config) return "";
    std::string all;
    for (const ConfigError& error : config.error())
        all += error.text() + "\n";
    return all;
}

TEST_CASE("The least configuration gets every default", "[daemon]") {
    const auto config = parse_config(kLeast, "/etc/hairpin/hairpin.toml");
    REQUIRE(config);
    CHECK(config->data_dir == "/etc/hairpin/data");
    CHECK(config->database_path() == "/etc/hairpin/data/hairpin.db");
    CHECK(config->dns_listen.size() == 2);
    CHECK(config->http_listen.at(0).text() == "0.0.0.0:443");
    CHECK(config->ttl == 60);
    CHECK(config->hostmaster.text() == "ops.example.net.");
    CHECK(config->acme_directory.empty());
    CHECK(config->acme_profile == "classic");
    CHECK(config->acme_licence_profiles.empty());
}

TEST_CASE("Transfers are for nobody until addresses are named", "[daemon][rfc5936]") {
    const auto nobody = parse_config(kLeast, "/etc/hairpin/hairpin.toml");
    REQUIRE(nobody);
    CHECK(nobody->transfer_allow.empty());
    CHECK(nobody->transfer_secondaries.empty());
    const auto some = parse_config(kLeast +
                                       "[dns.transfer]\nallow = [\"192.0.2.0/24\"]\n"
                                       "secondaries = [\"192.0.2.53\", \"[::1]:5353 key UPD.\"]\n",
                                   "/etc/hairpin/hairpin.toml");
    REQUIRE(some);
    CHECK(some->transfer_allow.at(0).text() == "192.0.2.0/24");
    CHECK(some->transfer_secondaries.at(0).text() == "192.0.2.53:53");
    CHECK(some->transfer_secondaries.at(1).text() == "[::1]:5353 key upd.");
    CHECK(needs_restart(*nobody, *some).empty());
}

TEST_CASE("The keys of zones elsewhere are beside the configuration", "[daemon][config][acme]") {
    const auto config =
        parse_config(kLeast +
                         "[acme]\nelsewhere = [\"v.example; server=192.0.2.53; key_file=v.key\", "
                         "\"w.example; server=192.0.2.53; key_file=/run/keys/w\"]\n",
                     "/etc/hairpin/hairpin.toml");
    REQUIRE(config);
    REQUIRE(config->acme_elsewhere.size() == 2);
    CHECK(config->acme_elsewhere[0].key_file == "/etc/hairpin/v.key");
    CHECK(config->acme_elsewhere[1].key_file == "/run/keys/w");
}

TEST_CASE("DNS over TLS and HTTPS is off until it is given endpoints",
          "[daemon][rfc7858][rfc8484]") {
    const auto off = parse_config(kLeast, "/etc/hairpin/hairpin.toml");
    REQUIRE(off);
    CHECK(off->dns_tls_listen.empty());
    CHECK(off->dns_https_listen.empty());
    CHECK_FALSE(off->transfer_needs_tls);
    const auto on = parse_config(kLeast +
                                     "[dns]\ntls_listen = [\"0.0.0.0:853\"]\n"
                                     "https_listen = [\"127.0.0.1:443\"]\ntls_per_client = 7\n"
                                     "[dns.transfer]\ntransport = \"tls\"\n",
                                 "/etc/hairpin/hairpin.toml");
    REQUIRE(on);
    CHECK(on->dns_tls_listen.at(0).text() == "0.0.0.0:853");
    CHECK(on->dns_https_listen.at(0).text() == "127.0.0.1:443");
    CHECK(on->dns_tls_per_client == 7);
    CHECK(on->transfer_needs_tls);
    CHECK(needs_restart(*off, *on) ==
          std::vector<std::string>{"dns.tls_listen", "dns.https_listen", "dns.tls_per_client"});
}

TEST_CASE("Servers check in where that is given an endpoint, and may have a TCP port's number",
          "[daemon][checkin]") {
    const auto off = parse_config(kLeast, "/etc/hairpin/hairpin.toml");
    REQUIRE(off);
    CHECK(off->checkin_listen.empty());
    CHECK(off->checkin_per_network == 200);
    const auto on = parse_config(
        kLeast + "[checkin]\nlisten = [\"0.0.0.0:443\", \"[::]:443\"]\nper_network = 0\n",
        "/etc/hairpin/hairpin.toml");
    REQUIRE(on);
    CHECK(on->checkin_listen.at(1).text() == "[::]:443");
    CHECK(on->checkin_per_network == 0);
    CHECK(needs_restart(*off, *on) ==
          std::vector<std::string>{"checkin.listen", "checkin.per_network"});
}

TEST_CASE("A secondary is an address and perhaps a key, and nothing else", "[daemon][hostile]") {
    const std::string wrong =
        GENERATE(as<std::string>(), "192.0.2.53 key", "192.0.2.53 key ", "192.0.2.53  key upd.",
                 "192.0.2.53 key upd. x", "192.0.2.53 key .", "192.0.2.53 upd.",
                 "192.0.2.53 key a..b", "key upd.", "192.0.2.53:0", "");
    INFO(wrong);
    const auto refused =
        parse_config(kLeast + "[dns.transfer]\nsecondaries = [\"" + wrong + "\"]\n", "x.toml");
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().front().text(), Catch::Contains("dns.transfer.secondaries"));
}

TEST_CASE("The sample configuration is itself valid, and names every option", "[daemon]") {
    const std::string sample = sample_config();
    const auto config = parse_config(sample, "/etc/hairpin/hairpin.toml");
    if (!config) FAIL(config.error().front().text());
    for (const Option& option : options()) {
        INFO(option.key);
        CHECK(sample.find(std::string(option.key.substr(option.key.rfind('.') + 1)) + " = ") !=
              std::string::npos);
    }
}

TEST_CASE("A wrong configuration is refused with its line, its key and what to do",
          "[daemon][hostile]") {
    struct Case {
        std::string text;
        std::string error;
    };
    const auto wrong = GENERATE_REF(values<Case>({
        {kLeast + "[dns]\nworker = 2\n",
         "hairpin.toml:8: unknown key dns.worker; did you mean dns.workers?"},
        {kLeast + "[http]\nttl = 5\n", "did you mean names.ttl?"},
        {kLeast + "[dsn]\nlisten = []\n", "hairpin.toml:7: unknown key dsn"},
        {kLeast + "[dns]\nworkers = 1000\n",
         "hairpin.toml:8: dns.workers: must be a number from 0 to 256"},
        {kLeast + "[dns]\nworkers = \"2\"\n", "dns.workers: must be a whole number"},
        {kLeast + "[dns]\nlisten = \"127.0.0.1:53\"\n", "dns.listen: must be a list"},
        {kLeast + "[dns]\nlisten = [\"127.0.0.1\"]\n", "is not ADDRESS:PORT"},
        {kLeast + "[dns]\nlisten = []\n", "at least one"},
        {kLeast + "[dns]\nlisten = [\"127.0.0.1:53\", \"127.0.0.1:53\"]\n", "stands twice"},
        {kLeast + "[dns]\ntls_listen = [\"127.0.0.1\"]\n", "is not ADDRESS:PORT"},
        {kLeast + "[dns]\nhttps_listen = [\"0.0.0.0:443\"]\n",
         "0.0.0.0:443 is listened on for two purposes"},
        {kLeast + "[dns]\ntls_listen = [\"0.0.0.0:53\"]\n", "for two purposes"},
        {kLeast + "[checkin]\nlisten = [\"0.0.0.0:53\"]\n", "for two purposes"},
        {kLeast + "[checkin]\nper_network = 1000001\n", "from 0 to 1000000"},
        {kLeast + "[dns.transfer]\ntransport = \"tls\"\n", "tls needs dns.tls_listen"},
        {kLeast + "[dns.transfer]\ntransport = \"quic\"\n", "must be any or tls"},
        {kLeast + "[acme]\ndirectory = \"http://ca.test\"\n", "must be an https:// URL"},
        {kLeast + "[acme]\ndirectory = \"gogle\"\n",
         "zerossl, or empty for no ACME; did you mean google?"},
        {kLeast + "[acme]\npreflight = \"yes\"\n", "acme.preflight: must be one of on, warn, off"},
        {kLeast + "[acme]\nresolvers = [\"dns.example\"]\n",
         "\"dns.example\" is neither an address"},
        {kLeast + "[acme]\ncaa = \"on\"\n", "acme.caa: must be one of off, manage"},
        {kLeast + "[acme]\ncaa_iodef = \"ops@example.net\"\n", "must be a mailto: or https: URL"},
        {kLeast + "[acme]\nelsewhere = [\"v.example; server=192.0.2.53\"]\n",
         "\"v.example; server=192.0.2.53\": key_file is missing"},
        {kLeast + "[acme]\nelsewhere = [\"v.example; server=192.0.2.53; key_file=k\", "
                  "\"V.example.; server=192.0.2.54; key_file=k\"]\n",
         "\"v.example\" stands twice"},
        {kLeast + "[acme]\ndns_persist = \"on\"\n", "must be one of off, draft-01, draft-02"},
        {kLeast + "[acme]\npreflights = \"on\"\n", "did you mean acme.preflight?"},
        {kLeast + "[http]\ncertificate = \"a.pem\"\n", "go together"},
        {kLeast + "[http]\nother_names = [\"a b\"]\n",
         "http.other_names: \"a b\" is neither a host name nor an IP address"},
        {kLeast + "[http]\nother_names = [\"*.example.net\"]\n", "neither a host name"},
        {kLeast + "[http]\nother_names = [\"a..example\"]\n", "neither a host name"},
        {kLeast + "[http]\nother_names = [\"\"]\n", "neither a host name"},
        {kLeast +
             "[http]\nother_names = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\","
             "\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\",\"r\",\"s\",\"t\",\"u\",\"v\",\"w\","
             "\"x\",\"y\"]\n",
         "at most 24 names"},
        {kLeast + "[http]\nfallback_listen = [\"0.0.0.0:443\"]\n",
         "0.0.0.0:443 is listened on for two purposes"},
        {kLeast + "[log]\nlevel = \"loud\"\n", "not a level"},
        {kLeast + "[log]\nfolders = [\"dnsd\"]\n", "not PART=LEVEL"},
        {kLeast + "[store]\nurl = \"postgresql://x\"\n", "must be sqlite:FILE"},
        {"version = 2\n", "this hairpind reads version = 1"},
        {"version = 1\n", "names.base is missing"},
        {"", "version = 1 is missing"},
        {"version = \n", "hairpin.toml:1: "},
        {"version = 1\nversion = 1\n", "hairpin.toml:2: "},
        // Found by fuzzing: toml++ failed an assertion, and ran into undefined behaviour.
        {"version = 1\n[.ames]\nx = 1\n", "malformed TOML"},
        {"version = 1\nni\xd2\x8an = 1\n", "hairpin.toml:2: only ASCII"},
    }));
    INFO(wrong.text);
    const std::string errors = errors_of(wrong.text);
    INFO(errors);
    CHECK(errors.find(wrong.error) != std::string::npos);
}

TEST_CASE("What is asked of the CA is read, and refused where it makes no sense", "[daemon]") {
    const auto with = [](const std::string& lines) { return kLeast + "[acme]\n" + lines; };
    const auto good = parse_config(with("profile = \"tlsserver\"\n"
                                        "licence_profiles = [\"demo=shortlived\"]\n"
                                        "preferred_chain = \"ISRG Root X1\"\n"
                                        "eab_kid = \"kid-1\"\neab_key_file = \"eab.key\"\n"),
                                   "/etc/hairpin/hairpin.toml");
    REQUIRE(good);
    CHECK(good->acme_profile == "tlsserver");
    CHECK(good->acme_licence_profiles == std::vector<acme::LicenceProfile>{{"demo", "shortlived"}});
    CHECK(good->acme_preferred_chain == "ISRG Root X1");
    CHECK(good->acme_eab_key_file == "/etc/hairpin/eab.key");

    CHECK_THAT(errors_of(with("eab_kid = \"kid-1\"\n")),
               Catch::Contains("acme.eab_kid and acme.eab_key_file go together"));
    CHECK_THAT(errors_of(with("profile = \"a b\"\n")),
               Catch::Contains("acme.profile: is no profile's name"));
    CHECK_THAT(errors_of(with("licence_profiles = [\"demo\"]\n")),
               Catch::Contains("\"demo\" is not LICENCE=PROFILE"));
    CHECK_THAT(errors_of(with("licence_profiles = [\"a=x\", \"a=y\"]\n")),
               Catch::Contains("\"a\" has two profiles"));
}

TEST_CASE("Comments may be in any language", "[daemon]") {
    CHECK(errors_of("# zażółć gęślą jaźń\n" + kLeast + "[dns] # näher\n").empty());
}

TEST_CASE("All faults are told at once", "[daemon]") {
    const std::string errors = errors_of(kLeast + "[dns]\nworkers = -1\nudp_size = 1\n");
    CHECK(std::count(errors.begin(), errors.end(), '\n') == 2);
}

TEST_CASE("A file that cannot be read says why", "[daemon]") {
    const auto config = read_config("/nonexistent/hairpin.toml");
    REQUIRE_FALSE(config);
    CHECK(config.error().front().text().find("No such file") != std::string::npos);
}

TEST_CASE("A reload may change log levels, but not where we listen", "[daemon]") {
    const auto running = parse_config(kLeast, "/x.toml");
    const auto louder = parse_config(kLeast + "[log]\nlevel = \"debug\"\n", "/x.toml");
    const auto moved = parse_config(kLeast + "[dns]\nlisten = [\"127.0.0.1:5300\"]\n", "/x.toml");
    CHECK(needs_restart(*running, *louder).empty());
    CHECK(needs_restart(*running, *moved) == std::vector<std::string>{"dns.listen"});
    const auto called =
        parse_config(kLeast + "[http]\nother_names = [\"dns.example.net\", \"::1\"]\n", "/x.toml");
    REQUIRE(called);
    CHECK(needs_restart(*running, *called).empty());
    CHECK(called->http_other_names == std::vector<std::string>{"dns.example.net", "::1"});
}

}  // namespace
}  // namespace hairpin::daemon
