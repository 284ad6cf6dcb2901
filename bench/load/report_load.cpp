// report_load - sends what servers say of themselves over kept TLS connections as fast as it is
// answered, from one thread, each connection one at a time, the servers of a file taken in turn.
//
// As heartbeats, or with --dyndns as the dyndns2 calls that a router makes. With --change every one
// reports a new public address, so that each is a durable change of its zone; without, each says
// what is published already. Prints "measuring" when the warm-up is over, then one line of JSON.

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "bench/load/tls_connection.hpp"
#include "core/octets.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::bench;
using std::chrono::steady_clock;
using ContextHandle = Handle<SSL_CTX, SSL_CTX_free>;

struct Options {
    std::string server;
    std::string servers;
    bool dyndns = false;
    double seconds = 5;
    double warm_up = 0.5;
    std::size_t connections = 32;
    bool change = false;
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

/// Who reports: its token, and its public name, which is the user that dyndns2 wants.
struct Reporter {
    std::string token;
    std::string name;
};

/// One connection and the servers it speaks for.
struct Lane {
    TlsConnection connection;
    std::vector<std::size_t> servers;
    std::size_t turn = 0;
    steady_clock::time_point sent;
    std::string expected;  // Is in the answer's body.
};

struct Tally {
    std::uint64_t answered = 0;
    std::uint64_t wrong = 0;  // Not 200, or it changed what it should not, or nothing.
    std::string first_wrong;
    std::vector<std::uint32_t> microseconds;
};

class Load {
public:
    Load(const Options& options, std::vector<Reporter> reporters)
        : options_(options), reporters_(std::move(reporters)) {}

    Result<void> connect() {
        const auto server = Endpoint::parse(options_.server);
        if (!server) return fail(Error{ErrorCode::Invalid, options_.server, "is not ADDRESS:PORT"});
        context_.reset(SSL_CTX_new(TLS_client_method()));
        poller_ = Fd(epoll_create1(EPOLL_CLOEXEC));
        if (context_ == nullptr || !poller_) return fail(system_error("epoll", errno));
        const std::size_t count = std::min(options_.connections, reporters_.size());
        for (std::size_t lane = 0; lane < count; ++lane) {
            lanes_.push_back({TRY(TlsConnection::open(*server, context_.get())), {}, 0, {}, {}});
            for (std::size_t reporter = lane; reporter < reporters_.size(); reporter += count)
                lanes_.back().servers.push_back(reporter);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = lane;
            if (epoll_ctl(poller_.get(), EPOLL_CTL_ADD, lanes_.back().connection.descriptor(),
                          &event) != 0)
                return fail(system_error("epoll_ctl", errno));
        }
        for (Lane& lane : lanes_)
            TRY(next_report(lane));
        return {};
    }

    /// Keeps every connection busy until `until`.
    Result<Tally> drive(steady_clock::time_point until) {
        Tally tally;
        std::array<epoll_event, 64> events{};
        while (steady_clock::now() < until && sent_ < options_.most) {
            const int count = epoll_wait(poller_.get(), events.data(), events.size(), 20);
            for (int index = 0; index < count; ++index) {
                Lane& lane = lanes_[events[static_cast<std::size_t>(index)].data.u64];
                const auto answer = TRY(lane.connection.receive());
                if (!answer) continue;
                take(lane, *answer, tally);
                TRY(next_report(lane));
            }
        }
        return tally;
    }

private:
    void take(const Lane& lane, const HttpAnswer& answer, Tally& tally) {
        const auto waited =
            std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - lane.sent);
        tally.microseconds.push_back(static_cast<std::uint32_t>(waited.count()));
        ++tally.answered;
        if (answer.status == 200 && answer.body.find(lane.expected) != std::string::npos) return;
        if (++tally.wrong == 1) tally.first_wrong = answer.body;
    }

    Result<void> next_report(Lane& lane) {
        const Reporter& reporter = reporters_[lane.servers[lane.turn++ % lane.servers.size()]];
        if (options_.change) ++round_;
        ++sent_;
        // 198.51.100.0/24 and 203.0.113.0/24 in turn: 508 addresses, never twice the same in a row.
        const std::string address = fmt::format(
            "{}.{}", round_ % 2 == 0 ? "198.51.100" : "203.0.113", 1 + round_ / 2 % 254);
        const std::string request = options_.dyndns ? dyndns_call(lane, reporter, address)
                                                    : heartbeat(lane, reporter, address);
        lane.sent = steady_clock::now();
        return lane.connection.send(request);
    }

    [[nodiscard]] std::string heartbeat(Lane& lane, const Reporter& reporter,
                                        const std::string& address) const {
        lane.expected = options_.change ? R"("changed":true)" : R"("changed":false)";
        const std::string body =
            fmt::format(R"({{"public":["{}"],"private":["192.168.1.11"],"port":8443}})", address);
        return fmt::format(
            "POST /v1/self/heartbeat HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n"
            "content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
            reporter.token, body.size(), body);
    }

    [[nodiscard]] std::string dyndns_call(Lane& lane, const Reporter& reporter,
                                          const std::string& address) const {
        lane.expected = (options_.change ? "good " : "nochg ") + address;
        return fmt::format(
            "GET /nic/update?hostname={}&myip={} HTTP/1.1\r\nhost: localhost\r\n"
            "user-agent: report_load\r\nauthorization: Basic {}\r\n\r\n",
            reporter.name, address, to_base64(as_octets(reporter.name + ":" + reporter.token)));
    }

    Options options_;
    std::vector<Reporter> reporters_;
    ContextHandle context_;
    Fd poller_;
    std::vector<Lane> lanes_;
    unsigned round_ = 0;
    std::uint64_t sent_ = 0;
};

Result<std::vector<Reporter>> read_reporters(const std::string& file) {
    std::ifstream stream(file);
    std::vector<Reporter> reporters;
    for (Reporter each; stream >> each.token >> each.name;)
        reporters.push_back(each);
    if (reporters.empty()) return fail(Error{ErrorCode::Invalid, file, "holds no servers"});
    return reporters;
}

std::uint32_t percentile(std::vector<std::uint32_t>& times, double share) {
    if (times.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(times.size() - 1) * share);
    std::nth_element(times.begin(), times.begin() + at, times.end());
    return times[static_cast<std::size_t>(at)];
}

Result<int> run(const Options& options) {
    Load load(options, TRY(read_reporters(options.servers)));
    TRY(load.connect());
    const auto duration = [](double seconds) {
        return std::chrono::duration_cast<steady_clock::duration>(
            std::chrono::duration<double>(seconds));
    };
    static_cast<void>(TRY(load.drive(steady_clock::now() + duration(options.warm_up))));
    fmt::print("measuring\n");
    std::fflush(stdout);
    const auto began = steady_clock::now();
    Tally tally = TRY(load.drive(began + duration(options.seconds)));
    const double seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
    fmt::print(
        R"({{"answered": {}, "seconds": {:.3f}, "per_second": {:.0f}, "wrong": {}, "p50_us": {}, "p99_us": {}}})"
        "\n",
        tally.answered, seconds, static_cast<double>(tally.answered) / seconds, tally.wrong,
        percentile(tally.microseconds, 0.5), percentile(tally.microseconds, 0.99));
    if (tally.wrong > 0) fmt::print(stderr, "report_load: {}\n", tally.first_wrong);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Sends servers' reports over kept TLS connections as fast as they are answered.");
    app.add_option("--server", options.server, "ADDRESS:PORT")->required();
    app.add_option("--servers", options.servers, "File with TOKEN and PUBLIC NAME on each line")
        ->required();
    app.add_flag("--dyndns", options.dyndns, "As dyndns2 calls instead of heartbeats");
    app.add_option("--seconds", options.seconds, "Measured time")->check(CLI::PositiveNumber);
    app.add_option("--warm-up", options.warm_up, "Time before it")->check(CLI::NonNegativeNumber);
    app.add_option("--connections", options.connections, "Kept connections")
        ->check(CLI::Range(1, 1024));
    app.add_option("--most", options.most, "End early after so many reports");
    app.add_flag("--change", options.change, "Report a new public address each time");
    CLI11_PARSE(app, argc, argv);
    const auto status = run(options);
    if (status) return *status;
    fmt::print(stderr, "report_load: {}\n", status.error().text());
    return 1;
}
