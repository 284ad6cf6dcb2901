// How a Write goes through the committer and comes back as an answer: Api::submit().

#include <utility>

#include "admin/api.hpp"
#include "admin/delegation.hpp"
#include "admin/idempotency.hpp"
#include "admin/log_text.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kSubjectOctets = 1'024;  // Two names at their longest, and more.

/// What the commit thread leaves for the loop. One thread at a time: the commit thread until
/// `done`, the loop after.
struct Submission {
    Write write;
    std::optional<Problem> problem;  // Why `rows` refused.
    net::Response response;
    bool is_repetition = false;  // Another request with this key came first.
    bool was_tried = false;      // A dry run that nothing refused.

    // For the idempotency row; credential 0: none is kept.
    std::int64_t credential_id = 0;
    std::string key;
    Sha256 digest{};
};

/// A catalog is a list that Hairpin keeps: whatever else stood in it, secondaries would serve or
/// choke on.
std::optional<Problem> refuse_catalogs(const zones::ZoneTable& table, const zones::Change& change) {
    for (const zones::ZoneChange& each : change.zones) {
        const zones::Zone* zone = table.find(each.apex);
        if (zone != nullptr && zone->kind() == zones::ZoneKind::Catalog)
            return Problem(ProblemType::Conflict,
                           each.apex.text() +
                               " is the catalog of this server's zones: it is kept "
                               "by itself (dns.transfer.catalog)");
    }
    return std::nullopt;
}

Result<void> run_rows(Submission& submission, store::Writer& writer, zones::Change& change) {
    submission.problem.reset();
    submission.is_repetition = false;
    submission.was_tried = false;
    if (submission.credential_id != 0) {
        // Before the rows: what the first request did may be why they would refuse the second.
        const auto first = TRY(writer.read().idempotency(submission.credential_id, submission.key));
        submission.is_repetition = first.has_value();
        if (first) return fail(Error{ErrorCode::Conflict, {}, "the Idempotency-Key was used"});
    }
    if (submission.write.rows) {
        if (auto done = submission.write.rows(writer, change); !done) {
            submission.problem = std::move(done).error();
            return fail(to_error(*submission.problem));
        }
    }
    submission.problem = refuse_catalogs(writer.zones(), change);
    if (submission.problem) return fail(to_error(*submission.problem));
    keep_delegations(writer.zones(), change);
    return {};
}

Result<void> run_after(Submission& submission, const Sealer& sealer, store::Writer& writer,
                       const store::WorkReceipt& receipt) {
    submission.response = submission.write.answer(receipt);
    submission.was_tried = submission.write.is_dry_run;
    if (submission.was_tried) return fail(Error{ErrorCode::Conflict, {}, "it was a dry run"});
    if (submission.credential_id == 0) return {};
    const auto row = idempotency_row(sealer, submission.credential_id, submission.key,
                                     submission.digest, submission.response, writer.now());
    if (!row) return fail(to_error(row.error()));
    auto kept = writer.insert_idempotency(*row);
    submission.is_repetition = !kept && kept.error().code == ErrorCode::Conflict;
    return kept;
}

void answer_problem(Api& api, const std::shared_ptr<Exchange>& exchange,
                    const Submission& submission) {
    const bool is_conflict = submission.problem->type == ProblemType::Conflict;
    if (is_conflict && submission.write.on_conflict)
        return submission.write.on_conflict(api, exchange, *submission.problem);
    api.respond(*exchange, *submission.problem);
}

}  // namespace

void Api::submit(std::shared_ptr<Exchange> exchange, Write write) {
    const Call& call = exchange->call;
    auto submission = std::make_shared<Submission>();
    if (!call.idempotency_key.empty()) {
        submission->credential_id = call.caller->credential.id;
        submission->key = call.idempotency_key;
        submission->digest = request_digest(call.request);
    }
    store::Work work;
    work.change = std::move(write.change);
    if (!write.is_dry_run) work.change.actor = actor_of(*call.caller, call.request.peer, "rest");
    work.audit = std::move(write.audit);
    work.audit.subject = log_text(work.audit.subject, kSubjectOctets);
    submission->write = std::move(write);
    work.rows = [submission](store::Writer& writer, zones::Change& change) {
        return run_rows(*submission, writer, change);
    };
    work.after = [submission, &sealer = context_.sealer](store::Writer& writer,
                                                         const store::WorkReceipt& receipt) {
        return run_after(*submission, sealer, writer, receipt);
    };

    // The exchange travels with the callback; the loop, which outlives it, is where it is answered.
    context_.committer.submit(
        std::move(work), [back = way_back_, exchange,
                          submission](Result<store::WorkReceipt, store::WorkRefusal> result) {
            back.post([exchange, submission, result = std::move(result)](Api& api) {
                if (result && submission->write.then) submission->write.then(api, *exchange);
                if (result || submission->was_tried)
                    return api.respond(*exchange, std::move(submission->response));
                if (submission->problem) return answer_problem(api, exchange, *submission);
                if (!submission->is_repetition) {
                    return api.respond(*exchange, Problem(result.error()));
                }
                auto replay = api.find_replay(exchange->call);
                if (replay && *replay) return api.respond(*exchange, **std::move(replay));
                api.respond(*exchange, replay ? Problem(ProblemType::Conflict,
                                                        "a request with this Idempotency-Key is "
                                                        "under way: try again")
                                              : replay.error());
            });
        });
}

}  // namespace hairpin::admin
