#include "daemon/listeners.hpp"

#include "net/socket.hpp"

namespace hairpin::daemon {

Result<void> probe_listeners(const Config& config) {
    for (const Endpoint& endpoint : config.dns_listen) {
        net::UdpOptions options;
        options.reuse_port = false;
        static_cast<void>(TRY(net::bind_udp(endpoint, options)));
        static_cast<void>(TRY(net::listen_tcp(endpoint)));
    }
    for (const Endpoint& endpoint : config.checkin_listen) {
        net::UdpOptions options;
        options.reuse_port = false;
        static_cast<void>(TRY(net::bind_udp(endpoint, options)));
    }
    for (const auto* listeners : {&config.dns_tls_listen, &config.dns_https_listen,
                                  &config.http_listen, &config.http_fallback_listen})
        for (const Endpoint& endpoint : *listeners)
            static_cast<void>(TRY(net::listen_tcp(endpoint)));
    return {};
}

}  // namespace hairpin::daemon
