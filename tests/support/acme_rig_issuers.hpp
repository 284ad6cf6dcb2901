// tests/support/acme_rig_issuers.hpp - acme_rig's part about several CAs: its options, and its
// lines.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "acme/certificates.hpp"
#include "acme/issuer_view.hpp"

namespace hairpin::tests {

/// What acme_rig.cpp says of fallback, staging, standby, canary and the times.
inline void set_issuers(acme::Options& options, const std::map<std::string, std::string>& values,
                        const std::set<std::string>& flags, const zones::Name& zone) {
    const auto value = [&](const std::string& key, const std::string& otherwise) {
        const auto found = values.find(key);
        return found == values.end() ? otherwise : found->second;
    };
    const auto time = [&](const std::string& key, const std::string& otherwise) {
        return Milliseconds(std::stoll(value(key, otherwise)));
    };
    options.staging = value("staging", "");
    options.standby_accounts = flags.contains("standby");
    options.attend_interval = Milliseconds(50);
    options.choice.first_patience = time("patience", "300");
    options.choice.order_patience = time("order-patience", "1800000");
    options.choice.steady = time("steady", "1000");
    options.choice.look_again = Milliseconds(200);
    options.breaker.open_for = options.breaker.longest_open = time("open-for", "300");
    options.breaker.probe_pause = Milliseconds(100);
    options.canary_retry = time("canary-retry", "86400000");
    if (const std::string directory = value("fallback", ""); !directory.empty()) {
        acme::IssuerOptions second;
        second.name = "second";
        second.directory = directory;
        second.ca_file = options.ca_file;
        options.fallbacks.push_back(std::move(second));
    }
    if (flags.contains("canary"))
        options.canary_names = [zone]() -> Result<acme::OwnNames> {
            return acme::OwnNames{zone, "canary." + zone.text_without_dot(), {}};
        };
}

inline void await(Milliseconds patience, const std::function<bool()>& is_there) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!is_there()) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("waited in vain");
        std::this_thread::sleep_for(Milliseconds(10));
    }
}

/// Whether each CA has given what was asked of it.
inline bool are_registered(const acme::IssuersView& view, bool with_standby) {
    const auto has = [](const acme::IssuerView& issuer, store::AccountRole role) {
        return std::any_of(
            issuer.accounts.begin(), issuer.accounts.end(),
            [&](const auto& account) { return account.role == role && !account.url.empty(); });
    };
    return std::all_of(view.issuers.begin(), view.issuers.end(), [&](const auto& each) {
        return has(each, store::AccountRole::Active) &&
               (!with_standby || has(each, store::AccountRole::Standby));
    });
}

/// Whether it was tried in time, whatever became of it.
inline bool was_tried(const std::optional<store::CanaryRow>& row) {
    return row && row->due_at > SystemClock().now();
}

/// "issuer NAME BREAKER ORDERS ISSUED", "account NAME ROLE URL", "canary NAME FAILURES PROBLEM".
inline std::vector<std::string> issuer_lines(const acme::IssuersView& view) {
    std::vector<std::string> lines;
    for (const acme::IssuerView& each : view.issuers) {
        lines.push_back("issuer " + each.name + " " + std::string(to_string(each.breaker)) + " " +
                        std::to_string(each.orders) + " " + std::to_string(each.issued));
        for (const acme::AccountView& account : each.accounts)
            lines.push_back("account " + each.name + " " + std::string(to_string(account.role)) +
                            " " + account.url);
        if (each.certificate_canary)
            lines.push_back("canary " + each.name + " " +
                            std::to_string(each.certificate_canary->failures) + " " +
                            each.certificate_canary->problem);
    }
    return lines;
}

}  // namespace hairpin::tests
