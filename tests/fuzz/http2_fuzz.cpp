// Any frames after an HTTP/2 preface: what comes out are sound requests within the limits, and
// answers or a close; never a crash, and what the codec holds goes when its streams go.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/h2_codec.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::net;

constexpr MonotonicTime kNow{Milliseconds(1'000'000)};
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

void require(bool condition) {
    if (!condition) std::abort();
}

CodecEnvironment& environment() {
    static CodecEnvironment shared = [] {
        ServerOptions options;
        options.max_head = 4096;
        options.max_target = 512;
        options.max_fields = 32;
        options.max_body = 8192;
        options.max_body_per_connection = 16384;
        options.max_streams = 10;
        return CodecEnvironment{std::move(options), {}, "Sat, 21 Nov 2026 12:00:00 GMT"};
    }();
    return shared;
}

void check(const Request& request) {
    const auto& options = environment().options;
    require(request.version == 20);
    require(!request.path.empty() && request.path.front() == '/');
    require(request.target.size() <= options.max_target);
    require(request.headers.size() <= options.max_fields + 1);  // And the host made of :authority.
    require(request.body.size() <= options.max_body);
    require(request.header("host").has_value());
    for (const auto& [name, value] : request.headers) {
        require(!name.empty() && value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos);
    }
}

void answer(H2Codec& codec, RequestReady& ready, std::size_t number) {
    check(ready.request);
    switch (number % 4) {
        case 0:
            codec.respond(ready.exchange, {200, {{"x", "y"}}, std::string(number * 100, 'a')});
            break;
        case 1:
            codec.begin(ready.exchange, {200, {}, "a"});
            static_cast<void>(codec.write(ready.exchange, std::string(5000, 'b')));
            codec.end(ready.exchange);
            break;
        case 2:
            codec.abandon(ready.exchange);
            break;
        default:
            break;  // A handler that takes its time.
    }
}

void run(OctetView octets, std::size_t step) {
    H2Codec codec(environment(), {IpAddress::v4({192, 0, 2, 1}), 1}, kNow);
    std::array<std::uint8_t, 512> room{};
    std::size_t requests = 0;
    codec.feed(as_octets(kPreface), kNow);
    const auto settle = [&](MonotonicTime now) {
        for (bool again = true; again;) {
            again = false;
            for (auto& event : codec.take_events()) {
                again = true;
                if (auto* ready = std::get_if<RequestReady>(&event))
                    answer(codec, *ready, requests++);
            }
            while (codec.fill_output(room, now) > 0)
                again = true;
        }
    };
    while (!octets.empty() && !codec.is_finished()) {
        const auto piece = octets.first(std::min(step, octets.size()));
        octets = octets.subspan(piece.size());
        codec.feed(piece, kNow);
        settle(kNow);
    }
    for (int turn = 0; turn < 8 && !codec.is_finished(); ++turn) {
        const auto due = codec.deadline();
        if (!due) break;
        codec.on_deadline(*due);
        settle(*due);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    run({data, size}, std::max<std::size_t>(size, 1));
    run({data, size}, 1 + size % 23);
    return 0;
}
