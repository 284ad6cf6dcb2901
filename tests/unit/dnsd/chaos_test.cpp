#include "dnsd/chaos.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/dns_world.hpp"
#include "tests/support/octets.hpp"

namespace hairpin::dnsd::tests {
namespace {

using hairpin::tests::MessageBuilder;
using hairpin::tests::octets;
using zones::RClass;
using zones::RType;

Octets asking(std::string_view name, RType type = RType::TXT, RClass rclass = RClass::CH) {
    return MessageBuilder(1, 0x0100).question(name, type, rclass).octets();
}

World telling() {
    World world;
    world.identity_.version = octets("'Hairpin 1'");
    world.identity_.server = octets("'ns1'");
    return world;
}

TEST_CASE("Who we are is told to class CHAOS where it is set", "[dnsd][rfc4892]") {
    World world = telling();
    struct Case {
        std::string name;
        std::string text;
    };
    const std::vector<Case> cases = {
        {"version.bind.", "Hairpin 1"}, {"version.server.", "Hairpin 1"}, {"hostname.bind.", "ns1"},
        {"id.server.", "ns1"},          {"VERSION.Bind.", "Hairpin 1"},
    };
    for (const Case& each : cases) {
        INFO(each.name);
        CHECK(world.ask_raw(asking(each.name)) ==
              "NOERROR aa rd\nanswer: " + each.name + " 0 CH TXT \"" + each.text + "\"\n");
    }
    const Octets with_opt = MessageBuilder()
                                .question("id.server.", RType::TXT, RClass::CH)
                                .opt(1232, 0x8000, {0, 3, 0, 0})
                                .octets();
    CHECK(world.ask_raw(with_opt) ==
          "NOERROR aa\nanswer: id.server. 0 CH TXT \"ns1\"\nopt: 1232 do nsid=ns-a\n");
}

TEST_CASE("Nothing else of class CHAOS is answered", "[dnsd][rfc4892]") {
    World world = telling();
    CHECK(world.ask_raw(asking("version.bind.", RType::ANY)) == "REFUSED rd\n");
    CHECK(world.ask_raw(asking("version.bind.", RType::A)) == "REFUSED rd\n");
    CHECK(world.ask_raw(asking("authors.bind.")) == "REFUSED rd\n");
    CHECK(world.ask_raw(asking("x.version.bind.")) == "REFUSED rd\n");
    CHECK(world.ask_raw(asking("example.net.")) == "REFUSED rd\n");
    CHECK(world.ask_raw(asking("version.bind.", RType::TXT, RClass::IN)) == "REFUSED rd\n");
    CHECK(world.ask_raw(asking("version.bind.", RType::TXT, RClass::ANY)) == "REFUSED rd\n");
}

TEST_CASE("What is not set is refused", "[dnsd][rfc4892]") {
    World world;
    CHECK(world.ask_raw(asking("version.bind.")) == "REFUSED rd\n");
    CHECK(world.ask_raw(asking("id.server.")) == "REFUSED rd\n");
    world.identity_.server = octets("'ns1'");
    CHECK(world.ask_raw(asking("version.server.")) == "REFUSED rd\n");
    CHECK(world.ask_raw(asking("hostname.bind.")) ==
          "NOERROR aa rd\nanswer: hostname.bind. 0 CH TXT \"ns1\"\n");
}

TEST_CASE("The longest text fits into the smallest answer", "[dnsd][rfc4892]") {
    World world;
    world.identity_.version.assign(255, 'v');
    world.identity_.nsid.assign(64, 'n');
    const Octets query = MessageBuilder()
                             .question("version.server.", RType::TXT, RClass::CH)
                             .opt(512, 0, {0, 3, 0, 0})
                             .octets();
    const Octets response = world.answer_to(query);
    CHECK(response.size() <= kMinUdpOctets);
    CHECK(hairpin::tests::message_text(response).find(std::string(255, 'v')) != std::string::npos);
}

}  // namespace
}  // namespace hairpin::dnsd::tests
