#include "admin/verdict.hpp"

#include <algorithm>

namespace hairpin::admin {
namespace {

/// "machine" (from 192.0.2.1), or what is known of it: stock clients name no machine.
std::string machine_text(const std::string& machine, const std::optional<IpAddress>& observed) {
    const std::string from = observed ? observed->text() : std::string("an unknown address");
    if (machine.empty()) return "one at " + from;
    return "\"" + machine + "\" (from " + from + ")";
}

Verdict conflict(const VerdictSituation& situation) {
    const store::Report& report = situation.server.report;
    std::string text = "Two machines report as " + situation.server.label + ": " +
                       machine_text(report.machine, report.observed);
    if (situation.rival)
        text += " and " + machine_text(situation.rival->machine, situation.rival->observed);
    text += ". Its addresses are frozen at the last ones agreed.";
    return {"conflict", std::move(text),
            "Find the copy (a cloned disk or a restored virtual machine) and stop it, make a new "
            "credential for the right machine, then set the server's state to active."};
}

Verdict second_machine(const VerdictSituation& situation) {
    return {"second-machine",
            "Another machine than \"" + situation.server.report.machine + "\" reports as " +
                situation.server.label +
                ", which was heard from a moment ago. Nothing of its report was taken.",
            "If this machine replaces the other one, switch that off and wait three minutes, or "
            "give this one a new credential."};
}

Verdict no_public_address(const VerdictSituation& situation) {
    const auto& observed = situation.server.report.observed;
    const bool is_auto = situation.server.report.public_mode == store::PublicMode::Auto;
    if (is_auto && observed) {
        if (const auto reason = situation.rules.refusal(zones::TwinRole::Public, *observed))
            return {"private-source",
                    "The address that the report came from is not published: " + *reason + ".",
                    "Let the server tell its public addresses: \"public\": [\"<address>\"]."};
    }
    return {"no-public-address",
            "No public address is published for " + shown(situation.names.public_name) + ".",
            "Let the server report \"public\": \"auto\", or its public addresses."};
}

/// Whether the box has another address than the server says: a second router, or a stale one.
bool address_differs(const VerdictSituation& situation) {
    const auto& observed = situation.server.report.observed;
    if (situation.server.report.public_mode != store::PublicMode::Fixed || !observed) return false;
    if (situation.rules.refusal(zones::TwinRole::Public, *observed)) return false;
    const auto& published = situation.published_public;
    const bool has_family = std::any_of(
        published.begin(), published.end(),
        [&](const IpAddress& address) { return address.family() == observed->family(); });
    return has_family &&
           std::find(published.begin(), published.end(), *observed) == published.end();
}

std::optional<Verdict> internal_name(const VerdictSituation& situation) {
    const std::string& heard = situation.server.report.internal_name;
    if (heard == "ok" || heard == "unknown") return std::nullopt;
    const std::string name = shown(situation.names.internal_name);
    if (heard == "wrong")
        return Verdict{
            "internal-name-wrong",
            "On site " + name + " resolves to another address than the server's.",
            "Look for a local DNS override on the customer's box, or for a stale cache."};
    if (heard == "timeout" || heard == "servfail")
        return Verdict{"internal-name-fails",
                       "On site " + name + " cannot be resolved (" + heard + ").",
                       "Look at the resolver on the customer's box."};
    return Verdict{
        "internal-name-filtered",
        "The resolver on site drops " + name + ": it filters public names with private addresses.",
        "Allow " + name +
            " in the box's DNS rebinding protection. Until then clients "
            "on site use the public name."};
}

/// Browsers cannot use the server at all: that goes before names that are filtered on site.
bool is_without_certificate(acme::AlarmKind kind) {
    return kind == acme::AlarmKind::Expired || kind == acme::AlarmKind::Blocked;
}

Verdict certificate(const acme::CertificateAlarm& alarm) {
    return {"certificate-" + std::string(acme::to_string(alarm.kind)), alarm.text, alarm.next_step};
}

std::optional<Verdict> standing(const VerdictSituation& situation) {
    const store::ServerRow& server = situation.server;
    if (server.state == store::ServerState::Suspended)
        return Verdict{"suspended", "The server is suspended: its reports are refused.",
                       "Set its state to active to take it back."};
    if (server.state == store::ServerState::Frozen) return conflict(situation);
    if (!server.last_seen_at)
        return Verdict{"never-reported", "The server has not reported yet.",
                       "Install its token on it and start its agent."};
    if (situation.is_held) return second_machine(situation);
    if (situation.online == store::Online::Offline)
        return Verdict{"offline", "Silent since " + to_rfc3339(*server.last_seen_at) + ".",
                       "Look at its power and its line."};
    return std::nullopt;
}

}  // namespace

Verdict verdict_of(const VerdictSituation& situation) {
    if (auto verdict = standing(situation)) return *std::move(verdict);
    if (situation.rival) return second_machine(situation);
    if (situation.published_public.empty()) return no_public_address(situation);
    if (situation.published_internal.empty())
        return {"no-internal-address",
                "No private address is published for " + shown(situation.names.internal_name) + ".",
                "Let the server report its addresses on the local network: \"private\": [..]."};
    if (address_differs(situation))
        return {"address-differs",
                "The server names other public addresses than " +
                    situation.server.report.observed->text() + ", which its reports come from.",
                "Check whether that is meant; \"public\": \"auto\" follows the connection."};
    const auto& alarm = situation.alarm;
    if (alarm && is_without_certificate(alarm->kind)) return certificate(*alarm);
    if (auto verdict = internal_name(situation)) return *std::move(verdict);
    if (alarm) return certificate(*alarm);
    return {"unknown", "It reports regularly. Whether it can be reached has not been probed.", ""};
}

}  // namespace hairpin::admin
