// tests/unit/dnsd/world.hpp - the zones that the tests of dnsd ask, and how they ask.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answer.hpp"
#include "tests/support/dns_message.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::dnsd::tests {

/// example.net. with one of everything; example.org.; child.example.net., delegated and hosted here
/// too; orphan.test., whose parent is not here.
[[nodiscard]] zones::ZoneTable make_world();

struct Ask {
    Transport transport = Transport::Udp;
    std::uint16_t flags = 0;
    bool edns = false;
    std::uint16_t udp_octets = 1232;
    bool dnssec_ok = false;
    bool nsid = false;
};

class World {
public:
    World() : zones_(make_world()) { identity_.nsid = {'n', 's', '-', 'a'}; }

    /// The octets of the response; empty for silence.
    [[nodiscard]] Octets answer_to(OctetView message, Transport transport = Transport::Udp) {
        Octets out(kMaxMessageOctets);
        out.resize(answer({zones_, identity_, counters_}, message, transport, out));
        return out;
    }
    /// "name TYPE [class]" -> tests::message_text of the response. Throws when ID or question of
    /// the response are not those asked, octet for octet.
    [[nodiscard]] std::string ask(std::string_view question, const Ask& how = {});
    /// The same for a message of any kind.
    [[nodiscard]] std::string ask_raw(OctetView message) {
        return hairpin::tests::message_text(answer_to(message));
    }

    zones::ZoneTable zones_;
    Identity identity_;
    Counters counters_;
};

}  // namespace hairpin::dnsd::tests
