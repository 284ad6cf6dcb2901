#include "store/front_rows.hpp"

#include <algorithm>
#include <array>

#include "store/rows.hpp"

namespace hairpin::store {
namespace {

constexpr std::array<std::string_view, 2> kStatusTexts{"valid", "deactivated"};
constexpr std::array<std::string_view, 4> kOrderTexts{"ready", "processing", "valid", "invalid"};

constexpr std::string_view kAccountColumns =
    "id, server_id, credential_id, jwk, thumbprint, status, created_at, used_at"
    " FROM front_accounts ";
constexpr std::string_view kOrderColumns =
    "id, account_id, server_id, names, state, created_at, expires_at, csr, key_sha256,"
    " before_sha256, certificate_sha256, renewal_id, problem_type, problem FROM front_orders ";

Error odd_front_row(std::string_view text) {
    return {ErrorCode::Corrupt, "front row", "holds " + std::string(text)};
}

template <typename Enum, std::size_t size>
Result<Enum> front_word(const std::array<std::string_view, size>& texts, std::string_view text) {
    const auto found = std::find(texts.begin(), texts.end(), text);
    if (found == texts.end()) return fail(odd_front_row(text));
    return static_cast<Enum>(found - texts.begin());
}

Result<FrontAccountRow> read_front_account(const Statement& row) {
    FrontAccountRow account;
    account.id = row.string(0);
    account.server_id = row.integer(1);
    account.credential_id = row.integer(2);
    account.jwk = row.string(3);
    account.thumbprint = row.string(4);
    account.status = TRY((front_word<FrontAccountStatus>(kStatusTexts, row.text(5))));
    account.created_at = row.time(6);
    account.used_at = row.time(7);
    return account;
}

Result<std::optional<Sha256>> optional_hash(const Statement& row, int column) {
    if (row.is_null(column)) return std::optional<Sha256>();
    const OctetView octets = row.octets(column);
    Sha256 hash{};
    if (octets.size() != hash.size()) return fail(odd_front_row("a hash of another size"));
    std::copy(octets.begin(), octets.end(), hash.begin());
    return std::optional(hash);
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& each : words)
        text.append(text.empty() ? "" : " ").append(each);
    return text;
}

Result<FrontOrderRow> read_front_order(const Statement& row) {
    FrontOrderRow order;
    order.id = row.string(0);
    order.account_id = row.string(1);
    order.server_id = row.integer(2);
    order.names = words_of(row.text(3));
    order.state = TRY((front_word<FrontOrderState>(kOrderTexts, row.text(4))));
    order.created_at = row.time(5);
    order.expires_at = row.time(6);
    order.csr = row.copy_octets(7);
    order.key_sha256 = TRY(optional_hash(row, 8));
    order.before_sha256 = TRY(optional_hash(row, 9));
    order.certificate_sha256 = TRY(optional_hash(row, 10));
    order.renewal_id = row.string(11);
    order.problem_type = row.string(12);
    order.problem = row.string(13);
    return order;
}

const auto kReadAccount = [](auto& row) { return read_front_account(row); };
const auto kReadOrder = [](auto& row) { return read_front_order(row); };

Error no_such(std::string_view what, std::string_view id) {
    return {ErrorCode::NotFound, std::string(what) + " " + std::string(id), "is not there"};
}

}  // namespace

std::string_view to_string(FrontAccountStatus status) noexcept {
    return kStatusTexts[static_cast<std::size_t>(status)];
}
std::string_view to_string(FrontOrderState state) noexcept {
    return kOrderTexts[static_cast<std::size_t>(state)];
}

Result<std::optional<FrontAccountRow>> front_account(Database& database, std::string_view id) {
    return one_row<FrontAccountRow>(database, select(kAccountColumns, "WHERE id = ?1"),
                                    kReadAccount, id);
}

Result<std::optional<FrontAccountRow>> front_account_by_key(Database& database,
                                                            std::string_view thumbprint,
                                                            std::optional<std::int64_t> server_id) {
    return one_row<FrontAccountRow>(
        database,
        select(kAccountColumns,
               "WHERE thumbprint = ?1 AND (?2 IS NULL OR server_id = ?2)"
               " ORDER BY created_at DESC, id LIMIT 1"),
        kReadAccount, thumbprint, server_id);
}

Result<std::vector<FrontAccountRow>> front_accounts(Database& database, std::size_t limit,
                                                    std::string_view after_id) {
    return all_rows<FrontAccountRow>(database,
                                     select(kAccountColumns, "WHERE id > ?1 ORDER BY id LIMIT ?2"),
                                     kReadAccount, after_id, page(limit));
}

Result<std::vector<FrontAccountRow>> front_accounts_of_server(Database& database,
                                                              std::int64_t server_id) {
    return all_rows<FrontAccountRow>(
        database, select(kAccountColumns, "WHERE server_id = ?1 ORDER BY used_at DESC, id"),
        kReadAccount, server_id);
}

Result<std::optional<FrontOrderRow>> front_order(Database& database, std::string_view id) {
    return one_row<FrontOrderRow>(database, select(kOrderColumns, "WHERE id = ?1"), kReadOrder, id);
}

Result<std::vector<FrontOrderRow>> front_orders_of(Database& database,
                                                   std::string_view account_id) {
    return all_rows<FrontOrderRow>(
        database,
        select(kOrderColumns, "WHERE account_id = ?1 ORDER BY created_at DESC, id LIMIT ?2"),
        kReadOrder, account_id, page(kMaxFrontOrders));
}

Result<std::optional<FrontOrderRow>> front_order_by_renewal_id(Database& database,
                                                               std::string_view renewal_id) {
    return one_row<FrontOrderRow>(database,
                                  select(kOrderColumns,
                                         "WHERE renewal_id = ?1 AND renewal_id <> ''"
                                         " ORDER BY created_at DESC, id LIMIT 1"),
                                  kReadOrder, renewal_id);
}

Result<bool> is_front_key(Database& database, std::int64_t server_id, const Sha256& key_sha256) {
    Statement find = TRY(database.statement(
        "SELECT 1 FROM front_orders WHERE server_id = ?1 AND key_sha256 = ?2 LIMIT 1"));
    find.bind(server_id, key_sha256);
    return find.step();
}

Result<void> insert_front_account(Writer& writer, const FrontAccountRow& row) {
    Database& database = writer.database();
    TRY(database.run(
        "DELETE FROM front_accounts WHERE id IN (SELECT id FROM front_accounts"
        " WHERE server_id = ?1 AND thumbprint <> ?2"
        " ORDER BY used_at DESC, id LIMIT -1 OFFSET ?3)",
        row.server_id, row.thumbprint, static_cast<std::int64_t>(kMaxFrontAccounts - 1)));
    return database.run("INSERT INTO front_accounts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                        row.id, row.server_id, row.credential_id, row.jwk, row.thumbprint,
                        to_string(row.status), row.created_at, row.used_at);
}

Result<void> update_front_account(Writer& writer, const FrontAccountRow& row) {
    Database& database = writer.database();
    TRY(database.run(
        "UPDATE front_accounts SET credential_id = ?2, jwk = ?3, thumbprint = ?4,"
        " status = ?5, used_at = ?6 WHERE id = ?1",
        row.id, row.credential_id, row.jwk, row.thumbprint, to_string(row.status), row.used_at));
    if (database.changed_rows() == 0) return fail(no_such("account", row.id));
    return {};
}

Result<void> erase_front_account(Writer& writer, std::string_view id) {
    Database& database = writer.database();
    TRY(database.run("DELETE FROM front_accounts WHERE id = ?1", id));
    if (database.changed_rows() == 0) return fail(no_such("account", id));
    return {};
}

Result<void> insert_front_order(Writer& writer, const FrontOrderRow& row) {
    Database& database = writer.database();
    TRY(
        database.run("DELETE FROM front_orders WHERE id IN (SELECT id FROM front_orders"
                     " WHERE account_id = ?1 ORDER BY created_at DESC, id LIMIT -1 OFFSET ?2)",
                     row.account_id, static_cast<std::int64_t>(kMaxFrontOrders - 1)));
    return database.run(
        "INSERT INTO front_orders VALUES"
        " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        row.id, row.account_id, row.server_id, joined(row.names), to_string(row.state),
        row.created_at, row.expires_at, row.csr, row.key_sha256, row.before_sha256,
        row.certificate_sha256, row.renewal_id, row.problem_type, row.problem);
}

Result<void> update_front_order(Writer& writer, const FrontOrderRow& row,
                                FrontOrderState expected) {
    Database& database = writer.database();
    TRY(database.run(
        "UPDATE front_orders SET state = ?3, csr = ?4, key_sha256 = ?5,"
        " before_sha256 = ?6, certificate_sha256 = ?7, renewal_id = ?8,"
        " problem_type = ?9, problem = ?10 WHERE id = ?1 AND state = ?2",
        row.id, to_string(expected), to_string(row.state), row.csr, row.key_sha256,
        row.before_sha256, row.certificate_sha256, row.renewal_id, row.problem_type, row.problem));
    if (database.changed_rows() != 0) return {};
    const auto there = TRY(front_order(database, row.id));
    if (!there) return fail(no_such("order", row.id));
    return fail(Error{ErrorCode::Conflict, "order " + row.id, "is in another state by now"});
}

}  // namespace hairpin::store
