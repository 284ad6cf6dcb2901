// admin/door_exchange.hpp - one request of a stock client, from its log-in to its answer.
//
// What the doors over HTTP share: who asks, how often it may write, the way through the committer
// and back to the loop, and the count of what came of it. The words of the answer are the door's
// own: it gives a function that makes them.
//
// Threads   The loop's.

#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/api.hpp"
#include "admin/door_counters.hpp"
#include "admin/door_login.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"
#include "net/http.hpp"
#include "store/records.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"
#include "zones/permission.hpp"

namespace hairpin::admin {

/// Of values at challenge names: nobody asks for them twice.
inline constexpr zones::Ttl kChallengeTtl = 1;

using DoorExchange = std::shared_ptr<Exchange>;
/// How a door says a problem.
using DoorWords = net::Response (*)(const Problem& problem);

struct DoorFace {
    Door door;
    DoorWords words;
};

/// Answers and counts. Done for a status below 400.
void answer_door(Api& api, Exchange& exchange, const DoorFace& face, net::Response response);
void answer_door(Api& api, Exchange& exchange, const DoorFace& face, const Problem& problem);

/// The caller, kept in the exchange for the log; null: it was answered.
[[nodiscard]] const store::Identity* admit_door(Api& api, Exchange& exchange, const DoorFace& face,
                                                const std::optional<DoorSecret>& secret,
                                                std::initializer_list<store::CredentialKind> kinds);
/// Takes one write from the caller's rate; false: it was answered.
[[nodiscard]] bool may_write(Api& api, Exchange& exchange, const DoorFace& face);

/// What the caller of the exchange wants changed in one zone.
struct DoorEdits {
    zones::Name apex;
    std::vector<zones::Edit> edits;
    const char* reason = "";
};
/// may_write(), then submit_edits(); `done` makes the answer once it is durable and published.
void edit_at_door(Api& api, DoorExchange exchange, const DoorFace& face, DoorEdits wanted,
                  std::function<net::Response()> done);

/// A write that is refused before there are edits of it.
struct DoorRefused {
    Problem problem;       // What the client is told, in the door's words.
    std::string subject;   // Of the audit row: what it was about.
    std::string sentence;  // Why, for the audit.

    /// Told as it is to both.
    [[nodiscard]] static DoorRefused with(Problem problem, std::string subject) {
        std::string sentence = problem.detail;
        return {std::move(problem), std::move(subject), std::move(sentence)};
    }
};
/// Answers once the refusal stands in the audit. Of a caller who is known: a write of its rate.
void refuse_at_door(Api& api, DoorExchange exchange, const DoorFace& face, DoorRefused refused);

/// What the caller may: effective_grants().
[[nodiscard]] Result<std::vector<zones::Grant>, Problem> grants_of_caller(Api& api,
                                                                          const Exchange& exchange);

}  // namespace hairpin::admin
