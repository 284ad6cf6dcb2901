#include "dnsd/tcp_server.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/error.hpp"
#include "core/log.hpp"

namespace hairpin::dnsd {
namespace {

constexpr int kAcceptsPerWake = 64;
constexpr int kDrainReads = 16;
constexpr Milliseconds kAcceptPause{1'000};
constexpr Milliseconds kWarningInterval{60'000};

/// One IPv6 client commands a whole /64.
IpAddress counted_address(const IpAddress& address) {
    if (address.is_v4()) return address;
    std::array<std::uint8_t, 16> network{};
    std::copy_n(address.octets().begin(), 8, network.begin());
    return IpAddress::v6(network);
}

}  // namespace

TcpServer::TcpServer(const Worker& worker, const TcpLimits& limits)
    : worker_(worker), limits_(limits), wheel_(worker.loop.now()) {
    const auto on_tick = [this] {
        wheel_.advance(worker_.loop.now(), [this](net::WheelNode& node) {
            worker_.counters.tcp_timed_out.add();
            close(static_cast<Client&>(node));
        });
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
    worker_.counters.tcp_open.subtract(clients_.size());
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
    worker_.counters.tcp_accepted.add();
    const IpAddress address =
        IpAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&peer)).value_or(IpAddress());
    const IpAddress counted = counted_address(address);
    const auto same = by_address_.find(counted);
    const std::size_t of_client = same == by_address_.end() ? 0 : same->second;
    if (clients_.size() >= limits_.connections || of_client >= limits_.connections_per_client) {
        worker_.counters.tcp_refused.add();
        return;
    }
    // Answers leave as they are: each send() here holds whole batches. Failing costs only time.
    const int on = 1;
    static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));

    clients_.emplace_front(std::move(socket), address, counted);
    Client& client = clients_.front();
    client.self = clients_.begin();
    client.accepted = worker_.loop.now();
    ++by_address_[counted];
    worker_.counters.tcp_open.add();
    if (clients_.size() == 1) tick_.again(net::TimerWheel::kTick);
    client.poll = worker_.loop.add_poll(client.connection.socket(), net::Interest::Read,
                                        [this, &client](net::PollEvents) { on_ready(client); });
    if (!client.poll) return close(client);
    set_deadline(client);
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
    const auto fate = connection.is_sending() ? connection.on_writable(worker_, scratch_)
                                              : connection.on_readable(worker_, scratch_);
    worker_.zones.quiescent();
    // While draining, the answer that was waited for was the last.
    const bool last = draining_ && !connection.is_sending();
    if (fate == TcpConnection::Fate::Close || last) return close(client);
    client.poll.set(connection.is_sending() ? net::Interest::Write : net::Interest::Read);
    if (client.phase != connection.phase()) set_deadline(client);
}

void TcpServer::set_deadline(Client& client) {
    const TcpConnection::State& state = client.connection.state();
    const bool crowded = clients_.size() >= limits_.connections - limits_.connections / 4;
    Milliseconds allowed = crowded ? limits_.idle_when_crowded : limits_.idle;
    if (std::holds_alternative<TcpConnection::Receiving>(state) && !crowded)
        allowed = limits_.message;
    if (std::holds_alternative<TcpConnection::Sending>(state)) allowed = limits_.write;
    if (draining_) allowed = std::min(allowed, limits_.drain);
    client.phase = client.connection.phase();
    const Milliseconds total = crowded ? limits_.total_when_crowded : limits_.total;
    wheel_.arm(client, std::min(worker_.loop.now() + allowed, client.accepted + total));
}

void TcpServer::close(Client& client) {
    client.connection.release(scratch_);
    const auto counted = by_address_.find(client.address);
    if (--counted->second == 0) by_address_.erase(counted);
    client.poll.reset();
    clients_.erase(client.self);
    worker_.counters.tcp_open.subtract(1);
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
    for (int reads = 0; reads < kDrainReads && !connection.is_sending(); ++reads) {
        const std::uint64_t phase = connection.phase();
        const auto fate = connection.on_readable(worker_, scratch_);
        if (fate == TcpConnection::Fate::Close || phase == connection.phase()) break;
    }
    if (!connection.is_sending()) return close(client);
    client.poll.set(net::Interest::Write);
    set_deadline(client);
}

void TcpServer::check_drained() {
    if (!on_drained_ || !clients_.empty()) return;
    // Called once, and perhaps the end of this object.
    std::exchange(on_drained_, {})();
}

}  // namespace hairpin::dnsd
