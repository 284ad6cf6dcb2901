// tests/unit/dnsd/running.hpp - a name server on free loopback ports over the zones of world.hpp.
#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include "dnsd/server.hpp"
#include "tests/support/dns_world.hpp"
#include "tests/unit/dnsd/peer.hpp"

namespace hairpin::dnsd::tests {

struct Running {
    explicit Running(ServerOptions options = {})
        : zones(std::make_shared<zones::ZoneTable>(make_world())) {
        if (options.listen.empty()) options.listen = {Endpoint::parse("127.0.0.1:0").value()};
        if (options.workers == 0) options.workers = 2;
        auto bound = Server::bind(options, zones);
        if (!bound) throw std::runtime_error(bound.error().text());
        server = *std::move(bound);
        if (!server->start()) throw std::runtime_error("start");
    }
    [[nodiscard]] const Endpoint& endpoint() const { return server->endpoints().front(); }

    PublishedZones zones;
    std::unique_ptr<Server> server;
};

inline constexpr const char* kNur1 = "NOERROR aa\nanswer: nur1.example.net. 60 IN A 198.51.100.7\n";

}  // namespace hairpin::dnsd::tests
