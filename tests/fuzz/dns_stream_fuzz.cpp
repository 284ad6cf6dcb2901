// Any octets on a connection of the DNS server: each message is answered as it is alone, in order,
// however the octets are cut; what has no answer ends the connection; never a crash or a stall.
//
// Input: one octet for the size of the pieces, then the stream.

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "dnsd/tcp_connection.hpp"
#include "dnsd/transfer_request.hpp"
#include "tests/support/dns_world.hpp"
#include "zones/wire.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::dnsd;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

class StoppedClock final : public Clock {
public:
    [[nodiscard]] WallTime now() const noexcept override {
        return WallTime(Seconds(1'795'000'000));
    }
    [[nodiscard]] MonotonicTime monotonic() const noexcept override { return {}; }
};

/// A worker without a thread, over zones with one of everything.
struct Bench {
    Bench()
        : zones(std::make_shared<const zones::ZoneTable>(dnsd::tests::make_world())),
          keys(std::make_shared<const KeyRing>()),
          policy(std::make_shared<const TransferPolicy>()),
          zones_reader(zones),
          keys_reader(keys),
          policy_reader(policy) {
        zones_reader.online();
        keys_reader.online();
        policy_reader.online();
    }

    net::Loop loop;
    PublishedZones zones;
    PublishedKeys keys;
    PublishedTransferPolicy policy;
    PublishedZones::Reader zones_reader;
    PublishedKeys::Reader keys_reader;
    PublishedTransferPolicy::Reader policy_reader;
    Identity identity;
    Counters counters;
    StoppedClock clock;
    CookiePolicy cookies;
    RateLimiter limiter{RateLimits(), SipKey{}};
    TransferLimits limits;
    TransferSlots slots{limits};
    Tap tap{counters, 1};
    Worker worker{loop,     zones_reader, keys_reader,
                  identity, counters,     clock,
                  cookies,  limiter,      {policy_reader, nullptr, slots, limits},
                  tap};
    TcpScratch scratch;
};

/// What the stream is answered with, message by message, by answer() itself. `ends`: and then
/// the connection ends.
Octets expected(Bench& bench, OctetView stream, bool& ends) {
    Octets all;
    Octets out(kMaxMessageOctets);
    ends = false;
    while (stream.size() >= 2 && stream.size() - 2 >= zones::read_u16(stream.data())) {
        const OctetView message = stream.subspan(2, zones::read_u16(stream.data()));
        stream = stream.subspan(2 + message.size());
        // Nobody may transfer here; what such a query is answered with says the server alone.
        const std::size_t octets = answer(bench.worker.engine(), message, Transport::Tcp, out);
        ends = octets == 0;
        if (ends) return all;
        all.push_back(static_cast<std::uint8_t>(octets >> 8));
        all.push_back(static_cast<std::uint8_t>(octets));
        all.insert(all.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(octets));
    }
    return all;
}

bool holds_transfer(OctetView stream) {
    while (stream.size() >= 2 && stream.size() - 2 >= zones::read_u16(stream.data())) {
        const OctetView message = stream.subspan(2, zones::read_u16(stream.data()));
        if (asks_for_transfer(message)) return true;
        stream = stream.subspan(2 + message.size());
    }
    return false;
}

/// What a client has been sent by now.
void collect(int socket, Octets& received) {
    std::array<std::uint8_t, 65'536> piece{};
    for (;;) {
        const ssize_t count = ::recv(socket, piece.data(), piece.size(), MSG_DONTWAIT);
        if (count <= 0) return;
        received.insert(received.end(), piece.begin(), piece.begin() + count);
    }
}

/// Lets the server do all it can; false when it has ended the connection.
bool serve(Bench& bench, TcpConnection& connection, int client, Octets& received) {
    for (int rounds = 0; rounds < 10'000; ++rounds) {
        const std::uint64_t phase = connection.phase();
        const auto fate = connection.is_sending()
                              ? connection.on_writable(bench.worker, bench.scratch)
                              : connection.on_readable(bench.worker, bench.scratch);
        const std::size_t before = received.size();
        collect(client, received);
        if (fate == TcpConnection::Fate::Close) return false;
        if (phase == connection.phase() && before == received.size()) return true;
    }
    require(false, "it never comes to rest");
    return false;
}

void run(Bench& bench, OctetView stream, std::size_t step) {
    std::array<int, 2> both{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, both.data()) != 0)
        return;
    const Fd client(both[1]);
    TcpConnection connection(net::Stream(Fd(both[0])),
                             Endpoint{IpAddress::v4({192, 0, 2, 1}), 4711}, Endpoint());
    Octets received;
    bool open = true;
    for (OctetView left = stream; !left.empty() && open;) {
        const OctetView piece = left.first(std::min(step, left.size()));
        const ssize_t taken = ::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
        require(taken > 0, "the socket is full although the server reads");
        left = left.subspan(static_cast<std::size_t>(taken));
        open = serve(bench, connection, client.get(), received);
    }
    connection.release(bench.scratch);
    if (holds_transfer(stream)) return;
    bool ends = false;
    require(received == expected(bench, stream, ends), "another answer than to the message alone");
    require(open != ends, "open or closed against the rule");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Bench bench;
    if (size == 0) return 0;
    const OctetView stream(data + 1, size - 1);
    run(bench, stream, 65'536);
    run(bench, stream, std::max<std::size_t>(1 + data[0], stream.size() / 256));
    bench.worker.quiescent();
    return 0;
}
