#include "daemon/own_certificate.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "acme/csr.hpp"
#include "acme/jws.hpp"
#include "tests/support/store.hpp"
#include "tests/support/x509.hpp"

namespace hairpin::daemon {
namespace {

constexpr Seconds kWholeDay{24 * 3600};

/// A store, a folder, and an acme/ that notes what it is asked for.
struct Place {
    tests::OpenStore store;
    Sealer sealer = Sealer::from_key({7});
    Config config;
    net::Loop loop;
    struct Asking {
        acme::OwnNames names;
        acme::Renew renew;
        zones::Actor actor;
        acme::Certificates::Requested done;
    };
    std::vector<Asking> asked;
    std::unique_ptr<OwnCertificate> own;

    Place() {
        config.data_dir = store.folder.path();
        config.http_server_name = "manager.example.net";
        config.acme_directory = "https://ca.example/directory";
    }
    void start() {
        own.reset();
        store::Reader reader = store.reader();
        own = OwnCertificate::create(config, store.clock, sealer, *reader).value();
        own->start(
            loop, store.reader(), *store.published,
            [this](acme::OwnNames names, acme::Renew renew, zones::Actor actor,
                   acme::Certificates::Requested done) {
                asked.push_back({std::move(names), renew, std::move(actor), std::move(done)});
            },
            {});
    }
    /// Runs what was posted to the loop.
    void settle() {
        loop.post([this] { loop.stop(); });
        loop.run();
    }
    void add_zone(std::string_view apex) {
        REQUIRE(store.submit(tests::create_zone(apex)));
        own->zones_changed();
        settle();
    }
    /// Puts a certificate of ours into the store; its fingerprint.
    std::string issue(const std::string& names) {
        const WallTime now = store.clock.now();
        const auto signing = acme::SigningKey::generate().value();
        EVP_PKEY_up_ref(signing.handle());
        const auto key = tests::key_ref(signing.handle());
        const auto ca_key = tests::ec_key("P-256");
        const auto leaf = tests::make_certificate(
            {"", names, now - Seconds(3600), now + kWholeDay * 90, false}, key,
            tests::make_certificate({"ca", "", now - kWholeDay, now + kWholeDay * 900, true},
                                    ca_key, nullptr, ca_key),
            ca_key);
        store::CertificateRow row;
        row.server_id = store::kOurselves;
        row.chain = tests::pem_of(leaf);
        const auto served = net::ServerTls::from_pem(row.chain, signing.pem()).value();
        row.sha256 = sha256_from(served->fingerprint());
        row.key_sha256 = acme::key_sha256(signing.handle());
        row.key_origin = store::KeyOrigin::Managed;
        row.not_before = now - Seconds(3600);
        row.not_after = now + kWholeDay * 90;
        row.issued_at = now;
        row.renew_at = now + kWholeDay * 60;
        row.key_sealed = sealer.seal(signing.pkcs8(),
                                     store::managed_key_context(store::kOurselves, row.key_sha256));
        REQUIRE(tests::commit_rows(*store.committer, [&](store::Writer& writer) -> Result<void> {
            TRY(insert_certificate(writer, row));
            return {};
        }));
        return served->fingerprint();
    }
    static Sha256 sha256_from(const std::string& hex) {
        Sha256 hash{};
        for (std::size_t at = 0; at < hash.size(); ++at)
            hash[at] = static_cast<std::uint8_t>(std::stoul(hex.substr(at * 2, 2), nullptr, 16));
        return hash;
    }
    void add_files() {
        const auto pair = net::make_self_signed({"operator.example.net"}).value();
        std::ofstream(store.folder.file("api.pem")) << pair.certificate;
        std::ofstream(store.folder.file("api.key")) << pair.key;
        config.http_certificate = store.folder.file("api.pem");
        config.http_key = store.folder.file("api.key");
    }
    [[nodiscard]] std::string source() const {
        return std::string(to_string(own->view().served.source));
    }
    [[nodiscard]] std::string shown() const { return own->slot()->current()->fingerprint(); }
};

TEST_CASE("Without a zone for our name nothing is asked for, until there is one", "[daemon][own]") {
    Place place;
    place.start();
    CHECK(place.asked.empty());
    CHECK(place.source() == "self-signed");
    CHECK(place.own->view().obstacle == "no zone here holds manager.example.net");
    place.add_zone("example.org.");
    CHECK(place.asked.empty());

    place.add_zone("example.net.");
    REQUIRE(place.asked.size() == 1);
    CHECK(place.asked[0].names ==
          acme::OwnNames{tests::name("example.net."), "manager.example.net", {}});
    CHECK(place.asked[0].renew == acme::Renew::WhenDue);
    CHECK(place.own->view().obstacle.empty());
    CHECK(place.own->view().ordered == std::vector<std::string>{"manager.example.net"});
    place.add_zone("other.example.");
    place.own->look();
    CHECK(place.asked.size() == 1);  // The answer is awaited.
}

TEST_CASE("What could not be asked for is asked for again", "[daemon][own]") {
    Place place;
    place.start();
    place.add_zone("example.net.");
    place.asked[0].done(fail(Error{ErrorCode::Unavailable, "store", "the disk is full"}));
    place.settle();
    place.own->look();
    CHECK(place.asked.size() == 2);
}

TEST_CASE("A certificate of ours is shown as soon as it is there, and at once after a restart",
          "[daemon][own]") {
    Place place;
    place.start();
    const auto before = place.own->slot()->current();
    const auto generation = place.own->slot()->generation();
    const std::string ours = place.issue("DNS:manager.example.net");
    place.own->changed();
    place.settle();
    CHECK(place.shown() == ours);
    CHECK(place.own->slot()->generation() > generation);
    CHECK(place.own->view().served.names == std::vector<std::string>{"manager.example.net"});
    CHECK(before->facts().fingerprint != ours);  // Who has it goes on with it.
    // A certificate for other names changes nothing.
    place.store.clock.advance(Seconds(1));
    place.issue("DNS:other.example.net");
    place.own->look();
    CHECK(place.shown() == ours);

    place.start();
    CHECK(place.source() == "acme");
    CHECK(place.shown() == ours);
    // The fallback shows the self-signed one all the while.
    CHECK(place.own->fallback_slot()->current()->fingerprint() == before->fingerprint());
    CHECK(place.own->view().fallback->sha256 == before->fingerprint());
}

TEST_CASE("A certificate of ours that expired is shown no more", "[daemon][own]") {
    Place place;
    place.start();
    const std::string ours = place.issue("DNS:manager.example.net");
    place.own->look();
    REQUIRE(place.shown() == ours);
    place.store.clock.advance(kWholeDay * 90 - Milliseconds(1));
    place.own->look();
    CHECK(place.shown() == ours);
    place.store.clock.advance(Milliseconds(1));
    place.own->look();
    CHECK(place.source() == "self-signed");
    CHECK(place.shown() == place.own->fallback_slot()->current()->fingerprint());

    const std::string next = place.issue("DNS:manager.example.net");
    place.own->look();
    CHECK(place.shown() == next);
}

TEST_CASE("The operator's files go first, and nothing is ordered beside them", "[daemon][own]") {
    Place place;
    place.add_files();
    place.start();
    CHECK(place.source() == "file");
    CHECK(place.own->view().ordered.empty());
    CHECK(place.own->view().obstacle == "http.certificate names files, and they are shown");
    const std::string ours = place.issue("DNS:manager.example.net");
    place.own->look();
    CHECK(place.source() == "file");

    // Without them it is ours, at once.
    Config without_files = place.config;
    without_files.http_certificate.clear();
    without_files.http_key.clear();
    REQUIRE(place.own->reload(without_files));
    CHECK(place.shown() == ours);

    // Without a CA ours is none of our business.
    place.config = without_files;
    place.config.acme_directory.clear();
    place.start();
    CHECK(place.source() == "self-signed");
    CHECK(place.own->view().obstacle == "no CA is configured ([acme] directory)");
}

TEST_CASE("A self-signed certificate is made where somebody sees it", "[daemon][own]") {
    Place place;
    const auto is_made = [&place] {
        return std::ifstream(place.store.folder.file("self-signed.key")).good();
    };
    place.add_files();
    place.start();
    CHECK_FALSE(is_made());
    CHECK_FALSE(place.own->view().fallback);
    CHECK(place.own->fallback_slot() == nullptr);
    REQUIRE(place.own->reload(place.config));
    CHECK_FALSE(is_made());

    Config without_files = place.config;
    without_files.http_certificate.clear();
    without_files.http_key.clear();
    REQUIRE(place.own->reload(without_files));
    CHECK(is_made());
    CHECK(place.source() == "self-signed");

    place.config.http_fallback_listen = {*Endpoint::parse("127.0.0.1:8444")};
    place.start();
    CHECK(place.source() == "file");
    CHECK(place.own->view().fallback->sha256 ==
          place.own->fallback_slot()->current()->fingerprint());
}

TEST_CASE("Neither a reload nor a day's end takes a certificate of ours away", "[daemon][own]") {
    Place place;
    place.start();
    const std::string ours = place.issue("DNS:manager.example.net");
    place.own->look();
    const auto generation = place.own->slot()->generation();
    place.own->renew();
    CHECK(place.shown() == ours);
    CHECK(place.own->slot()->generation() > generation);  // Session tickets have new keys.
    REQUIRE(place.own->reload(place.config));
    CHECK(place.shown() == ours);

    // A reload that cannot be carried out changes nothing.
    place.add_files();
    std::ofstream(place.store.folder.file("api.pem")) << "broken";
    CHECK_FALSE(place.own->reload(place.config));
    CHECK(place.shown() == ours);
    place.add_files();
    REQUIRE(place.own->reload(place.config));
    CHECK(place.source() == "file");
    CHECK(place.own->view().served.names == std::vector<std::string>{"operator.example.net"});
}

TEST_CASE("Of the other names those in the same zone are ordered", "[daemon][own]") {
    Place place;
    place.config.http_server_name = "Manager.Example.NET";
    place.config.http_other_names = {"DNS.example.net",    "dns.example.net.",  "localhost",
                                     "192.0.2.53",         "a.sub.example.net", "ns.example.org",
                                     "manager.example.net"};
    place.start();
    place.add_zone("sub.example.net.");
    CHECK(place.asked.empty());
    place.add_zone("example.net.");
    REQUIRE(place.asked.size() == 1);
    CHECK(place.asked[0].names ==
          acme::OwnNames{tests::name("example.net."), "manager.example.net", {"dns.example.net"}});

    place.asked[0].done(acme::CertificateState());
    place.settle();
    place.config.http_other_names = {"ns1.example.net", "a.example.net"};
    REQUIRE(place.own->reload(place.config));
    REQUIRE(place.asked.size() == 2);
    CHECK(place.asked[1].names.others ==
          std::vector<std::string>{"a.example.net", "ns1.example.net"});
}

TEST_CASE("A name that no CA takes is not ordered", "[daemon][own]") {
    for (const std::string& name :
         {std::string("localhost"), std::string("192.0.2.1"), std::string("2001:db8::1"),
          std::string("a_b.example.net"), std::string("*.example.net"),
          std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
              std::string(50, 'd') + ".net"}) {
        INFO(name);
        Place place;
        place.config.http_server_name = name;
        place.start();
        place.add_zone("example.net.");
        CHECK(place.asked.empty());
        CHECK_THAT(place.own->view().obstacle, Catch::Contains("no host name that a CA takes"));
    }
}

TEST_CASE("An operator may order another certificate, and is told why not", "[daemon][own]") {
    Place place;
    place.start();
    std::optional<Error> refused;
    const auto note = [&refused](const Result<void>& done) {
        refused.reset();
        if (!done) refused = done.error();
    };
    place.own->order({"operator", "root", "", "rest"}, note);
    REQUIRE(refused);
    CHECK(refused->code == ErrorCode::Conflict);
    CHECK(refused->cause == "no zone here holds manager.example.net");

    place.add_zone("example.net.");
    place.own->order({"operator", "root", "", "rest"}, note);
    REQUIRE(place.asked.size() == 2);
    CHECK(place.asked[1].renew == acme::Renew::Now);
    CHECK(place.asked[1].actor.id == "root");
    place.asked[1].done(fail(Error{ErrorCode::Unavailable, "store", "the disk is full"}));
    CHECK(refused->code == ErrorCode::Unavailable);
    place.asked[1].done(acme::CertificateState());
    CHECK_FALSE(refused);
}

TEST_CASE("A key of ours that does not open is no reason to show nothing", "[daemon][own]") {
    Place place;
    place.issue("DNS:manager.example.net");
    place.sealer = Sealer::from_key({8});
    place.start();
    CHECK(place.source() == "self-signed");
}

}  // namespace
}  // namespace hairpin::daemon
