// Any request to DNS over HTTPS: a status that means something; with 200 a DNS message that a
// strict reader takes, the same for GET and POST, and a lifetime that none of its records
// undercuts.
//
// Input: one octet of circumstances (1: POST, 2: HEAD, 4: any path, 8: an Accept field, 16: any
// Content-Type), then a line for each of those texts, then the body or the target's query.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dnsd/https_answer.hpp"
#include "tests/support/dns_message.hpp"
#include "tests/support/dns_world.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::dnsd;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

std::string take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string line(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return line;
}

net::Response respond(const net::Request& request) {
    static const zones::ZoneTable world = dnsd::tests::make_world();
    static const Identity identity;
    static Octets room(kMaxMessageOctets);
    Counters counters;
    return answer_https({world, identity, counters}, request, room);
}

std::string field(const net::Response& response, std::string_view name) {
    for (const net::Header& each : response.headers)
        if (each.name == name) return each.value;
    return {};
}

void check(const net::Response& response) {
    static constexpr std::array kStatuses = {200, 400, 404, 405, 406, 413, 415};
    bool known = false;
    for (const int each : kStatuses)
        known |= each == response.status;
    require(known, "another status");
    if (response.status != 200) return;
    const OctetView message = as_octets(response.body);
    const std::string fault = hairpin::tests::frame_fault(message);
    require(fault.empty(), fault.c_str());
    require(field(response, "content-type") == kDnsMessageType, "another type");
    const std::string kept = field(response, "cache-control");
    const auto seconds = freshness(message);
    require(kept == (seconds ? "max-age=" + std::to_string(*seconds) : "no-store"), "another age");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static_cast<void>(freshness({data, size}));
    if (size == 0) return 0;
    const unsigned how = data[0];
    std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const bool is_post = (how & 1) != 0;
    net::Request request;
    request.method = is_post          ? net::Method::Post
                     : (how & 2) != 0 ? net::Method::Head
                                      : net::Method::Get;
    request.path = (how & 4) != 0 ? take_line(text) : std::string(kDnsQueryPath);
    if ((how & 8) != 0) request.headers.push_back({"accept", take_line(text)});
    request.headers.push_back(
        {"content-type", (how & 16) != 0 ? take_line(text) : std::string(kDnsMessageType)});
    (is_post ? request.body : request.query) = text;
    const net::Response response = respond(request);
    check(response);
    if (!is_post || response.status != 200) return 0;
    request.method = net::Method::Get;
    request.query = "dns=" + to_base64url(as_octets(text));
    require(respond(request).body == response.body, "GET and POST disagree");
    return 0;
}
