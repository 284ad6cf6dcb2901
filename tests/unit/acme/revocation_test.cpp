#include "acme/revocation.hpp"

#include <catch2/catch.hpp>

#include "acme/chain.hpp"
#include "acme/requests.hpp"
#include "tests/support/rfc9773.hpp"
#include "tests/support/store.hpp"

namespace hairpin::acme {
namespace {

/// A server with a certificate that is offered, and a renewal with the same key under way.
struct RevocationSite {
    RevocationSite() {
        REQUIRE(store.submit(tests::create_zone("pl-acme.example.")));
        commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
            store::LicenceRow licence;
            licence.name = "acme";
            licence.zone_apex = tests::name("pl-acme.example.");
            TRY(writer.insert_licence(licence));
            store::ServerRow row;
            row.licence = "acme";
            row.label = "nur1";
            server = TRY(writer.insert_server(row));
            store::CertificateRow certificate;
            certificate.server_id = server;
            certificate.sha256 = kHash;
            certificate.key_sha256 = kKey;
            certificate.not_after = writer.now() + Milliseconds(1'000'000);
            certificate.issued_at = writer.now();
            certificate.chain = tests::kRfc9773Certificate;
            TRY(insert_certificate(writer, certificate));
            store::AcmeAttemptRow attempt;
            attempt.server_id = server;
            attempt.zone_apex = licence.zone_apex;
            attempt.key_sha256 = kKey;
            attempt.csr = {1};
            attempt.state = StateName::Wanted;
            attempt.next_at = writer.now();
            TRY(insert_attempt(writer, attempt));
            attempt.state = StateName::Offered;
            attempt.certificate_sha256 = kHash;
            TRY(insert_attempt(writer, attempt));
            return {};
        });
    }
    bool commit(const std::function<Result<void>(store::Writer&, zones::Change&)>& rows) {
        store::Work work = tests::as_work({});
        work.rows = rows;
        return bool(store.submit(std::move(work)));
    }
    /// The code of what note_revocation() refuses; nullopt: it was noted.
    std::optional<ErrorCode> revoke(const Sha256& sha256, RevocationReason reason) {
        std::optional<ErrorCode> code;
        commit([&](store::Writer& writer, zones::Change& change) -> Result<void> {
            const auto key = note_revocation(writer, server, sha256, reason);
            if (!key) code = key.error().code;
            CertificateRequest how;
            how.server_id = server;
            if (key && reason == RevocationReason::KeyCompromise)
                TRY(end_attempt_for(writer, change, *key, how, news));
            return {};
        });
        return code;
    }
    [[nodiscard]] std::size_t settled() const {
        store::Reader reader = store.reader();
        return tests::must(store::AcmeQueries(reader->database()).settled_attempts(server)).size();
    }
    [[nodiscard]] bool has_live() const {
        store::Reader reader = store.reader();
        return tests::must(store::AcmeQueries(reader->database()).live_attempt(server)).has_value();
    }
    [[nodiscard]] std::vector<store::RevocationRow> due() {
        store::Reader reader = store.reader();
        return tests::must(store::due_revocations(reader->database(), store.clock.now(), 10));
    }

    static constexpr Sha256 kHash{1};
    static constexpr Sha256 kKey{2};
    tests::OpenStore store;
    std::int64_t server = 0;
    EngineNews news;
};

TEST_CASE("a certificate is noted once, with what the CA is to be told", "[acme][revocation]") {
    RevocationSite site;
    REQUIRE(site.settled() == 1);
    CHECK(site.revoke(Sha256{9}, RevocationReason::Superseded) == ErrorCode::NotFound);
    CHECK_FALSE(site.revoke(RevocationSite::kHash, RevocationReason::Superseded));
    CHECK(site.revoke(RevocationSite::kHash, RevocationReason::Superseded) == ErrorCode::Conflict);
    REQUIRE(site.due().size() == 1);
    const auto row = site.due().front();
    CHECK(row.subject == "acme/nur1");
    CHECK(row.reason == 4);
    CHECK(row.der.size() == 327);
    // It is not renewed; another attempt may go on.
    CHECK(site.settled() == 0);
    CHECK(site.has_live());
}

TEST_CASE("what is under way for a key that is compromised ends with it", "[acme][revocation]") {
    RevocationSite site;
    CHECK_FALSE(site.revoke(RevocationSite::kHash, RevocationReason::KeyCompromise));
    CHECK_FALSE(site.has_live());
    CHECK_FALSE(site.news.replaced.empty());
}

TEST_CASE("a withdrawal notes what has not expired", "[acme][revocation]") {
    RevocationSite site;
    std::size_t noted = 0;
    const auto withdraw = [&] {
        site.commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
            noted = TRY(note_withdrawal(writer, site.server));
            return {};
        });
        return noted;
    };
    CHECK(withdraw() == 1);
    CHECK(withdraw() == 0);
    CHECK(site.due().front().reason == 5);
}

TEST_CASE("the reasons of a revocation are four of RFC 5280's", "[acme][rfc5280]") {
    std::string taken;
    for (std::int64_t number = -1; number < 12; ++number)
        if (revocation_reason(number)) taken += std::to_string(number) + " ";
    CHECK(taken == "0 1 4 5 ");
}

TEST_CASE("what is revoked is the first certificate of a chain, as it is", "[acme]") {
    const auto der = first_certificate_der(tests::kRfc9773Certificate);
    REQUIRE(der);
    CHECK(der->size() == 327);
    CHECK_FALSE(first_certificate_der("nonsense"));
    CHECK_FALSE(first_certificate_der(std::string_view(tests::kRfc9773Certificate).substr(0, 200)));
}

}  // namespace
}  // namespace hairpin::acme
