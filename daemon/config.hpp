// daemon/config.hpp - the configuration as one immutable value, read from one TOML file.
//
// Every option is one row of one table (daemon/options.cpp): key, kind, default, range, sentence.
// The parser, the sample file
// (`hairpind sample-config`) and the check that a reload changes only what it may come from it.
// Unknown keys are errors with their line and the nearest known key. Secrets come by file, never in
// here.
//
// Threads   A value.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/coupling.hpp"
#include "acme/profile.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "daemon/elsewhere_text.hpp"
#include "daemon/issuer_text.hpp"
#include "dnsd/cookies.hpp"
#include "dnsd/rate_limit.hpp"
#include "dnsd/transfer_policy.hpp"
#include "observer/options.hpp"
#include "zones/name.hpp"

namespace hairpin::daemon {

struct Config {
    std::string file;  // Where it was read from.

    std::string data_dir;
    std::string user;  // Whom to become after binding, when started as root; empty: nobody else.
    std::string log_level = "info";
    std::vector<std::string> log_folders;  // "dnsd=debug"

    std::vector<Endpoint> dns_listen;
    std::size_t dns_workers = 0;
    std::string dns_nsid;
    std::string dns_version;
    std::string dns_identity;
    std::size_t dns_udp_size = 1232;
    std::size_t dns_tcp_connections = 1000;
    std::size_t dns_tcp_per_client = 50;
    std::size_t dns_tcp_idle_seconds = 10;
    std::vector<Endpoint> dns_tls_listen;    // DNS over TLS; empty: none.
    std::vector<Endpoint> dns_https_listen;  // DNS over HTTPS, the same.
    std::size_t dns_tls_connections = 1000;
    std::size_t dns_tls_per_client = 50;
    std::optional<zones::Name> catalog;  // The catalog zone that we keep; none: we keep none.
    dnsd::CookieUse dns_cookies = dnsd::CookieUse::Answered;
    std::string dns_cookie_secret_file;  // Empty: one of our own in the data directory.
    dnsd::RateLimits dns_rate_limit;

    std::vector<Prefix> transfer_allow;
    std::vector<dnsd::Secondary> transfer_secondaries;
    bool transfer_needs_tls = false;
    std::size_t transfer_at_once = 128;
    std::size_t transfer_per_client = 50;
    std::size_t transfer_least_rate = 1024;  // Octets a second.

    std::vector<Endpoint> checkin_listen;     // Where servers check in over UDP; empty: nowhere.
    std::uint32_t checkin_per_network = 200;  // Datagrams a second.

    observer::Options observing;

    std::vector<Endpoint> http_listen;
    std::size_t http_workers = 1;
    std::size_t http_connections = 16'384;
    std::size_t http_per_client = 256;
    std::size_t http_server_changes = 20;
    std::vector<Endpoint> http_fallback_listen;  // Always self-signed; empty: none.
    std::string http_server_name;
    std::vector<std::string> http_other_names;
    std::string http_certificate;
    std::string http_key;

    zones::Name base;
    std::vector<zones::Name> nameservers;
    zones::Name hostmaster;
    std::string server_label = "nur";
    std::string internal_prefix = "i-";
    std::uint32_t ttl = 60;
    std::vector<Prefix> public_also;

    std::string acme_directory;
    std::vector<std::string> acme_contact;
    std::string acme_ca_file;
    std::vector<std::string> acme_refused_keys;
    std::string acme_eab_kid;  // With acme_eab_key_file, or neither.
    std::string acme_eab_key_file;
    std::string acme_profile;
    std::vector<acme::LicenceProfile> acme_licence_profiles;
    std::string acme_preferred_chain;  // Empty: the CA's choice.
    std::vector<IssuerConfig> acme_fallbacks;
    std::string acme_staging;  // A URL; empty: none.
    bool acme_key_escrow = false;
    bool acme_standby = true;
    std::string acme_standby_eab_kid;  // With acme_standby_eab_key_file, or neither.
    std::string acme_standby_eab_key_file;
    bool acme_canaries = true;
    std::string acme_canary_name;  // Without a final dot.
    acme::CouplingOptions acme_coupling;
    std::vector<std::string> acme_resolvers = {"system"};  // daemon/resolvers.hpp
    std::vector<ElsewhereConfig> acme_elsewhere;

    std::vector<Prefix> webhooks_allow_private;  // Special-purpose addresses that may be told.
    std::string webhooks_ca_file;                // PEM trust for receivers; empty: the system's.

    std::string store_path;  // Of the SQLite file, absolute or below data_dir.
    std::size_t journal_days = 90;
    std::size_t journal_megabytes = 1024;
    std::size_t condensed_days = 365;
    std::size_t condensed_megabytes = 256;

    /// Files in the data directory.
    [[nodiscard]] std::string database_path() const;
    [[nodiscard]] std::string master_key_path() const { return data_dir + "/master.key"; }
    [[nodiscard]] std::string cookie_secret_path() const { return data_dir + "/cookie.secret"; }
};

/// Where a configuration is wrong: "hairpin.toml:12: dns.workers: must be a number from 0 to 256".
struct ConfigError {
    std::string file;
    std::size_t line = 0;  // 0: about the whole file.
    std::string reason;
    [[nodiscard]] std::string text() const;
};

/// Reads and checks a file. All errors are found, not only the first.
[[nodiscard]] Result<Config, std::vector<ConfigError>> read_config(const std::string& file);
/// The same for text; `file` names it in errors and is where relative paths start.
[[nodiscard]] Result<Config, std::vector<ConfigError>> parse_config(std::string_view text,
                                                                    const std::string& file);

/// The options that differ between two configurations and need a restart to take effect.
[[nodiscard]] std::vector<std::string> needs_restart(const Config& running, const Config& next);

/// A commented file with every option at its default.
[[nodiscard]] std::string sample_config();

}  // namespace hairpin::daemon
