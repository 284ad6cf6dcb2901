#include "acme/dns_persist.hpp"

#include <catch2/catch.hpp>

#include "acme/txt_values.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::acme {
namespace {

const WallTime kPersistNow{Seconds(1'800'000'000)};
constexpr Seconds kPersistDay{24 * 3600};
// draft-ietf-acme-dns-persist-02 section 10.2.
const PersistAccount kDraftAccount{"https://ca.example/acct/123",
                                   "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
                                   "https://ca.example/account-hash/"};
const zones::Name kPersistOwner = tests::name("_validation-persist.nur1.example.net.");

std::string value_until(WallTime until, const std::string& uri = "https://ca.example/acct/123") {
    return persist_value("authority.example", uri, until);
}

zones::ZoneTable table_with(const std::vector<std::string>& values) {
    std::string text;
    for (const std::string& each : values)
        text += "_validation-persist.nur1 60 IN TXT \"" + each + "\"\n";
    zones::ZoneTable table;
    table.put(tests::zone("example.net.", text));
    return table;
}

TEST_CASE("each draft has its way to name an account", "[acme][dns-persist]") {
    CHECK(persist_account_uri(DnsPersist::Draft01, "example.com", kDraftAccount) ==
          "https://ca.example/acct/123");
    CHECK(persist_account_uri(DnsPersist::Draft02, "example.com", kDraftAccount) ==
          "https://ca.example/account-hash/sha-256/5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw");
    CHECK(persist_account_uri(DnsPersist::Draft02, "example.org", kDraftAccount) !=
          persist_account_uri(DnsPersist::Draft02, "example.com", kDraftAccount));
    PersistAccount plain = kDraftAccount;
    plain.hash_prefix.clear();
    CHECK_FALSE(persist_account_uri(DnsPersist::Draft02, "example.com", plain));
    CHECK_FALSE(persist_account_uri(DnsPersist::Off, "example.com", kDraftAccount));
}

TEST_CASE("a record has an end, and is read as it was written", "[acme][dns-persist]") {
    const std::string value = value_until(kPersistNow);
    CHECK(value ==
          "authority.example; accounturi=https://ca.example/acct/123; persistUntil=1800000000");
    const auto record = read_persist(value);
    REQUIRE(record);
    CHECK(record->issuer == "authority.example");
    CHECK(record->account_uri == "https://ca.example/acct/123");
    CHECK(record->until == kPersistNow);
    CHECK_FALSE(record->is_wide);
    CHECK(read_persist(value + "; policy=wildcard")->is_wide);
    for (const char* wrong :
         {"", "v=spf1 -all", "authority.example", "; accounturi=https://ca.example/1",
          "authority.example; accounturi=https://ca.example/1; accounturi=https://ca.example/1",
          "authority.example; accounturi=https://ca.example/1; persistUntil=soon",
          "authority.example; accounturi=https://ca.example/1; persistUntil=-1",
          "authority.example; accounturi=https://ca.example/1; "
          "persistUntil=99999999999999999999"}) {
        INFO(wrong);
        CHECK_FALSE(read_persist(wrong));
    }
}

TEST_CASE("a record that is good for long enough stays as it is", "[acme][dns-persist]") {
    const auto chosen = [&](const std::vector<std::string>& there) {
        return choose_persist_value(table_with(there), kPersistOwner, "authority.example",
                                    kDraftAccount.url, kPersistNow);
    };
    const std::string fresh = value_until(kPersistNow + kPersistFor);
    const std::string good = value_until(kPersistNow + kPersistDay * 21);
    CHECK(chosen({}) == fresh);
    CHECK(chosen({good}) == good);
    CHECK(chosen({"something else", good}) == good);
    CHECK(chosen({value_until(kPersistNow + kPersistDay * 19)}) == fresh);
    CHECK(chosen({value_until(kPersistNow + kPersistDay * 400)}) == fresh);
    CHECK(chosen({good + "; policy=wildcard"}) == fresh);
    CHECK(chosen({value_until(kPersistNow + kPersistDay * 21, "https://ca.example/acct/9")}) ==
          fresh);
}

TEST_CASE("a new record takes the place of ours and of what has ended, and of nothing else",
          "[acme][dns-persist]") {
    const std::string fresh = value_until(kPersistNow + kPersistFor);
    const std::string old = value_until(kPersistNow + kPersistDay * 5);
    const std::string ended = value_until(kPersistNow - kPersistDay, "https://ca.example/acct/9");
    const std::string others = value_until(kPersistNow + kPersistDay, "https://ca.example/acct/9");
    const std::string elsewhere = persist_value("other.example", kDraftAccount.url, kPersistNow);
    const std::vector<Pending> values = {
        {"u", "nur1.example.net", "c", fresh, kPersistOwner.text(), "example.net.", true}};
    auto changes = txt_changes(tests::name("example.net."), values, TxtEffect::Add, 60);
    remove_old_persist_values(table_with({fresh, old, ended, others, elsewhere, "free text"}),
                              values, kPersistNow, changes);
    REQUIRE(changes.size() == 1);
    REQUIRE(changes[0].edits.size() == 2);
    CHECK(changes[0].edits[1].kind == zones::EditKind::DeleteRecords);
    CHECK_THAT(changes[0].edits[1].rdatas,
               Catch::UnorderedEquals(std::vector<Octets>{txt_rdata(old), txt_rdata(ended)}));

    auto nothing = txt_changes(tests::name("example.net."), values, TxtEffect::Add, 60);
    remove_old_persist_values(table_with({others}), values, kPersistNow, nothing);
    CHECK(nothing[0].edits.size() == 1);
}

}  // namespace
}  // namespace hairpin::acme
