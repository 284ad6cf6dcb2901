// Any octets on an HTTP/1.1 connection: what comes out are sound requests within the limits, the
// same whether the octets came together or one by one, and answers or a close; never a crash.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/h1_codec.hpp"

namespace {

using namespace hairpin;
using namespace hairpin::net;

constexpr MonotonicTime kNow{Milliseconds(1'000'000)};

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
        return CodecEnvironment{std::move(options), {}, "Sat, 21 Nov 2026 12:00:00 GMT"};
    }();
    return shared;
}

void check(const Request& request) {
    const auto& options = environment().options;
    require(request.version == 10 || request.version == 11);
    require(!request.path.empty() && request.path.front() == '/');
    require(request.target.size() <= options.max_target);
    require(request.headers.size() <= options.max_fields);
    require(request.body.size() <= options.max_body);
    require(request.version == 10 || request.header("host"));
    const auto is_sound = [](std::string_view text) {
        return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
    };
    for (const auto& [name, value] : request.headers) {
        require(!name.empty() && is_sound(name) && is_sound(value));
    }
    static_cast<void>(request.query_parameter("a"));
}

// What was asked, when the octets arrive in pieces of `step`.
std::vector<std::string> run(OctetView octets, std::size_t step) {
    H1Codec codec(environment(), {IpAddress::v4({192, 0, 2, 1}), 1}, kNow);
    std::vector<std::string> asked;
    std::array<std::uint8_t, 512> room{};
    const auto answer = [&](bool& again) {
        for (auto& event : codec.take_events()) {
            again = true;
            auto* ready = std::get_if<RequestReady>(&event);
            if (ready == nullptr) continue;
            check(ready->request);
            asked.push_back(ready->request.method_text + " " + ready->request.target + "\n" +
                            ready->request.body);
            if (asked.size() % 2 == 0) {
                codec.begin(ready->exchange, {200, {}, "a"});
                static_cast<void>(codec.write(ready->exchange, "bc"));
                codec.end(ready->exchange);
            } else {
                codec.respond(ready->exchange, {200, {}, "hello"});
            }
        }
    };
    while (!octets.empty()) {
        const auto piece = octets.first(std::min(step, octets.size()));
        octets = octets.subspan(piece.size());
        codec.feed(piece, kNow);
        for (bool again = true; again;) {
            again = false;
            answer(again);
            while (codec.fill_output(room, kNow) > 0)
                again = true;
        }
        if (codec.is_finished()) return asked;
    }
    if (const auto due = codec.deadline()) {
        codec.on_deadline(*due);
        while (codec.fill_output(room, *due) > 0) {
        }
        require(codec.is_finished());
    }
    return asked;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const OctetView octets(data, size);
    const auto together = run(octets, std::max<std::size_t>(size, 1));
    for (const std::size_t step : {std::size_t{1}, 2 + size % 37}) {
        // Limits on unfinished lines may end the connection earlier, but nothing is understood
        // differently.
        const auto apart = run(octets, step);
        require(apart.size() <= together.size());
        require(std::equal(apart.begin(), apart.end(), together.begin()));
    }
    return 0;
}
