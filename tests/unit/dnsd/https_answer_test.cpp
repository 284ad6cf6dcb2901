#include "dnsd/https_answer.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::message_text;
using hairpin::tests::MessageBuilder;
using net::Header;
using net::Method;

Octets dns_query(std::string_view question = "nur1.example.net. A") {
    MessageBuilder builder(0);
    hairpin::tests::add_question(builder, question);
    return builder.octets();
}

net::Request get(const std::string& target, std::vector<Header> headers = {},
                 Method method = Method::Get) {
    net::Request request;
    request.method = method;
    request.headers = std::move(headers);
    REQUIRE(net::set_target(request, target));
    return request;
}

net::Request get_dns(std::string_view question = "nur1.example.net. A") {
    return get("/dns-query?dns=" + to_base64url(dns_query(question)));
}

net::Request post(OctetView body, const std::string& type = "application/dns-message") {
    net::Request request = get("/dns-query", {{"content-type", type}}, Method::Post);
    request.body = as_text(body);
    return request;
}

std::string header_of(const net::Response& response, std::string_view name) {
    for (const Header& each : response.headers)
        if (each.name == name) return each.value;
    return "";
}

net::Response answer_of(World& world, const net::Request& request) {
    Octets room(kMaxMessageOctets);
    return answer_https({world.zones_, world.identity_, world.counters_}, request, room);
}

TEST_CASE("GET and POST carry the same question to the same answer", "[dnsd][rfc8484]") {
    World world;
    for (const net::Request& request :
         {get_dns(), post(dns_query()),
          post(dns_query(), "Application/DNS-Message; charset=binary"),
          get("/dns-query?other=1&dns=" + to_base64url(dns_query()))}) {
        const net::Response response = answer_of(world, request);
        CHECK(response.status == 200);
        CHECK(header_of(response, "content-type") == "application/dns-message");
        CHECK(header_of(response, "cache-control") == "max-age=60");
        CHECK(message_text(as_octets(response.body)) ==
              "NOERROR aa\nanswer: nur1.example.net. 60 IN A 198.51.100.7\n");
    }
    CHECK(world.counters_.of(Transport::Https) == 4);
    CHECK(answer_of(world, post(dns_query("big.example.net. TXT"))).body.size() > 2'000);
}

TEST_CASE("What is no DNS query gets the status that says why", "[dnsd][rfc8484][hostile]") {
    struct Case {
        const char* why;
        net::Request request;
        int status;
    };
    const std::string asked = "/dns-query?dns=" + to_base64url(dns_query());
    net::Request put = get("/dns-query", {}, Method::Put);
    const std::vector<Case> cases = {
        {"another resource", get("/"), 404},
        {"below it", get("/dns-query/x"), 404},
        {"PUT", put, 405},
        {"OPTIONS", get(asked, {}, Method::Options), 405},
        {"without a parameter", get("/dns-query"), 400},
        {"an empty one", get("/dns-query?dns="), 400},
        {"base64url with padding", get("/dns-query?dns=AAA%3D"), 400},
        {"base64, not base64url", get("/dns-query?dns=%2B%2F%2B%2F"), 400},
        {"broken percent-encoding", get("/dns-query?dns=%zz"), 400},
        {"less than a header", post(Octets(11)), 400},
        {"nothing", post({}), 400},
        {"an answer", post(MessageBuilder(1, 0x8000).octets()), 400},
        {"JSON", post(dns_query(), "application/json"), 415},
        {"no type", get("/dns-query", {}, Method::Post), 415},
        {"more than a message", post(Octets(65'536)), 413},
        {"who takes only JSON", get(asked, {{"accept", "application/json, text/*"}}), 406},
        {"who refuses it", get(asked, {{"accept", "application/dns-message;q=0.0"}}), 406},
        {"who takes all else", get(asked, {{"accept", "application/dns-message;q=0, a/b"}}), 406},
        {"who takes it among others", get(asked, {{"accept", "text/html, Application/*;q=0.1"}}),
         200},
        {"who takes anything", get(asked, {{"accept", "text/html"}, {"accept", "*/*"}}), 200},
        {"who names nothing", get(asked, {{"accept", " , "}}), 200},
        {"HEAD", get(asked, {}, Method::Head), 200},
        {"a format error is an answer", post(Octets{0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0}), 200},
    };
    World world;
    for (const Case& each : cases) {
        INFO(each.why);
        const net::Response response = answer_of(world, each.request);
        CHECK(response.status == each.status);
        const bool is_problem = header_of(response, "content-type") == "application/problem+json";
        CHECK(is_problem == (each.status != 200));
    }
    CHECK(header_of(answer_of(world, put), "allow") == "GET, HEAD, POST");
}

TEST_CASE("A cache keeps an answer as long as its shortest record, a denial as the SOA says",
          "[dnsd][rfc8484][rfc2308]") {
    struct Case {
        const char* question;
        const char* cache_control;
    };
    const std::vector<Case> cases = {
        {"www.example.net. A", "max-age=300"},
        {"chain1.example.net. A", "max-age=60"},   // CNAMEs of 60 and 61, an address of 300.
        {"missing.example.net. A", "max-age=60"},  // MINIMUM, less than the SOA's own TTL.
        {"www.example.net. MX", "max-age=60"},     // NODATA.
        {"missing.example.org. A", "max-age=900"},
        {"nope.example.org. A", "max-age=60"},  // An alias to what is not there.
        {"example.net. SOA", "max-age=3600"},
        {"host.sub.example.net. A", "no-store"},  // A referral is neither.
        {"www.example.com. A", "no-store"},       // Refused,
        {"example.net. AXFR", "no-store"},        // as every transfer.
    };
    World world;
    for (const Case& each : cases) {
        INFO(each.question);
        const net::Response response = answer_of(world, get_dns(each.question));
        CHECK(response.status == 200);
        CHECK(header_of(response, "cache-control") == each.cache_control);
    }
}

TEST_CASE("How long a broken message may be kept is never said", "[dnsd][hostile]") {
    World world;
    const Octets whole = world.answer_to(dns_query("chain1.example.net. A"), Transport::Https);
    CHECK(freshness(whole) == 60);
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK_FALSE(freshness(OctetView(whole).first(size)));
}

TEST_CASE("Zones are not transferred over HTTPS", "[dnsd][rfc8484]") {
    World world;
    for (const char* question : {"example.net. AXFR", "example.net. IXFR"}) {
        const net::Response response = answer_of(world, get_dns(question));
        CHECK(message_text(as_octets(response.body)) == "REFUSED\n");
    }
}

}  // namespace
}  // namespace hairpin::dnsd::tests
