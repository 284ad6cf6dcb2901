// hairpind - authoritative DNS server and certificate manager. Commands: `hairpind --help`.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>

#include "daemon/commands.hpp"
#include "daemon/config.hpp"
#include "daemon/service.hpp"

namespace {

using namespace hairpin::daemon;

int with_config(const std::string& file, const std::function<int(const Config&)>& run) {
    const auto config = read_config(file);
    if (config) return run(*config);
    for (const ConfigError& error : config.error())
        fmt::print(stderr, "hairpind: {}\n", error.text());
    return kMisused;
}

// CLI11 would say that a command is missing, not that this is none.
bool is_command(const CLI::App& app, const std::string& wanted) {
    std::string known;
    for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (each->get_name() == wanted) return true;
        known += " " + each->get_name();
    }
    fmt::print(stderr, "hairpind: there is no command \"{}\"; it is one of:{}\n", wanted, known);
    return false;
}

int run(int argc, char** argv) {
    CLI::App app(
        "Hairpin: the name server and certificate manager of servers behind other people's "
        "routers.",
        "hairpind");
    app.set_version_flag("--version", "hairpind " HAIRPIN_VERSION);
    app.require_subcommand(1);
    app.footer(
        "The operator's guide is docs/operations.md; every option of the configuration stands in "
        "`hairpind sample-config`.");

    std::string config = "/etc/hairpin/hairpin.toml";
    std::string argument;
    int status = kMisused;
    const auto command = [&](const char* name, const char* what,
                             std::function<int(const Config&)> body) {
        CLI::App* made = app.add_subcommand(name, what);
        made->add_option("--config", config, "The configuration file")->capture_default_str();
        made->callback([&, body = std::move(body)] { status = with_config(config, body); });
        return made;
    };
    command("init", "Make data directory, master key, database and the first operator token",
            run_init);
    command("serve", "Serve in the foreground until SIGTERM; SIGHUP reloads", run_serve);
    command("check", "Say whether the configuration can be served", run_check);
    command("backup", "Write a consistent copy of the database, while serving or not",
            [&](const Config& c) { return run_backup(c, argument); })
        ->add_option("target", argument, "The file to write; must not exist")
        ->required();
    command("restore", "Put a backup in place; the server must be stopped",
            [&](const Config& c) { return run_restore(c, argument); })
        ->add_option("source", argument, "A file that `hairpind backup` wrote")
        ->required();
    command("token", "Make one more operator token",
            [&](const Config& c) { return run_token(c, argument); })
        ->add_option("--label", argument, "What to call it in the audit")
        ->required();
    app.add_subcommand("sample-config", "Print a configuration with every option")->callback([&] {
        fmt::print("{}", sample_config());
        status = kDone;
    });

    if (argc > 1 && argv[1][0] != '-' && !is_command(app, argv[1])) return kMisused;
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int printed = app.exit(error);
        return printed == 0 ? kDone : kMisused;
    }
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    // CLI11 and fmt throw; nothing above this line is left to catch it.
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fputs("hairpind: ", stderr);
        std::fputs(error.what(), stderr);
        std::fputs("\n", stderr);
        return kFailed;
    }
}
