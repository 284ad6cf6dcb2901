#include "tests/unit/net/server_fixture.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>

#include "core/crypto.hpp"
#include "core/octets.hpp"
#include "net/socket.hpp"

namespace hairpin::net::tests {

ServerFixture::ServerFixture(Handler handler, ServerOptions options) {
    const auto pair = make_self_signed({"localhost", "127.0.0.1"});
    REQUIRE(pair);
    ca_file_ =
        std::filesystem::temp_directory_path() / ("hairpin-net-test-" + random_id() + ".pem");
    std::ofstream(ca_file_) << pair->certificate;
    auto tls = ServerTls::from_pem(pair->certificate, pair->key);
    REQUIRE(tls);
    slot_ = std::make_shared<CertificateSlot>(*tls);

    auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
    REQUIRE(listener);
    endpoint_ = *local_endpoint(*listener);
    std::vector<Fd> listeners;
    listeners.push_back(std::move(*listener));
    auto server = HttpServer::create(loop_, std::move(listeners), slot_, std::move(options),
                                     std::move(handler));
    REQUIRE(server);
    server_ = std::move(*server);
    thread_ = std::thread([this] { loop_.run(); });
}

ServerFixture::~ServerFixture() {
    loop_.post([this] { server_.reset(); });
    loop_.stop();
    thread_.join();
    std::filesystem::remove(ca_file_);
}

std::string ServerFixture::url(std::string_view target) const {
    return "https://localhost:" + std::to_string(endpoint_.port) + std::string(target);
}

void ServerFixture::on_loop(const std::function<void(HttpServer&)>& work) {
    std::promise<void> done;
    loop_.post([&] {
        work(*server_);
        done.set_value();
    });
    done.get_future().wait();
}

Result<ClientResponse> fetch(ClientRequest request, ClientOptions options) {
    Loop loop;
    auto client = HttpClient::create(loop, std::move(options));
    REQUIRE(client);
    Result<ClientResponse> answer = fail(Error{ErrorCode::Unavailable, "test", "no callback"});
    (*client)->request(std::move(request), [&](Result<ClientResponse> result) {
        answer = std::move(result);
        loop.stop();
    });
    loop.run();
    client->reset();
    return answer;
}

Fd connect_to(const Endpoint& server, std::optional<IpAddress> from, int receive_buffer_octets) {
    Fd socket(::socket(server.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(socket);
    const timeval patience{5, 0};
    REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    if (receive_buffer_octets > 0) {
        REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_octets,
                             sizeof receive_buffer_octets) == 0);
        // Loopback's segments are larger than such a buffer, so that each waits for a probe, whose
        // pauses double. Over a real link they are not.
        const int segment = 1'460;
        REQUIRE(::setsockopt(socket.get(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) == 0);
    }
    sockaddr_storage storage{};
    if (from) {
        const auto own = Endpoint{*from, 0}.to_sockaddr(storage);
        REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), own) == 0);
    }
    const auto size = server.to_sockaddr(storage);
    REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0);
    return socket;
}

TlsPeer::TlsPeer(const Endpoint& server, std::string_view alpn)
    : TlsPeer(connect_to(server), alpn) {}

TlsPeer::TlsPeer(Fd socket, std::string_view alpn)
    : socket_(std::move(socket)),
      context_(SSL_CTX_new(TLS_client_method())),
      tls_(SSL_new(context_.get())) {
    std::string list(1, static_cast<char>(alpn.size()));
    list += alpn;
    if (!alpn.empty()) {
        const auto octets = as_octets(list);
        REQUIRE(SSL_set_alpn_protos(tls_.get(), octets.data(),
                                    static_cast<unsigned>(octets.size())) == 0);
    }
    REQUIRE(SSL_set_fd(tls_.get(), socket_.get()) == 1);
    closed_ = SSL_connect(tls_.get()) != 1;
}

void TlsPeer::send(std::string_view octets) {
    if (SSL_write(tls_.get(), octets.data(), static_cast<int>(octets.size())) <= 0) closed_ = true;
}

std::string TlsPeer::read_until(std::string_view mark) {
    std::string text;
    while (!closed_ && (mark.empty() || text.find(mark) == text.npos)) {
        const auto more = read_some();
        if (more.empty()) break;
        text += more;
    }
    return text;
}

std::string TlsPeer::read_some() {
    std::array<char, 16384> buffer{};
    const int size = SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (size > 0) return {buffer.data(), static_cast<std::size_t>(size)};
    closed_ = SSL_get_error(tls_.get(), size) == SSL_ERROR_ZERO_RETURN || errno != EAGAIN;
    return {};
}

std::string TlsPeer::alpn() const {
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls_.get(), &protocol, &size);
    return std::string(as_text({protocol, size}));
}

std::string TlsPeer::fingerprint() const {
    const Handle<X509, X509_free> certificate(SSL_get1_peer_certificate(tls_.get()));
    REQUIRE(certificate);
    Sha256 digest{};
    X509_digest(certificate.get(), EVP_sha256(), digest.data(), nullptr);
    return to_hex(digest);
}

void TlsPeer::close() {
    tls_.reset();
    socket_.reset();
    closed_ = true;
}

bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

void echo(Request&& request, Responder responder) {
    responder.send({200,
                    {{"content-type", "text/plain"}},
                    request.method_text + " " + request.path + " " +
                        std::to_string(request.body.size()) + " " +
                        std::to_string(request.version)});
}

}  // namespace hairpin::net::tests
