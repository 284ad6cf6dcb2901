#include "dnsd/https_answer.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "dnsd/codes.hpp"
#include "zones/rtype.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

char lower_letter(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool equals_ignoring_case(std::string_view one, std::string_view other) noexcept {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](char a, char b) { return lower_letter(a) == lower_letter(b); });
}

std::string_view without_blanks(std::string_view text) noexcept {
    constexpr std::string_view kBlanks = " \t";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// What stands before the next `mark`, without blanks; `text` goes on behind it.
std::string_view take_until(std::string_view& text, char mark) noexcept {
    const std::size_t at = text.find(mark);
    const std::string_view part = without_blanks(text.substr(0, at));
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return part;
}

/// RFC 9110 section 12.4.2: a weight of 0 means "not acceptable".
bool has_weight_zero(std::string_view parameters) noexcept {
    while (!parameters.empty()) {
        std::string_view value = take_until(parameters, ';');
        if (!equals_ignoring_case(take_until(value, '='), "q")) continue;
        return !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
    }
    return false;
}

/// RFC 9110 section 12.5.1; a client that names nothing takes everything.
bool accepts_dns_message(const net::Request& request) noexcept {
    bool names_any = false;
    for (const net::Header& header : request.headers) {
        if (header.name != "accept") continue;
        std::string_view ranges = header.value;
        while (!ranges.empty()) {
            std::string_view parameters = take_until(ranges, ',');
            if (parameters.empty()) continue;
            names_any = true;
            const std::string_view range = take_until(parameters, ';');
            const bool fits = equals_ignoring_case(range, kDnsMessageType) ||
                              equals_ignoring_case(range, "application/*") || range == "*/*";
            if (fits && !has_weight_zero(parameters)) return true;
        }
    }
    return !names_any;
}

/// The query, or why there is none.
std::variant<Octets, net::Response> read_get(const net::Request& request) {
    const auto text = request.query_parameter("dns");
    if (!text) return net::problem_response(400, "The parameter \"dns\" is missing.");
    // RFC 8484 section 6: base64url, and "Padding characters for base64url MUST NOT be included."
    auto message = from_base64url(*text);
    if (!message) return net::problem_response(400, "\"dns\" is not base64url without padding.");
    return *std::move(message);
}

std::variant<Octets, net::Response> read_post(const net::Request& request) {
    std::string_view type = request.header("content-type").value_or("");
    if (!equals_ignoring_case(take_until(type, ';'), kDnsMessageType))
        return net::problem_response(415, "The content has to be application/dns-message.");
    const OctetView body = as_octets(request.body);
    return Octets(body.begin(), body.end());
}

std::variant<Octets, net::Response> read_message(const net::Request& request) {
    if (request.path != kDnsQueryPath)
        return net::problem_response(404, "DNS is answered at /dns-query.");
    const bool is_get = request.method == net::Method::Get || request.method == net::Method::Head;
    if (!is_get && request.method != net::Method::Post) {
        net::Response wrong = net::problem_response(405);
        wrong.headers.push_back({"allow", "GET, HEAD, POST"});
        return wrong;
    }
    if (!accepts_dns_message(request))
        return net::problem_response(406, "All there is here is application/dns-message.");
    auto message = is_get ? read_get(request) : read_post(request);
    const auto* octets = std::get_if<Octets>(&message);
    if (octets != nullptr && octets->size() > kMaxMessageOctets)
        return net::problem_response(413, "A DNS message has at most 65535 octets.");
    return message;
}

net::Response dns_response(OctetView message) {
    const auto seconds = freshness(message);
    net::Response response;
    response.headers = {{"content-type", std::string(kDnsMessageType)},
                        {"cache-control", seconds ? "max-age=" + std::to_string(*seconds)
                                                  : std::string("no-store")}};
    response.body = as_text(message);
    return response;
}

bool is_answer_or_denial(unsigned rcode) noexcept {
    return rcode == static_cast<unsigned>(Rcode::NoError) ||
           rcode == static_cast<unsigned>(Rcode::NxDomain);
}

/// The offset behind the question section of a response of ours.
std::size_t behind_question(OctetView message) noexcept {
    constexpr std::size_t kFixedOctets = 4;  // QTYPE, QCLASS.
    if (zones::read_u16(&message[4]) == 0) return zones::kHeaderOctets;
    return zones::skip_name(message, zones::kHeaderOctets).value_or(message.size()) + kFixedOctets;
}

}  // namespace

net::Response answer_https(const Engine& engine, const net::Request& request,
                           std::span<std::uint8_t> room) {
    auto read = read_message(request);
    if (auto* refusal = std::get_if<net::Response>(&read)) return std::move(*refusal);
    const OctetView message = std::get<Octets>(read);
    const std::size_t octets = answer(engine, message, {Transport::Https, request.peer}, room);
    // Silence is for transports that have nothing else to say.
    if (octets == 0) return net::problem_response(400, "This is no DNS query.");
    return dns_response(room.first(octets));
}

std::optional<Octets> message_of(const net::Request& request) {
    auto read = read_message(request);
    auto* message = std::get_if<Octets>(&read);
    if (message == nullptr || message->size() > kMaxMessageOctets) return std::nullopt;
    return std::move(*message);
}

/// RFC 8484 section 5.1: "MUST be less than or equal to the smallest TTL in the Answer section",
/// and without one not more than the SOA's MINIMUM, which bounds the TTL of the SOA in our denials
/// already (RFC 2308 section 3). Both count where an alias leads to what is not there.
std::optional<std::uint32_t> freshness(OctetView message) noexcept {
    if (message.size() < zones::kHeaderOctets) return std::nullopt;
    const unsigned flags = zones::read_u16(&message[2]);
    if (!is_answer_or_denial(flags & 0x0fu) || (flags & kFlagTruncated) != 0) return std::nullopt;
    const std::size_t answers = zones::read_u16(&message[6]);
    const std::size_t records = answers + zones::read_u16(&message[8]);
    std::optional<std::uint32_t> least;
    std::size_t at = behind_question(message);
    for (std::size_t each = 0; each < records; ++each) {
        const auto record = zones::read_record(message, at);
        if (!record) return std::nullopt;
        at = record->next;
        const bool counts = each < answers || record->type == to_number(zones::RType::SOA);
        if (counts) least = std::min(least.value_or(record->ttl), record->ttl);
    }
    return least;
}

}  // namespace hairpin::dnsd
