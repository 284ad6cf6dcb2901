#include "daemon/http_front.hpp"

#include <pthread.h>

#include <atomic>
#include <future>

#include "core/fd.hpp"
#include "net/socket.hpp"

namespace hairpin::daemon {

struct HttpFront::Worker {
    std::vector<Fd> listeners;
    net::Loop loop;
    std::shared_ptr<admin::Api> api;          // Made and destroyed on the thread.
    std::unique_ptr<net::HttpServer> server;  // Made and destroyed on the thread.
    std::atomic<const net::HttpCounters*> counters{nullptr};
    std::promise<Result<void>>
        started;              // What prepare() said; the arguments of run() are not used after it.
    std::promise<void> idle;  // The loop has ended: this thread handles nothing any more.
    std::promise<void>
        release;  // No thread handles anything any more: what others may look at can go.
    std::thread thread;

    // Everything that belongs to the loop's thread is made here, told to the starter, and let go of
    // here.
    void run(const std::string& name, const std::shared_ptr<net::CertificateSlot>& certificates,
             const net::ServerOptions& options, const MakeApi& make) {
        pthread_setname_np(pthread_self(), name.c_str());
        started.set_value(prepare(certificates, options, make));
        loop.run();
        idle.set_value();
        release.get_future().wait();
        counters.store(nullptr);
        server.reset();
        api.reset();
    }

    Result<void> prepare(const std::shared_ptr<net::CertificateSlot>& certificates,
                         const net::ServerOptions& options, const MakeApi& make) {
        api = TRY(make(loop));
        net::ServerOptions own = options;
        own.body_limit = [this](const net::Request& head) { return api->body_limit_for(head); };
        server =
            TRY(net::HttpServer::create(loop, std::move(listeners), certificates, std::move(own),
                                        [this](net::Request&& request, net::Responder responder) {
                                            api->handle(std::move(request), std::move(responder));
                                        }));
        counters.store(&server->counters());
        return {};
    }

    void drain(Milliseconds limit) {
        loop.post([this, limit] {
            if (!server) return loop.stop();
            server->drain(limit, [this] { loop.stop(); });
        });
    }
};

HttpFront::HttpFront(std::string name) : name_(std::move(name)) {}

HttpFront::~HttpFront() {
    stop(Milliseconds(0));
}

Result<std::unique_ptr<HttpFront>> HttpFront::bind(const std::vector<Endpoint>& listen,
                                                   std::size_t workers, std::string name) {
    std::unique_ptr<HttpFront> front(new HttpFront(std::move(name)));
    for (std::size_t number = 0; number < workers; ++number)
        front->workers_.push_back(std::make_unique<Worker>());
    net::ListenOptions options;
    options.reuse_port = true;
    for (Endpoint endpoint : listen) {
        for (const auto& worker : front->workers_) {
            Fd listener = TRY(net::listen_tcp(endpoint, options));
            endpoint =
                TRY(net::local_endpoint(listener));  // Port 0: all take the one that the first got.
            worker->listeners.push_back(std::move(listener));
        }
        front->endpoints_.push_back(endpoint);
    }
    return front;
}

Result<void> HttpFront::start(const std::shared_ptr<net::CertificateSlot>& certificates,
                              const net::ServerOptions& options, const MakeApi& make) {
    for (std::size_t number = 0; number < workers_.size(); ++number) {
        Worker& worker = *workers_[number];
        auto outcome = worker.started.get_future();
        const std::string name = name_ + "-" + std::to_string(number);
        worker.thread = std::thread([&worker, name, &certificates, &options, &make] {
            worker.run(name, certificates, options, make);
        });
        if (auto result = outcome.get(); !result) {
            worker.loop.stop();
            stop(Milliseconds(0));
            return fail(result.error());
        }
    }
    return {};
}

void HttpFront::stop(Milliseconds limit) {
    for (const auto& worker : workers_)
        if (worker->thread.joinable()) worker->drain(limit);
    for (const auto& worker : workers_)
        if (worker->thread.joinable()) worker->idle.get_future().wait();
    for (const auto& worker : workers_) {
        if (!worker->thread.joinable()) continue;
        worker->release.set_value();
        worker->thread.join();
    }
}

void HttpFront::for_each_counters(
    const std::function<void(const net::HttpCounters&)>& visit) const {
    for (const auto& worker : workers_)
        if (const net::HttpCounters* counters = worker->counters.load()) visit(*counters);
}

}  // namespace hairpin::daemon
