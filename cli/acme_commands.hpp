// cli/acme_commands.hpp - `hairpin acme ..`: limits, limit set, limit reset, queue, plan, rollover,
// issuers, switch-account, preflight, caa.
//
// Calls the API and writes its answer as lines for a person; --json writes the answer itself.
//
// Threads   The main thread, nothing else running.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/rest_client.hpp"
#include "core/result.hpp"

namespace hairpin::cli {

struct AcmeOptions {
    RestOptions api;
    bool is_json = false;
    std::string limit;   // limit set, limit reset: "certificates-per-domain".
    std::string issuer;  // limits, limit set, limit reset, switch-account, rollover: a CA's name.
    std::string domain;  // limit set, limit reset, plan: a registered domain.
    std::string amount;  // limit set: "1000/7d".
    int share = 0;       // limit set: percent; 0: the API's own.
    std::int64_t servers = 0;
    std::int64_t days = 90;
    std::int64_t domains = 1;
    bool counts_renewals = false;
    std::vector<std::string> limits;  // plan: "certificates-per-domain=1000/7d".
    std::string subject;              // preflight: a zone, a name, or LICENCE/LABEL.
};

/// @return kDone, kFailed (cli/zone_import.hpp).
[[nodiscard]] int show_acme_limits(const AcmeOptions& options);
[[nodiscard]] int set_acme_limit(const AcmeOptions& options);
[[nodiscard]] int reset_acme_limit(const AcmeOptions& options);
[[nodiscard]] int show_acme_queue(const AcmeOptions& options);
[[nodiscard]] int plan_acme(const AcmeOptions& options);
[[nodiscard]] int roll_over_account(const AcmeOptions& options);
[[nodiscard]] int show_acme_issuers(const AcmeOptions& options);
[[nodiscard]] int switch_acme_account(const AcmeOptions& options);
/// kFailed also where something is in the way of an order.
[[nodiscard]] int show_preflight(const AcmeOptions& options);
[[nodiscard]] int show_caa(const AcmeOptions& options);

// For their tests.
struct Amount {
    std::int64_t count = 0;
    std::int64_t seconds = 0;
};
/// "1000/7d": a count and a period of s, m, h, d or w. Errors: a sentence.
[[nodiscard]] Result<Amount, std::string> read_amount(std::string_view text);
/// Errors: a sentence: a limit that is not NAME=COUNT/PERIOD.
[[nodiscard]] Result<std::string, std::string> plan_body(const AcmeOptions& options);
/// The answers as lines; empty where a body is not one.
[[nodiscard]] std::string limits_lines(std::string_view body);
[[nodiscard]] std::string queue_lines(std::string_view body);
[[nodiscard]] std::string issuers_lines(std::string_view body);
[[nodiscard]] std::string preflight_body(const std::string& subject);
[[nodiscard]] std::string preflight_lines(std::string_view body);
[[nodiscard]] std::string caa_lines(std::string_view body);

}  // namespace hairpin::cli
