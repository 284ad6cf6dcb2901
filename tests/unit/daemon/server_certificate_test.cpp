#include "daemon/server_certificate.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temporary_folder.hpp"

namespace hairpin::daemon {
namespace {

struct CertificateFolder {
    tests::TemporaryFolder folder;
    Config config;

    CertificateFolder() {
        config.data_dir = folder.path();
        config.http_server_name = "manager.example.net";
    }
    [[nodiscard]] net::CertificateFacts self_signed() const {
        const auto made = make_self_signed_certificate(config);
        REQUIRE(made);
        return (*made)->facts();
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder.file(name)) << text;
    }
    /// A pair of the operator's.
    void add_files(const std::string& name) {
        const auto pair = net::make_self_signed({name}).value();
        write("api.pem", pair.certificate);
        write("api.key", pair.key);
        config.http_certificate = folder.file("api.pem");
        config.http_key = folder.file("api.key");
    }
};

TEST_CASE("The self-signed certificate is made once, for our names and this machine",
          "[daemon][certificate]") {
    CertificateFolder here;
    here.config.http_other_names = {"dns.example.net", "192.0.2.53", "localhost"};
    const auto first = here.self_signed();
    CHECK(first.names == std::vector<std::string>{"manager.example.net", "dns.example.net",
                                                  "192.0.2.53", "localhost", "127.0.0.1", "::1"});
    CHECK(here.self_signed().fingerprint == first.fingerprint);
}

TEST_CASE("A self-signed certificate that is made again keeps its key",
          "[daemon][certificate][rfc7858]") {
    CertificateFolder here;
    const auto first = here.self_signed();
    here.config.http_other_names = {"dns.example.net"};
    const auto second = here.self_signed();
    CHECK(second.fingerprint != first.fingerprint);
    CHECK(second.key_pin == first.key_pin);
    here.write("self-signed.pem", "gone");
    CHECK(here.self_signed().key_pin == first.key_pin);
}

TEST_CASE("Where the kept key is lost or damaged there is a new one", "[daemon][certificate]") {
    CertificateFolder here;
    const auto first = here.self_signed();
    here.write("self-signed.key", "damaged");
    const auto second = here.self_signed();
    CHECK(second.key_pin != first.key_pin);
    CHECK(here.self_signed().fingerprint == second.fingerprint);
}

TEST_CASE("A name that no certificate can hold is refused", "[daemon][certificate]") {
    CertificateFolder here;
    here.config.http_server_name = "a b";
    CHECK(make_self_signed_certificate(here.config).error().code == ErrorCode::Invalid);
}

TEST_CASE("The operator's files are read where they are named", "[daemon][certificate]") {
    CertificateFolder here;
    CHECK(check_server_certificate(here.config));
    CHECK(*load_certificate_files(here.config) == nullptr);
    here.add_files("operator.example.net");
    CHECK((*load_certificate_files(here.config))->facts().names ==
          std::vector<std::string>{"operator.example.net"});
    CHECK(check_server_certificate(here.config));
    here.write("api.key", "");
    CHECK_FALSE(load_certificate_files(here.config));
    CHECK_FALSE(check_server_certificate(here.config));
    here.config.http_key = here.folder.file("missing.key");
    CHECK(load_certificate_files(here.config).error().subject == here.config.http_key);
}

}  // namespace
}  // namespace hairpin::daemon
