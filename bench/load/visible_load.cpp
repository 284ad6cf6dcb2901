// visible_load - how long after a change is acknowledged do answers show it?
//
// From one thread: a change goes through one of the doors, and meanwhile the name's A record is
// asked for, one question after the other without a pause. What is told is from when the
// acknowledgement came to when the first answer with the new address did: below zero, it was seen
// before it was acknowledged. An old answer to a question that was asked behind the acknowledgement
// is counted: there must be none. Prints "measuring", then one line of JSON.

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/change_door.hpp"
#include "core/error.hpp"
#include "core/fd.hpp"
#include "core/handle.hpp"
#include "core/octets.hpp"
#include "zones/wire.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::bench;
using Moment = std::chrono::steady_clock::time_point;
using Microseconds = std::chrono::duration<double, std::micro>;
using ContextHandle = Handle<SSL_CTX, SSL_CTX_free>;

constexpr auto kPatience = std::chrono::seconds(5);

/// One question in flight at a time.
class Watcher {
public:
    [[nodiscard]] static Result<Watcher> open(const Endpoint& server, const zones::Name& name) {
        sockaddr_storage storage{};
        const socklen_t size = server.to_sockaddr(storage);
        Fd socket(::socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0)
            return fail(system_error("connect", errno));
        return Watcher(std::move(socket), name);
    }
    [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

    /// Unless a question waits for its answer already.
    [[nodiscard]] Result<void> ask() {
        if (std::exchange(is_waiting_, true)) return {};
        zones::write_u16(question_.data(), ++id_);
        if (::send(socket_.get(), question_.data(), question_.size(), 0) >= 0) return {};
        return fail(system_error("send", errno));
    }
    /// The address that the answer says; nullopt: that was not it.
    [[nodiscard]] std::optional<Ipv4> receive() {
        std::array<std::uint8_t, 512> room{};
        const ssize_t count = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
        is_waiting_ = false;
        // The header, the question and one A record that ends the message.
        const auto expected = static_cast<ssize_t>(question_.size() + 12 + 4);
        if (count != expected || zones::read_u16(room.data()) != id_) return std::nullopt;
        Ipv4 address{};
        std::copy_n(room.begin() + count - 4, 4, address.begin());
        return address;
    }

private:
    Watcher(Fd socket, const zones::Name& name) : socket_(std::move(socket)), question_(12) {
        question_[5] = 1;
        question_.insert(question_.end(), name.wire().begin(), name.wire().end());
        question_.insert(question_.end(), {0, 1, 0, 1});
    }
    Fd socket_;
    Octets question_;
    std::uint16_t id_ = 0;
    bool is_waiting_ = false;
};

struct Seen {
    std::vector<double> acknowledged;  // After it was sent, in microseconds.
    std::vector<double> visible;       // After the acknowledgement.
    std::uint64_t questions = 0;
    std::uint64_t old_answers = 0;  // To questions asked behind the acknowledgement.
};

/// Changes the address once and watches until both have come.
Result<void> change_once(ChangeDoor& door, Watcher& watcher, const Ipv4& address, Seen& seen) {
    std::optional<Moment> acknowledged;
    std::optional<Moment> visible;
    std::array<pollfd, 2> watched{
        {{door.descriptor(), POLLIN, 0}, {watcher.descriptor(), POLLIN, 0}}};
    const Moment sent = std::chrono::steady_clock::now();
    TRY(door.begin(address));
    TRY(watcher.ask());
    for (bool asked_behind = false; !acknowledged || !visible;) {
        const int ready = ::poll(watched.data(), watched.size(), 1000);
        const Moment now = std::chrono::steady_clock::now();
        if (now - sent > kPatience || ready == 0)
            return fail(Error{ErrorCode::Unavailable, "change", "no answer"});
        if (watched[0].revents != 0 && !acknowledged && TRY(door.acknowledged()))
            acknowledged = now;
        if (watched[1].revents == 0) continue;
        const auto answer = watcher.receive();
        if (!answer) return fail(Error{ErrorCode::Protocol, "question", "another answer"});
        ++seen.questions;
        if (*answer == address && !visible) visible = now;
        if (*answer != address && asked_behind) ++seen.old_answers;
        asked_behind = acknowledged.has_value();
        if (!acknowledged || !visible) TRY(watcher.ask());
    }
    seen.acknowledged.push_back(Microseconds(*acknowledged - sent).count());
    seen.visible.push_back(Microseconds(*visible - *acknowledged).count());
    return {};
}

double percentile(std::vector<double>& values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * share)];
}

Result<void> watch(const DoorOptions& options, unsigned count) {
    const ContextHandle context(SSL_CTX_new(TLS_client_method()));
    if (context == nullptr) return fail(Error{ErrorCode::Unavailable, "TLS", "no context"});
    const auto door = TRY(open_door(options, context.get()));
    auto watcher = TRY(Watcher::open(options.dns, options.name));
    constexpr unsigned kWarmUp = 20;
    Seen seen;
    for (unsigned each = 0; each < kWarmUp + count; ++each) {
        if (each == kWarmUp) {
            seen = {};
            fmt::print("measuring\n");
            std::fflush(stdout);
        }
        const Ipv4 address{198, 51, 100, static_cast<std::uint8_t>(1 + each % 250)};
        TRY(change_once(*door, watcher, address, seen));
    }
    const auto before = std::count_if(seen.visible.begin(), seen.visible.end(),
                                      [](double each) { return each <= 0; });
    const double seconds = std::accumulate(seen.acknowledged.begin(), seen.acknowledged.end(), 0.0);
    fmt::print(R"({{"answered": {}, "seconds": {:.3f}, "questions": {}, "old": {}, "before": {}, )"
               R"("ack_p50_us": {:.0f}, "ack_p99_us": {:.0f}, "min_us": {:.0f}, "p1_us": {:.0f}, )"
               R"("p50_us": {:.0f}, "p99_us": {:.0f}, "max_us": {:.0f}}})"
               "\n",
               count, seconds / 1e6, seen.questions, seen.old_answers, before,
               percentile(seen.acknowledged, 0.5), percentile(seen.acknowledged, 0.99),
               percentile(seen.visible, 0), percentile(seen.visible, 0.01),
               percentile(seen.visible, 0.5), percentile(seen.visible, 0.99),
               percentile(seen.visible, 1));
    return {};
}

Result<void> run(DoorOptions options, const std::string& dns, const std::string& http,
                 const std::string& name, unsigned count) {
    const auto dns_at = Endpoint::parse(dns);
    const auto http_at = Endpoint::parse(http);
    const auto owner = zones::Name::parse(name);
    if (!dns_at || !http_at) return fail(Error{ErrorCode::Invalid, dns, "is not ADDRESS:PORT"});
    if (!owner || owner->is_root()) return fail(Error{ErrorCode::Invalid, name, "is not a name"});
    options.dns = *dns_at;
    options.http = *http_at;
    options.name = *owner;
    return watch(options, count);
}

}  // namespace

int main(int argc, char** argv) {
    DoorOptions options;
    std::string dns;
    std::string http;
    std::string name;
    unsigned count = 1000;
    CLI::App app("Tells how long after its acknowledgement a change is in the answers.");
    app.add_option("--over", options.over, "update, dyndns2, heartbeat or rest")->required();
    app.add_option("--dns", dns, "ADDRESS:PORT")->required();
    app.add_option("--http", http, "ADDRESS:PORT")->required();
    app.add_option("--name", name, "Whose A record is changed: one label in its zone")->required();
    app.add_option("--key", options.key, "Name of the TSIG key, of UPDATE");
    app.add_option("--secret", options.secret, "The key's octets, the password or the token")
        ->required();
    app.add_option("--count", count, "Changes")->check(CLI::Range(1, 1'000'000));
    CLI11_PARSE(app, argc, argv);
    const auto status = run(std::move(options), dns, http, name, count);
    if (status) return 0;
    fmt::print(stderr, "visible_load: {}\n", status.error().text());
    return 1;
}
