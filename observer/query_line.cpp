#include "observer/query_line.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include "dnsd/code_names.hpp"
#include "dnsd/codes.hpp"
#include "observer/message_facts.hpp"
#include "zones/presentation.hpp"

namespace hairpin::observer {
namespace {

constexpr std::string_view kNothing = "-";

/// RFC 3339, with microseconds.
std::string time_text(dnsd::ExactTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), rest.count());
}

std::string class_text(zones::RClass rclass) {
    if (rclass == zones::RClass::IN) return "IN";
    if (rclass == zones::RClass::CH) return "CH";
    if (rclass == zones::RClass::ANY) return "ANY";
    return fmt::format("CLASS{}", static_cast<unsigned>(rclass));
}

/// The flags that are set, by name; DO where the OPT has it.
std::string flags_text(const Header& header, bool dnssec_ok) {
    constexpr std::array<std::pair<unsigned, std::string_view>, 7> kFlags = {{
        {dnsd::kFlagResponse, "qr"},
        {dnsd::kFlagAuthoritative, "aa"},
        {dnsd::kFlagTruncated, "tc"},
        {dnsd::kFlagRecursionDesired, "rd"},
        {0x0080, "ra"},
        {0x0020, "ad"},
        {0x0010, "cd"},
    }};
    std::string text;
    for (const auto& [bit, name] : kFlags)
        if ((header.flags & bit) != 0) text.append(text.empty() ? "" : ",").append(name);
    if (dnssec_ok) text.append(text.empty() ? "" : ",").append("do");
    return text.empty() ? std::string(kNothing) : text;
}

void append_query(std::string& to, OctetView query) {
    const auto header = header_of(query);
    const auto question = question_of(query);
    const auto opt = opt_of(query);
    const auto out = std::back_inserter(to);
    if (header)
        fmt::format_to(out, " id={} opcode={}", header->id, dnsd::opcode_name(header->opcode()));
    else
        fmt::format_to(out, " id=- opcode=-");
    if (question)
        fmt::format_to(out, " name={} class={} type={}", question->name.text(),
                       class_text(question->rclass), zones::type_text(question->type));
    else
        fmt::format_to(out, " name=- class=- type=-");
    fmt::format_to(out, " query_flags={}",
                   header ? flags_text(*header, opt && opt->dnssec_ok) : std::string(kNothing));
}

void append_response(std::string& to, OctetView response) {
    const auto header = header_of(response);
    const auto out = std::back_inserter(to);
    if (!header) {
        fmt::format_to(out, " rcode=- flags=-");
        return;
    }
    const auto opt = opt_of(response);
    // RFC 6891 section 6.1.3: the OPT has the upper eight bits of twelve.
    const std::size_t rcode = header->rcode() | (opt ? opt->upper_rcode : 0u) << 4;
    // That a response is a response goes without saying.
    const Header rest{header->id, static_cast<std::uint16_t>(header->flags & 0x7fffu)};
    fmt::format_to(out, " rcode={} flags={}", dnsd::rcode_name(rcode),
                   flags_text(rest, opt && opt->dnssec_ok));
}

}  // namespace

void append_query_line(std::string& to, const dnsd::Exchange& exchange) {
    const auto out = std::back_inserter(to);
    fmt::format_to(out, "time={} transport={} client={} server={}", time_text(exchange.received),
                   dnsd::transport_name(exchange.transport), exchange.client.text(),
                   exchange.server.text());
    append_query(to, exchange.query);
    append_response(to, exchange.response);
    fmt::format_to(out, " query_octets={} response_octets={}", exchange.query.size(),
                   exchange.response.size());
    if (exchange.response.empty()) {
        to += " microseconds=-\n";
        return;
    }
    const auto passed =
        std::chrono::duration_cast<std::chrono::microseconds>(exchange.sent - exchange.received);
    fmt::format_to(out, " microseconds={}\n", passed.count());
}

}  // namespace hairpin::observer
