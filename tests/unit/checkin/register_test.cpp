#include "checkin/register.hpp"

#include <catch2/catch.hpp>

#include "tests/support/zones.hpp"

namespace hairpin::checkin {
namespace {

TEST_CASE("A server that is put again keeps how far it has come", "[checkin]") {
    Register known(2);
    REQUIRE(known.put(7, {}));
    known.find(7)->progress = {1000, true};
    Enrolment enrolment;
    enrolment.machine = {1, 2, 3};
    REQUIRE(known.put(7, enrolment));
    CHECK(known.find(7)->enrolment.machine == MachineTag{1, 2, 3});
    CHECK(known.find(7)->progress.newest == 1000);
    CHECK(known.find(7)->progress.is_spent);
}

TEST_CASE("A full register takes no further server and forgets none", "[checkin]") {
    Register known(2);
    CHECK(known.put(1, {}));
    CHECK(known.put(2, {}));
    CHECK_FALSE(known.put(3, {}));
    CHECK(known.put(2, {}));
    known.erase(1);
    known.erase(9);
    CHECK(known.put(3, {}));
    CHECK(known.size() == 2);
    CHECK(known.find(1) == nullptr);
    CHECK(known.find(3) != nullptr);
}

TEST_CASE("A public name is kept with the place of its apex", "[checkin]") {
    Enrolment enrolment;
    enrolment.set_name(tests::name("nur1.pl-acme.example.net."),
                       tests::name("pl-acme.example.net."));
    const OctetView wire = enrolment.public_name;
    CHECK(zones::Name::from_wire(wire) == tests::name("nur1.pl-acme.example.net."));
    CHECK(zones::Name::from_wire(wire.subspan(enrolment.apex_at)) ==
          tests::name("pl-acme.example.net."));
}

}  // namespace
}  // namespace hairpin::checkin
