#include "acme/dns_ask.hpp"

#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <thread>

#include <catch2/catch.hpp>

#include "core/fd.hpp"
#include "net/socket.hpp"
#include "tests/support/zones.hpp"
#include "tests/unit/acme/tcp_answer.hpp"
#include "zones/wire.hpp"

namespace hairpin::acme {
namespace {

const zones::Name kAsked = tests::name("Example.net.");
const DnsQuestion kQuestionAsked{kAsked, zones::RType::NS, Asking::Resolver};
constexpr std::uint8_t kCut = 0x02;

/// An answer to `query` with one NS, `ns1.<qname>` with a pointer to the question.
Octets ns_answer(OctetView query, std::uint8_t more_flags = 0) {
    Octets answer(query.begin(), query.begin() + 12);
    const auto qname = zones::read_name(query, 12);
    answer[2] = static_cast<std::uint8_t>(0x84 | more_flags);
    answer[3] = 0;
    zones::write_u16(answer.data() + 6, 1);
    zones::write_u16(answer.data() + 10, 0);
    answer.insert(answer.end(), query.begin() + 12,
                  query.begin() + static_cast<std::ptrdiff_t>(qname->next) + 4);
    const Octets record = {0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 60, 0, 6, 3, 'n', 's', '1', 0xc0, 12};
    answer.insert(answer.end(), record.begin(), record.end());
    return answer;
}

TEST_CASE("a query asks a server or a resolver, and says whether to validate", "[acme][rfc1035]") {
    const auto flags = [](Asking asking) {
        const Octets query = dns_query(7, {kAsked, zones::RType::NS, asking});
        CHECK(zones::read_u16(query.data() + 12 + kAsked.size()) == 2);
        return std::pair<int, int>(query[2], query[3]);
    };
    CHECK(flags(Asking::Server) == std::pair(0, 0));
    CHECK(flags(Asking::Resolver) == std::pair(1, 0));
    CHECK(flags(Asking::ResolverUnchecked) == std::pair(1, 0x10));
}

TEST_CASE("names in an answer are expanded, and it compares with what zones hold",
          "[acme][rfc1035]") {
    const auto answer = read_dns_answer(ns_answer(dns_query(7, kQuestionAsked)), 7, kQuestionAsked);
    REQUIRE(answer);
    CHECK(answer->is_authoritative);
    CHECK(answer->has(Rcode::NoError));
    REQUIRE(answer->records.size() == 1);
    CHECK(answer->records[0].owner == kAsked);
    CHECK(zones::Name::from_wire(answer->rdatas(zones::RType::NS).at(0)) ==
          tests::name("ns1.example.net."));
    CHECK(serial_of(tests::rdata(zones::RType::SOA, "a. b. 4000000000 1 1 1 1")) == 4'000'000'000);
    CHECK_FALSE(serial_of(Octets(21)));
}

TEST_CASE("what is no answer is passed over, and what is broken is an error", "[acme][hostile]") {
    const Octets query = dns_query(7, kQuestionAsked);
    const Octets good = ns_answer(query);
    const auto code = [](const Result<DnsAnswer>& read) {
        return read ? std::optional<ErrorCode>() : read.error().code;
    };
    CHECK(code(read_dns_answer(good, 8, kQuestionAsked)) == ErrorCode::Protocol);
    CHECK(code(read_dns_answer(query, 7, kQuestionAsked)) == ErrorCode::Protocol);
    CHECK(code(read_dns_answer(good, 7, {kAsked, zones::RType::DS, Asking::Resolver})) ==
          ErrorCode::Protocol);
    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK_FALSE(read_dns_answer(OctetView(good).first(size), 7, kQuestionAsked));
    Octets outside = good;  // RDLENGTH ends inside of the name.
    outside[good.size() - 7] = 5;
    CHECK(code(read_dns_answer(outside, 7, kQuestionAsked)) == ErrorCode::Corrupt);
}

/// Serves one port over UDP and TCP, each with its own answer; an empty one is silence.
class TwoWayServer {
public:
    TwoWayServer(std::function<Octets(OctetView)> udp, std::function<Octets(OctetView)> tcp)
        : tcp_socket_(*net::listen_tcp({IpAddress::v4({127, 0, 0, 1}), 0})),
          endpoint_(*net::local_endpoint(tcp_socket_)),
          udp_socket_(*net::bind_udp(endpoint_, {.reuse_port = false})),
          thread_([this, udp = std::move(udp), tcp = std::move(tcp)](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  serve_udp(udp);
                  serve_tcp(tcp);
                  std::this_thread::sleep_for(Milliseconds(1));
              }
          }) {}
    [[nodiscard]] Endpoint endpoint() const { return endpoint_; }

private:
    void serve_udp(const std::function<Octets(OctetView)>& reply) {
        std::array<std::uint8_t, 1500> buffer;
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        const ssize_t got = ::recvfrom(udp_socket_.get(), buffer.data(), buffer.size(), 0,
                                       reinterpret_cast<sockaddr*>(&from), &size);
        if (got <= 0) return;
        const Octets answer = reply({buffer.data(), static_cast<std::size_t>(got)});
        if (!answer.empty() && ::sendto(udp_socket_.get(), answer.data(), answer.size(), 0,
                                        reinterpret_cast<sockaddr*>(&from), size) < 0)
            std::abort();
    }

    void serve_tcp(const std::function<Octets(OctetView)>& reply) {
        const Fd peer(::accept(tcp_socket_.get(), nullptr, nullptr));
        if (!peer) return;
        static_cast<void>(tests::answer_over_tcp(peer, reply));
    }

    Fd tcp_socket_;
    Endpoint endpoint_;
    Fd udp_socket_;
    std::jthread thread_;
};

Result<DnsAnswer> ask(const Endpoint& server) {
    net::Loop loop;
    std::optional<Result<DnsAnswer>> outcome;
    const auto running = DnsAsk::start(loop, server, kQuestionAsked, Milliseconds(400),
                                       [&](Result<DnsAnswer> result) {
                                           outcome = std::move(result);
                                           loop.stop();
                                       });
    CHECK_FALSE(outcome);  // Never inside the call.
    loop.run();
    return *outcome;
}

TEST_CASE("a server is asked over UDP, and over TCP what was cut short", "[acme][rfc7766]") {
    const auto none = [](OctetView) { return Octets(); };
    const auto whole = [](OctetView query) { return ns_answer(query); };
    const auto cut = [](OctetView query) { return ns_answer(query, kCut); };

    CHECK(ask(TwoWayServer(whole, none).endpoint()));
    const TwoWayServer long_winded(cut, whole);
    const auto over_tcp = ask(long_winded.endpoint());
    REQUIRE(over_tcp);
    CHECK_FALSE(over_tcp->is_truncated);

    const TwoWayServer silent(none, none);
    const auto unanswered = ask(silent.endpoint());
    REQUIRE_FALSE(unanswered);
    CHECK(unanswered.error().code == ErrorCode::Unavailable);
    CHECK(unanswered.error().subject == silent.endpoint().text());

    int asked = 0;
    const TwoWayServer forgetful(
        [&](OctetView query) { return ++asked == 1 ? Octets() : ns_answer(query); }, none);
    CHECK(ask(forgetful.endpoint()));

    const TwoWayServer liar(
        [](OctetView query) {
            Octets other = ns_answer(query);
            other[0] ^= 1;
            return other;
        },
        none);
    CHECK_FALSE(ask(liar.endpoint()));
}

TEST_CASE("where nobody listens is told at once", "[acme]") {
    Endpoint free;
    {
        const Fd socket = *net::bind_udp({IpAddress::v4({127, 0, 0, 1}), 0}, {.reuse_port = false});
        free = *net::local_endpoint(socket);
    }
    const auto nobody = ask(free);
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code == ErrorCode::Io);
}

}  // namespace
}  // namespace hairpin::acme
