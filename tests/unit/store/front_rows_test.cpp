#include "store/front_rows.hpp"

#include <catch2/catch.hpp>

#include "store/revocation_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

std::string front_id(int number) {
    std::string id = std::to_string(number);
    return std::string(32 - id.size(), '0') + id;
}

/// Licence acme with server nur1 and a credential of it, at two.
struct FrontSite : NotedStore {
    FrontSite() {
        REQUIRE(commit([&](Writer& writer) -> Result<void> {
            LicenceRow licence;
            licence.name = "acme";
            licence.zone_apex = name("a.example.");
            TRY(writer.insert_licence(licence));
            ServerRow row;
            row.licence = "acme";
            row.label = "nur1";
            server = TRY(writer.insert_server(row));
            CredentialRow made;
            made.token_hash = sha256(as_octets("one"));
            made.server_id = server;
            credential = TRY(writer.insert_credential(made));
            return {};
        }));
    }
    [[nodiscard]] FrontAccountRow account(int number) const {
        FrontAccountRow row;
        row.id = front_id(number);
        row.server_id = server;
        row.credential_id = credential;
        row.jwk = "{}";
        row.thumbprint = "key" + std::to_string(number);
        row.created_at = row.used_at = from_unix_milliseconds(1'000 + number);
        return row;
    }
    bool put(const FrontAccountRow& row) {
        return commit([&](Writer& writer) { return insert_front_account(writer, row); });
    }
    [[nodiscard]] FrontOrderRow order(int number, int of) const {
        FrontOrderRow row;
        row.id = front_id(number);
        row.account_id = front_id(of);
        row.server_id = server;
        row.names = {"nur1.a.example", "i-nur1.a.example"};
        row.created_at = from_unix_milliseconds(number);
        row.expires_at = from_unix_milliseconds(number + 1'000);
        return row;
    }
    bool put(const FrontOrderRow& row) {
        return commit([&](Writer& writer) { return insert_front_order(writer, row); });
    }
    template <typename Read>
    [[nodiscard]] auto read(const Read& ask) const {
        Reader reader = store.reader();
        return must(ask(reader->database()));
    }
    [[nodiscard]] std::optional<FrontOrderRow> stored(int number) const {
        return read([&](Database& database) { return front_order(database, front_id(number)); });
    }

    std::int64_t server = 0;
    std::int64_t credential = 0;
};

TEST_CASE("Accounts are bounded: the quietest goes, with its orders", "[store][front]") {
    FrontSite site;
    const int most = static_cast<int>(kMaxFrontAccounts);
    for (int each = 1; each <= most; ++each)
        REQUIRE(site.put(site.account(each)));
    REQUIRE(site.put(site.order(100, 2)));
    FrontAccountRow used = site.account(1);
    used.used_at = from_unix_milliseconds(9'000);
    REQUIRE(site.commit([&](Writer& writer) { return update_front_account(writer, used); }));
    REQUIRE(site.put(site.account(50)));
    const auto left = site.read(
        [&](Database& database) { return front_accounts_of_server(database, site.server); });
    REQUIRE(left.size() == kMaxFrontAccounts);
    CHECK(left.front().id == front_id(1));
    const auto gone =
        site.read([&](Database& database) { return front_account(database, front_id(2)); });
    CHECK_FALSE(gone);
    CHECK_FALSE(site.stored(100));
    // The same key twice is one account too many.
    FrontAccountRow twice = site.account(1);
    twice.id = front_id(77);
    CHECK_FALSE(site.put(twice));
}

TEST_CASE("Accounts go with their credential", "[store][front]") {
    FrontSite site;
    REQUIRE(site.put(site.account(1)));
    REQUIRE(site.put(site.order(1, 1)));
    const auto by_key = [&](std::optional<std::int64_t> server) {
        return site
            .read(
                [&](Database& database) { return front_account_by_key(database, "key1", server); })
            .has_value();
    };
    CHECK(by_key(std::nullopt));
    CHECK(by_key(site.server));
    CHECK_FALSE(by_key(site.server + 1));
    REQUIRE(site.commit([&](Writer& writer) { return writer.erase_credential(site.credential); }));
    CHECK_FALSE(by_key(std::nullopt));
    CHECK_FALSE(site.stored(1));
}

TEST_CASE("Orders come back as they were put, and move from state to state", "[store][front]") {
    FrontSite site;
    REQUIRE(site.put(site.account(1)));
    REQUIRE(site.put(site.order(1, 1)));
    FrontOrderRow row = *site.stored(1);
    CHECK(row.names == std::vector<std::string>{"nur1.a.example", "i-nur1.a.example"});
    CHECK(row.state == FrontOrderState::Ready);
    CHECK_FALSE(row.key_sha256);
    const auto update = [&](FrontOrderState expected) {
        return site.commit(
            [&](Writer& writer) { return update_front_order(writer, row, expected); });
    };
    row.state = FrontOrderState::Processing;
    CHECK_FALSE(update(FrontOrderState::Ready));  // Without a key.
    row.key_sha256 = Sha256{1};
    row.before_sha256 = Sha256{2};
    row.csr = {1, 2, 3};
    CHECK(update(FrontOrderState::Ready));
    CHECK_FALSE(update(FrontOrderState::Ready));  // Another one was first.
    row.state = FrontOrderState::Valid;
    CHECK_FALSE(update(FrontOrderState::Processing));  // Without a certificate.
    row.certificate_sha256 = Sha256{3};
    row.renewal_id = "a.b";
    CHECK(update(FrontOrderState::Processing));
    const FrontOrderRow valid = *site.stored(1);
    CHECK(valid.csr == Octets{1, 2, 3});
    CHECK(valid.before_sha256 == Sha256{2});
    CHECK(valid.certificate_sha256 == Sha256{3});
    const auto renewed =
        site.read([](Database& database) { return front_order_by_renewal_id(database, "a.b"); });
    CHECK(renewed->id == valid.id);
    CHECK_FALSE(
        site.read([](Database& database) { return front_order_by_renewal_id(database, ""); }));
    CHECK(site.read(
        [&](Database& database) { return is_front_key(database, site.server, Sha256{1}); }));
    CHECK_FALSE(site.read(
        [&](Database& database) { return is_front_key(database, site.server, Sha256{2}); }));
}

TEST_CASE("Orders are bounded: the oldest go", "[store][front]") {
    FrontSite site;
    REQUIRE(site.put(site.account(1)));
    const int most = static_cast<int>(kMaxFrontOrders);
    for (int each = 1; each <= most + 3; ++each)
        REQUIRE(site.put(site.order(each, 1)));
    const auto left =
        site.read([](Database& database) { return front_orders_of(database, front_id(1)); });
    REQUIRE(left.size() == kMaxFrontOrders);
    CHECK(left.front().id == front_id(most + 3));
    CHECK(left.back().id == front_id(4));
}

TEST_CASE("A certificate with a revocation is nobody's, and the revocation outlives the server",
          "[store][front]") {
    FrontSite site;
    CertificateRow certificate;
    certificate.server_id = site.server;
    certificate.sha256 = Sha256{7};
    certificate.key_sha256 = Sha256{8};
    certificate.not_after = from_unix_milliseconds(4'000'000'000'000);
    certificate.chain = "chain";
    REQUIRE(site.commit([&](Writer& writer) -> Result<void> {
        TRY(insert_certificate(writer, certificate));
        return {};
    }));
    const auto current = [&] {
        return site
            .read([&](Database& database) {
                return AcmeQueries(database).current_certificate(site.server, WallTime{});
            })
            .has_value();
    };
    CHECK(current());
    RevocationRow row;
    row.sha256 = certificate.sha256;
    row.key_sha256 = certificate.key_sha256;
    row.der = {1};
    row.reason = 1;
    row.next_at = from_unix_milliseconds(5);
    const auto insert = [&] {
        return site.commit([&](Writer& writer) { return insert_revocation(writer, row); });
    };
    CHECK(insert());
    CHECK_FALSE(insert());
    CHECK_FALSE(current());
    REQUIRE(site.commit([&](Writer& writer) { return writer.erase_server(site.server); }));
    const auto due = [&](std::int64_t at) {
        return site.read([&](Database& database) {
            return due_revocations(database, from_unix_milliseconds(at), 10);
        });
    };
    CHECK(due(4).empty());
    REQUIRE(due(5).size() == 1);
    CHECK(site.read([](Database& database) { return is_compromised_key(database, Sha256{8}); }));
    CHECK_FALSE(
        site.read([](Database& database) { return is_compromised_key(database, Sha256{7}); }));
    RevocationRow done = due(5).front();
    done.next_at.reset();
    done.done_at = from_unix_milliseconds(6);
    CHECK(site.commit([&](Writer& writer) { return update_revocation(writer, done); }));
    CHECK(due(1'000).empty());
    CHECK(site.read([](Database& database) { return revocation(database, Sha256{7}); })->done_at);
}

}  // namespace
}  // namespace hairpin::store
