// update_load - sends TSIG-signed UPDATEs, one at a time from each of some senders, and checks that
// each is answered NOERROR, signed.
//
// Every UPDATE replaces the A record of another name with another address, so that each changes
// something. A sender has a UDP socket or a TCP connection of its own and waits for its answer.
// Prints "measuring" when the warm-up is over, then one line of JSON.

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/signed_updates.hpp"
#include "core/error.hpp"
#include "core/fd.hpp"
#include "core/ip_address.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"
#include "dnsd/codes.hpp"
#include "dnsd/key_ring.hpp"
#include "dnsd/tsig.hpp"
#include "zones/name.hpp"
#include "zones/wire.hpp"

namespace {

using namespace hairpin;
using Instant = std::chrono::steady_clock::time_point;

struct Options {
    std::string server;
    std::string zone;
    std::string key = "upd.";
    std::string secret;  // As text; its octets are the key.
    double seconds = 5;
    double warm_up = 0.5;
    std::size_t senders = 1;
    unsigned names = 1000;  // nur1 .. nurN.
    bool tcp = false;
};

struct UpdateTally {
    std::uint64_t wrong = 0;
    std::uint64_t lost = 0;
    std::vector<double> microseconds;

    [[nodiscard]] double percentile(double share) {
        if (microseconds.empty()) return 0;
        std::sort(microseconds.begin(), microseconds.end());
        const auto last = static_cast<double>(microseconds.size() - 1);
        return microseconds[static_cast<std::size_t>(last * share)];
    }
};

/// UPDATEs of one zone, each of another name or with another address.
class Updates {
public:
    Updates(const zones::Name& zone, dnsd::TsigKeyRef key, unsigned names)
        : updates_(zone, std::move(key)), names_(names) {}

    [[nodiscard]] bench::SignedUpdates::Signed next() {
        const auto octet = [this] { return static_cast<std::uint8_t>(1 + random_() % 254); };
        return updates_.replace("nur" + std::to_string(1 + random_() % names_),
                                {198, 18, octet(), octet()});
    }

private:
    bench::SignedUpdates updates_;
    unsigned names_;
    std::mt19937 random_{1};
};

class Sender {
public:
    [[nodiscard]] static Result<Sender> open(const Endpoint& server, bool tcp) {
        sockaddr_storage storage{};
        const socklen_t size = server.to_sockaddr(storage);
        Fd socket(::socket(storage.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
        if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0)
            return fail(system_error("connect", errno));
        return Sender(std::move(socket), tcp);
    }
    [[nodiscard]] int socket() const { return socket_.get(); }
    [[nodiscard]] Instant sent() const { return sent_; }

    void send(Updates& updates) {
        auto made = updates.next();
        verifier_.emplace(std::move(made.verifier));
        id_ = zones::read_u16(made.message.data());
        Octets framed;
        if (tcp_)
            framed = {static_cast<std::uint8_t>(made.message.size() >> 8),
                      static_cast<std::uint8_t>(made.message.size())};
        framed.insert(framed.end(), made.message.begin(), made.message.end());
        sent_ = std::chrono::steady_clock::now();
        static_cast<void>(::send(socket_.get(), framed.data(), framed.size(), MSG_NOSIGNAL));
    }
    /// Whether the answer has come; counted.
    [[nodiscard]] bool receive(UpdateTally& tally) {
        std::array<std::uint8_t, 4096> room{};
        const ssize_t count = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
        const std::size_t head = tcp_ ? dnsd::kLengthOctets : 0;
        if (count < static_cast<ssize_t>(head + zones::kHeaderOctets)) {
            ++tally.wrong;
            return true;
        }
        const OctetView answer =
            OctetView(room).subspan(head, static_cast<std::size_t>(count) - head);
        if (zones::read_u16(answer.data()) != id_) return false;  // To one that was given up.
        const std::chrono::duration<double, std::micro> took =
            std::chrono::steady_clock::now() - sent_;
        const bool right = bench::is_done(answer, *verifier_);
        if (right)
            tally.microseconds.push_back(took.count());
        else
            ++tally.wrong;
        return true;
    }

private:
    Sender(Fd socket, bool tcp) : socket_(std::move(socket)), tcp_(tcp) {}
    Fd socket_;
    bool tcp_;
    Instant sent_;
    std::uint16_t id_ = 0;
    std::optional<dnsd::TsigVerifier> verifier_;
};

/// Keeps one UPDATE of each sender in flight until `until`.
UpdateTally drive_senders(std::vector<Sender>& senders, Updates& updates, Instant until) {
    constexpr auto kPatience = std::chrono::seconds(2);
    UpdateTally tally;
    std::vector<pollfd> watched;
    for (Sender& sender : senders) {
        sender.send(updates);
        watched.push_back({sender.socket(), POLLIN, 0});
    }
    for (Instant now = std::chrono::steady_clock::now(); now < until;
         now = std::chrono::steady_clock::now()) {
        ::poll(watched.data(), watched.size(), 100);
        for (std::size_t each = 0; each < senders.size(); ++each) {
            const bool lost = now - senders[each].sent() > kPatience;
            if (watched[each].revents == 0 && !lost) continue;
            if (lost) ++tally.lost;
            if (lost || senders[each].receive(tally)) senders[each].send(updates);
        }
    }
    // What is in flight at the end is waited for, not counted.
    for (Sender& sender : senders) {
        pollfd last{sender.socket(), POLLIN, 0};
        UpdateTally rest;
        if (::poll(&last, 1, 2000) > 0) static_cast<void>(sender.receive(rest));
    }
    return tally;
}

Instant later(Instant from, double seconds) {
    return from + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(seconds));
}

Result<int> run_updates(const Options& options) {
    const auto server = Endpoint::parse(options.server);
    if (!server) return fail(Error{ErrorCode::Invalid, options.server, "is not ADDRESS:PORT"});
    const auto zone = zones::Name::parse(options.zone);
    const auto key_name = zones::Name::parse(options.key);
    if (!zone || !key_name) return fail(Error{ErrorCode::Invalid, options.zone, "is not a name"});
    Updates updates(*zone, dnsd::TsigKey::create(*key_name, as_octets(options.secret), {}),
                    options.names);
    std::vector<Sender> senders;
    for (std::size_t each = 0; each < options.senders; ++each)
        senders.push_back(TRY(Sender::open(*server, options.tcp)));
    static_cast<void>(
        drive_senders(senders, updates, later(std::chrono::steady_clock::now(), options.warm_up)));
    fmt::print("measuring\n");
    std::fflush(stdout);
    const Instant began = std::chrono::steady_clock::now();
    UpdateTally tally = drive_senders(senders, updates, later(began, options.seconds));
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const auto answered = static_cast<double>(tally.microseconds.size());
    fmt::print(
        R"({{"answered": {}, "seconds": {:.3f}, "per_second": {:.0f}, "wrong": {}, "lost": {}, "p50_us": {:.0f}, "p99_us": {:.0f}}})"
        "\n",
        tally.microseconds.size(), seconds, answered / seconds, tally.wrong, tally.lost,
        tally.percentile(0.5), tally.percentile(0.99));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Sends signed UPDATEs and checks that each is done.");
    app.add_option("--server", options.server, "ADDRESS:PORT")->required();
    app.add_option("--zone", options.zone, "Whose nur1 to nurN are changed")->required();
    app.add_option("--key", options.key, "Name of the TSIG key (hmac-sha256)");
    app.add_option("--secret", options.secret, "Its octets, as text")->required();
    app.add_option("--seconds", options.seconds, "Measured time")->check(CLI::PositiveNumber);
    app.add_option("--warm-up", options.warm_up, "Time before it")->check(CLI::NonNegativeNumber);
    app.add_option("--senders", options.senders, "How many")->check(CLI::Range(1, 1000));
    app.add_option("--names", options.names, "How many names")->check(CLI::Range(1, 1'000'000));
    app.add_flag("--tcp", options.tcp, "Over connections");
    CLI11_PARSE(app, argc, argv);
    const auto status = run_updates(options);
    if (status) return *status;
    fmt::print(stderr, "update_load: {}\n", status.error().text());
    return 1;
}
