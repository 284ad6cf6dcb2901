// net/http_client.hpp - HTTPS requests to others: the CA, web-hooks, a server's own endpoint.
//
// libcurl's multi interface on the Loop: nothing blocks, not even name resolution. Only https:// is
// spoken and redirects are not followed. Answers are whole and bounded. Retrying is the caller's
// (ACME has its own rules).
//
// Standards RFC 9110; HTTP/2 where the server offers it.
// Threads   The loop's thread. Callbacks come on the loop, never inside request().

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "net/loop.hpp"

namespace hairpin::net {

enum class HttpVersion : std::uint8_t { Any, Http1 };

struct ClientRequest {
    std::string method = "GET";
    std::string url;
    std::vector<Header> headers;
    std::string body;
    std::string ca_file;                  // PEM; empty: that of the client's options.
    std::optional<Milliseconds> timeout;  // In all; empty: that of the client's options.
    HttpVersion version = HttpVersion::Any;
};

struct ClientResponse {
    int status = 0;
    std::vector<Header> headers;  // Names in lower case, in the order received.
    std::string body;
    int version = 11;  // 10, 11 or 20.

    /// The first header of that (lower-case) name. The view lives as long as the response.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
};

struct ClientOptions {
    std::string user_agent = "hairpin";
    std::string ca_file;  // PEM; empty: the system's.
    Milliseconds connect_timeout{10'000};
    Milliseconds timeout{30'000};
    std::size_t max_response = 1'048'576;  // Octets of a body, and of all header fields together.
    std::size_t max_in_flight = 8;
    std::size_t max_waiting = 1024;
    /// Asked of each address right before it is connected to, whatever the name resolved to before;
    /// no proxy of the environment is used then. Empty: any will do.
    std::function<bool(const IpAddress& address)> may_connect;
};

class HttpClient {
public:
    /// Errors of an answer: Unavailable the peer was not reached or the time ran out; Protocol TLS
    /// or HTTP failed; Limit too large an answer, or max_waiting reached; Invalid the URL is not
    /// https or malformed; Denied ClientOptions::may_connect refused every address. Every HTTP
    /// status, 500 included, is an answer and not an error.
    using Callback = std::function<void(Result<ClientResponse>)>;

    /// Errors: Unavailable libcurl could not be set up.
    [[nodiscard]] static Result<std::unique_ptr<HttpClient>> create(Loop& loop,
                                                                    ClientOptions options = {});
    /// Cancels what is in flight; its callbacks are dropped, not called.
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    void request(ClientRequest request, Callback callback);

    /// Requests in flight and waiting.
    [[nodiscard]] std::size_t pending() const noexcept;

private:
    class State;
    explicit HttpClient(std::shared_ptr<State> state) noexcept;
    std::shared_ptr<State> state_;
};

}  // namespace hairpin::net
