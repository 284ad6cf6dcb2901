// tests/unit/acme/world.hpp - a store with a licence and a server, and acme's calls in commits of
// it.
#pragma once

#include <catch2/catch.hpp>

#include "acme/requests.hpp"
#include "store/acme_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::acme::tests {

using namespace hairpin::tests;

inline constexpr std::string_view kZone = "pl-acme.example.net.";
inline const std::string kPublic = "nur1.pl-acme.example.net";
inline const std::string kInternal = "i-nur1.pl-acme.example.net";
inline constexpr Seconds kDay{24 * 3600};

/// A licence with one server, and the calls that the face makes inside commits.
struct World {
    OpenStore store;
    std::int64_t server = 0;
    Sealer sealer = Sealer::from_key({7});
    World() {
        store::Work work = tests::as_work({tests::create_zone(kZone)});
        work.rows = [this](store::Writer& writer, zones::Change&) -> Result<void> {
            store::LicenceRow licence;
            licence.name = "acme";
            licence.zone_apex = tests::name(kZone);
            TRY(writer.insert_licence(licence));
            store::ServerRow row;
            row.licence = "acme";
            row.label = "nur1";
            server = TRY(writer.insert_server(row));
            return {};
        };
        REQUIRE(store.submit(std::move(work)));
    }
    /// Runs `rows` in a commit of its own.
    template <typename F>
    Result<void> in_commit(F rows) {
        store::Work work;
        work.change.actor = {"operator", "tester", "", "rest"};
        work.rows = [&](store::Writer& writer, zones::Change& change) -> Result<void> {
            return rows(writer, change);
        };
        const auto done = store.submit(std::move(work));
        if (!done) return fail(store::to_error(done.error()));
        return {};
    }
    struct Asked {
        Result<CertificateState> state = CertificateState();
        std::int64_t wake = 0;
        EngineNews news;
    };
    Asked ask(std::optional<Csr> csr, store::Subject subject = {}) {
        Asked asked;
        CertificateRequest request;
        request.server_id = subject.server_id == 0 ? server : subject.server_id;
        request.name_alone = subject.name_alone;
        request.csr = std::move(csr);
        request.internal_prefix = "i-";
        request.young = kDay;
        request.retry_pause = Seconds(300);
        const auto done =
            in_commit([&](store::Writer& writer, zones::Change& change) -> Result<void> {
                asked.state = take_request(writer, change, request, asked.news);
                asked.wake = asked.news.wake.empty() ? 0 : asked.news.wake.front();
                if (!asked.state) return fail(asked.state.error());
                return {};
            });
        if (!done) asked.state = fail(done.error());
        return asked;
    }
    Result<void> update(std::int64_t id, const std::function<void(store::AcmeAttemptRow&)>& edit) {
        return in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
            auto row = TRY(store::AcmeQueries(writer.database()).attempt(id));
            const StateName was = row->state;
            edit(*row);
            return update_attempt(writer, *row, was);
        });
    }
    /// Ends an attempt with a certificate.
    Sha256 issue(std::int64_t attempt_id) {
        const Sha256 hash = sha256(as_octets(std::to_string(attempt_id)));
        const auto done = in_commit([&](store::Writer& writer, zones::Change&) -> Result<void> {
            auto row = TRY(store::AcmeQueries(writer.database()).attempt(attempt_id));
            store::CertificateRow certificate;
            certificate.server_id = row->server_id;
            certificate.name_alone = row->name_alone;
            certificate.sha256 = hash;
            certificate.key_sha256 = row->key_sha256;
            certificate.key_origin = row->key_origin;
            certificate.not_before = writer.now();
            certificate.not_after = writer.now() + kDay * 90;
            certificate.issued_at = writer.now();
            certificate.renew_at = writer.now() + kDay * 60;
            certificate.chain = "chain of " + std::to_string(attempt_id);
            certificate.csr = row->csr;
            certificate.key_sealed = row->key_sealed;
            TRY(insert_certificate(writer, certificate));
            const StateName was = row->state;
            row->state = StateName::Offered;
            row->next_at = certificate.renew_at;
            row->certificate_sha256 = hash;
            return update_attempt(writer, *row, was);
        });
        REQUIRE(done);
        return hash;
    }
    CertificateState state() { return state_of(server); }
    CertificateState state_of(const store::Subject& subject) {
        store::Reader reader = store.reader();
        return *certificate_state(*reader, subject, store.clock.now());
    }
    store::AcmeAttemptRow live() {
        store::Reader reader = store.reader();
        return store::AcmeQueries(reader->database()).live_attempt(server)->value();
    }
    std::optional<store::AcmeAttemptRow> attempt(std::int64_t id) {
        store::Reader reader = store.reader();
        return *store::AcmeQueries(reader->database()).attempt(id);
    }
};

}  // namespace hairpin::acme::tests
