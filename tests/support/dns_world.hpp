// tests/support/dns_world.hpp - zones with one of everything, and how tests ask about them.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "dnsd/answer.hpp"
#include "tests/support/dns_message.hpp"
#include "tests/support/zones.hpp"

namespace hairpin::dnsd::tests {

namespace detail {

inline constexpr std::string_view kNet = R"(
@        3600 IN SOA ns1 hostmaster 1 3600 600 604800 60
@        3600 IN NS  ns1
@        3600 IN NS  ns.example.org.
@        3600 IN MX  10 www
ns1      3600 IN A   192.0.2.53
ns1      3600 IN AAAA 2001:db8::53
www      300  IN A   192.0.2.1
www      300  IN A   192.0.2.2
nur1     60   IN A   198.51.100.7
nur1     60   IN AAAA 2001:db8::7
i-nur1   60   IN A   192.168.1.11
txt      60   IN TXT "hello"
odd      60   IN TYPE65280 \# 3 010203
a.b.ent  60   IN A   192.0.2.9

alias    60   IN CNAME www
chain1   60   IN CNAME chain2
chain2   61   IN CNAME www
loop1    60   IN CNAME loop2
loop2    60   IN CNAME loop3
loop3    60   IN CNAME loop1
self     60   IN CNAME SELF
outside  60   IN CNAME www.elsewhere.test.
across   60   IN CNAME host.example.org.
dangling 60   IN CNAME missing
tocut    60   IN CNAME host.sub
towild   60   IN CNAME any.wild

*.wild   60   IN A   192.0.2.77
*.wild   60   IN TXT "wild"
real.wild 60  IN TXT "real"
*.wcname 60   IN CNAME www

svc      60   IN HTTPS 1 . alpn=h2
svc      60   IN HTTPS 2 pool alpn=h3
svc      60   IN HTTPS 3 POOL
svc      60   IN HTTPS 4 any.wild
svc      60   IN HTTPS 5 ns.sub
svc      60   IN HTTPS 6 cdn.elsewhere.test.
svc      60   IN A   192.0.2.100
pool     60   IN AAAA 2001:db8::101
pool     60   IN HTTPS 1 . port=8443
svcalias 60   IN HTTPS 0 svc
svcnone  60   IN HTTPS 0 .
svcnone  60   IN A   192.0.2.102
_dns     60   IN SVCB 1 _dns
_dns     60   IN A   192.0.2.103
*.wsvc   60   IN SVCB 1 .
*.wsvc   60   IN A   192.0.2.104
tosvc    60   IN CNAME pool

dname    120  IN DNAME target
dname    120  IN TXT "at the owner"
x.target 60   IN A   192.0.2.88
ping     60   IN DNAME pong
pong     60   IN DNAME ping
grow     60   IN DNAME grow.grow
viadname 60   IN CNAME x.dname

sub      3600 IN NS  ns.sub
sub      3600 IN NS  ns.other
sub      3600 IN NS  ns1
sub      3600 IN NS  ns.faraway.test.
sub      3600 IN DS  12345 13 2 0102030405060708091011121314151617181920212223242526272829303132
ns.sub   3600 IN A   192.0.2.10
ns.sub   3600 IN AAAA 2001:db8::10
hidden.sub 60 IN TXT "occluded"
deep.sub 60   IN NS  ns.sub
other    3600 IN NS  ns.other
ns.other 3600 IN A   192.0.2.11
child    3600 IN NS  ns1
child    3600 IN DS  54321 13 2 0102030405060708091011121314151617181920212223242526272829303132
)";

inline std::string net_zone() {
    std::string text(kNet);
    // 40 TXT of 50 octets: more than 1232, less than 65,535.
    for (int each = 10; each < 50; ++each)
        text += "big 60 IN TXT \"" + std::string(46, 'x') + std::to_string(each) + "\"\n";
    // A delegation whose NS fit into 512 octets and whose glue does not fit into 1232.
    for (int each = 10; each < 32; ++each) {
        const std::string ns = "n" + std::to_string(each) + ".manyglue";
        text += "manyglue 60 IN NS " + ns + "\n";
        text += ns + " 60 IN AAAA 2001:db8::" + std::to_string(each) + "\n";
        text += ns + " 60 IN A 192.0.2." + std::to_string(each) + "\n";
    }
    // The same with addresses that are no glue of the cut.
    for (int each = 10; each < 32; ++each) {
        const std::string ns = "s" + std::to_string(each) + ".siblings";
        text += "manysiblings 60 IN NS " + ns + "\n";
        text += ns + " 60 IN AAAA 2001:db8::" + std::to_string(each) + "\n";
        text += ns + " 60 IN A 192.0.2." + std::to_string(each) + "\n";
    }
    // More links than an answer follows.
    for (int each = 0; each < 20; ++each)
        text +=
            "link" + std::to_string(each) + " 60 IN CNAME link" + std::to_string(each + 1) + "\n";
    text += "link20 60 IN A 192.0.2.20\n";
    // Owner and target so long that a name below overflows (RFC 6672 section 3.2).
    const std::string label(60, 'l');
    text += "over 60 IN DNAME " + label + "." + label + "." + label + ".target\n";
    return text;
}

inline constexpr std::string_view kOrg = R"(
@    3600 IN SOA ns hostmaster 1 3600 600 604800 900
@    300  IN NS  ns
ns   3600 IN A   192.0.2.54
host 60   IN A   192.0.2.66
back 60   IN CNAME www.example.net.
nope 60   IN CNAME missing
)";

inline constexpr std::string_view kChild = R"(
@    3600 IN SOA ns1.example.net. hostmaster 1 3600 600 604800 60
@    3600 IN NS  ns1.example.net.
@    60   IN A   192.0.2.90
www  60   IN A   192.0.2.91
)";

}  // namespace detail

/// example.net. with one of everything; example.org.; child.example.net., delegated and hosted here
/// too; orphan.test., whose parent is not here.
[[nodiscard]] inline zones::ZoneTable make_world() {
    zones::ZoneTable world;
    world.put(hairpin::tests::zone("example.net.", detail::net_zone()));
    world.put(hairpin::tests::zone("example.org.", detail::kOrg));
    world.put(hairpin::tests::zone("child.example.net.", detail::kChild));
    world.put(hairpin::tests::zone("orphan.test.", detail::kChild));
    return world;
}

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

inline std::string World::ask(std::string_view question, const Ask& how) {
    hairpin::tests::MessageBuilder query(0xBEEF, how.flags);
    hairpin::tests::add_question(query, question);
    const Octets asked(query.octets().begin() + 12, query.octets().end());
    if (how.edns) {
        const Octets options = how.nsid ? Octets{0, 3, 0, 0} : Octets{};
        query.opt(how.udp_octets, how.dnssec_ok ? 0x8000u : 0u, options);
    }
    const Octets response = answer_to(query.octets(), how.transport);
    if (response.empty()) return hairpin::tests::message_text(response);
    const std::string text = hairpin::tests::message_text(response);
    if (zones::read_u16(response.data()) != 0xBEEF) throw std::runtime_error("another ID");
    if (!std::equal(asked.begin(), asked.end(), response.begin() + 12))
        throw std::runtime_error("another question");
    return text;
}

}  // namespace hairpin::dnsd::tests
