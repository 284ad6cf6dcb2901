// admin/router.hpp - which route a method and a path belong to.
//
// Routes are data: a test compares them with docs/api/openapi.yaml. Patterns are literal segments
// and "{name}" segments; each segment of a path is percent-decoded alone, so that %2F in a zone's
// name is no separator. There is no wildcard and no optional slash.
//
// Standards RFC 9110 sections 9.3.2 (HEAD), 15.5.6 (405 with Allow); RFC 3986 section 2.1.
// Threads   Pure.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admin/authentication.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"
#include "net/http.hpp"

namespace hairpin::admin {

class Api;
struct Call;
struct Exchange;
struct Write;

/// Answers at once from what is published and stored.
using ReadHandler = Result<net::Response, Problem> (*)(Api& api, const Call& call);
/// Says what is to be written; Api submits it and answers when it is durable.
using WriteHandler = Result<Write, Problem> (*)(Api& api, const Call& call);
/// Answers by itself, now or later.
using LaterHandler = void (*)(Api& api, std::shared_ptr<Exchange> exchange);
using RouteHandler = std::variant<ReadHandler, WriteHandler, LaterHandler>;

struct Route {
    net::Method method;
    std::string_view pattern;  // "/v1/licences/{licence}"
    Access access;
    RouteHandler handler;
    std::size_t body_limit;  // Octets.
};

/// The whole table, in the order of DESIGN section 6.
[[nodiscard]] std::span<const Route> routes() noexcept;

struct RouteMatch {
    const Route* route;
    std::vector<std::string> arguments;  // The "{name}" segments in order, decoded, never empty.
};

/// HEAD finds the route of GET. Errors: NotFound; MethodNotAllowed, with Allow.
[[nodiscard]] Result<RouteMatch, Problem> find_route(std::span<const Route> table,
                                                     net::Method method, std::string_view path);
/// The methods of a path ("GET, HEAD, OPTIONS"), empty where it belongs to no route.
[[nodiscard]] std::string allowed_methods(std::span<const Route> table, std::string_view path);

}  // namespace hairpin::admin
