#include "store/alias_rows.hpp"

#include <catch2/catch.hpp>

#include "tests/support/store.hpp"

namespace hairpin::store {
namespace {

using namespace tests;

/// A licence "acme" with the servers nur1 and nur2.
struct WithServers {
    OpenStore store;
    std::int64_t first = 0;
    std::int64_t second = 0;
    WithServers() {
        Work work = as_work({create_zone("pl-acme.example.net.")});
        work.rows = [this](Writer& writer, zones::Change&) -> Result<void> {
            LicenceRow licence;
            licence.name = "acme";
            licence.zone_apex = name("pl-acme.example.net.");
            TRY(writer.insert_licence(licence));
            ServerRow server;
            server.licence = "acme";
            server.label = "nur1";
            first = TRY(writer.insert_server(server));
            server.label = "nur2";
            second = TRY(writer.insert_server(server));
            return {};
        };
        REQUIRE(store.submit(std::move(work)));
    }
    [[nodiscard]] Result<void> put(std::int64_t server, const std::string& alias,
                                   AliasTarget target = AliasTarget::Public) {
        return commit([&](Writer& writer) {
            return put_alias(writer, {server, alias, target, writer.now()});
        });
    }
    template <typename F>
    [[nodiscard]] Result<void> commit(F rows) {
        Work work;
        work.rows = [&](Writer& writer, zones::Change&) -> Result<void> { return rows(writer); };
        const auto done = store.submit(std::move(work));
        if (!done) return fail(to_error(done.error()));
        return {};
    }
    [[nodiscard]] std::vector<AliasRow> of(std::int64_t server) {
        return must(aliases_of(store.reader()->database(), server));
    }
};

TEST_CASE("An alias is put, changed and erased, and is one server's", "[store][alias]") {
    WithServers world;
    const std::string cloud = "cloud.pl-acme.example.net";
    REQUIRE(world.put(world.first, cloud));
    const WallTime made = world.of(world.first)[0].created_at;
    world.store.clock.advance(Seconds(5));
    REQUIRE(world.put(world.first, cloud, AliasTarget::Internal));
    CHECK(world.of(world.first) ==
          std::vector<AliasRow>{{world.first, cloud, AliasTarget::Internal, made}});

    const auto foreign = world.put(world.second, cloud);
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().code == ErrorCode::Conflict);
    const auto named = must(alias_named(world.store.reader()->database(), cloud));
    REQUIRE(named);
    CHECK(named->server_id == world.first);

    const auto not_its =
        world.commit([&](Writer& writer) { return erase_alias(writer, world.second, cloud); });
    REQUIRE_FALSE(not_its);
    CHECK(not_its.error().code == ErrorCode::NotFound);
    REQUIRE(world.commit([&](Writer& writer) { return erase_alias(writer, world.first, cloud); }));
    CHECK(world.of(world.first).empty());
    CHECK_FALSE(
        world.commit([&](Writer& writer) { return erase_alias(writer, world.first, cloud); }));
}

TEST_CASE("A server has at most eight aliases", "[store][alias][limit]") {
    WithServers world;
    for (std::size_t number = 0; number < kMostAliases; ++number)
        REQUIRE(world.put(world.first, "a" + std::to_string(number) + ".pl-acme.example.net"));
    const auto ninth = world.put(world.first, "a8.pl-acme.example.net");
    REQUIRE_FALSE(ninth);
    CHECK(ninth.error().code == ErrorCode::Limit);
    CHECK(world.put(world.first, "a7.pl-acme.example.net", AliasTarget::Internal));
    CHECK(world.put(world.second, "a8.pl-acme.example.net"));
    CHECK(must(aliases_of_licence(world.store.reader()->database(), "acme")).size() ==
          kMostAliases + 1);
    CHECK(must(aliases_of_licence(world.store.reader()->database(), "beta")).empty());
}

TEST_CASE("Aliases go with their server", "[store][alias]") {
    WithServers world;
    REQUIRE(world.put(world.first, "cloud.pl-acme.example.net"));
    REQUIRE(world.put(world.second, "mail.pl-acme.example.net"));
    REQUIRE(world.commit([&](Writer& writer) { return writer.erase_server(world.first); }));
    CHECK_FALSE(must(alias_named(world.store.reader()->database(), "cloud.pl-acme.example.net")));
    CHECK(world.of(world.second).size() == 1);
}

}  // namespace
}  // namespace hairpin::store
