#include "admin/verdict.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::admin {
namespace {

IpAddress address(std::string_view text) {
    return *IpAddress::parse(text);
}

TEST_CASE("The verdict is the most important thing known", "[admin][verdict]") {
    struct Known {
        store::ServerRow server;
        std::vector<IpAddress> published_public{address("198.41.0.4")};
        std::vector<IpAddress> published_internal{address("192.168.1.1")};
        store::Online online = store::Online::Online;
        std::optional<Rival> rival;
        std::optional<acme::CertificateAlarm> alarm;
        bool is_held = false;
    };
    struct Case {
        const char* code;
        void (*change)(Known&);
    };
    const auto each = GENERATE(values<Case>({
        {"unknown", [](Known&) {}},
        {"suspended", [](Known& known) { known.server.state = store::ServerState::Suspended; }},
        {"conflict", [](Known& known) { known.server.state = store::ServerState::Frozen; }},
        {"never-reported", [](Known& known) { known.server.last_seen_at.reset(); }},
        {"second-machine", [](Known& known) { known.is_held = true; }},
        {"second-machine",
         [](Known& known) {
             known.rival = Rival{"copy", address("198.41.0.9"), {}};
         }},
        {"offline", [](Known& known) { known.online = store::Online::Offline; }},
        {"no-public-address",
         [](Known& known) {
             known.published_public.clear();
             known.server.report.public_mode = store::PublicMode::Fixed;
         }},
        {"private-source",
         [](Known& known) {
             known.published_public.clear();
             known.server.report.observed = address("100.64.0.1");
         }},
        {"no-internal-address", [](Known& known) { known.published_internal.clear(); }},
        {"address-differs",
         [](Known& known) {
             known.server.report.public_mode = store::PublicMode::Fixed;
             known.server.report.observed = address("198.41.0.5");
         }},
        {"unknown",
         [](Known& known) {  // The other family says nothing about the one published.
             known.server.report.public_mode = store::PublicMode::Fixed;
             known.server.report.observed = address("2a00::5");
         }},
        {"internal-name-filtered",
         [](Known& known) { known.server.report.internal_name = "filtered"; }},
        {"internal-name-filtered",
         [](Known& known) { known.server.report.internal_name = "nxdomain"; }},
        {"internal-name-fails",
         [](Known& known) { known.server.report.internal_name = "servfail"; }},
        {"internal-name-wrong", [](Known& known) { known.server.report.internal_name = "wrong"; }},
        {"certificate-expired",
         [](Known& known) {
             known.alarm = {acme::AlarmKind::Expired, "over", "ask"};
             known.server.report.internal_name = "filtered";
         }},
        {"certificate-old-served",
         [](Known& known) {
             known.alarm = {acme::AlarmKind::OldServed, "old", "reload"};
         }},
        {"internal-name-filtered",
         [](Known& known) {
             known.alarm = {acme::AlarmKind::NotDeployed, "not yet", "look"};
             known.server.report.internal_name = "filtered";
         }},
    }));
    Known known;
    known.server.label = "nur1";
    known.server.last_seen_at = WallTime(Milliseconds(1));
    known.server.report.observed = address("198.41.0.4");
    known.server.report.internal_name = "ok";
    each.change(known);
    const TwinNames names{tests::name("nur1.example."), tests::name("i-nur1.example.")};

    const Verdict verdict = verdict_of({known.server,
                                        names,
                                        {},
                                        known.published_public,
                                        known.published_internal,
                                        known.online,
                                        known.rival,
                                        known.alarm,
                                        known.is_held});

    CHECK(verdict.code == each.code);
    CHECK_FALSE(verdict.text.empty());
    CHECK((verdict.next_step.empty() == (verdict.code == "unknown")));
}

}  // namespace
}  // namespace hairpin::admin
