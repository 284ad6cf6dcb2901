#include "admin/heartbeat.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::admin {
namespace {

using tests::name;
using zones::RType;

constexpr auto kApex = "pl-acme.example.net.";
constexpr Milliseconds kWindow{180'000};
const WallTime kNow = from_unix_milliseconds(1'795'000'000'000);

/// A server nur1 with what its zone holds.
struct Site {
    zones::ZoneRef zone;
    store::ServerRow server;
    zones::AddressRules rules;
    TwinNames names{name("nur1.pl-acme.example.net."), name("i-nur1.pl-acme.example.net.")};
    IpAddress observed = *IpAddress::parse("198.41.0.4");
    WallTime credential_created_at{};
    std::optional<WallTime> rival_at;

    explicit Site(std::string_view records = "")
        : zone(tests::zone(kApex, records, zones::ZoneKind::Licence)) {
        server.label = "nur1";
    }
    [[nodiscard]] HeartbeatDecision decide(const Heartbeat& heartbeat) const {
        return admin::decide({*zone, names, server, credential_created_at, observed, kNow, rules,
                              60, kWindow, rival_at},
                             heartbeat);
    }
};

/// "nur1 A 192.0.2.1 192.0.2.2; i-nur1 A -": what the edits set; "-" removes.
std::string text_of(const std::vector<zones::Edit>& edits) {
    std::string text;
    for (const zones::Edit& edit : edits) {
        if (!text.empty()) text += "; ";
        text += as_text(edit.owner.first_label());
        text += edit.type == RType::A ? " A" : " AAAA";
        if (edit.rdatas.empty()) text += " -";
        for (const Octets& rdata : edit.rdatas)
            text += " " + IpAddress::from_octets(rdata)->text();
    }
    return text;
}

std::string refused_in(const HeartbeatDecision& decision) {
    std::string text;
    for (const RefusedAddress& each : decision.refused)
        text += (text.empty() ? "" : " ") + std::string(as_text(each.name.first_label())) + "/" +
                each.address;
    return text;
}

using List = std::vector<std::string>;
using Public = std::optional<std::variant<Auto, List>>;

TEST_CASE("A report sets, keeps and removes addresses as DESIGN section 7 says",
          "[admin][heartbeat]") {
    const auto kBoth =
        "nur1 60 A 198.41.0.9\nnur1 60 AAAA 2a00::9\n"
        "i-nur1 60 A 192.168.1.9\ni-nur1 60 AAAA fd00::9\n";
    struct Case {
        const char* why;
        const char* zone;
        const char* observed;
        std::optional<List> private_addresses;
        Public public_addresses;
        const char* edits;
        const char* refused;
    };
    const auto each = GENERATE_COPY(values<Case>({
        {"an empty report keeps everything", kBoth, "198.41.0.4", {}, {}, "", ""},
        {"auto sets the observed IPv4 and keeps IPv6",
         kBoth,
         "198.41.0.4",
         {},
         Auto{},
         "nur1 A 198.41.0.4",
         ""},
        {"auto sets the observed IPv6 and keeps IPv4",
         kBoth,
         "2a00::4",
         {},
         Auto{},
         "nur1 AAAA 2a00::4",
         ""},
        {"auto from a mapped address counts as IPv4",
         kBoth,
         "::ffff:198.41.0.4",
         {},
         Auto{},
         "nur1 A 198.41.0.4",
         ""},
        {"what is there already is no edit", kBoth, "198.41.0.9", List{"fd00::9", "192.168.1.9"},
         Auto{}, "", ""},
        {"auto from a private address is refused and keeps all",
         kBoth,
         "10.0.0.1",
         {},
         Auto{},
         "",
         "nur1/10.0.0.1"},
        {"auto from a carrier's NAT range is refused",
         "",
         "100.64.0.1",
         {},
         Auto{},
         "",
         "nur1/100.64.0.1"},
        {"a list is the whole statement",
         kBoth,
         "198.41.0.4",
         List{"192.168.1.2"},
         {},
         "i-nur1 A 192.168.1.2; i-nur1 AAAA -",
         ""},
        {"an empty list removes both families", kBoth, "198.41.0.4", List{}, List{},
         "i-nur1 A -; i-nur1 AAAA -; nur1 A -; nur1 AAAA -", ""},
        {"an empty list where nothing is makes no edit", "", "198.41.0.4", List{}, List{}, "", ""},
        {"one bad address is refused, the rest is taken",
         "",
         "198.41.0.4",
         List{"192.168.1.2", "8.8.8.8"},
         {},
         "i-nur1 A 192.168.1.2",
         "i-nur1/8.8.8.8"},
        {"only bad ones keep what is there",
         kBoth,
         "198.41.0.4",
         List{"8.8.8.8"},
         {},
         "",
         "i-nur1/8.8.8.8"},
        {"a family of which all are bad is kept",
         kBoth,
         "198.41.0.4",
         List{"192.168.1.2", "2a00::1"},
         {},
         "i-nur1 A 192.168.1.2",
         "i-nur1/2a00::1"},
        {"what is no address at all is refused by name",
         "",
         "198.41.0.4",
         List{"192.168.1.999", "192.168.1.2"},
         {},
         "i-nur1 A 192.168.1.2",
         "i-nur1/192.168.1.999"},
        {"a prefix is no address and removes no family",
         kBoth,
         "198.41.0.4",
         List{"192.168.1.9/24", "fd00::2"},
         {},
         "i-nur1 AAAA fd00::2",
         "i-nur1/192.168.1.9/24"},
        {"an address with a scope removes no family",
         kBoth,
         "198.41.0.4",
         List{"192.168.1.2", "fe80::1%eth0"},
         {},
         "i-nur1 A 192.168.1.2",
         "i-nur1/fe80::1%eth0"},
        {"leading zeros remove no family",
         kBoth,
         "198.41.0.4",
         List{"192.168.001.009", "fd00::2"},
         {},
         "i-nur1 AAAA fd00::2",
         "i-nur1/192.168.001.009"},
        {"garbage removes neither family",
         kBoth,
         "198.41.0.4",
         List{"garbage", "192.168.1.2"},
         {},
         "i-nur1 A 192.168.1.2",
         "i-nur1/garbage"},
        {"an empty text removes neither family",
         kBoth,
         "198.41.0.4",
         List{"", "fd00::2"},
         {},
         "i-nur1 AAAA fd00::2",
         "i-nur1/"},
        {"garbage alone keeps all", kBoth, "198.41.0.4", List{"garbage"}, {}, "", "i-nur1/garbage"},
        {"a mistyped public address removes no family",
         kBoth,
         "198.41.0.4",
         {},
         List{"198.41.0.5/32", "2a00::5"},
         "nur1 AAAA 2a00::5",
         "nur1/198.41.0.5/32"},
        {"loopback and link-local are not private",
         "",
         "198.41.0.4",
         List{"127.0.0.1", "169.254.1.1", "fe80::1", "::1"},
         {},
         "",
         "i-nur1/127.0.0.1 i-nur1/169.254.1.1 i-nur1/fe80::1 i-nur1/::1"},
        {"a public list takes no private address",
         "",
         "198.41.0.4",
         {},
         List{"198.41.0.5", "192.168.1.2", "203.0.113.5"},
         "nur1 A 198.41.0.5",
         "nur1/192.168.1.2 nur1/203.0.113.5"},
        {"the same address twice counts once",
         "",
         "198.41.0.4",
         List{"192.168.1.2", "192.168.1.2", "::ffff:192.168.1.2"},
         {},
         "i-nur1 A 192.168.1.2",
         ""},
        {"eight are taken, the ninth is refused",
         "",
         "198.41.0.4",
         List{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7",
              "10.0.0.8", "10.0.0.9"},
         {},
         "i-nur1 A 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8",
         "i-nur1/10.0.0.9"},
    }));
    INFO(each.why);
    Site site(each.zone);
    site.observed = *IpAddress::parse(each.observed);
    Heartbeat heartbeat;
    heartbeat.private_addresses = each.private_addresses;
    heartbeat.public_addresses = each.public_addresses;

    const HeartbeatDecision decision = site.decide(heartbeat);

    CHECK(text_of(decision.edits) == each.edits);
    CHECK(refused_in(decision) == each.refused);
    for (const auto& refused : decision.refused)
        CHECK_FALSE(refused.reason.empty());
}

TEST_CASE("An address with another TTL than the configured one is set anew", "[admin][heartbeat]") {
    Site site("nur1 300 A 198.41.0.4\n");
    Heartbeat heartbeat;
    heartbeat.public_addresses = Auto{};

    const HeartbeatDecision decision = site.decide(heartbeat);

    REQUIRE(decision.edits.size() == 1);
    CHECK(decision.edits[0].ttl == 60);
}

TEST_CASE("Claims that a report omits stay as they were", "[admin][heartbeat]") {
    Site site;
    site.server.port = 8443;
    site.server.report.machine = "m";
    site.server.report.agent = "agent/1";
    site.server.report.observed = site.observed;
    CHECK_FALSE(site.decide({}).changes_rows(site.server));

    Heartbeat heartbeat;
    heartbeat.agent = "agent/2";
    heartbeat.port = std::uint16_t{443};
    const HeartbeatDecision decision = site.decide(heartbeat);

    CHECK(decision.changes_rows(site.server));
    CHECK(decision.report.machine == "m");
    CHECK(decision.report.agent == "agent/2");
    CHECK(decision.port == 443);
}

TEST_CASE("Machines are agreed, held back, adopted or frozen", "[admin][heartbeat][conflict]") {
    const WallTime recent = kNow - Milliseconds(60'000);
    const WallTime old = kNow - kWindow;
    struct Case {
        const char* why;
        store::ServerState state;
        const char* agreed;
        std::optional<WallTime> last_seen;
        WallTime credential_created;
        std::optional<WallTime> rival_at;
        std::optional<std::string> machine;
        MachineVerdict verdict;
    };
    using enum store::ServerState;
    const auto each = GENERATE_COPY(values<Case>({
        {"the first machine is agreed", Active, "", {}, {}, {}, "a", MachineVerdict::Agreed},
        {"the same machine is agreed", Active, "a", recent, {}, {}, "a", MachineVerdict::Agreed},
        {"a report without a machine is agreed",
         Active,
         "a",
         recent,
         {},
         {},
         {},
         MachineVerdict::Agreed},
        {"another while the agreed one lives is held back",
         Active,
         "a",
         recent,
         {},
         {},
         "b",
         MachineVerdict::Held},
        {"another after the window takes over",
         Active,
         "a",
         old,
         {},
         {},
         "b",
         MachineVerdict::Adopted},
        {"another with a newer credential takes over",
         Active,
         "a",
         recent,
         kNow,
         {},
         "b",
         MachineVerdict::Adopted},
        {"the agreed one beside a living rival freezes",
         Active,
         "a",
         recent,
         {},
         recent,
         "a",
         MachineVerdict::Frozen},
        {"a rival long gone is forgotten",
         Active,
         "a",
         recent,
         {},
         old,
         "a",
         MachineVerdict::Agreed},
        {"frozen stays frozen", Frozen, "a", recent, {}, {}, "a", MachineVerdict::Frozen},
    }));
    INFO(each.why);
    Site site("nur1 60 A 198.41.0.9\n");
    site.server.state = each.state;
    site.server.report.machine = each.agreed;
    site.server.last_seen_at = each.last_seen;
    site.credential_created_at = each.credential_created;
    site.rival_at = each.rival_at;
    Heartbeat heartbeat;
    heartbeat.machine = each.machine;
    heartbeat.public_addresses = Auto{};

    const HeartbeatDecision decision = site.decide(heartbeat);

    CHECK(decision.machine == each.verdict);
    const bool is_taken =
        each.verdict == MachineVerdict::Agreed || each.verdict == MachineVerdict::Adopted;
    CHECK(text_of(decision.edits) == (is_taken ? "nur1 A 198.41.0.4" : ""));
    CHECK((decision.state == Frozen) == (each.verdict == MachineVerdict::Frozen));
    if (!is_taken) CHECK(decision.report == site.server.report);
}

}  // namespace
}  // namespace hairpin::admin
