#include "admin/handlers.hpp"

#include "admin/names.hpp"

namespace hairpin::admin {

Result<JsonValue, Problem> json_body(const Call& call) {
    const std::string& body = call.request.body;
    if (body.find_first_not_of(" \t\r\n") == std::string::npos) return JsonValue{JsonObject()};
    JsonLimits limits;
    limits.octets = call.route->body_limit;
    return parse_json(body, limits);
}

net::Response json_response(int status, JsonWriter& json) {
    net::Response response;
    response.status = status;
    response.headers = {{"content-type", "application/json"}, {"cache-control", "no-store"}};
    response.body = json.take();
    return response;
}

net::Response no_content() {
    return {204, {}, {}};
}

Result<zones::Name, Problem> apex_argument(const Call& call) {
    auto apex = parse_apex(call.arguments.front());
    if (!apex) return fail(Problem(ProblemType::NotFound, apex.error()));
    return *std::move(apex);
}

}  // namespace hairpin::admin
