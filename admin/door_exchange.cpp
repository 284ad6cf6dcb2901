#include "admin/door_exchange.hpp"

#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/edit_door.hpp"

namespace hairpin::admin {
void answer_door(Api& api, Exchange& exchange, const DoorFace& face, net::Response response) {
    api.context().doors.add(face.door, outcome_of_status(response.status));
    api.respond(exchange, std::move(response));
}

void answer_door(Api& api, Exchange& exchange, const DoorFace& face, const Problem& problem) {
    // The count is of what came of it, whatever status the client is used to be told it with.
    api.context().doors.add(face.door, outcome_of_status(problem.status()));
    net::Response response = face.words(problem);
    response.headers.push_back({"cache-control", "no-store"});
    if (problem.retry_after)
        response.headers.push_back({"retry-after", std::to_string(problem.retry_after->count())});
    api.respond(exchange, std::move(response));
}

const store::Identity* admit_door(Api& api, Exchange& exchange, const DoorFace& face,
                                  const std::optional<DoorSecret>& secret,
                                  std::initializer_list<store::CredentialKind> kinds) {
    auto identity = log_in(api, exchange.call.request, secret, kinds);
    if (!identity) {
        answer_door(api, exchange, face, identity.error());
        return nullptr;
    }
    exchange.call.caller = *std::move(identity);
    return &*exchange.call.caller;
}

bool may_write(Api& api, Exchange& exchange, const DoorFace& face) {
    const auto wait = over_rate(api.context(), exchange.call.caller->credential);
    if (!wait) return true;
    Problem problem(ProblemType::TooManyRequests, "this credential writes too often");
    problem.retry_after = wait;
    answer_door(api, exchange, face, problem);
    return false;
}

void edit_at_door(Api& api, DoorExchange exchange, const DoorFace& face, DoorEdits wanted,
                  std::function<net::Response()> done) {
    if (!may_write(api, *exchange, face)) return;
    const store::Identity& caller = *exchange->call.caller;
    DoorRequest request;
    request.edits.credential_id = caller.credential.id;
    request.edits.source = exchange->call.request.peer.unmapped();
    request.edits.change.apex = wanted.apex;
    request.edits.change.edits = std::move(wanted.edits);
    request.actor = actor_of(caller, request.edits.source, std::string(to_string(face.door)));
    request.reason = wanted.reason;
    submit_edits(api.context(), std::move(request),
                 [back = api.way_back(), exchange = std::move(exchange), face,
                  done = std::move(done)](Result<zones::ZoneReceipt, DoorRefusal> result) {
                     back.post([exchange, face, done, result = std::move(result)](Api& home) {
                         if (result) return answer_door(home, *exchange, face, done());
                         answer_door(home, *exchange, face, to_problem(result.error()));
                     });
                 });
}

Result<std::vector<zones::Grant>, Problem> grants_of_caller(Api& api, const Exchange& exchange) {
    return effective_grants(api.queries(), *exchange.call.caller, api.context().options.addresses);
}

}  // namespace hairpin::admin
