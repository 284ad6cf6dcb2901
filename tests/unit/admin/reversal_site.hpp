// tests/unit/admin/reversal_site.hpp - a zone whose changes are undone.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {

/// A plain zone whose names an operator changes; each change has its id, serial and second.
struct ReversalSite {
    ReversalSite() {
        api.context.bulk_reader.emplace(tests::must(store::Reader::open(api.store.path())));
        REQUIRE(
            api.as_operator(net::Method::Post, "/v1/zones", R"({"zone":"example.org"})").status ==
            201);
        api.store.clock.advance(Seconds(60));
    }
    /// `records` empty: removes the RRset. The id of the change.
    std::string put(const std::string& owner, const std::string& records, int ttl = 60,
                    const std::string& type = "A") {
        api.store.clock.advance(Seconds(60));
        const std::string target = "/v1/zones/example.org/rrsets/" + owner + "/" + type;
        const Answer answer = records.empty()
                                  ? api.as_operator(net::Method::Delete, target)
                                  : api.as_operator(net::Method::Put, target,
                                                    "{\"ttl\":" + std::to_string(ttl) +
                                                        ",\"records\":[\"" + records + "\"]}");
        INFO(answer.body);
        REQUIRE(answer.status < 300);
        times.push_back(to_rfc3339(api.store.clock.now()));
        return newest();
    }
    [[nodiscard]] std::string newest() {
        return std::to_string(number_at(history(), "/history/0/id"));
    }
    [[nodiscard]] JsonValue history() {
        return api.as_operator(net::Method::Get, "/v1/zones/example.org/history").json();
    }
    [[nodiscard]] Answer undo(const std::string& id, std::vector<net::Header> headers = {}) {
        api.store.clock.advance(Seconds(60));
        return api.as_operator(net::Method::Post, "/v1/zones/example.org/undo",
                               "{\"id\":" + id + "}", std::move(headers));
    }
    [[nodiscard]] Answer go_back(const std::string& body, std::vector<net::Header> headers = {}) {
        api.store.clock.advance(Seconds(60));
        return api.as_operator(net::Method::Post, "/v1/zones/example.org/return", body,
                               std::move(headers));
    }
    [[nodiscard]] std::string a(const std::string& owner) {
        return api.addresses(owner + ".example.org.", zones::RType::A);
    }
    [[nodiscard]] std::uint32_t serial() { return api.store.zone("example.org.")->serial(); }

    ApiFixture api;
    std::vector<std::string> times;  // Of each put.
};

}  // namespace hairpin::admin
