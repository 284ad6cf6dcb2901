// tests/unit/admin/door_site.hpp - licence acme with server nur1, and stock clients at its doors.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/octets.hpp"
#include "tests/unit/admin/api_fixture.hpp"

namespace hairpin::admin {

/// A matrix of refusals comes from one address.
inline ApiOptions patient_options() {
    ApiOptions options = test_options();
    options.failures.burst = 1'000;
    return options;
}

struct DoorClients : ApiFixture {
    DoorClients() : ApiFixture(patient_options()) { server_token = make_server(); }

    /// Makes a credential; its secret.
    std::string secret_of(const std::string& body) {
        const Answer made = as_operator(net::Method::Post, "/v1/credentials", body);
        INFO(made.body);
        REQUIRE(made.status == 201);
        return text_at(made.json(), "/secret");
    }
    Answer acme_update(const std::string& user, const std::string& key, std::string body,
                       std::string peer = "203.0.113.10") {
        return ask({net::Method::Post,
                    "/update",
                    std::move(body),
                    "",
                    {{"x-api-user", user}, {"x-api-key", key}},
                    std::move(peer)});
    }
    Answer httpreq(const std::string& step, const std::string& password, std::string body) {
        const std::string basic = "Basic " + to_base64(as_octets("any:" + password));
        return ask({net::Method::Post,
                    "/httpreq/" + step,
                    std::move(body),
                    "",
                    {{"authorization", basic}}});
    }
    Answer powerdns(net::Method method, const std::string& path, const std::string& key,
                    std::string body = {}) {
        return ask({method,
                    "/api/v1/servers/localhost" + path,
                    std::move(body),
                    "",
                    {{"x-api-key", key}}});
    }
    std::string server_token;
};

}  // namespace hairpin::admin
