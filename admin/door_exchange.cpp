#include "admin/door_exchange.hpp"

#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/edit_door.hpp"
#include "admin/rehearsal.hpp"

namespace hairpin::admin {
namespace {

/// The commit's part of a rehearsal.
void rehearse_edits(Api& api, Exchange& exchange, const DoorFace& face, const EditRequest& edits,
                    const std::function<net::Response()>& done) {
    auto tried = try_edits(api, edits);
    if (!tried) {
        exchange.rehearsal->refuse(sentence_of(tried.error()));
        return answer_door(api, exchange, face, to_problem(tried.error()));
    }
    exchange.rehearsal->rule = std::move(tried->plan.rule);
    exchange.rehearsal->differences = std::move(tried->edited.difference.rrsets);
    answer_door(api, exchange, face, done());
}

}  // namespace

void answer_door(Api& api, Exchange& exchange, const DoorFace& face, net::Response response) {
    if (exchange.rehearsal) {
        exchange.rehearsal->response = std::move(response);
        return;
    }
    api.context().doors.add(face.door, outcome_of_status(response.status));
    api.respond(exchange, std::move(response));
}

void answer_door(Api& api, Exchange& exchange, const DoorFace& face, const Problem& problem) {
    net::Response response = face.words(problem);
    response.headers.push_back({"cache-control", "no-store"});
    if (problem.retry_after)
        response.headers.push_back({"retry-after", std::to_string(problem.retry_after->count())});
    if (exchange.rehearsal) {
        exchange.rehearsal->refuse(problem.detail);
        exchange.rehearsal->response = std::move(response);
        return;
    }
    // The count is of what came of it, whatever status the client is used to be told it with.
    api.context().doors.add(face.door, outcome_of_status(problem.status()));
    api.respond(exchange, std::move(response));
}

const store::Identity* admit_door(Api& api, Exchange& exchange, const DoorFace& face,
                                  const std::optional<DoorSecret>& secret,
                                  std::initializer_list<store::CredentialKind> kinds) {
    auto identity = log_in(api, exchange, secret, kinds);
    if (!identity) {
        answer_door(api, exchange, face, identity.error());
        return nullptr;
    }
    exchange.call.caller = *std::move(identity);
    return &*exchange.call.caller;
}

bool may_write(Api& api, Exchange& exchange, const DoorFace& face) {
    if (exchange.rehearsal) return true;
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
    if (exchange->rehearsal) return rehearse_edits(api, *exchange, face, request.edits, done);
    submit_edits(api.context(), std::move(request),
                 [back = api.way_back(), exchange = std::move(exchange), face,
                  done = std::move(done)](Result<zones::ZoneReceipt, DoorRefusal> result) {
                     back.post([exchange, face, done, result = std::move(result)](Api& home) {
                         if (result) return answer_door(home, *exchange, face, done());
                         answer_door(home, *exchange, face, to_problem(result.error()));
                     });
                 });
}

void refuse_at_door(Api& api, DoorExchange exchange, const DoorFace& face, DoorRefused refused) {
    if (exchange->rehearsal) {
        exchange->rehearsal->refuse(std::move(refused.sentence));
        return answer_door(api, *exchange, face, refused.problem);
    }
    if (!may_write(api, *exchange, face)) return;
    const zones::Actor actor =
        actor_of(*exchange->call.caller, exchange->call.request.peer.unmapped(),
                 std::string(to_string(face.door)));
    audit_refusal(api.context(), actor, refused.subject, refused.sentence,
                  [back = api.way_back(), exchange, face, problem = refused.problem] {
                      back.post([exchange, face, problem](Api& home) {
                          answer_door(home, *exchange, face, problem);
                      });
                  });
}

Result<std::vector<zones::Grant>, Problem> grants_of_caller(Api& api, const Exchange& exchange) {
    return effective_grants(api.queries(), *exchange.call.caller, api.context().options.addresses);
}

}  // namespace hairpin::admin
