#include "store/issuer_rows.hpp"

#include <algorithm>
#include <array>

#include "store/rows.hpp"
#include "store/telling.hpp"

namespace hairpin::store {
namespace {

constexpr std::array<std::string_view, 3> kRoleTexts = {"active", "standby", "refused"};
constexpr std::array<std::string_view, 2> kCanaryTexts = {"certificate", "standby-account"};

constexpr std::string_view kAccountColumns =
    "id, directory, role, key_sealed, url, next_key_sealed, problem, created_at "
    "FROM acme_accounts ";

Result<AcmeAccountRow> read_account(const Statement& row) {
    const auto role = std::find(kRoleTexts.begin(), kRoleTexts.end(), row.text(2));
    if (role == kRoleTexts.end())
        return fail(Error{ErrorCode::Corrupt, "acme_accounts", "a role that is none of ours"});
    return AcmeAccountRow{
        row.integer(0),     row.string(1), static_cast<AccountRole>(role - kRoleTexts.begin()),
        row.copy_octets(3), row.string(4), row.copy_octets(5),
        row.string(6),      row.time(7)};
}

const auto kReadAccount = [](auto& row) { return read_account(row); };

Error no_such_account(std::string_view directory, std::string_view what) {
    return Error{ErrorCode::NotFound, std::string(directory), "has no " + std::string(what)};
}

}  // namespace

std::string_view to_string(AccountRole role) noexcept {
    return kRoleTexts[static_cast<std::size_t>(role)];
}
std::string_view to_string(CanaryKind kind) noexcept {
    return kCanaryTexts[static_cast<std::size_t>(kind)];
}

std::string account_key_context(std::string_view directory) {
    return "acme-account:" + std::string(directory);
}

Result<std::vector<AcmeAccountRow>> accounts_of(Database& database, std::string_view directory) {
    return all_rows<AcmeAccountRow>(database,
                                    select(kAccountColumns, "WHERE directory = ?1 ORDER BY id"),
                                    kReadAccount, directory);
}

Result<std::optional<AcmeAccountRow>> account_in_role(Database& database,
                                                      std::string_view directory,
                                                      AccountRole role) {
    return one_row<AcmeAccountRow>(
        database,
        select(kAccountColumns, "WHERE directory = ?1 AND role = ?2 ORDER BY id DESC LIMIT 1"),
        kReadAccount, directory, to_string(role));
}

Result<std::int64_t> put_account(Writer& writer, const AcmeAccountRow& row) {
    Database& database = writer.database();
    std::int64_t id = row.id;
    if (id == 0)
        if (const auto known = TRY(account_in_role(database, row.directory, row.role)))
            id = known->id;
    if (id == 0) {
        TRY(
            database.run("INSERT INTO acme_accounts (directory, role, key_sealed, url, "
                         "next_key_sealed, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                         row.directory, to_string(row.role), row.key_sealed, row.url,
                         row.next_key_sealed, writer.now()));
        id = database.last_insert_id();
        TRY(tell_of_account(writer, row));
        return id;
    }
    TRY(database.run(
        "UPDATE acme_accounts SET key_sealed = ?2, url = ?3, next_key_sealed = ?4 WHERE id = ?1",
        id, row.key_sealed, row.url, row.next_key_sealed));
    if (database.changed_rows() == 0)
        return fail(no_such_account(row.directory, "account " + std::to_string(id)));
    TRY(tell_of_account(writer, row));
    return id;
}

Result<void> switch_accounts(Writer& writer, std::string_view directory, AccountRole left,
                             const std::string& problem) {
    Database& database = writer.database();
    const auto active = TRY(account_in_role(database, directory, AccountRole::Active));
    const auto standby = TRY(account_in_role(database, directory, AccountRole::Standby));
    if (!standby || standby->url.empty())
        return fail(no_such_account(directory, "account in reserve"));
    constexpr std::string_view kSetRole =
        "UPDATE acme_accounts SET role = ?2, problem = ?3 WHERE id = ?1";
    // Out of the way first: at most one may have a role.
    if (active) TRY(database.run(kSetRole, active->id, to_string(AccountRole::Refused), problem));
    TRY(database.run(kSetRole, standby->id, to_string(AccountRole::Active), ""));
    if (active && left == AccountRole::Standby)
        TRY(database.run(kSetRole, active->id, to_string(AccountRole::Standby), ""));
    return {};
}

Result<std::optional<CanaryRow>> canary(Database& database, std::string_view directory,
                                        CanaryKind kind) {
    const auto read = [&](auto& row) -> Result<CanaryRow> {
        return CanaryRow{std::string(directory), kind,           row.time(0),
                         row.optional_time(1),   row.integer(2), row.optional_time(3),
                         row.string(4)};
    };
    return one_row<CanaryRow>(database,
                              "SELECT due_at, good_at, failures, failed_at, problem FROM "
                              "acme_canaries WHERE directory = ?1 AND kind = ?2",
                              read, directory, to_string(kind));
}

Result<void> put_canary(Writer& writer, const CanaryRow& row) {
    return writer.database().run(
        "INSERT OR REPLACE INTO acme_canaries (directory, kind, due_at, good_at, failures, "
        "failed_at, problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        row.directory, to_string(row.kind), row.due_at, row.good_at, row.failures, row.failed_at,
        row.problem);
}

}  // namespace hairpin::store
