#include "dnsd/https_server.hpp"

#include <chrono>
#include <utility>

#include "dnsd/codes.hpp"
#include "dnsd/https_answer.hpp"

namespace hairpin::dnsd {
namespace {

constexpr std::size_t kBodiesOctets = 16 * 1024 * 1024;    // Of all connections of a worker.
constexpr std::size_t kWaitingAnswersOctets = 256 * 1024;  // Of one connection.

}  // namespace

HttpsServer::HttpsServer(const Worker& worker, const TcpLimits& limits)
    : worker_(worker), limits_(limits) {}

net::ServerOptions HttpsServer::options() const {
    net::ServerOptions options;
    options.max_connections = limits_.connections;
    options.max_per_peer = limits_.connections_per_client;
    options.max_handshakes = limits_.handshakes;
    options.max_handshakes_per_peer = limits_.handshakes_per_client;
    options.handshakes_per_turn = limits_.handshakes_per_turn;
    options.handshake_time = limits_.handshake;
    options.idle_time = limits_.idle;
    options.body_time = limits_.message;
    options.write_stall_time = limits_.write;
    // RFC 8484 section 6: "The maximum size of a DNS message is 65535"; more is 413.
    options.max_body = kMaxMessageOctets;
    options.max_bodies_in_flight = kBodiesOctets;
    options.max_output_per_connection = kWaitingAnswersOctets;
    return options;
}

Result<void> HttpsServer::open(std::shared_ptr<const net::CertificateSlot> certificates) {
    if (listeners_.empty()) return {};
    room_.resize(kMaxMessageOctets);
    const auto handle = [this](net::Request&& request, net::Responder responder) {
        const Stopwatch stopwatch;
        net::Response response = answer_https(worker_.engine(), request, room_);
        worker_.quiescent();
        const bool is_answer = response.status == 200;
        const std::size_t octets = is_answer ? response.body.size() : 0;
        if (is_answer) worker_.counters.count_response(Transport::Https, octets);
        worker_.counters.count_latency(Transport::Https, stopwatch.nanoseconds(),
                                       is_answer ? 1 : 0);
        responder.send(std::move(response));
        if (worker_.tap.is_open()) show(request, octets, stopwatch);
    };
    server_ = TRY(net::HttpServer::create(worker_.loop, std::exchange(listeners_, {}),
                                          std::move(certificates), options(), handle));
    return {};
}

/// To who watches. @param octets  Of the answer in room_; 0: it was none.
void HttpsServer::show(const net::Request& request, std::size_t octets,
                       const Stopwatch& since_receipt) {
    const auto message = message_of(request);
    if (!message) return;
    Exchange exchange;
    exchange.transport = Transport::Https;
    exchange.client = {request.peer, request.peer_port};
    exchange.server = request.local;
    exchange.sent = exact_now();
    exchange.received = exchange.sent - std::chrono::nanoseconds(since_receipt.nanoseconds());
    if (octets == 0) exchange.sent = exchange.received;
    exchange.query = *message;
    exchange.response = OctetView(room_).first(octets);
    worker_.tap.see(exchange);
}

void HttpsServer::drain(std::function<void()> done) {
    if (!server_) return done();
    server_->drain(limits_.drain, std::move(done));
}

}  // namespace hairpin::dnsd
