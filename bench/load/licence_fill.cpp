// licence_fill - makes licences with servers that have reported their addresses, over the API and
// several kept connections. What it leaves is what a day of customers leaves.

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/tls_connection.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::bench;
using ContextHandle = Handle<SSL_CTX, SSL_CTX_free>;

struct Options {
    std::string server;
    std::string token_file;
    std::size_t licences = 1;
    std::size_t servers = 3;
    std::size_t connections = 64;
};

std::string request(std::string_view path, std::string_view token, std::string_view body) {
    return fmt::format(
        "POST {} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n"
        "content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        path, token, body.size(), body);
}

/// The text of a string member of a JSON document that we know.
std::string_view member(std::string_view json, std::string_view name) {
    const std::size_t at = json.find(fmt::format("\"{}\"", name));
    const std::size_t open = json.find('"', json.find(':', at));
    return at == std::string_view::npos
               ? ""
               : json.substr(open + 1, json.find('"', open + 1) - open - 1);
}

/// One connection, which makes one licence after the other.
struct Lane {
    enum class Awaiting { Licence, Server, Heartbeat, Nothing };
    TlsConnection connection;
    Awaiting awaiting = Awaiting::Nothing;
    std::size_t licence = 0;
    std::size_t server = 0;
};

class Filling {
public:
    Filling(const Options& options, std::string token)
        : options_(options), token_(std::move(token)) {}

    Result<void> run() {
        const auto server = Endpoint::parse(options_.server);
        if (!server) return fail(Error{ErrorCode::Invalid, options_.server, "is not ADDRESS:PORT"});
        const ContextHandle context(SSL_CTX_new(TLS_client_method()));
        const Fd poller(epoll_create1(EPOLL_CLOEXEC));
        if (context == nullptr || !poller) return fail(system_error("epoll", errno));
        const std::size_t count = std::min(options_.connections, options_.licences);
        for (std::size_t lane = 0; lane < count; ++lane) {
            lanes_.push_back({TRY(TlsConnection::open(*server, context.get()))});
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = lane;
            if (epoll_ctl(poller.get(), EPOLL_CTL_ADD, lanes_[lane].connection.descriptor(),
                          &event) != 0)
                return fail(system_error("epoll_ctl", errno));
        }
        for (Lane& lane : lanes_)
            TRY(next_licence(lane));
        std::array<epoll_event, 64> events{};
        while (finished_ < options_.licences) {
            const int ready = epoll_wait(poller.get(), events.data(), events.size(), 1000);
            for (int index = 0; index < ready; ++index) {
                Lane& lane = lanes_[events[static_cast<std::size_t>(index)].data.u64];
                if (const auto answer = TRY(lane.connection.receive())) TRY(go_on(lane, *answer));
            }
        }
        return {};
    }

private:
    Result<void> next_licence(Lane& lane) {
        if (begun_ == options_.licences) {
            lane.awaiting = Lane::Awaiting::Nothing;
            return {};
        }
        lane.licence = ++begun_;
        lane.server = 0;
        lane.awaiting = Lane::Awaiting::Licence;
        return lane.connection.send(
            request("/v1/licences", token_, fmt::format(R"({{"licence":"{}"}})", lane.licence)));
    }

    Result<void> next_server(Lane& lane) {
        if (lane.server == options_.servers) {
            ++finished_;
            return next_licence(lane);
        }
        ++lane.server;
        lane.awaiting = Lane::Awaiting::Server;
        return lane.connection.send(
            request(fmt::format("/v1/licences/{}/servers", lane.licence), token_, "{}"));
    }

    Result<void> go_on(Lane& lane, const HttpAnswer& answer) {
        if (answer.status >= 300)
            return fail(Error{ErrorCode::Protocol, fmt::format("licence {}", lane.licence),
                              fmt::format("HTTP {}: {}", answer.status, answer.body)});
        switch (lane.awaiting) {
            case Lane::Awaiting::Licence:
            case Lane::Awaiting::Heartbeat:
                return next_server(lane);
            case Lane::Awaiting::Server:
                lane.awaiting = Lane::Awaiting::Heartbeat;
                return lane.connection.send(request(
                    "/v1/self/heartbeat", member(answer.body, "token"),
                    fmt::format(
                        R"({{"public":["203.0.113.{}","2001:db8:{:x}:{:x}::{}"],"private":["10.{}.{}.1"],"port":8443}})",
                        lane.server, lane.licence >> 16, lane.licence & 0xFFFF, lane.server,
                        lane.licence >> 8 & 0xFF, lane.licence & 0xFF)));
            case Lane::Awaiting::Nothing:
                break;
        }
        return fail(Error{ErrorCode::Protocol, "connection", "an answer to no request"});
    }

    Options options_;
    std::string token_;
    std::vector<Lane> lanes_;
    std::size_t begun_ = 0;
    std::size_t finished_ = 0;
};

Result<int> run(const Options& options) {
    std::ifstream stream(options.token_file);
    std::string token;
    if (!std::getline(stream, token)) return fail(system_error(options.token_file, errno));
    const auto began = std::chrono::steady_clock::now();
    Filling filling(options, token);
    TRY(filling.run());
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
    const double requests =
        static_cast<double>(options.licences) * (1 + 2 * static_cast<double>(options.servers));
    fmt::print("{:.1f} s, {:.0f} durable requests/s\n", spent.count(), requests / spent.count());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Makes licences with servers that have reported their addresses.");
    app.add_option("--server", options.server, "ADDRESS:PORT of the API")->required();
    app.add_option("--token", options.token_file, "File with an operator token")->required();
    app.add_option("--licences", options.licences, "How many")->check(CLI::Range(1, 1'000'000));
    app.add_option("--servers", options.servers, "Servers of each")->check(CLI::Range(1, 1000));
    app.add_option("--connections", options.connections, "Kept connections")
        ->check(CLI::Range(1, 1024));
    CLI11_PARSE(app, argc, argv);
    const auto status = run(options);
    if (status) return *status;
    fmt::print(stderr, "licence_fill: {}\n", status.error().text());
    return 1;
}
