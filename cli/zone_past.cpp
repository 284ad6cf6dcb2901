#include "cli/zone_past.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/zone_import.hpp"

namespace hairpin::cli {
namespace {

using Json = nlohmann::json;

/// What stands at a member as text, on one line; empty where it is neither text nor number.
std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) return {};
    if (found->is_string()) {
        // A reason is whatever its author wrote.
        std::string text = found->get<std::string>();
        for (char& each : text)
            if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) each = ' ';
        return text;
    }
    return found->is_number() ? found->dump() : std::string();
}

const Json& list_of(const Json& object, const char* name) {
    static const Json nothing = Json::array();
    const auto found = object.find(name);
    return found != object.end() && found->is_array() ? *found : nothing;
}

void add_records(std::string& text, std::string_view sign, const Json& names, const Json& content) {
    if (!names.is_object() || !content.is_object()) return;
    for (const Json& record : list_of(content, "records"))
        if (record.is_string())
            text += fmt::format("{}{}. {} IN {} {}\n", sign, text_of(names, "owner"),
                                text_of(content, "ttl"), text_of(names, "type"),
                                record.get_ref<const std::string&>());
}

/// " from 203.0.113.10"; nothing where there is none.
std::string with_word(std::string_view word, const std::string& text) {
    return text.empty() ? std::string() : fmt::format(" {} {}", word, text);
}

std::string who_text(const Json& step) {
    const Json actor = step.value("actor", Json::object());
    if (!actor.is_object()) return {};
    const std::string id = text_of(actor, "id");
    return fmt::format("by {}{}{}{}{}", text_of(actor, "kind"), id.empty() ? "" : " " + id,
                       with_word("from", text_of(actor, "source")),
                       with_word("with credential", text_of(actor, "credential")),
                       with_word("over", text_of(actor, "door")));
}

/// "2026-11-17T12:58:31Z by server acme/nur3 from 203.0.113.10 with credential 3 over heartbeat:
/// report (change 17, serial 1795186711)"
std::string step_text(const Json& step) {
    const Json merged = step.value("merged", Json());
    const bool is_merged = merged.is_object();
    const std::string since =
        is_merged ? fmt::format("{} to ", text_of(merged, "since")) : std::string();
    const std::string change =
        is_merged
            ? fmt::format("changes {} to {}", text_of(merged, "first_id"), text_of(step, "id"))
            : fmt::format("change {}", text_of(step, "id"));
    const std::string reason = text_of(step, "reason");
    return fmt::format("{}{} {}{} ({}, serial {})", since, text_of(step, "at"), who_text(step),
                       reason.empty() ? "" : ": " + reason, change, text_of(step, "serial_after"));
}

std::string changed_by_text(const Json& page) {
    const auto step = page.find("changed_by");
    if (step == page.end() || !step->is_object()) return "; last changed before what is known\n";
    return fmt::format("; last changed {}\n", step_text(*step));
}

bool is_serial(std::string_view moment) {
    return moment.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string with_filter(const PastOptions& options, std::string target, std::string_view cursor) {
    if (!options.name.empty())
        target += "&name=" + path_segment(full_name(options.name, options.zone));
    if (!options.type.empty()) target += "&type=" + path_segment(options.type);
    if (!cursor.empty()) target += "&cursor=" + path_segment(cursor);
    return target + "&limit=500";
}

int tell(const Error& error) {
    fmt::print(stderr, "hairpin: {}\n", error.text());
    return kFailed;
}

using Target = std::string (*)(const PastOptions&, std::string_view cursor);
using Lines = std::string (*)(std::string_view body, bool is_first);

/// Page after page, until there is no next one.
int print_pages(const PastOptions& options, Target target, Lines lines) {
    auto api = RestClient::create(options.api);
    if (!api) return tell(api.error());
    std::string cursor;
    for (bool is_first = true;; is_first = false) {
        const auto page = (*api)->call("GET", target(options, cursor));
        if (!page) return tell(page.error());
        if (page->status != 200)
            return tell(
                {ErrorCode::Protocol, options.zone, "Hairpin answers " + problem_text(*page)});
        fmt::print("{}", lines(page->body, is_first));
        const Json said = Json::parse(page->body, nullptr, false);
        cursor = said.is_object() ? text_of(said, "next") : std::string();
        if (cursor.empty()) return std::fflush(stdout) == 0 ? kDone : kFailed;
    }
}

}  // namespace

std::string full_name(std::string_view name, std::string_view zone) {
    const auto without_dot = [](std::string_view text) {
        if (text.ends_with('.')) text.remove_suffix(1);
        std::string lowered(text);
        for (char& each : lowered)
            if (each >= 'A' && each <= 'Z') each = static_cast<char>(each + 32);
        return lowered;
    };
    const std::string plain = without_dot(name);
    const std::string apex = without_dot(zone);
    const bool is_full =
        name == "@" || name.ends_with('.') || plain == apex || plain.ends_with("." + apex);
    return is_full ? std::string(name) : fmt::format("{}.{}", name, zone);
}

int run_zone_at(const PastOptions& options) {
    return print_pages(options, &at_target, &at_lines);
}

int run_zone_diff(const PastOptions& options) {
    return print_pages(options, &diff_target, &diff_lines);
}

std::string at_target(const PastOptions& options, std::string_view cursor) {
    const char* kind = is_serial(options.from) ? "serial" : "time";
    return with_filter(options,
                       fmt::format("/v1/zones/{}/at?{}={}", path_segment(options.zone), kind,
                                   path_segment(options.from)),
                       cursor);
}

std::string diff_target(const PastOptions& options, std::string_view cursor) {
    return with_filter(options,
                       fmt::format("/v1/zones/{}/diff?from={}&to={}", path_segment(options.zone),
                                   path_segment(options.from), path_segment(options.to)),
                       cursor);
}

std::string at_lines(std::string_view body, bool is_first) {
    const Json page = Json::parse(body, nullptr, false);
    if (!page.is_object()) return {};
    std::string text;
    if (is_first)
        text = fmt::format("; {}. serial {}\n", text_of(page, "zone"), text_of(page, "serial")) +
               changed_by_text(page);
    for (const Json& rrset : list_of(page, "rrsets"))
        add_records(text, "", rrset, rrset);
    return text;
}

std::string diff_lines(std::string_view body, bool is_first) {
    const Json page = Json::parse(body, nullptr, false);
    if (!page.is_object()) return {};
    std::string text;
    if (is_first)
        text = fmt::format("; {}. serial {} to {}: {} RRsets differ\n", text_of(page, "zone"),
                           text_of(page, "serial_from"), text_of(page, "serial_to"),
                           text_of(page, "changes_in_all"));
    for (const Json& change : list_of(page, "changes")) {
        if (!change.is_object()) continue;
        if (const auto step = change.find("changed_by"); step != change.end() && step->is_object())
            text += fmt::format("; {}\n", step_text(*step));
        add_records(text, "-", change, change.value("before", Json()));
        add_records(text, "+", change, change.value("after", Json()));
    }
    return text;
}

}  // namespace hairpin::cli
