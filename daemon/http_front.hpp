// daemon/http_front.hpp - the API's threads: each a loop, an HTTPS server and an Api of its own.
//
// All threads listen on the same endpoints (SO_REUSEPORT) and serve the same certificate slot.
// Binding is separate from starting, so that privileges may be dropped in between.
//
// Threads   bind, start, drain and stop on the main thread; counters on any.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "admin/api.hpp"
#include "core/ip_address.hpp"
#include "core/result.hpp"
#include "net/http_server.hpp"
#include "net/loop.hpp"
#include "net/tls.hpp"

namespace hairpin::daemon {

class HttpFront {
public:
    /// Makes the API of one thread's loop. Called on that thread, before its loop runs.
    using MakeApi = std::function<Result<std::shared_ptr<admin::Api>>(net::Loop& loop)>;

    /// @param name  What its threads are called: "http" makes http-0, http-1, ..
    /// Errors: Conflict, Denied, Io as net::listen_tcp.
    [[nodiscard]] static Result<std::unique_ptr<HttpFront>> bind(
        const std::vector<Endpoint>& listen, std::size_t workers, std::string name = "http");
    ~HttpFront();
    HttpFront(const HttpFront&) = delete;
    HttpFront& operator=(const HttpFront&) = delete;

    /// Errors: what `make` says; then nothing runs.
    [[nodiscard]] Result<void> start(const std::shared_ptr<net::CertificateSlot>& certificates,
                                     const net::ServerOptions& options, const MakeApi& make);
    /// Lets running requests finish, at most for `limit`, then ends the threads.
    void stop(Milliseconds limit);

    [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
    /// Visits the counters of each thread that serves.
    void for_each_counters(const std::function<void(const net::HttpCounters&)>& visit) const;

private:
    struct Worker;
    explicit HttpFront(std::string name);
    std::string name_;
    std::vector<Endpoint> endpoints_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace hairpin::daemon
