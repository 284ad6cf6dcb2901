#include "cli/acme_commands.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/api_answer.hpp"
#include "cli/zone_import.hpp"

namespace hairpin::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::int64_t kMostCounted = 10'000'000;
constexpr std::int64_t kMostSeconds = 1'200LL * 24 * 3600;

/// On one line, whoever wrote it.
std::string word_of(const OrderedJson& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return "-";
    if (found->is_number() || found->is_boolean()) return found->dump();
    if (!found->is_string()) return "-";
    std::string text = found->get<std::string>();
    for (char& each : text)
        if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) each = ' ';
    return text;
}

OrderedJson items_of(const OrderedJson& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_array() ? *found : OrderedJson::array();
}

std::string parked_lines(const OrderedJson& answer) {
    std::string lines;
    for (const OrderedJson& each : items_of(answer, "parked"))
        lines += fmt::format("orders of the class {} rest until {}: {}\n", word_of(each, "class"),
                             word_of(each, "until"), word_of(each, "reason"));
    return lines;
}

int print_answer(const AcmeOptions& options, const std::optional<std::string>& answer,
                 const std::string& lines) {
    if (!answer) return kFailed;
    if (options.is_json) {
        fmt::print("{}\n", *answer);
        return kDone;
    }
    if (lines.empty()) return say_failed("the API's answer is not what was asked for");
    fmt::print("{}", lines);
    return kDone;
}

/// "/v1/acme/limits/NAME?issuer=..&key=..": what is given of the query.
std::string limit_path(const AcmeOptions& options, const std::string& key = {}) {
    std::string path = "/v1/acme/limits/" + path_segment(options.limit);
    if (!options.issuer.empty()) path += "?issuer=" + path_segment(options.issuer);
    if (!key.empty()) path += (options.issuer.empty() ? "?key=" : "&key=") + path_segment(key);
    return path;
}

std::string canary_line(const OrderedJson& issuer, const char* name, const char* what) {
    const auto found = issuer.find(name);
    if (found == issuer.end() || !found->is_object()) return {};
    const std::string good = word_of(*found, "good_at");
    std::string line =
        fmt::format("  {} tried: {}", what, good == "-" ? "never with success" : "well at " + good);
    if (word_of(*found, "failures") != "0")
        line +=
            fmt::format("; failed {} times in a row, last at {}: {}", word_of(*found, "failures"),
                        word_of(*found, "failed_at"), word_of(*found, "problem"));
    return line + "\n";
}

}  // namespace

Result<Amount, std::string> read_amount(std::string_view text) {
    const auto wrong = [&] {
        return fail("\"" + std::string(text) +
                    "\" is not a count and a period such as 1000/7d (s, m, h, d, w)");
    };
    const auto slash = text.find('/');
    if (slash == text.npos || text.size() < slash + 3) return wrong();
    std::int64_t unit = 0;
    switch (text.back()) {
        case 's':
            unit = 1;
            break;
        case 'm':
            unit = 60;
            break;
        case 'h':
            unit = 3'600;
            break;
        case 'd':
            unit = 86'400;
            break;
        case 'w':
            unit = 604'800;
            break;
        default:
            return wrong();
    }
    const auto number = [](std::string_view digits, std::int64_t most) {
        std::int64_t value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        const bool is_whole = error == std::errc() && end == digits.data() + digits.size();
        return is_whole && value >= 1 && value <= most ? value : 0;
    };
    const std::int64_t count = number(text.substr(0, slash), kMostCounted);
    const std::int64_t period =
        number(text.substr(slash + 1, text.size() - slash - 2), kMostSeconds / unit);
    if (count == 0 || period == 0) return wrong();
    return Amount{count, period * unit};
}

Result<std::string, std::string> plan_body(const AcmeOptions& options) {
    OrderedJson body = {{"servers", options.servers},
                        {"days", options.days},
                        {"domains", options.domains},
                        {"renewals_exempt", !options.counts_renewals}};
    if (!options.domain.empty()) body["domain"] = options.domain;
    OrderedJson limits = OrderedJson::array();
    for (const std::string& each : options.limits) {
        const auto equals = each.find('=');
        if (equals == std::string::npos)
            return fail("\"" + each + "\" is not a limit such as certificates-per-domain=1000/7d");
        const auto amount = read_amount(std::string_view(each).substr(equals + 1));
        if (!amount) return fail(amount.error());
        limits.push_back({{"limit", each.substr(0, equals)},
                          {"count", amount->count},
                          {"period", amount->seconds}});
    }
    if (!limits.empty()) body["limits"] = std::move(limits);
    return body.dump();
}

std::string limits_lines(std::string_view body) {
    const auto answer = OrderedJson::parse(body, nullptr, false);
    if (!answer.is_object() || !answer.contains("limits")) return {};
    std::string lines = fmt::format("{}\nlimits of: {}\n\n", word_of(answer, "directory"),
                                    word_of(answer, "preset"));
    for (const OrderedJson& each : items_of(answer, "limits")) {
        const bool has_key = each.contains("key") && each["key"].is_string();
        const std::string name =
            word_of(each, "limit") + (has_key ? " " + word_of(each, "key") : "");
        if (!each.contains("text")) {
            lines += fmt::format("{:<44} no limit\n", name);
            continue;
        }
        lines += fmt::format(
            "{:<44} {}, {}; used at {} %: {} at once, then one in {} s\n", name,
            word_of(each, "text"), word_of(each, "source") == "set" ? "set here" : "preset",
            word_of(each, "share"), word_of(each, "burst"), word_of(each, "one_per_seconds"));
    }
    lines += "\n";
    for (const OrderedJson& each : items_of(answer, "buckets")) {
        const bool has_key = each.contains("key") && each["key"].is_string();
        lines +=
            fmt::format("{:<44} {} of {} left, the next at {}\n",
                        word_of(each, "limit") + (has_key ? " " + word_of(each, "key") : ""),
                        word_of(each, "left"), word_of(each, "burst"), word_of(each, "next_at"));
    }
    return lines + parked_lines(answer);
}

std::string queue_lines(std::string_view body) {
    const auto answer = OrderedJson::parse(body, nullptr, false);
    if (!answer.is_object() || !answer.contains("queue")) return {};
    std::string lines =
        fmt::format("{} wait for {}\n", word_of(answer, "total"), word_of(answer, "directory"));
    for (const OrderedJson& each : items_of(answer, "advice"))
        if (each.is_string()) lines += each.get<std::string>() + "\n";
    lines += parked_lines(answer);
    for (const OrderedJson& each : items_of(answer, "queue"))
        lines += fmt::format("{:<9} {}: {}\n", word_of(each, "class"), word_of(each, "name"),
                             word_of(each, "text"));
    return lines;
}

std::string issuers_lines(std::string_view body) {
    const auto answer = OrderedJson::parse(body, nullptr, false);
    if (!answer.is_object() || !answer.contains("issuers")) return {};
    std::string lines;
    for (const OrderedJson& each : items_of(answer, "issuers")) {
        const auto breaker = each.value("breaker", OrderedJson::object());
        const std::string why = word_of(breaker, "why");
        lines += fmt::format(
            "{} {}\n  {}{}{}; {} orders, {} issued, {} failed, {} wait\n", word_of(each, "name"),
            word_of(each, "directory"),
            word_of(breaker, "state") == "closed" ? "works" : "does not work",
            word_of(breaker, "since") == "-" ? "" : " since " + word_of(breaker, "since"),
            why == "-" ? "" : ": " + why, word_of(each, "orders"), word_of(each, "issued"),
            word_of(each, "failed"), word_of(each, "waiting"));
        for (const OrderedJson& account : items_of(each, "accounts")) {
            const std::string problem = word_of(account, "problem");
            lines += fmt::format("  account {:<8} {}{}\n", word_of(account, "role"),
                                 word_of(account, "url"), problem == "-" ? "" : ": " + problem);
        }
        lines += canary_line(each, "certificate_canary", "certificate");
        lines += canary_line(each, "standby_canary", "account in reserve");
    }
    return lines;
}

int show_acme_issuers(const AcmeOptions& options) {
    const auto answer = call_api(options.api, "GET", "/v1/acme/issuers");
    return print_answer(options, answer, answer ? issuers_lines(*answer) : "");
}

int switch_acme_account(const AcmeOptions& options) {
    const std::string path = "/v1/acme/issuers/" + path_segment(options.issuer) + "/switch-account";
    if (!call_api(options.api, "POST", path)) return kFailed;
    return show_acme_issuers(options);
}

std::string preflight_body(const std::string& subject) {
    const auto slash = subject.find('/');
    if (slash == std::string::npos) return OrderedJson{{"name", subject}}.dump();
    return OrderedJson{{"licence", subject.substr(0, slash)}, {"server", subject.substr(slash + 1)}}
        .dump();
}

std::string preflight_lines(std::string_view body) {
    const auto answer = OrderedJson::parse(body, nullptr, false);
    if (!answer.is_object() || !answer.contains("checks")) return {};
    std::string lines =
        fmt::format("{}: {}\n", word_of(answer, "zone"), word_of(answer, "outcome"));
    for (const OrderedJson& each : items_of(answer, "checks"))
        lines += fmt::format("{:<8} {}: {}\n", word_of(each, "outcome"), word_of(each, "what"),
                             word_of(each, "text"));
    return lines;
}

std::string caa_lines(std::string_view body) {
    const auto answer = OrderedJson::parse(body, nullptr, false);
    if (!answer.is_object() || !answer.contains("records")) return {};
    std::string lines = word_of(answer, "managed") == "true"
                            ? "CAA records follow our accounts\n"
                            : "CAA records are not managed (acme.caa)\n";
    if (const std::string trouble = word_of(answer, "trouble"); !trouble.empty())
        lines += trouble + "\n";
    for (const OrderedJson& each : items_of(answer, "records"))
        lines += fmt::format("{} 0 issue \"{}\" since {}, {} from {}\n", word_of(each, "zone"),
                             word_of(each, "value"), word_of(each, "published_at"),
                             word_of(each, "state"), word_of(each, "usable_at"));
    for (const OrderedJson& each : items_of(answer, "advice"))
        if (each.is_string()) lines += each.get<std::string>() + "\n";
    return lines;
}

int show_acme_limits(const AcmeOptions& options) {
    const std::string query =
        options.issuer.empty() ? "" : "?issuer=" + path_segment(options.issuer);
    const auto answer = call_api(options.api, "GET", "/v1/acme/limits" + query);
    return print_answer(options, answer, answer ? limits_lines(*answer) : "");
}

int set_acme_limit(const AcmeOptions& options) {
    const auto amount = read_amount(options.amount);
    if (!amount) return say_failed(amount.error());
    OrderedJson body = {{"count", amount->count}, {"period", amount->seconds}};
    if (!options.domain.empty()) body["key"] = options.domain;
    if (options.share > 0) body["share"] = options.share;
    if (!call_api(options.api, "PUT", limit_path(options), body.dump())) return kFailed;
    return show_acme_limits(options);
}

int reset_acme_limit(const AcmeOptions& options) {
    if (!call_api(options.api, "DELETE", limit_path(options, options.domain))) return kFailed;
    return show_acme_limits(options);
}

int show_acme_queue(const AcmeOptions& options) {
    const auto answer = call_api(options.api, "GET", "/v1/acme/queue?limit=500");
    return print_answer(options, answer, answer ? queue_lines(*answer) : "");
}

int roll_over_account(const AcmeOptions& options) {
    const std::string path = options.issuer.empty()
                                 ? "/v1/acme/account/rollover"
                                 : "/v1/acme/issuers/" + path_segment(options.issuer) + "/rollover";
    if (!call_api(options.api, "POST", path)) return kFailed;
    fmt::print("the account at {} has a new key\n",
               options.issuer.empty() ? "the CA" : options.issuer);
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

int show_preflight(const AcmeOptions& options) {
    const auto answer =
        call_api(options.api, "POST", "/v1/acme/preflight", preflight_body(options.subject));
    const int status = print_answer(options, answer, answer ? preflight_lines(*answer) : "");
    if (status != kDone) return status;
    const auto report = OrderedJson::parse(*answer, nullptr, false);
    return word_of(report, "outcome") == "problem" ? kFailed : kDone;
}

int show_caa(const AcmeOptions& options) {
    const auto answer = call_api(options.api, "GET", "/v1/acme/caa");
    return print_answer(options, answer, answer ? caa_lines(*answer) : "");
}

int plan_acme(const AcmeOptions& options) {
    const auto body = plan_body(options);
    if (!body) return say_failed(body.error());
    const auto answer = call_api(options.api, "POST", "/v1/acme/plan", *body);
    if (!answer) return kFailed;
    const auto plan = OrderedJson::parse(*answer, nullptr, false);
    std::string lines;
    if (plan.is_object() && plan.contains("text"))
        lines = fmt::format("{}\na tenth by {}, half by {}, nine tenths by {}\n",
                            word_of(plan, "text"), word_of(plan, "tenth_at"),
                            word_of(plan, "half_at"), word_of(plan, "nine_tenths_at"));
    return print_answer(options, answer, lines);
}

}  // namespace hairpin::cli
