// tests/unit/net/h2_session.hpp - an HTTP/2 codec and a client, joined in memory.
#pragma once

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "net/h2_codec.hpp"
#include "tests/unit/net/h2_client.hpp"

namespace hairpin::net::tests {

inline constexpr MonotonicTime kStart{Milliseconds(1'000'000)};
inline const Endpoint kPeer{IpAddress::v4({192, 0, 2, 7}), 4711};

inline ServerOptions small_options() {
    ServerOptions options;
    options.max_body = 100'000;
    options.max_head = 2048;
    options.max_target = 512;
    options.max_fields = 16;
    options.max_body_per_connection = 150'000;
    return options;
}

struct Session {
    explicit Session(ServerOptions options = small_options(),
                     Client::Windows windows = Client::Windows::Automatic)
        : environment{std::move(options), {}, "Sat, 21 Nov 2026 12:00:00 GMT"}, client(windows) {}

    CodecEnvironment environment;
    H2Codec codec{environment, kPeer, kStart};
    Client client;
    std::optional<std::string> answer;  // Given to each request at once.
    std::vector<RequestReady> requests;
    std::vector<ExchangeId> gone;
    std::vector<ExchangeId> writable;

    /// Carries octets both ways until both are silent.
    void exchange(MonotonicTime now = kStart) {
        for (bool moved = true; moved;) {
            moved = false;
            const std::uint8_t* octets = nullptr;
            while (const auto size = nghttp2_session_mem_send(client.session.get(), &octets)) {
                REQUIRE(size > 0);
                // In odd pieces, so that frames are cut everywhere.
                for (OctetView rest{octets, static_cast<std::size_t>(size)}; !rest.empty();) {
                    const auto piece = rest.first(std::min<std::size_t>(rest.size(), 1009));
                    codec.feed(piece, now);
                    rest = rest.subspan(piece.size());
                }
                moved = true;
            }
            collect();
            std::array<std::uint8_t, 4093> room{};
            while (const auto size = codec.fill_output(room, now)) {
                REQUIRE(nghttp2_session_mem_recv(client.session.get(), room.data(), size) ==
                        static_cast<ssize_t>(size));
                moved = true;
            }
            collect();
        }
    }
    void collect() {
        for (auto events = codec.take_events(); !events.empty(); events = codec.take_events()) {
            for (auto& event : events)
                collect(event);
        }
    }
    void collect(CodecEvent& event) {
        if (auto* ready = std::get_if<RequestReady>(&event)) {
            requests.push_back(std::move(*ready));
            if (answer) codec.respond(requests.back().exchange, {200, {}, *answer});
        }
        if (const auto* left = std::get_if<ExchangeGone>(&event)) gone.push_back(left->exchange);
        if (const auto* room = std::get_if<StreamWritable>(&event))
            writable.push_back(room->exchange);
    }
};

inline Fields fields_of(std::string method, std::string path = "/", const Fields& more = {}) {
    Fields fields{{":method", std::move(method)},
                  {":scheme", "https"},
                  {":path", std::move(path)},
                  {":authority", "a"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

}  // namespace hairpin::net::tests
