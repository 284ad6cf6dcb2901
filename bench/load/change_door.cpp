#include "bench/load/change_door.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "bench/load/signed_updates.hpp"
#include "bench/load/tls_connection.hpp"
#include "core/fd.hpp"
#include "core/octets.hpp"
#include "zones/wire.hpp"

namespace hairpin::bench {
namespace {

std::string text_of(const Ipv4& address) {
    return IpAddress::v4(address).text();
}
/// Without the dot at the end.
std::string bare(const zones::Name& name) {
    const std::string text = name.text();
    return text.substr(0, text.size() - 1);
}

class UpdateDoor final : public ChangeDoor {
public:
    UpdateDoor(const DoorOptions& options, const zones::Name& key, Fd socket)
        : label_(as_text(options.name.wire().subspan(1, options.name.wire()[0]))),
          updates_(options.name.without_labels(1),
                   dnsd::TsigKey::create(key, as_octets(options.secret), {})),
          socket_(std::move(socket)) {}

    [[nodiscard]] int descriptor() const noexcept override { return socket_.get(); }
    [[nodiscard]] Result<void> begin(const Ipv4& address) override {
        auto made = updates_.replace(label_, address);
        id_ = zones::read_u16(made.message.data());
        verifier_.emplace(std::move(made.verifier));
        if (::send(socket_.get(), made.message.data(), made.message.size(), 0) < 0)
            return fail(system_error("send", errno));
        return {};
    }
    [[nodiscard]] Result<bool> acknowledged() override {
        std::array<std::uint8_t, 4096> room{};
        const ssize_t count = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
        if (count < static_cast<ssize_t>(zones::kHeaderOctets)) return false;
        const auto answer = OctetView(room).first(static_cast<std::size_t>(count));
        if (zones::read_u16(answer.data()) != id_) return false;
        if (is_done(answer, *verifier_)) return true;
        return fail(Error{ErrorCode::Protocol, "update", fmt::format("RCODE {}", answer[3] & 15u)});
    }

private:
    std::string label_;
    SignedUpdates updates_;
    Fd socket_;
    std::uint16_t id_ = 0;
    std::optional<dnsd::TsigVerifier> verifier_;
};

std::string with_body(std::string_view head, std::string_view secret, const std::string& body) {
    return fmt::format(
        "{} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n"
        "content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        head, secret, body.size(), body);
}

std::string heartbeat(const DoorOptions& options, const std::string& address) {
    return with_body("POST /v1/self/heartbeat", options.secret,
                     fmt::format(R"({{"public":["{}"]}})", address));
}
std::string rest_call(const DoorOptions& options, const std::string& address) {
    const std::string zone = options.name.without_labels(1).text();
    return with_body(fmt::format("PUT /v1/zones/{}/rrsets/{}/A", zone, options.name.text()),
                     options.secret, fmt::format(R"({{"ttl":60,"records":["{}"]}})", address));
}
std::string dyndns_call(const DoorOptions& options, const std::string& address) {
    const std::string name = bare(options.name);
    return fmt::format(
        "GET /nic/update?hostname={}&myip={} HTTP/1.1\r\nhost: localhost\r\n"
        "user-agent: visible_load\r\nauthorization: Basic {}\r\n\r\n",
        name, address, to_base64(as_octets(name + ":" + options.secret)));
}

class HttpDoor final : public ChangeDoor {
public:
    using Call = std::string (*)(const DoorOptions& options, const std::string& address);
    HttpDoor(DoorOptions options, Call call, TlsConnection connection)
        : options_(std::move(options)), call_(call), connection_(std::move(connection)) {}

    [[nodiscard]] int descriptor() const noexcept override { return connection_.descriptor(); }
    [[nodiscard]] Result<void> begin(const Ipv4& address) override {
        address_ = text_of(address);
        return connection_.send(call_(options_, address_));
    }
    [[nodiscard]] Result<bool> acknowledged() override {
        const auto answer = TRY(connection_.receive());
        if (!answer) return false;
        // Each of them says the address; dyndns2 says "nochg" where it was so before.
        const bool is_right = (answer->status == 200 || answer->status == 201) &&
                              answer->body.find(address_) != std::string::npos &&
                              answer->body.find("nochg") == std::string::npos;
        if (is_right) return true;
        return fail(Error{ErrorCode::Protocol, options_.over,
                          fmt::format("{} {}", answer->status, answer->body)});
    }

private:
    DoorOptions options_;
    Call call_;
    TlsConnection connection_;
    std::string address_;
};

HttpDoor::Call call_of(std::string_view over) {
    if (over == "heartbeat") return heartbeat;
    if (over == "dyndns2") return dyndns_call;
    return over == "rest" ? rest_call : nullptr;
}

Result<std::unique_ptr<ChangeDoor>> open_update(const DoorOptions& options) {
    const auto key = zones::Name::parse(options.key);
    if (!key) return fail(Error{ErrorCode::Invalid, options.key, "is not the name of a key"});
    sockaddr_storage storage{};
    const socklen_t size = options.dns.to_sockaddr(storage);
    Fd socket(::socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0)
        return fail(system_error("connect", errno));
    return std::make_unique<UpdateDoor>(options, *key, std::move(socket));
}

}  // namespace

Result<std::unique_ptr<ChangeDoor>> open_door(const DoorOptions& options, SSL_CTX* context) {
    if (options.over == "update") return open_update(options);
    const HttpDoor::Call call = call_of(options.over);
    if (call == nullptr) return fail(Error{ErrorCode::Invalid, options.over, "is not a door"});
    auto connection = TRY(TlsConnection::open(options.http, context));
    return std::make_unique<HttpDoor>(options, call, std::move(connection));
}

}  // namespace hairpin::bench
