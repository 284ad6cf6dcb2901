// hairpin - the operator's command line. Commands: `hairpin --help`.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/acme_commands.hpp"
#include "cli/alias_commands.hpp"
#include "cli/certificate_commands.hpp"
#include "cli/credential_commands.hpp"
#include "cli/event_commands.hpp"
#include "cli/moment.hpp"
#include "cli/own_certificate.hpp"
#include "cli/zone_import.hpp"
#include "cli/zone_past.hpp"
#include "cli/zone_reversal.hpp"
#include "core/nearest_name.hpp"

namespace {

using namespace hairpin::cli;

constexpr const char* kExitStatus =
    "Exit status: 0 the zone is in place (with --output: written; with --dry-run: it could be); "
    "with --skip, all of it but what the report names. 1 something failed, or records cannot be "
    "taken; nothing was changed unless it says so. 2 the command is wrong.";

void add_api_options(CLI::App& command, RestOptions& api) {
    command.add_option("--url", api.url, "Hairpin's API: https://manager.example.net")
        ->envname("HAIRPIN_URL");
    command
        .add_option("--token-file", api.token_file,
                    "A file with an operator's token, for nobody else to read")
        ->envname("HAIRPIN_TOKEN_FILE");
    command
        .add_option("--ca-file", api.ca_file,
                    "Whom to trust for the API's certificate (PEM); default: the system's")
        ->envname("HAIRPIN_CA_FILE");
}

struct Bounds {
    unsigned idle_seconds = 20;
    unsigned seconds = 600;
    unsigned megabytes = 256;
    std::size_t records = 4'000'000;
};

void add_bounds(CLI::App& command, Bounds& bounds) {
    command
        .add_option("--idle", bounds.idle_seconds, "Seconds to wait for the source's next octet")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    command.add_option("--time", bounds.seconds, "Seconds for the whole transfer")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    command.add_option("--max-mib", bounds.megabytes, "The largest transfer, in MiB")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    command.add_option("--max-records", bounds.records, "The most records")
        ->check(CLI::Range(1, 100'000'000))
        ->capture_default_str();
}

void add_zone_import(CLI::App& zone, ImportOptions& options, Bounds& bounds) {
    CLI::App* command = zone.add_subcommand(
        "import", "Take a zone over from another name server, and say what was not taken");
    command->footer(kExitStatus);
    command->add_option("zone", options.zone, "The zone's name")->required();
    command
        ->add_option("--axfr", options.server,
                     "The name server to transfer it from: address or name, perhaps with :port")
        ->required();
    command->add_option("--tsig-file", options.tsig_file,
                        "A file with the TSIG key to ask with: key \"name\" { algorithm ..; secret "
                        "\"..\"; }; or [algorithm:]name:secret");
    command->add_flag("--dry-run", options.dry_run, "Only the report: nothing is changed");
    command->add_option("--output", options.output,
                        "Write a zone file (- for standard output) and load nothing");
    command->add_flag(
        "--replace", [&options](std::int64_t) { options.existing = Existing::Replace; },
        "Where the zone is here already: put the source's content in place of all of it");
    command->add_flag("--skip", options.skip, "Where records cannot be taken: take the rest");
    add_api_options(*command, options.api);
    add_bounds(*command, bounds);
}

constexpr const char* kMomentHelp =
    "When: 2026-11-17T14:05:00Z; \"2026-11-17 14:05\", \"yesterday 14:05\", \"tuesday 14:05\" by "
    "the "
    "clock here; or a serial";

void add_filter(CLI::App& command, PastOptions& options) {
    command.add_option("name,--name", options.name,
                       "Only this name, with or without the zone; @ for the zone's own");
    command.add_option("type,--type", options.type, "Only this type of its records");
    add_api_options(command, options.api);
}

CLI::App* add_zone_at(CLI::App& zone, PastOptions& options) {
    CLI::App* command =
        zone.add_subcommand("at", "Show what a zone held, and who had changed it last");
    command->add_option("zone", options.zone, "The zone's name")->required();
    command->add_option("moment,--when", options.from, kMomentHelp)->required();
    add_filter(*command, options);
    return command;
}

CLI::App* add_zone_diff(CLI::App& zone, PastOptions& options) {
    CLI::App* command =
        zone.add_subcommand("diff", "Show in what a zone differs between two moments");
    command->add_option("zone", options.zone, "The zone's name")->required();
    command->add_option("from,--from", options.from, kMomentHelp)->required();
    command->add_option("to,--to", options.to, "The other moment")->required();
    add_filter(*command, options);
    return command;
}

using Command = int (*)(const CredentialOptions& options);

/// A command of `credential`; `chosen` becomes it where it is the one that is given.
CLI::App* add_credential_command(CLI::App& group, const char* name, const char* what,
                                 Command command, CredentialOptions& options,
                                 std::function<int()>& chosen) {
    CLI::App* added = group.add_subcommand(name, what);
    add_api_options(*added, options.api);
    added->callback(
        [command, &options, &chosen] { chosen = [=, &options] { return command(options); }; });
    return added;
}

void add_credential_making(CLI::App& command, CredentialOptions& options) {
    command.add_option("json", options.json,
                       "The whole request as JSON, in place of the options: docs/api/openapi.yaml");
    command.add_option("--kind", options.kind, "tsig, token, dyndns, acme-dns or powerdns");
    command.add_option("--name", options.name, "Of a TSIG key, or the user of dyndns2");
    command.add_option("--licence", options.licence, "The owner");
    command.add_option("--server", options.server, "The owner's server, by its label");
    command.add_option("--role", options.role,
                       "server, addresses, challenges, zone, secondary or reader");
    command.add_option("--zone", options.zone, "Of a role without an owner");
    command.add_option("--label", options.label, "For people");
    command.add_option("--expires", options.expires, "2027-01-31T00:00:00Z");
    command.add_option("--from", options.sources, "Prefixes that it may be used from");
}

void add_explaining(CLI::App& command, CredentialOptions& options) {
    command.add_option("--credential", options.id, "Who asks: an id or the name of a key");
    command.add_option("--server", options.server, "Who asks: licence/label, with its own token");
    command.add_option("--zone", options.zone, "In which zone, where the door's client names one");
    command.add_option("--door", options.door,
                       "acme-dns, httpreq, powerdns, dyndns2, update, rest, transfer or check-in");
    command.add_option("--request", options.request,
                       "What its client would send: for update a line of nsupdate, several times; "
                       "for dyndns2 the query; else JSON");
    command.add_option("--operation", options.operation, "read, update (default) or transfer");
    command.add_option("--from", options.source, "The address that it comes from");
    command.add_option("--set", options.records, "\"OWNER TYPE DATA\": the RRset that would be");
    command.add_option("--remove", options.removed, "\"OWNER TYPE\": an RRset that would go");
}

void add_credentials(CLI::App& app, CredentialOptions& options, std::function<int()>& chosen) {
    CLI::App* group = app.add_subcommand("credential", "Who may do what");
    group->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, Command command) {
        return add_credential_command(*group, name, what, command, options, chosen);
    };
    add_credential_making(*add("make", "Make one; its secret is shown this once", &make_credential),
                          options);
    add("list", "List them, a line each, never with a secret", &list_credentials)
        ->add_option("--licence", options.licence, "Only those of this licence");
    add("show", "Show one", &show_credential)
        ->add_option("id", options.id, "Its id, or the name of its key")
        ->required();
    CLI::App* rotate = add("rotate", "Give it a new secret", &rotate_credential);
    rotate->add_option("id", options.id, "Its id, or the name of its key")->required();
    rotate->add_option("--overlap", options.overlap, "Seconds that the old one still holds");
    rotate->add_option("--name", options.name, "Of the new TSIG key");
    add("revoke", "End it, at every door at once", &revoke_credential)
        ->add_option("id", options.id, "Its id, or the name of its key")
        ->required();
    add_explaining(*add("explain", "Would this be allowed, by which rule, and what would change?",
                        &explain_permission),
                   options);
}

using AcmeCommand = int (*)(const AcmeOptions& options);

/// As add_credential_command, of `acme`.
CLI::App* add_acme_command(CLI::App& group, const char* name, const char* what, AcmeCommand command,
                           AcmeOptions& options, std::function<int()>& chosen) {
    CLI::App* added = group.add_subcommand(name, what);
    add_api_options(*added, options.api);
    added->add_flag("--json", options.is_json, "The API's answer as it is");
    added->callback(
        [command, &options, &chosen] { chosen = [=, &options] { return command(options); }; });
    return added;
}

void add_acme_limit(CLI::App& acme, AcmeOptions& options, std::function<int()>& chosen) {
    CLI::App* group = acme.add_subcommand("limit", "Limits that the CA has granted");
    group->require_subcommand(1);
    CLI::App* set = add_acme_command(*group, "set", "Say that the CA takes so many",
                                     &set_acme_limit, options, chosen);
    set->add_option("limit", options.limit, "As hairpin acme limits names it")->required();
    set->add_option("amount", options.amount, "As the CA says it: 1000/7d, 300/3h")->required();
    set->add_option("--domain", options.domain, "For this registered domain only");
    set->add_option("--issuer", options.issuer, "Of this CA in place of the first one");
    set->add_option("--share", options.share, "Percent of it to use; without it, 90")
        ->check(CLI::Range(1, 100));
    CLI::App* reset = add_acme_command(*group, "reset", "Take back what was set", &reset_acme_limit,
                                       options, chosen);
    reset->add_option("limit", options.limit, "As hairpin acme limits names it")->required();
    reset->add_option("--domain", options.domain, "What was set for this registered domain");
    reset->add_option("--issuer", options.issuer, "Of this CA in place of the first one");
}

void add_acme_account(CLI::App& group, AcmeOptions& options, std::function<int()>& chosen) {
    const auto add = [&](const char* name, const char* what, AcmeCommand command) {
        return add_acme_command(group, name, what, command, options, chosen);
    };
    add("limits", "Show the CA's limits and what is left of them", &show_acme_limits)
        ->add_option("--issuer", options.issuer, "Of this CA in place of the first one");
    add("issuers", "Show our CAs: do they work, our accounts there, when they were tried",
        &show_acme_issuers);
    add("switch-account", "Order with the account in reserve, and keep the other one in reserve",
        &switch_acme_account)
        ->add_option("issuer", options.issuer, "The CA, as hairpin acme issuers names it")
        ->required();
    add_acme_limit(group, options, chosen);
    add("rollover", "Give the account that orders a new key", &roll_over_account)
        ->add_option("issuer", options.issuer, "At this CA in place of the first one");
    add("queue", "Show who waits for the limits, and until when", &show_acme_queue);
    add("preflight", "Look now at what a CA would need for an order", &show_preflight)
        ->add_option("subject", options.subject, "A zone, a name in one, or LICENCE/LABEL")
        ->required();
    add("caa", "Show the CAA records that follow our accounts", &show_caa);
    CLI::App* plan = add("plan", "How long so many servers would need", &plan_acme);
    plan->add_option("--servers", options.servers, "So many, with a first certificate each")
        ->required();
    plan->add_option("--days", options.days, "A certificate's lifetime")->capture_default_str();
    plan->add_option("--domain", options.domain, "Their registered domain, as it stands now");
    plan->add_option("--domains", options.domains, "Spread over so many registered domains")
        ->capture_default_str();
    plan->add_option("--limit", options.limits,
                     "In place of what holds: certificates-per-domain=1000/7d");
    plan->add_flag("--count-renewals", options.counts_renewals,
                   "As if the CA counted renewals among the orders of the account");
}

void add_acme(CLI::App& app, AcmeOptions& account, CredentialOptions& options,
              std::function<int()>& chosen) {
    CLI::App* group = app.add_subcommand(
        "acme", "Our account at the CA, its limits, and the ACME clients of customers' servers");
    group->require_subcommand(1);
    add_acme_account(*group, account, chosen);
    add_credential_command(*group, "accounts", "List their accounts, a line each",
                           &list_acme_accounts, options, chosen);
    CLI::App* revoke = add_credential_command(
        *group, "revoke", "Take a server's certificate back, here and at the CA",
        &revoke_certificate, options, chosen);
    revoke->add_option("server", options.server, "LICENCE/LABEL")->required();
    revoke->add_option("--reason", options.reason,
                       "1 its key is compromised, 4 superseded, 5 it is not in use any more");
    add_credential_command(*group, "forget", "Forget an account; its client must register again",
                           &forget_acme_account, options, chosen)
        ->add_option("id", options.id, "Its id")
        ->required();
}

/// As add_credential_command, of any options that say how the API is reached.
template <typename Options>
CLI::App* add_command(CLI::App& group, const char* name, const char* what,
                      int (*command)(const Options& options), Options& options,
                      std::function<int()>& chosen) {
    CLI::App* added = group.add_subcommand(name, what);
    add_api_options(*added, options.api);
    added->callback(
        [command, &options, &chosen] { chosen = [=, &options] { return command(options); }; });
    return added;
}

void add_certificates(CLI::App& app, CertificateOptions& options, OwnCertificateOptions& own,
                      std::function<int()>& chosen) {
    CLI::App* group = app.add_subcommand("certificate", "Certificates");
    group->require_subcommand(1);
    add_command(*group, "own", "Show which certificate Hairpin itself shows, and why",
                &run_own_certificate, own, chosen)
        ->add_flag("--order", own.is_order,
                   "Order another now, or try the order again that failed");
    CLI::App* list =
        add_command(*group, "list", "Where the certificates of servers stand, a line each",
                    &list_certificates, options, chosen);
    list->add_option("--alarm", options.alarm,
                     "Only servers with it: expired, blocked, overdue, old-served, not-deployed or "
                     "any");
    list->add_option("--licence", options.licence, "Only of this licence");
    list->add_flag("--json", options.is_json, "A line of JSON each");
    CLI::App* show = add_command(*group, "show", "Where a server's certificate stands",
                                 &show_certificate, options, chosen);
    show->add_option("server", options.server, "LICENCE/LABEL")->required();
    show->add_flag("--json", options.is_json, "The API's answer as it is");

    CLI::App* licence = app.add_subcommand("licence", "Licences");
    licence->require_subcommand(1);
    CLI::App* profile =
        add_command(*licence, "profile", "Show or set which certificates its servers get",
                    &licence_profile, options, chosen);
    profile->add_option("licence", options.licence, "The licence")->required();
    profile->add_option("profile", options.profile, "As the CA names it: classic, shortlived, ..");
    profile->add_flag("--default", options.is_default, "As the configuration says");
}

void add_aliases(CLI::App& app, AliasOptions& options, std::function<int()>& chosen) {
    CLI::App* group = app.add_subcommand("alias", "Names of servers beside the two they have");
    group->require_subcommand(1);
    CLI::App* list = add_command(*group, "list", "A server's aliases, a line each", &list_aliases,
                                 options, chosen);
    list->add_flag("--json", options.is_json, "A line of JSON each");
    CLI::App* add = add_command(*group, "add",
                                "Let a name lead to a server, and be in its "
                                "certificate",
                                &add_alias, options, chosen);
    add->add_flag("--internal", options.is_internal, "It leads to the internal name");
    CLI::App* remove =
        add_command(*group, "remove", "Take a name away again", &remove_alias, options, chosen);
    for (CLI::App* each : {list, add, remove})
        each->add_option("server", options.server, "LICENCE/LABEL")->required();
    for (CLI::App* each : {add, remove})
        each->add_option("alias", options.alias, "In front of the licence's zone: cloud")
            ->required();
}

void add_events(CLI::App& app, EventOptions& options, std::function<int()>& chosen) {
    CLI::App* command =
        add_command(app, "events", "What happened, a line each", &show_events, options, chosen);
    command->add_flag("--follow", options.follows, "Wait for what comes, without an end");
    command->add_option("--after", options.after, "Only what came after this id");
    command->add_option("--kind", options.kinds,
                        "Only this: certificate.issued, certificate.*, ..");
    command->add_option("--licence", options.licence, "Only of this licence");
    command->add_flag("--json", options.is_json, "A line of JSON each");
}

void add_webhooks(CLI::App& app, WebhookOptions& options, std::function<int()>& chosen) {
    CLI::App* group = app.add_subcommand("webhook", "Who is told of events over HTTPS");
    group->require_subcommand(1);
    const auto add = [&](const char* name, const char* what,
                         int (*command)(const WebhookOptions&)) {
        return add_command(*group, name, what, command, options, chosen);
    };
    const auto add_one = [&](const char* name, const char* what,
                             int (*command)(const WebhookOptions&)) {
        CLI::App* added = add(name, what, command);
        added->add_option("id", options.id, "Its id")->required();
        return added;
    };
    CLI::App* made = add("add", "Make one; its secret is shown this once", &add_webhook);
    made->add_option("url", options.url, "https://..")->required();
    made->add_option("--kind", options.kinds, "Only this: certificate.*; without it, everything");
    made->add_option("--licence", options.licence, "Only of this licence");
    made->add_option("--label", options.label, "For people");
    made->add_flag("--disabled", options.is_disabled, "It is told of nothing yet");
    add("list", "List them, a line each, never with a secret", &list_webhooks);
    add_one("show", "Show one, and what came of the last event", &show_webhook);
    add_one("test", "Send it an event of the type webhook.test now", &test_webhook);
    add_one("rotate", "Give it a new secret", &rotate_webhook)
        ->add_option("--overlap", options.overlap, "Seconds that the old one signs too");
    add_one("enable", "Tell it of events, also where it was given up", &enable_webhook);
    add_one("disable", "Tell it of nothing any more", &disable_webhook);
    add_one("remove", "Remove it", &remove_webhook);
}

CLI::App* add_zone_undo(CLI::App& zone, ReversalOptions& options) {
    CLI::App* command = zone.add_subcommand("undo", "Undo one change of a zone, as a new change");
    command->add_option("zone", options.zone, "The zone's name")->required();
    command->add_option("change", options.change, "Its number, as the history shows it (id)")
        ->required();
    command->add_flag("--serial", options.is_serial,
                      "The number is a serial: all that led to it is undone");
    command->add_flag("--dry-run", options.dry_run, "Show what would change; nothing is changed");
    add_api_options(*command, options.api);
    return command;
}

CLI::App* add_zone_return(CLI::App& zone, ReversalOptions& options) {
    CLI::App* command = zone.add_subcommand(
        "return", "Make a zone, or a name in it, what it was at a moment, as a new change");
    command->add_option("zone", options.zone, "The zone's name")->required();
    command->add_option("moment,--to", options.moment, kMomentHelp)->required();
    command->add_option("name,--name", options.name,
                        "Only this name, with or without the zone; @ for the zone's own");
    command->add_option("type,--type", options.type, "Only this type of its records");
    command->add_flag("--dry-run", options.dry_run, "Show what would change; nothing is changed");
    add_api_options(*command, options.api);
    return command;
}

/// The word that is no command of ours, where the arguments have one; `meant` becomes the nearest.
std::string unknown_command(const CLI::App& app, int argc, char** argv, std::string& meant) {
    const CLI::App* here = &app;
    for (int at = 1; at < argc; ++at) {
        std::string word = argv[at];
        const auto commands = here->get_subcommands({});
        if (commands.empty() || word.starts_with('-')) return {};
        const auto next = std::find_if(commands.begin(), commands.end(),
                                       [&](const auto* each) { return each->get_name() == word; });
        if (next == commands.end()) {
            std::vector<std::string> names;
            for (const CLI::App* each : commands)
                names.push_back(each->get_name());
            meant = hairpin::nearest_name(word, {names.begin(), names.end()});
            return word;
        }
        here = *next;
    }
    return {};
}

int run(int argc, char** argv) {
    CLI::App app("Hairpin's command line for operators.", "hairpin");
    app.set_version_flag("--version", "hairpin " HAIRPIN_VERSION);
    app.require_subcommand(1);
    CLI::App* zone = app.add_subcommand("zone", "Zones");
    zone->require_subcommand(1);
    ImportOptions options;
    Bounds bounds;
    add_zone_import(*zone, options, bounds);
    PastOptions past;
    const CLI::App* at = add_zone_at(*zone, past);
    const CLI::App* diff = add_zone_diff(*zone, past);
    CredentialOptions credentials;
    std::function<int()> chosen;
    add_credentials(app, credentials, chosen);
    AcmeOptions acme;
    add_acme(app, acme, credentials, chosen);
    OwnCertificateOptions own;
    CertificateOptions certificates;
    add_certificates(app, certificates, own, chosen);
    AliasOptions aliases;
    add_aliases(app, aliases, chosen);
    EventOptions events;
    add_events(app, events, chosen);
    WebhookOptions webhooks;
    add_webhooks(app, webhooks, chosen);
    ReversalOptions reversal;
    const CLI::App* undo = add_zone_undo(*zone, reversal);
    const CLI::App* go_back = add_zone_return(*zone, reversal);
    std::string meant;
    if (const auto word = unknown_command(app, argc, argv, meant); !word.empty()) {
        fmt::print(stderr, "hairpin: there is no command \"{}\"{}\n", word,
                   meant.empty() ? "; see hairpin --help" : "; did you mean \"" + meant + "\"?");
        return kMisused;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int printed = app.exit(error);
        return printed == 0 ? kDone : kMisused;
    }
    if (chosen) return chosen();
    for (std::string* moment : {&past.from, &past.to, &reversal.moment})
        *moment = moment_text(*moment, std::time(nullptr));
    if (at->parsed()) return run_zone_at(past);
    if (diff->parsed()) return run_zone_diff(past);
    if (undo->parsed()) return run_zone_undo(reversal);
    if (go_back->parsed()) return run_zone_return(reversal);
    options.times.idle = hairpin::Seconds(bounds.idle_seconds);
    options.times.whole = hairpin::Seconds(bounds.seconds);
    options.limits.octets = std::size_t{bounds.megabytes} << 20;
    options.limits.records = bounds.records;
    return run_zone_import(options);
}

}  // namespace

int main(int argc, char** argv) {
    // CLI11 and fmt throw; nothing above this line is left to catch it.
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fputs("hairpin: ", stderr);
        std::fputs(error.what(), stderr);
        std::fputs("\n", stderr);
        return kFailed;
    }
}
