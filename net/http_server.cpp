#include "net/http_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/log.hpp"
#include "net/http_server_state.hpp"

namespace hairpin::net {
namespace detail {
namespace {

constexpr unsigned kAcceptsPerTurn = 64;
// Octets that the kernel keeps for a peer beyond what is on its way to it. Without this bound it
// takes megabytes that nobody reads, and says that it takes more only after megabytes were read.
constexpr int kUnsentInKernel = 65'536;
constexpr Milliseconds kAcceptPause{200};
constexpr Milliseconds kWarnEvery{60'000};

// Who counts as one peer: an IPv4 address, or an IPv6 /64, of which one customer has billions of
// addresses.
IpAddress peer_of(const IpAddress& address) {
    if (address.is_v4()) return address;
    std::array<std::uint8_t, 16> network{};
    std::copy_n(address.octets().begin(), 8, network.begin());
    return IpAddress::v6(network);
}

bool is_shortage(int error_number) noexcept {
    return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
           error_number == ENOMEM;
}

}  // namespace

std::size_t HttpServerState::PeerHash::operator()(const IpAddress& address) const noexcept {
    return std::hash<std::string_view>()(as_text(address.octets()));
}

HttpServerState::HttpServerState(Loop& loop, std::shared_ptr<const CertificateSlot> certificates,
                                 ServerOptions options, Handler handler)
    : loop_(loop),
      certificates_(std::move(certificates)),
      environment_{std::move(options), {}, {}},
      handler_(std::move(handler)),
      wheel_(loop.now()),
      buffer_(kBufferOctets),
      handshake_budget_(loop, environment_.options.handshakes_per_turn) {
    tick();
}

Result<void> HttpServerState::listen(std::vector<Fd> listeners) {
    listeners_.reserve(listeners.size());  // The polls below keep their addresses.
    for (auto& socket : listeners) {
        auto& listener = listeners_.emplace_back(Listener{std::move(socket), {}});
        listener.poll =
            loop_.add_poll(listener.socket.get(), Interest::Read, [this, &listener](PollEvents) {
                const auto keep = shared_from_this();
                accept_some(listener);
            });
        if (!listener.poll) {
            return fail(
                Error{ErrorCode::Unavailable, "listener", "the kernel refuses to watch it"});
        }
    }
    ticks_ = loop_.add_timer(TimerWheel::kTick, TimerWheel::kTick, [this] {
        const auto keep = shared_from_this();
        tick();
    });
    return {};
}

void HttpServerState::tick() {
    const auto wall = clock_.now();
    if (wall < dated_ || wall - dated_ >= Seconds(1)) {
        dated_ = std::chrono::floor<Seconds>(wall);
        environment_.date = to_http_date(wall);
    }
    wheel_.advance(loop_.now(),
                   [](WheelNode& node) { static_cast<HttpConnection&>(node).on_deadline(); });
    warn_of_floods();
    resume_accepting();
}

std::uint64_t HttpServerState::news(FloodWarning& last, const HttpCounters::Count& count) const {
    const auto total = count.load(std::memory_order_relaxed);
    const auto now = loop_.now();
    if (total == last.count || (last.count != 0 && now < last.at + kWarnEvery)) return 0;
    last.at = now;
    return total - std::exchange(last.count, total);
}

void HttpServerState::warn_of_floods() {
    if (const auto displaced = news(displaced_warned_, counters().handshakes_displaced)) {
        log::logger("net").warn(
            "{} TLS handshakes were closed to make room for newer connections: somebody opens "
            "connections and says nothing, or far more clients come at once than the limits allow",
            displaced);
    }
    if (const auto refused = news(bodies_warned_, counters().bodies_refused)) {
        log::logger("net").warn(
            "{} requests were refused (503) because the bodies of others take all the memory set "
            "aside for them, {} octets",
            refused, options().max_bodies_in_flight);
    }
}

void HttpServerState::handle(Request&& request, Responder responder) {
    handler_(std::move(request), std::move(responder));
}

bool HttpServerState::has_room() const noexcept {
    return connections_.size() < environment_.options.max_connections || !handshakes_.empty();
}

// False if the newcomer must be turned away.
bool HttpServerState::make_room(const IpAddress& newcomer) {
    const auto& options = environment_.options;
    const auto own = per_peer_.find(newcomer);
    if (own != per_peer_.end() && own->second.connections >= options.max_per_peer) {
        if (own->second.handshakes == 0) return false;
        displace(&own->second);
    }
    const bool is_full = connections_.size() >= options.max_connections ||
                         handshakes_.size() >= options.max_handshakes;
    if (is_full) displace(nullptr);
    return connections_.size() < options.max_connections;
}

// Closes the oldest handshake of that peer; without one the oldest of a peer that has more than its
// share, and failing that the oldest of all. A peer in earnest needs a round trip or two for its
// handshake, far less than it takes to become the oldest.
void HttpServerState::displace(const Peer* whose) {
    if (handshakes_.empty()) return;
    const std::size_t share = environment_.options.max_handshakes_per_peer;
    auto found = std::find_if(handshakes_.begin(), handshakes_.end(), [&](const auto& place) {
        const Peer* const peer = place.second.peer;
        return whose != nullptr ? peer == whose : peer->handshakes > share;
    });
    if (found == handshakes_.end()) found = handshakes_.begin();
    HttpCounters::add(counters().handshakes_displaced);
    found->second.connection->close();
}

void HttpServerState::accept_some(const Listener& listener) {
    for (unsigned turn = 0; turn < kAcceptsPerTurn; ++turn) {
        if (!has_room()) return pause_accepting(nullptr);
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        auto* address = reinterpret_cast<sockaddr*>(&storage);
        Fd socket(::accept4(listener.socket.get(), address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) {
            if (errno == EAGAIN) return;
            if (is_shortage(errno)) return pause_accepting(std::strerror(errno));
            continue;  // The peer has gone already (ECONNABORTED and its like, accept(2)).
        }
        if (const auto peer = Endpoint::from_sockaddr(address)) admit(std::move(socket), *peer);
    }
}

void HttpServerState::admit(Fd socket, const Endpoint& peer) {
    const auto address = peer_of(peer.address);
    if (!make_room(address)) return HttpCounters::add(counters().connections_refused);
    const int on = 1;
    static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentInKernel,
                                   sizeof kUnsentInKernel));
    auto tls = make_tls(socket.get());
    std::shared_ptr<HttpConnection> connection;
    if (tls) {
        connection = std::make_shared<HttpConnection>(shared_from_this(), std::move(socket), peer,
                                                      std::move(tls), next_ticket_++);
    }
    if (!connection || !connection->start()) {
        return pause_accepting("no memory for another connection");
    }
    auto& open = per_peer_[address];
    ++open.connections;
    ++open.handshakes;
    handshakes_.emplace(connection->ticket(), HandshakePlace{connection.get(), &open});
    HttpCounters::add(counters().handshakes_open);
    HttpCounters::add(counters().connections_open);
    HttpCounters::add(counters().connections_total);
    connections_.emplace(connection.get(), connection);
}

SslHandle HttpServerState::make_tls(int socket) {
    if (const auto generation = certificates_->generation(); generation != tls_generation_) {
        tls_ = certificates_->current();
        tls_generation_ = generation;
    }
    ERR_clear_error();
    SslHandle tls(SSL_new(tls_->context()));
    if (!tls || SSL_set_fd(tls.get(), socket) != 1) return nullptr;
    SSL_set_accept_state(tls.get());
    return tls;
}

// With a reason: a shortage that only time mends. Without: our own limit, mended by the next close.
void HttpServerState::pause_accepting(const char* reason) {
    if (reason != nullptr) {
        accept_again_ = loop_.now() + kAcceptPause;
        HttpCounters::add(counters().accept_failures);
    }
    if (!std::exchange(paused_, true)) {
        for (auto& listener : listeners_)
            listener.poll.set(Interest::None);
    }
    if (reason == nullptr || loop_.now() < warned_ + kWarnEvery) return;
    warned_ = loop_.now();
    log::logger("net").warn(
        "cannot accept HTTPS connections: {}; {} are open and go on (raise LimitNOFILE or lower "
        "max_connections)",
        reason, connections_.size());
}

void HttpServerState::resume_accepting() {
    if (!paused_ || draining_ || !has_room() || loop_.now() < accept_again_) return;
    paused_ = false;
    for (auto& listener : listeners_)
        listener.poll.set(Interest::Read);
}

void HttpServerState::handshake_over(const HttpConnection& connection, Handshake how) {
    const auto place = handshakes_.find(connection.ticket());
    --place->second.peer->handshakes;
    handshakes_.erase(place);
    HttpCounters::subtract(counters().handshakes_open);
    if (how == Handshake::Failed) HttpCounters::add(counters().handshakes_failed);
    resume_accepting();
}

void HttpServerState::forget(HttpConnection& connection) {
    const auto found = per_peer_.find(peer_of(connection.peer().address));
    if (found != per_peer_.end() && --found->second.connections == 0) per_peer_.erase(found);
    HttpCounters::subtract(counters().connections_open);
    connections_.erase(&connection);
    resume_accepting();
    finish_drain_if_empty();
}

void HttpServerState::drain(Milliseconds limit, std::function<void()> on_done) {
    if (draining_) return;
    draining_ = true;
    listeners_.clear();
    on_drained_ = std::move(on_done);
    drain_limit_ = loop_.add_timer(limit, Milliseconds(0), [this] {
        const auto keep = shared_from_this();
        close_all();
    });
    for (const auto& [connection, owner] : std::unordered_map(connections_))
        connection->drain();
    finish_drain_if_empty();
}

void HttpServerState::finish_drain_if_empty() {
    if (!draining_ || !connections_.empty() || !on_drained_) return;
    drain_limit_.reset();
    // Not from here: the callback may destroy the server.
    loop_.post(std::exchange(on_drained_, {}));
}

void HttpServerState::close_all() {
    listeners_.clear();
    for (const auto& [connection, owner] : std::unordered_map(connections_))
        connection->close();
}

void HttpServerState::shut_down() {
    draining_ = true;
    on_drained_ = {};
    ticks_.reset();
    drain_limit_.reset();
    close_all();
}

}  // namespace detail

HttpServer::HttpServer(std::shared_ptr<detail::HttpServerState> state) noexcept
    : state_(std::move(state)) {}

HttpServer::~HttpServer() {
    state_->shut_down();
}

Result<std::unique_ptr<HttpServer>> HttpServer::create(
    Loop& loop, std::vector<Fd> listeners, std::shared_ptr<const CertificateSlot> certificates,
    ServerOptions options, Handler handler) {
    auto state = std::make_shared<detail::HttpServerState>(loop, std::move(certificates),
                                                           std::move(options), std::move(handler));
    struct Constructible : HttpServer {
        explicit Constructible(std::shared_ptr<detail::HttpServerState> made) noexcept
            : HttpServer(std::move(made)) {}
    };
    // From here on every way out shuts the state down, which breaks its cycle with the loop.
    std::unique_ptr<HttpServer> server = std::make_unique<Constructible>(state);
    TRY(state->listen(std::move(listeners)));
    return server;
}

void HttpServer::drain(Milliseconds limit, std::function<void()> on_done) {
    state_->drain(limit, std::move(on_done));
}

const HttpCounters& HttpServer::counters() const noexcept {
    return state_->environment().counters;
}

}  // namespace hairpin::net
