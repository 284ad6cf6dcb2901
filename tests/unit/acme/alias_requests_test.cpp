// Requests of a server that has aliases: which names are asked for, and what answers them.

#include <catch2/catch.hpp>

#include "acme/requests.hpp"
#include "store/alias_rows.hpp"
#include "tests/unit/acme/csr_of.hpp"
#include "tests/unit/acme/world.hpp"

namespace hairpin::acme {
namespace {

using tests::kDay;
using tests::kInternal;
using tests::kPublic;
using tests::World;

const std::string kCloud = "cloud.pl-acme.example.net";
const std::string kMail = "mail.pl-acme.example.net";

Csr csr_naming(const tests::KeyRef& key, const std::vector<std::string>& names) {
    std::string listed;
    for (const std::string& each : names)
        listed += (listed.empty() ? "DNS:" : ",DNS:") + each;
    return tests::csr_of(key, listed);
}

Csr csr_with(const tests::KeyRef& key, const std::string& alias) {
    return csr_naming(key, {kPublic, kInternal, alias});
}

void add_alias(World& world, const std::string& name) {
    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change&) {
        return store::put_alias(writer,
                                {world.server, name, store::AliasTarget::Public, writer.now()});
    }));
}

void remove_alias(World& world, const std::string& name) {
    REQUIRE(world.in_commit([&](store::Writer& writer, zones::Change&) {
        return store::erase_alias(writer, world.server, name);
    }));
}

TEST_CASE("a CSR may name the server's aliases, and need not", "[acme][alias]") {
    World world;
    const auto key = tests::ec_key("P-256");
    const auto stranger = world.ask(csr_with(key, kCloud));
    REQUIRE_FALSE(stranger.state);
    CHECK(stranger.state.error().code == ErrorCode::Invalid);
    add_alias(world, kCloud);
    add_alias(world, kMail);
    const auto wrong = world.ask(csr_with(key, "www.pl-acme.example.net"));
    REQUIRE_FALSE(wrong.state);
    CHECK_THAT(wrong.state.error().cause, Catch::Contains("may name " + kCloud + ", " + kMail));
    CHECK_FALSE(world.ask(csr_naming(key, {kPublic, kCloud})).state);

    REQUIRE(world.ask(csr_naming(key, {kPublic, kInternal})).state);
    CHECK(world.live().other_names.empty());
    // The same key for other names is another request.
    const auto first = world.live().id;
    const auto more = world.ask(csr_with(key, kCloud));
    REQUIRE(more.state);
    REQUIRE(more.news.replaced.size() == 1);
    CHECK(more.news.replaced[0].attempt_id == first);
    CHECK(world.live().other_names == std::vector{kCloud});
    CHECK(world.ask(csr_with(key, kCloud)).wake == 0);
}

TEST_CASE("a managed key's certificate is for all aliases", "[acme][alias]") {
    World world;
    add_alias(world, kMail);
    add_alias(world, kCloud);
    REQUIRE(world.ask(std::nullopt).state);
    CHECK(world.live().other_names == std::vector{kCloud, kMail});
    const auto first = world.live().id;
    CHECK(world.ask(std::nullopt).wake == 0);
    remove_alias(world, kMail);
    const auto fewer = world.ask(std::nullopt);
    REQUIRE(fewer.news.replaced.size() == 1);
    CHECK(fewer.news.replaced[0].attempt_id == first);
    CHECK(world.live().other_names == std::vector{kCloud});
}

TEST_CASE("a young certificate answers only for the names that it has", "[acme][alias]") {
    World world;
    const auto key = tests::ec_key("P-256");
    add_alias(world, kCloud);
    world.issue(world.ask(csr_naming(key, {kPublic, kInternal})).wake);
    CHECK(world.ask(csr_naming(key, {kPublic, kInternal})).wake == 0);
    const auto more = world.ask(csr_with(key, kCloud));
    REQUIRE(more.wake != 0);
    CHECK(world.attempt(more.wake)->cause == store::AttemptCause::Again);
    world.issue(more.wake);
    CHECK(world.ask(csr_with(key, kCloud)).wake == 0);
    CHECK(world.ask(csr_naming(key, {kPublic, kInternal})).wake != 0);
}

TEST_CASE("an alias that was removed is found in the attempt that names it", "[acme][alias]") {
    World world;
    add_alias(world, kCloud);
    REQUIRE(world.ask(csr_with(tests::ec_key("P-256"), kCloud)).state);
    const auto named = [&] {
        store::Reader reader = world.store.reader();
        return *removed_alias(*reader, *from_row(world.live()), "i-");
    };
    CHECK(named().empty());
    remove_alias(world, kCloud);
    CHECK(named() == kCloud);
}

TEST_CASE("an alias may be a name alone, as long as it is an alias", "[acme][alias]") {
    World world;
    const store::Subject alone(world.server, kCloud);
    const auto key = tests::ec_key("P-256");
    CHECK_FALSE(world.ask(csr_naming(key, {kCloud}), alone).state);
    add_alias(world, kCloud);
    const auto asked = world.ask(csr_naming(key, {kCloud}), alone);
    REQUIRE(asked.state);
    const auto twin = world.ask(csr_naming(tests::ec_key("P-256"), {kInternal}),
                                store::Subject(world.server, kInternal));
    const auto removed = [&](std::int64_t id) {
        store::Reader reader = world.store.reader();
        return *removed_alias(*reader, *from_row(*world.attempt(id)), "i-");
    };
    CHECK(removed(asked.wake).empty());
    remove_alias(world, kCloud);
    CHECK(removed(asked.wake) == kCloud);
    CHECK(removed(twin.wake).empty());
}

TEST_CASE("who leaves out the alias that was removed does not wait", "[acme][alias]") {
    World world;
    add_alias(world, kCloud);
    const auto key = tests::ec_key("P-256");
    const auto first = world.ask(csr_with(key, kCloud));
    REQUIRE(world.update(first.wake, [&](store::AcmeAttemptRow& row) {
        row.state = StateName::Blocked;
        row.next_at = world.store.clock.now() + kDay;
        row.failures = 3;
        row.problem_type = kAliasRemoved;
        row.problem = "send a new CSR";
    }));
    remove_alias(world, kCloud);
    CHECK_FALSE(world.ask(csr_with(key, kCloud)).state);
    REQUIRE(world.ask(csr_naming(key, {kPublic, kInternal})).state);
    CHECK(world.live().state == StateName::Wanted);
    CHECK(world.live().failures == 0);
    CHECK(world.live().next_at == world.store.clock.now());
}

}  // namespace
}  // namespace hairpin::acme
