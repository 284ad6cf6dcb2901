#include "cli/certificate_commands.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/api_answer.hpp"
#include "cli/zone_import.hpp"
#include "core/json_writer.hpp"

namespace hairpin::cli {
namespace {

/// What there is to say of a certificate in one line.
std::string certificate_text(const JsonAnswer& certificate) {
    std::string text = certificate.word("state");
    if (certificate.has("not_after")) text += " until " + certificate.word("not_after");
    if (const std::string problem = certificate.word("problem"); problem != "-" && !problem.empty())
        text += "; " + problem;
    const JsonAnswer alarm = certificate.member("alarm");
    if (alarm.has("code")) text += "; ALARM " + alarm.word("code") + ": " + alarm.word("text");
    return text;
}

}  // namespace

std::string certificate_lines(std::string_view body) {
    const auto answer = JsonAnswer::parse(body);
    if (!answer) return {};
    std::string lines;
    for (const JsonAnswer& each : answer->items("certificates"))
        lines += fmt::format("{}/{}: {}\n", each.word("licence"), each.word("server"),
                             certificate_text(each.member("certificate")));
    return lines;
}

int list_certificates(const CertificateOptions& options) {
    std::string cursor;
    for (;;) {
        std::string path = "/v1/certificates?limit=500";
        if (!options.alarm.empty()) path += "&alarm=" + path_segment(options.alarm);
        if (!options.licence.empty()) path += "&licence=" + path_segment(options.licence);
        if (!cursor.empty()) path += "&cursor=" + path_segment(cursor);
        const auto page = ask_api(options.api, "GET", path);
        if (!page) return kFailed;
        if (options.is_json) {
            for (const JsonAnswer& each : page->items("certificates"))
                fmt::print("{}\n", each.text());
        } else {
            fmt::print("{}", certificate_lines(page->text()));
        }
        cursor = page->word("next");
        if (cursor == "-") break;
    }
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

int show_certificate(const CertificateOptions& options) {
    const auto slash = options.server.find('/');
    if (slash == std::string::npos) return say_failed("a server is given as LICENCE/LABEL");
    const auto server =
        ask_api(options.api, "GET",
                "/v1/licences/" + path_segment(std::string_view(options.server).substr(0, slash)) +
                    "/servers/" + path_segment(std::string_view(options.server).substr(slash + 1)));
    if (!server) return kFailed;
    const JsonAnswer certificate = server->member("certificate");
    if (options.is_json) {
        fmt::print("{}\n", certificate.text(2));
    } else {
        fmt::print("{}: {}\n", options.server, certificate_text(certificate));
        for (const char* each : {"sha256", "not_before", "renew_at", "step", "eta", "next_check"})
            if (certificate.has(each) && !certificate.word(each).empty())
                fmt::print("{:<11} {}\n", each, certificate.word(each));
    }
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

int licence_profile(const CertificateOptions& options) {
    if (options.is_default && !options.profile.empty())
        return say_failed("give a profile, or --default, not both");
    JsonWriter body;
    body.begin_object();
    if (options.is_default) body.key("certificate_profile").null();
    if (!options.profile.empty()) body.member("certificate_profile", options.profile);
    body.end_object();
    const bool is_change = options.is_default || !options.profile.empty();
    const auto licence = ask_api(options.api, is_change ? "PATCH" : "GET",
                                 "/v1/licences/" + path_segment(options.licence),
                                 is_change ? body.take() : std::string());
    if (!licence) return kFailed;
    const std::string profile = licence->word("certificate_profile");
    fmt::print("{}\n", profile == "-" ? "as configured" : profile);
    return std::fflush(stdout) == 0 ? kDone : kFailed;
}

}  // namespace hairpin::cli
