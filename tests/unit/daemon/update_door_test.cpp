#include "daemon/update_door.hpp"

#include <future>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::daemon {
namespace {

using namespace tests;
using dnsd::Rcode;
using zones::EditKind;
using zones::RType;

/// Permits what is below "free" and says what it was asked.
class SomeMay final : public UpdateAuthority {
public:
    [[nodiscard]] UpdateDecision decide(store::Queries& /*store*/, std::int64_t key_id,
                                        const zones::Name& /*apex*/,
                                        std::span<const zones::Edit> edits,
                                        const IpAddress& /*source*/) override {
        keys.push_back(key_id);
        for (const zones::Edit& each : edits)
            if (!each.owner.is_within(name("free.example.net"))) return {{}, "not below free"};
        return {zones::Actor{"operator", "ops", "", ""}, ""};
    }
    std::vector<std::int64_t> keys;
};

struct DoorRig {
    DoorRig() {
        REQUIRE(store.submit(create_zone("example.net", "www 60 A 192.0.2.1\n")));
        door.open(*store.committer);
    }
    [[nodiscard]] dnsd::UpdateVerdict ask(dnsd::UpdateRequest request) {
        request.change.apex = name("example.net");
        request.change.conflicts = zones::Conflicts::Ignore;
        request.key_id = 7;
        request.key_name = name("key");
        request.client = IpAddress::parse("192.0.2.77").value();
        std::promise<dnsd::UpdateVerdict> verdict;
        door.submit(std::move(request), [&](const auto& said) { verdict.set_value(said); });
        return verdict.get_future().get();
    }
    OpenStore store;
    SomeMay authority;
    UpdateDoor door{authority};
};

dnsd::UpdateRequest adding(std::string_view owner) {
    dnsd::UpdateRequest request;
    request.change.edits = {edit(EditKind::AddRecords, owner, RType::A, {"192.0.2.9"})};
    return request;
}

dnsd::UpdateRequest requiring(dnsd::UpdateRequest request, zones::PrerequisiteKind kind) {
    zones::Prerequisite wanted;
    wanted.kind = kind;
    wanted.owner = name("www.example.net");
    wanted.type = RType::A;
    request.change.prerequisites = {wanted};
    return request;
}

TEST_CASE("An UPDATE that is permitted is durable before it is answered, and the journal says who",
          "[daemon][rfc2136]") {
    DoorRig rig;
    CHECK(rig.ask(adding("a.free.example.net")).rcode == Rcode::NoError);
    CHECK(rig.store.address("example.net", "a.free.example.net") == "192.0.2.9");
    CHECK(rig.authority.keys == std::vector<std::int64_t>{7});
    auto reader = rig.store.reader();
    const auto audit = must((*reader).audit(1, {}));
    REQUIRE(audit.size() == 1);
    CHECK(audit[0].action == "update");
    CHECK(audit[0].actor == zones::Actor{"operator", "ops", "192.0.2.77", "update"});
}

TEST_CASE("Permission comes before prerequisites, and both before what the prescan found",
          "[daemon][rfc2136]") {
    using Kind = zones::PrerequisiteKind;
    DoorRig rig;
    CHECK(rig.ask(adding("www.example.net")).rcode == Rcode::Refused);
    CHECK(rig.ask(requiring(adding("www.example.net"), Kind::OwnerNotInUse)).rcode ==
          Rcode::Refused);
    CHECK(rig.ask(requiring(adding("a.free.example.net"), Kind::OwnerNotInUse)).rcode ==
          Rcode::YxDomain);
    CHECK(rig.ask(requiring(adding("a.free.example.net"), Kind::RRsetAbsent)).rcode ==
          Rcode::YxRrset);
    dnsd::UpdateRequest wrong = adding("a.free.example.net");
    wrong.prescan = Rcode::NotZone;
    CHECK(rig.ask(wrong).rcode == Rcode::NotZone);
    CHECK(rig.ask(requiring(wrong, Kind::OwnerNotInUse)).rcode == Rcode::YxDomain);
    wrong.change.edits.front().owner = name("www.example.net");
    CHECK(rig.ask(wrong).rcode == Rcode::Refused);
    CHECK(rig.store.address("example.net", "a.free.example.net").empty());
    // Prerequisites alone change nothing.
    CHECK(rig.ask(requiring({}, Kind::OwnerInUse)).rcode == Rcode::NoError);
    CHECK(rig.store.zone("example.net")->serial() == 1);
}

TEST_CASE("Until somebody has a permission nobody may", "[daemon]") {
    OpenStore store;
    NobodyMayUpdate nobody;
    auto reader = store.reader();
    const auto decision = nobody.decide(*reader, 1, name("example.net"), {}, {});
    CHECK_FALSE(decision.actor);
    CHECK_FALSE(decision.cause.empty());
}

TEST_CASE("What cannot be done now may be tried again", "[daemon][rfc2136]") {
    DoorRig rig;
    rig.store.committer->stop();
    CHECK(rig.ask(adding("a.free.example.net")).rcode == Rcode::ServFail);
}

TEST_CASE("Every refusal has its RCODE", "[daemon][rfc2136]") {
    using zones::RefusalCode;
    const std::vector<std::pair<RefusalCode, Rcode>> rows = {
        {RefusalCode::NoSuchZone, Rcode::NotAuth},   {RefusalCode::NotZone, Rcode::NotZone},
        {RefusalCode::OwnerExists, Rcode::YxDomain}, {RefusalCode::OwnerMissing, Rcode::NxDomain},
        {RefusalCode::RRsetExists, Rcode::YxRrset},  {RefusalCode::RRsetMissing, Rcode::NxRrset},
        {RefusalCode::Rule, Rcode::Refused},         {RefusalCode::TooLarge, Rcode::Refused},
        {RefusalCode::Unavailable, Rcode::ServFail},
    };
    for (const auto& [code, rcode] : rows)
        CHECK(verdict_of(zones::Refusal{code, "x", "y"}).rcode == rcode);
    CHECK(verdict_of(Error{ErrorCode::Denied, "x", "y"}).rcode == Rcode::Refused);
    CHECK(verdict_of(Error{ErrorCode::Io, "x", "y"}).rcode == Rcode::ServFail);
}

}  // namespace
}  // namespace hairpin::daemon
