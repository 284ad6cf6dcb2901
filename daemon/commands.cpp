#include "daemon/commands.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>

#include "admin/tokens.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"
#include "daemon/acme_options.hpp"
#include "daemon/cookie_file.hpp"
#include "daemon/listeners.hpp"
#include "daemon/privileges.hpp"
#include "daemon/server_certificate.hpp"
#include "store/backup.hpp"
#include "store/database.hpp"
#include "store/migrations.hpp"
#include "store/writer.hpp"
#include "zones/zone.hpp"

namespace hairpin::daemon {
namespace {

int failed(const Error& error) {
    fmt::print(stderr, "hairpind: {}\n", error.text());
    return kFailed;
}

// The files are made, read and written as the user that serves, so that it can go on using them.
Result<void> enter(const Config& config) {
    TRY(make_directory_for(config.data_dir, config.user));
    return become_user(config.user);
}

bool exists(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0;
}

// Writes the credential's row; the token itself is known to nobody but the caller.
Result<std::string> add_operator(store::Database& database, const std::string& label) {
    const std::string token = admin::make_token(store::CredentialKind::Operator);
    const WallTime now = SystemClock().now();
    store::Transaction transaction = TRY(store::Transaction::begin(database));
    const zones::ZoneTable no_zones;
    store::Writer writer(database, no_zones, now);
    static_cast<void>(TRY(writer.insert_credential(admin::operator_credential(token, label, now))));
    store::AuditRow row;
    row.at = now;
    row.actor = {"system", "hairpind", "", "command"};
    row.action = "credential.create";
    row.subject = label;
    TRY(writer.audit(row));
    TRY(transaction.commit());
    return token;
}

Result<std::string> initialise(const Config& config) {
    TRY(enter(config));
    const std::string database_path = config.database_path();
    if (exists(database_path))
        return fail(Error{
            ErrorCode::Conflict, database_path,
            "is there already; nothing was changed (hairpind token makes another operator token)"});
    // A key without a database is what is left of an init that was cut short: it protects nothing
    // yet.
    if (!exists(config.master_key_path())) TRY(Sealer::create_key_file(config.master_key_path()));
    static_cast<void>(TRY(Sealer::from_file(config.master_key_path())));

    store::DatabaseOptions options;
    options.access = store::Access::Create;
    store::Database database = TRY(store::Database::open(database_path, options));
    TRY(store::migrate(database));
    return add_operator(database, "init");
}

}  // namespace

int run_init(const Config& config) {
    const auto token = initialise(config);
    if (!token) return failed(token.error());
    fmt::print(
        stderr,
        "hairpind: made {} and {}\n"
        "hairpind: keep a copy of the master key apart from backups: without it the secrets in "
        "them cannot be read\n"
        "hairpind: the first operator token follows on standard output; it is shown this once\n",
        config.database_path(), config.master_key_path());
    fmt::print("{}\n", *token);
    return kDone;
}

int run_token(const Config& config, const std::string& label) {
    if (const auto entered = become_user(config.user); !entered) return failed(entered.error());
    auto database = store::Database::open(config.database_path());
    if (!database) return failed(database.error());
    if (const auto known = store::check_schema(*database); !known) return failed(known.error());
    const auto token = add_operator(*database, label);
    if (!token) return failed(token.error());
    fmt::print(stderr, "hairpind: operator token \"{}\"; it is shown this once\n", label);
    fmt::print("{}\n", *token);
    return kDone;
}

int run_check(const Config& config) {
    if (const auto entered = become_user(config.user); !entered) return failed(entered.error());
    bool good = true;
    const auto note = [&good](const Result<void>& result) {
        if (result) return;
        good = false;
        static_cast<void>(failed(result.error()));
    };
    const auto check_store = [&]() -> Result<void> {
        static_cast<void>(TRY(Sealer::from_file(config.master_key_path())));
        store::DatabaseOptions options;
        options.access = store::Access::ReadOnly;
        store::Database database = TRY(store::Database::open(config.database_path(), options));
        return store::check_schema(database);
    };
    const auto check_acme_secrets = [&]() -> Result<void> {
        acme::Options options = acme_options(config, {});
        return load_acme_secrets(config, options);
    };
    const auto check_cookie_secrets = [&]() -> Result<void> {
        static_cast<void>(TRY(load_cookie_secrets(config)));
        return {};
    };
    if (!exists(config.database_path())) {
        fmt::print(stderr, "hairpind: {} is not there yet: run hairpind init first\n",
                   config.database_path());
        good = false;
    } else {
        note(check_store());
    }
    note(check_server_certificate(config));
    if (!config.dns_cookie_secret_file.empty()) note(check_cookie_secrets());
    note(check_acme_secrets());
    note(probe_listeners(config));
    if (!good) return kFailed;
    fmt::print(stderr, "hairpind: {} is good\n", config.file);
    return kDone;
}

int run_backup(const Config& config, const std::string& target) {
    if (const auto done = store::back_up(config.database_path(), target); !done)
        return failed(done.error());
    if (const auto whole = store::check_backup(target); !whole) return failed(whole.error());
    fmt::print(stderr, "hairpind: {} is a whole copy; the master key {} is not in it\n", target,
               config.master_key_path());
    return kDone;
}

int run_restore(const Config& config, const std::string& source) {
    if (const auto entered = enter(config); !entered) return failed(entered.error());
    if (const auto done = store::restore(source, config.database_path()); !done)
        return failed(done.error());
    fmt::print(
        stderr,
        "hairpind: {} is in place; the next start moves every serial past those served before\n",
        config.database_path());
    return kDone;
}

}  // namespace hairpin::daemon
