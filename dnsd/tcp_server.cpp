#include "dnsd/tcp_server.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/error.hpp"
#include "core/log.hpp"
#include "dnsd/transfer_choice.hpp"
#include "net/socket.hpp"

namespace hairpin::dnsd {
namespace {

constexpr int kAcceptsPerWake = 64;
constexpr int kDrainReads = 16;
constexpr Milliseconds kAcceptPause{1'000};
constexpr Milliseconds kWarningInterval{60'000};

}  // namespace

TcpServer::TcpServer(const Worker& worker, const TcpLimits& limits,
                     const net::CertificateSlot* certificates)
    : worker_(worker),
      limits_(limits),
      certificates_(certificates),
      counters_(certificates == nullptr ? worker.counters.tcp : worker.counters.tls),
      handshake_budget_(worker.loop, limits.handshakes_per_turn),
      wheel_(worker.loop.now()) {
    const auto on_tick = [this] {
        wheel_.advance(worker_.loop.now(),
                       [this](net::WheelNode& node) { on_deadline(static_cast<Client&>(node)); });
    };
    tick_ = worker.loop.add_timer(net::TimerWheel::kTick, net::TimerWheel::kTick, on_tick);
    tick_.pause();
    resume_ = worker.loop.add_timer(kAcceptPause, Milliseconds{0}, [this] {
        for (Listener& listener : listeners_)
            listener.poll.set(net::Interest::Read);
    });
    resume_.pause();
}

TcpServer::~TcpServer() {
    counters_.open.subtract(clients_.size());
}

bool TcpServer::add_listener(Fd socket) {
    listeners_.push_back({std::move(socket), {}});
    Listener& listener = listeners_.back();
    listener.poll =
        worker_.loop.add_poll(listener.socket.get(), net::Interest::Read,
                              [this, &listener](net::PollEvents) { accept_from(listener.socket); });
    return static_cast<bool>(listener.poll);
}

void TcpServer::accept_from(const Fd& listener) {
    for (int accepts = 0; accepts < kAcceptsPerWake;) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        Fd socket(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (socket) {
            admit(std::move(socket), peer);
            ++accepts;
            continue;
        }
        const int error_number = errno;
        if (error_number == EAGAIN) return;
        const bool of_this_one = error_number == EINTR || error_number == ECONNABORTED ||
                                 error_number == EPERM || error_number == EPROTO;
        if (!of_this_one) return pause_accepting(error_number);
        ++accepts;
    }
}

/// Over a limit a connection is closed at once: the client sees it and asks elsewhere, while a
/// connection left in the queue would make it wait.
void TcpServer::admit(Fd socket, const sockaddr_storage& peer) {
    counters_.accepted.add();
    const Endpoint from =
        Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&peer)).value_or(Endpoint());
    const IpAddress counted = counted_address(from.address);
    const auto same = by_address_.find(counted);
    const Share share = same == by_address_.end() ? Share() : same->second;
    if (clients_.size() >= limits_.connections ||
        share.connections >= limits_.connections_per_client ||
        share.handshakes >= limits_.handshakes_per_client)
        return counters_.refused.add();
    // Answers leave as they are: each send() here holds whole batches. Failing costs only time.
    const int on = 1;
    static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));

    const Endpoint local = net::local_endpoint(socket).value_or(Endpoint());
    auto stream = make_stream(std::move(socket));
    if (!stream) return pause_accepting(ENOMEM);
    clients_.emplace_front(*std::move(stream), from, local);
    Client& client = clients_.front();
    client.self = clients_.begin();
    client.accepted = worker_.loop.now();
    client.number = ++last_number_;
    by_number_.emplace_hint(by_number_.end(), client.number, &client);
    client.connection.set_late_reply(
        [this, number = client.number](OctetView answer) { send_late(number, answer); });
    ++by_address_[counted].connections;
    counters_.open.add();
    if (client.connection.is_handshaking()) begin_handshake(client);
    if (clients_.size() == 1) tick_.again(net::TimerWheel::kTick);
    client.poll = worker_.loop.add_poll(client.connection.socket(), net::Interest::Read,
                                        [this, &client](net::PollEvents) { on_ready(client); });
    if (!client.poll) return close(client);
    set_deadline(client);
}

std::optional<net::Stream> TcpServer::make_stream(Fd socket) {
    if (certificates_ == nullptr) return net::Stream(std::move(socket));
    // Connections keep the certificate that they began with.
    if (const auto newest = certificates_->generation(); newest != certificate_generation_) {
        tls_ = certificates_->current();
        certificate_generation_ = newest;
    }
    return net::Stream::secure(std::move(socket), *tls_, net::Application::Dns);
}

void TcpServer::begin_handshake(Client& client) {
    if (handshakes_.size() >= limits_.handshakes) {
        counters_.handshakes_failed.add();
        close(*handshakes_.front());
    }
    client.is_handshaking = true;
    client.handshake = handshakes_.insert(handshakes_.end(), &client);
    ++by_address_[client.address].handshakes;
}

void TcpServer::end_handshake(Client& client) {
    if (!std::exchange(client.is_handshaking, false)) return;
    handshakes_.erase(client.handshake);
    --by_address_[client.address].handshakes;
}

void TcpServer::shake_hands(Client& client) {
    if (!handshake_budget_.take()) return;  // Poll says again who is ready.
    if (client.connection.shake_hands() == TcpConnection::Fate::Close) {
        counters_.handshakes_failed.add();
        return close(client);
    }
    if (!client.connection.is_handshaking()) end_handshake(client);
    settle(client);
}

/// Out of descriptors or memory: the listener would be ready again at once, for ever.
void TcpServer::pause_accepting(int error_number) {
    for (Listener& listener : listeners_)
        listener.poll.set(net::Interest::None);
    resume_.again(kAcceptPause);
    const MonotonicTime now = worker_.loop.now();
    if (last_warning_ != MonotonicTime{} && now - last_warning_ < kWarningInterval) return;
    last_warning_ = now;
    log::logger("dnsd").warn(
        "TCP connections cannot be accepted ({}); trying again every second. Raise the limit of "
        "open files (LimitNOFILE) if this goes on",
        system_error("accept", error_number).cause);
}

void TcpServer::on_ready(Client& client) {
    TcpConnection& connection = client.connection;
    if (connection.is_handshaking()) return shake_hands(client);
    const bool was_transferring = connection.is_transferring();
    const auto fate = connection.is_sending() ? connection.on_writable(worker_, scratch_)
                                              : connection.on_readable(worker_, scratch_);
    worker_.quiescent();
    // While draining, the answer that was waited for was the last.
    const bool last = draining_ && !connection.is_sending() && connection.updates_in_flight() == 0;
    if (fate == TcpConnection::Fate::Close || last) return close(client);
    // The time of a transfer is no part of the connection's total.
    if (was_transferring && !connection.is_transferring()) client.accepted = worker_.loop.now();
    settle(client);
}

/// What the connection waits for now.
void TcpServer::settle(Client& client) {
    TcpConnection& connection = client.connection;
    client.poll.set(connection.interest());
    if (client.phase != connection.phase()) set_deadline(client);
    if (connection.consulting() != nullptr && client.ticket == 0) consult(client);
}

void TcpServer::on_deadline(Client& client) {
    // The journal is slow: the whole zone comes from memory.
    if (client.ticket != 0) return on_history(client.ticket, nullptr);
    const bool goes_on =
        !draining_ && client.connection.has_kept_pace(worker_.transfers.limits.octets_per_window);
    if (goes_on) return set_deadline(client);
    counters_.timed_out.add();
    close(client);
}

/// The answer comes from another thread, perhaps when the client has gone: by ticket.
void TcpServer::consult(Client& client) {
    const TcpConnection::Consulting& wanted = *client.connection.consulting();
    client.ticket = ++last_ticket_;
    consulting_.emplace(client.ticket, &client);
    const zones::HistoryRequest request{wanted.zone->apex(), wanted.from, wanted.zone->serial(),
                                        worker_.transfers.limits.difference_octets};
    worker_.transfers.history->ask(
        request, [this, &loop = worker_.loop, ticket = client.ticket, zone = wanted.zone,
                  from = wanted.from](zones::HistorySource::Answer history) {
            const DifferenceRef difference = choose_difference(std::move(history), zone, from);
            loop.post([this, ticket, difference] { on_history(ticket, difference); });
        });
}

void TcpServer::on_history(std::uint64_t ticket, const DifferenceRef& difference) {
    const auto waiting = consulting_.find(ticket);
    if (waiting == consulting_.end()) return;
    Client& client = *waiting->second;
    consulting_.erase(waiting);
    client.ticket = 0;
    client.connection.on_history(worker_, scratch_, difference);
    settle(client);
}

/// The answer to an UPDATE, perhaps when the client has gone.
void TcpServer::send_late(std::uint64_t number, OctetView answer) {
    const auto waiting = by_number_.find(number);
    if (waiting == by_number_.end()) return;
    Client& client = *waiting->second;
    const auto fate = client.connection.send_late(scratch_, answer);
    const bool last =
        draining_ && !client.connection.is_sending() && client.connection.updates_in_flight() == 0;
    if (fate == TcpConnection::Fate::Close || last) return close(client);
    settle(client);
}

void TcpServer::set_deadline(Client& client) {
    const TcpConnection::State& state = client.connection.state();
    const bool crowded = clients_.size() >= limits_.connections - limits_.connections / 4;
    Milliseconds allowed = crowded ? limits_.idle_when_crowded : limits_.idle;
    if (std::holds_alternative<TcpConnection::Receiving>(state) && !crowded)
        allowed = limits_.message;
    if (client.connection.is_handshaking() && !crowded) allowed = limits_.handshake;
    if (std::holds_alternative<TcpConnection::Sending>(state)) allowed = limits_.write;
    const TransferLimits& transfers = worker_.transfers.limits;
    const bool is_transferring = client.connection.is_transferring();
    if (is_transferring) allowed = transfers.window;
    if (client.connection.consulting() != nullptr) allowed = transfers.history;
    // An answer of ours is still to come.
    if (client.connection.updates_in_flight() > 0)
        allowed = std::max(allowed, worker_.updates->limits().deadline + Seconds(1));
    if (draining_) allowed = std::min(allowed, limits_.drain);
    client.phase = client.connection.phase();
    const Milliseconds total = crowded ? limits_.total_when_crowded : limits_.total;
    const MonotonicTime deadline = worker_.loop.now() + allowed;
    wheel_.arm(client, is_transferring ? deadline : std::min(deadline, client.accepted + total));
}

void TcpServer::close(Client& client) {
    consulting_.erase(client.ticket);
    by_number_.erase(client.number);
    end_handshake(client);
    client.connection.release(scratch_);
    const auto counted = by_address_.find(client.address);
    if (--counted->second.connections == 0) by_address_.erase(counted);
    client.poll.reset();
    clients_.erase(client.self);
    counters_.open.subtract(1);
    if (clients_.empty()) tick_.pause();
    check_drained();
}

void TcpServer::drain(std::function<void()> done) {
    for (Listener& listener : listeners_) {
        accept_from(listener.socket);
        listener.poll.reset();
        listener.socket.reset();
    }
    resume_.reset();
    draining_ = true;
    for (auto next = clients_.begin(); next != clients_.end();)
        drain_client(*next++);
    on_drained_ = std::move(done);
    check_drained();
}

/// Answers what has come. Only who has not taken all its answers gets more time.
void TcpServer::drain_client(Client& client) {
    TcpConnection& connection = client.connection;
    if (connection.consulting() != nullptr || connection.is_handshaking()) return close(client);
    for (int reads = 0; reads < kDrainReads && !connection.is_sending(); ++reads) {
        const std::uint64_t phase = connection.phase();
        const auto fate = connection.on_readable(worker_, scratch_);
        const bool waits = connection.consulting() != nullptr;
        if (fate == TcpConnection::Fate::Close || phase == connection.phase() || waits) break;
    }
    if (!connection.is_sending() && connection.updates_in_flight() == 0) return close(client);
    client.poll.set(connection.interest());
    set_deadline(client);
}

void TcpServer::check_drained() {
    if (!on_drained_ || !clients_.empty()) return;
    // Called once, and perhaps the end of this object.
    std::exchange(on_drained_, {})();
}

}  // namespace hairpin::dnsd
