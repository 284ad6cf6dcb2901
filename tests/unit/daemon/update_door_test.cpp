#include "daemon/update_door.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <string>
#include <vector>

#include "store/grant_rows.hpp"
#include "tests/support/store.hpp"

namespace hairpin::daemon {
namespace {

using namespace tests;
using admin::ProblemType;
using dnsd::Rcode;
using zones::EditKind;
using zones::RType;

/// A zone, and a key that may change what is below "free".
struct DoorRig {
    DoorRig() {
        REQUIRE(store.submit(create_zone("example.net", "www 60 A 192.0.2.1\n")));
        store::CredentialRow row;
        row.kind = store::CredentialKind::Tsig;
        row.token_hash = sha256(as_octets("key"));
        row.tsig_name = "key.";
        row.tsig_sealed = {1};
        zones::Grant grant;
        grant.zone = name("example.net");
        grant.names = {*zones::NamePattern::parse("subtree:free.example.net")};
        grant.operations.add(zones::Operation::Update);
        store::Work work = as_work({});
        work.rows = [&](store::Writer& writer, zones::Change&) -> Result<void> {
            key_id = TRY(writer.insert_credential(row));
            return store::put_grants(writer, key_id, {grant});
        };
        REQUIRE(store.submit(std::move(work)));
        door.open(context);
    }
    ~DoorRig() {
        store.committer->stop();
        context.bulk.stop();
    }
    [[nodiscard]] dnsd::UpdateVerdict ask(dnsd::UpdateRequest request) {
        request.change.apex = name("example.net");
        request.change.conflicts = zones::Conflicts::Ignore;
        request.key_id = key_id;
        request.key_name = name("key");
        request.client = IpAddress::parse("192.0.2.77").value();
        std::promise<dnsd::UpdateVerdict> verdict;
        door.submit(std::move(request), [&](const auto& said) { verdict.set_value(said); });
        return verdict.get_future().get();
    }
    OpenStore store;
    std::int64_t key_id = 0;
    Sealer sealer = Sealer::from_key({1});
    admin::ApiContext context{{}, store.clock, *store.committer, *store.published, sealer};
    UpdateDoor door;
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
    auto reader = rig.store.reader();
    const auto audit = must((*reader).audit(1, {}));
    REQUIRE(audit.size() == 1);
    CHECK(audit[0].action == "update");
    CHECK(audit[0].actor.credential > 0);
    CHECK(audit[0].actor ==
          zones::Actor{"tsig", "key", "192.0.2.77", "update", audit[0].actor.credential});
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

TEST_CASE("A key that writes too often may try again, and others are not held up",
          "[daemon][limit]") {
    DoorRig rig;
    int done = 0;
    while (done < 400 && rig.ask(adding("a.free.example.net")).rcode == Rcode::NoError)
        ++done;
    CHECK(done == 300);
    CHECK(rig.ask(adding("a.free.example.net")).rcode == Rcode::ServFail);
    rig.store.clock.advance(Milliseconds(1'000));
    CHECK(rig.ask(adding("a.free.example.net")).rcode == Rcode::NoError);
    using admin::Door;
    using admin::DoorOutcome;
    CHECK(rig.context.doors.of(Door::Update, DoorOutcome::Limited) == 2);
    CHECK(rig.context.doors.of(Door::Update, DoorOutcome::Done) == 301);
}

TEST_CASE("A key without a grant may not even ask", "[daemon][rfc2136]") {
    DoorRig rig;
    rig.key_id = 4711;
    CHECK(rig.ask(requiring({}, zones::PrerequisiteKind::OwnerInUse)).rcode == Rcode::Refused);
}

TEST_CASE("What cannot be done now may be tried again", "[daemon][rfc2136]") {
    DoorRig rig;
    rig.store.committer->stop();
    CHECK(rig.ask(adding("a.free.example.net")).rcode == Rcode::ServFail);
    UpdateDoor closed;
    std::promise<Rcode> said;
    closed.submit({}, [&](const auto& verdict) { said.set_value(verdict.rcode); });
    CHECK(said.get_future().get() == Rcode::ServFail);
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
    for (const auto& [type, rcode] :
         std::vector<std::pair<ProblemType, Rcode>>{{ProblemType::Forbidden, Rcode::Refused},
                                                    {ProblemType::LicenceSuspended, Rcode::Refused},
                                                    {ProblemType::RuleBroken, Rcode::Refused},
                                                    {ProblemType::NotFound, Rcode::NotAuth},
                                                    {ProblemType::Unavailable, Rcode::ServFail}})
        CHECK(verdict_of(admin::Problem(type, "x")).rcode == rcode);
}

}  // namespace
}  // namespace hairpin::daemon
