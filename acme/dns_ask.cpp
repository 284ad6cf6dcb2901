#include "acme/dns_ask.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "core/crypto.hpp"
#include "core/fd.hpp"
#include "net/socket.hpp"
#include "zones/wire.hpp"

namespace hairpin::acme {
namespace {

constexpr std::size_t kMaxMessage = 65'535;

std::uint16_t random_id() {
    std::array<std::uint8_t, 2> octets{};
    fill_random(octets);
    return zones::read_u16(octets.data());
}

class Ask final : public DnsAsk, public std::enable_shared_from_this<Ask> {
public:
    Ask(net::Loop& loop, const Endpoint& server, DnsQuestion question, Then then)
        : loop_(loop),
          server_(server),
          question_(question),
          then_(std::move(then)),
          id_(random_id()) {}

    void begin(Milliseconds patience) {
        timer_ = loop_.add_timer(patience, Milliseconds(0), [this] {
            finish(fail(Error{ErrorCode::Unavailable, server_.text(), "does not answer"}));
        });
        again_ =
            loop_.add_timer(patience / 2, Milliseconds(0), [this] { static_cast<void>(send()); });
        if (auto asked = open_udp(); !asked) finish_later(fail(std::move(asked).error()));
    }

private:
    Result<void> open_udp() {
        socket_ = TRY(net::bind_udp({server_.address.is_v4() ? IpAddress() : IpAddress::v6({}), 0},
                                    {.reuse_port = false}));
        TRY(connect_socket());
        TRY(send());
        poll_ = loop_.add_poll(socket_.get(), net::Interest::Read,
                               [this](net::PollEvents) { receive(); });
        return {};
    }

    Result<void> connect_socket() {
        sockaddr_storage storage{};
        const socklen_t size = server_.to_sockaddr(storage);
        if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 &&
            errno != EINPROGRESS)
            return fail(system_error(server_.text(), errno));
        return {};
    }

    Result<void> send() {
        const Octets query = dns_query(id_, question_);
        if (::send(socket_.get(), query.data(), query.size(), 0) < 0 && errno != EAGAIN)
            return fail(system_error(server_.text(), errno));
        return {};
    }

    void receive() {
        const auto alive = shared_from_this();  // finish() may drop the last owner.
        std::array<std::uint8_t, 4096> buffer;
        const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            return finish(fail(system_error(server_.text(), errno)));
        }
        take(OctetView(buffer.data(), static_cast<std::size_t>(size)), /*is_tcp=*/false);
    }

    void take(OctetView message, bool is_tcp) {
        auto answer = read_dns_answer(message, id_, question_);
        // What is no answer to us is passed over: somebody guesses.
        if (!answer && answer.error().code == ErrorCode::Protocol && !is_tcp) return;
        if (answer && answer->is_truncated && !is_tcp) {
            if (auto opened = open_tcp(); !opened) finish(fail(std::move(opened).error()));
            return;
        }
        finish(std::move(answer));
    }

    // RFC 7766: the same question over TCP, with two octets of length in front.
    Result<void> open_tcp() {
        again_.reset();
        poll_.reset();
        const int family = server_.address.is_v4() ? AF_INET : AF_INET6;
        socket_ = Fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!socket_) return fail(system_error(server_.text(), errno));
        TRY(connect_socket());
        const Octets query = dns_query(id_, question_);
        octets_.assign(2, 0);
        zones::write_u16(octets_.data(), static_cast<std::uint16_t>(query.size()));
        octets_.insert(octets_.end(), query.begin(), query.end());
        poll_ = loop_.add_poll(socket_.get(), net::Interest::Write,
                               [this](net::PollEvents events) { exchange(events); });
        return {};
    }

    void exchange(net::PollEvents events) {
        const auto alive = shared_from_this();
        if (is_sent_) return receive_stream();
        if (!events.writable) return;
        const ssize_t sent = ::send(socket_.get(), octets_.data(), octets_.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            return finish(fail(system_error(server_.text(), errno)));
        }
        octets_.erase(octets_.begin(), octets_.begin() + sent);
        is_sent_ = octets_.empty();
        if (is_sent_) poll_.set(net::Interest::Read);
    }

    void receive_stream() {
        std::array<std::uint8_t, 4096> buffer;
        const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            return finish(fail(system_error(server_.text(), errno)));
        }
        if (size == 0)
            return finish(
                fail(Error{ErrorCode::Unavailable, server_.text(), "ends the connection"}));
        octets_.insert(octets_.end(), buffer.begin(), buffer.begin() + size);
        if (octets_.size() < 2) return;
        const std::size_t length = zones::read_u16(octets_.data());
        if (octets_.size() < 2 + length && octets_.size() < 2 + kMaxMessage) return;
        take(OctetView(octets_).subspan(2, length), /*is_tcp=*/true);
    }

    void finish(Result<DnsAnswer> result) {
        timer_.reset();
        again_.reset();
        poll_.reset();
        if (const Then then = std::exchange(then_, nullptr)) then(std::move(result));
    }

    void finish_later(Result<DnsAnswer> result) {
        loop_.post([weak = weak_from_this(), result = std::move(result)] {
            if (const auto alive = weak.lock()) alive->finish(result);
        });
    }

    net::Loop& loop_;
    const Endpoint server_;
    const DnsQuestion question_;
    Then then_;
    const std::uint16_t id_;
    Fd socket_;
    net::Poll poll_;
    net::Timer timer_;
    net::Timer again_;
    Octets octets_;  // Over TCP: what is left to be sent, then what has come.
    bool is_sent_ = false;
};

}  // namespace

std::shared_ptr<DnsAsk> DnsAsk::start(net::Loop& loop, const Endpoint& server, DnsQuestion question,
                                      Milliseconds patience, Then then) {
    auto ask = std::make_shared<Ask>(loop, server, question, std::move(then));
    ask->begin(patience);
    return ask;
}

}  // namespace hairpin::acme
