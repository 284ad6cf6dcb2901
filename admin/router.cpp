#include "admin/router.hpp"

#include <optional>

namespace hairpin::admin {
namespace {

/// Cuts the first segment off a path that begins with "/".
std::string_view take_segment(std::string_view& path) noexcept {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    return segment;
}

/// The arguments of `path` under `pattern`, or nullopt where it does not fit.
std::optional<std::vector<std::string>> fit(std::string_view pattern, std::string_view path) {
    std::vector<std::string> arguments;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = take_segment(pattern);
        auto segment = net::percent_decode(take_segment(path));
        if (!segment || segment->empty()) return std::nullopt;
        if (wanted.starts_with('{')) {
            arguments.push_back(*std::move(segment));
        } else if (wanted != *segment) {
            return std::nullopt;
        }
    }
    if (!pattern.empty() || !path.empty()) return std::nullopt;
    return arguments;
}

}  // namespace

Result<RouteMatch, Problem> find_route(std::span<const Route> table, net::Method method,
                                       std::string_view path) {
    const net::Method wanted = method == net::Method::Head ? net::Method::Get : method;
    if (path.empty() || path[0] != '/') return fail(not_found("resource at this path"));
    for (const Route& route : table) {
        if (route.method != wanted) continue;
        if (auto arguments = fit(route.pattern, path))
            return RouteMatch{&route, *std::move(arguments)};
    }
    std::string allowed = allowed_methods(table, path);
    if (allowed.empty()) return fail(not_found("resource at this path"));
    Problem problem(ProblemType::MethodNotAllowed, "this resource takes " + allowed);
    problem.headers.push_back({"allow", std::move(allowed)});
    return fail(std::move(problem));
}

std::string allowed_methods(std::span<const Route> table, std::string_view path) {
    std::string allowed;
    if (path.empty() || path[0] != '/') return allowed;
    for (const Route& route : table) {
        if (!fit(route.pattern, path)) continue;
        if (!allowed.empty()) allowed += ", ";
        allowed += net::to_string(route.method);
        if (route.method == net::Method::Get) allowed += ", HEAD";
    }
    if (!allowed.empty()) allowed += ", OPTIONS";
    return allowed;
}

}  // namespace hairpin::admin
