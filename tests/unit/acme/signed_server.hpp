// tests/unit/acme/signed_server.hpp - a name server that signs its answers with TSIG, over TCP.

#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "acme/elsewhere.hpp"
#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "dnsd/tsig.hpp"
#include "net/socket.hpp"
#include "tests/support/tsig.hpp"
#include "tests/support/zones.hpp"
#include "tests/unit/acme/tcp_answer.hpp"
#include "zones/wire.hpp"

namespace hairpin::acme::tests {

using namespace hairpin::tests;

inline constexpr std::int64_t kTsigNowMs = static_cast<std::int64_t>(dnsd::tests::kTsigNow) * 1000;

inline ElsewhereZone signed_zone(const Endpoint& server = {}) {
    ElsewhereZone zone;
    zone.apex = hairpin::tests::name("v.example.");
    zone.server = server;
    zone.key = dnsd::tests::make_key("acme.v.example.");
    return zone;
}

/// The answer to a signed request, without a signature.
inline Octets plain_answer(OctetView request, std::uint8_t rcode = 0) {
    Octets answer(request.begin(), request.begin() + zones::kHeaderOctets);
    answer[2] |= 0x80;
    answer[3] = rcode;
    for (std::size_t each = 4; each < zones::kHeaderOctets; ++each)
        answer[each] = 0;
    return answer;
}

inline Octets signed_answer(OctetView request,
                            const dnsd::TsigStamp& stamp = {dnsd::tests::kTsigNow, 300, {}, {}},
                            dnsd::TsigKeyRef key = dnsd::tests::make_key("acme.v.example."),
                            std::uint8_t rcode = 0) {
    dnsd::TsigStream stream(std::move(key), dnsd::tests::tsig_of(request).mac);
    Octets answer = plain_answer(request, rcode);
    const std::size_t used = answer.size();
    answer.resize(used + stream.octets() + stamp.other.size());
    answer.resize(stream.sign(answer, used, stamp));
    return answer;
}

/// Takes one connection after the other, and answers in two parts; an empty answer is none.
class SignedServer {
public:
    explicit SignedServer(std::function<Octets(OctetView)> reply)
        : socket_(*net::listen_tcp({IpAddress::v4({127, 0, 0, 1}), 0})),
          endpoint_(*net::local_endpoint(socket_)),
          thread_([this, reply = std::move(reply)](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  pollfd waiting{socket_.get(), POLLIN, 0};
                  if (::poll(&waiting, 1, kLookForStopMs) > 0) serve(reply);
              }
          }) {}
    [[nodiscard]] Endpoint endpoint() const { return endpoint_; }

private:
    static constexpr int kLookForStopMs = 10;

    void serve(const std::function<Octets(OctetView)>& reply) {
        Fd peer(::accept(socket_.get(), nullptr, nullptr));
        if (!peer) return;
        if (!hairpin::tests::answer_over_tcp(peer, reply)) kept_.push_back(std::move(peer));
    }

    Fd socket_;
    Endpoint endpoint_;
    std::vector<Fd> kept_;  // Silent ones.
    std::jthread thread_;
};

}  // namespace hairpin::acme::tests
