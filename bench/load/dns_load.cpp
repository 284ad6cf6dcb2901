// dns_load - asks a DNS server as fast as it answers, from one thread, and checks every answer.
//
// Never sleeps: the generator is meant to have a core of its own, so that the server is what
// limits. Prints "measuring" when the warm-up is over, then one line of JSON.

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/load/dns_window.hpp"
#include "bench/load/questions.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::bench;
using std::chrono::steady_clock;

struct Options {
    std::string server;
    std::string questions;
    double seconds = 5;
    double warm_up = 0.3;
    std::size_t sockets = 2;
    std::size_t in_flight = 96;  // Of each socket.
    bool echo = false;
    std::string cookie;  // "client", "server", or none.
};

constexpr std::array<std::uint8_t, 8> kClientCookie = {1, 2, 3, 4, 5, 6, 7, 8};

/// The cookies that the server answers a client's with. Of a server that has none: the client's,
/// and as many octets behind it. Errors: Io, Unavailable.
Result<Octets> cookies_of(const Endpoint& server, const Question& question) {
    constexpr std::array<std::uint8_t, 4> kOptionHead = {0, 10, 0, 24};
    constexpr std::size_t kCookies = 24;
    sockaddr_storage address{};
    const socklen_t size = server.to_sockaddr(address);
    const Fd socket(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const timeval patience{1, 0};
    const bool is_sent =
        socket &&
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        ::sendto(socket.get(), question.message.data(), question.message.size(), 0,
                 reinterpret_cast<const sockaddr*>(&address), size) > 0;
    if (!is_sent) return fail(system_error(server.text(), errno));
    Octets answer(4096);
    const ssize_t count = ::recv(socket.get(), answer.data(), answer.size(), 0);
    if (count < 0) return fail(Error{ErrorCode::Unavailable, server.text(), "does not answer"});
    answer.resize(static_cast<std::size_t>(count));
    // It is the last option of an answer that is no refusal.
    const auto head =
        std::search(answer.begin(), answer.end(), kOptionHead.begin(), kOptionHead.end());
    if (answer.end() - head == static_cast<std::ptrdiff_t>(kOptionHead.size() + kCookies))
        return Octets(answer.end() - kCookies, answer.end());
    Octets made(kClientCookie.begin(), kClientCookie.end());
    made.resize(kCookies, 0x55);
    return made;
}

Instant after(Instant from, double seconds) {
    return from + std::chrono::duration_cast<steady_clock::duration>(
                      std::chrono::duration<double>(seconds));
}

/// Keeps every window full until `until`.
Tally drive(std::vector<DnsWindow>& windows, const Questions& questions, std::size_t& next,
            Instant until) {
    constexpr auto kExpireEvery = std::chrono::milliseconds(50);
    Tally tally;
    Instant expired = steady_clock::now();
    for (Instant now = expired; now < until; now = steady_clock::now()) {
        for (DnsWindow& window : windows) {
            while (window.receive(tally)) {
            }
            while (window.send(questions, next)) {
            }
        }
        if (now - expired > kExpireEvery) {
            expired = now;
            for (DnsWindow& window : windows)
                window.expire(now, tally);
        }
    }
    return tally;
}

Result<int> run(const Options& options) {
    const auto server = Endpoint::parse(options.server);
    if (!server) return fail(Error{ErrorCode::Invalid, options.server, "is not ADDRESS:PORT"});
    Octets cookie;
    if (!options.cookie.empty()) cookie.assign(kClientCookie.begin(), kClientCookie.end());
    if (options.cookie == "server") {
        const Questions asked = TRY(Questions::read(options.questions, cookie));
        cookie = TRY(cookies_of(*server, asked[0]));
    }
    const Questions questions = TRY(Questions::read(options.questions, cookie));
    std::vector<DnsWindow> windows;
    const Checking checking = options.echo ? Checking::EchoOnly : Checking::Answers;
    for (std::size_t count = 0; count < options.sockets; ++count)
        windows.push_back(TRY(DnsWindow::open(*server, options.in_flight, checking)));

    std::size_t next = 0;
    static_cast<void>(drive(windows, questions, next, after(steady_clock::now(), options.warm_up)));
    fmt::print("measuring\n");
    std::fflush(stdout);
    const Instant began = steady_clock::now();
    const Tally tally = drive(windows, questions, next, after(began, options.seconds));
    const double seconds = std::chrono::duration<double>(steady_clock::now() - began).count();

    const double answered = static_cast<double>(tally.answered);
    fmt::print(
        R"({{"answered": {}, "seconds": {:.3f}, "per_second": {:.0f}, "wrong": {}, "lost": {}, "stray": {}, )"
        R"("octets": {:.0f}, "p50_us": {}, "p99_us": {}}})"
        "\n",
        tally.answered, seconds, answered / seconds, tally.wrong, tally.lost, tally.stray,
        tally.answered == 0 ? 0.0 : static_cast<double>(tally.octets) / answered,
        tally.percentile(0.5), tally.percentile(0.99));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Asks a DNS server as fast as it answers and checks every answer.");
    app.add_option("--server", options.server, "ADDRESS:PORT")->required();
    app.add_option("--questions", options.questions, "One a line: owner type rcode least-answers")
        ->required();
    app.add_option("--seconds", options.seconds, "Measured time")->check(CLI::PositiveNumber);
    app.add_option("--warm-up", options.warm_up, "Time before it")->check(CLI::NonNegativeNumber);
    app.add_option("--sockets", options.sockets, "Client ports")->check(CLI::Range(1, 64));
    app.add_option("--in-flight", options.in_flight, "Questions in flight for each socket")
        ->check(CLI::Range(std::size_t{1}, DnsWindow::kMaxInFlight));
    app.add_flag("--echo", options.echo, "The server only sets QR: check nothing else");
    app.add_option("--cookie", options.cookie, "Send a client cookie with every question, or both")
        ->check(CLI::IsMember({"client", "server"}));
    CLI11_PARSE(app, argc, argv);
    const auto status = run(options);
    if (status) return *status;
    fmt::print(stderr, "dns_load: {}\n", status.error().text());
    return 1;
}
