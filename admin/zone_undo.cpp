// One change undone: POST /v1/zones/{zone}/undo.
//
// The step is read on the bulk worker; whether its RRsets still are as it left them is compared on
// the commit thread. Where they are not, the journal tells who changed them since.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/handlers.hpp"
#include "admin/log_text.hpp"
#include "admin/past_reading.hpp"
#include "admin/reversal.hpp"
#include "store/journal_format.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kUndoPageRows = 32;  // One row holds at most about kJournalPartOctets.
constexpr std::size_t kMostStepOctets = std::size_t{64} << 20;
/// How far back a serial, or who changed an RRset, is looked for.
constexpr std::size_t kMostRowsToStep = 200'000;
constexpr std::size_t kMostConflictsTold = 20;

/// Which change: one journal row with the other parts of it, or all that led to a serial.
struct UndoQuestion {
    zones::Name apex;
    std::optional<std::int64_t> id;
    std::uint32_t serial = 0;  // Without `id`.
    bool is_dry_run = false;

    [[nodiscard]] std::string text() const {
        return id ? "change " + std::to_string(*id) : "serial " + std::to_string(serial);
    }
};

struct Step {
    std::int64_t last_id = 0;  // Of its newest row.
    Reversal reversal;
};

Problem not_single(const UndoQuestion& question, const store::JournalRow& row) {
    return {ProblemType::Gone,
            question.text() + " is not kept singly any more, it is among " + merged_text(row)};
}

bool is_older(const UndoQuestion& question, const store::JournalRow& oldest) {
    if (question.id) return *question.id < oldest.first_id;
    return question.serial == oldest.serial_before ||
           zones::serial_greater(oldest.serial_before, question.serial);
}

/// Whether it never was (404), or is not kept any more (410).
Problem no_such_step(store::Queries& queries, const UndoQuestion& question) {
    const auto bounds = queries.history_bounds();
    const auto oldest = queries.oldest_change(question.apex);
    if (!bounds || !oldest)
        return {ProblemType::Unavailable, "the history cannot be read right now"};
    const bool is_possible = !question.id || *question.id <= bounds->newest_id;
    if (!bounds->lost_at || !is_possible || (*oldest && !is_older(question, **oldest)))
        return not_found(question.text() + " of " + question.apex.text());
    const std::string kept = !*oldest ? "nothing is kept"
                                      : "the oldest that is kept is change " +
                                            std::to_string((*oldest)->first_id) + " of " +
                                            to_rfc3339((*oldest)->began_at) + ", from serial " +
                                            std::to_string((*oldest)->serial_before);
    return {ProblemType::Gone, question.text() + " of " + question.apex.text() +
                                   " is not kept any more, if it was there: " + kept};
}

/// `first`: a row of the step. All its parts, the newest first.
Result<std::vector<store::JournalRow>, Problem> parts_of(store::Queries& queries,
                                                         store::JournalRow first) {
    std::vector<store::JournalRow> parts;
    std::size_t octets = first.difference.size();
    parts.push_back(std::move(first));
    while (parts.back().part > 0) {
        auto rows = TRY(queries.journal_page(parts.back().zone_apex, 1, parts.back().id));
        if (rows.empty()) break;
        octets += rows.front().difference.size();
        if (octets > kMostStepOctets) break;
        parts.push_back(std::move(rows.front()));
    }
    while (octets <= kMostStepOctets) {
        auto rows = TRY(queries.journal_since(parts.front().zone_apex, parts.back().serial_before,
                                              1, parts.front().id));
        if (rows.empty() || rows.front().part != parts.front().part + 1) break;
        octets += rows.front().difference.size();
        parts.insert(parts.begin(), std::move(rows.front()));
    }
    if (octets > kMostStepOctets)
        return fail(Problem(ProblemType::TooLarge, "the change is too large to be undone at once"));
    return parts;
}

Result<std::vector<store::JournalRow>, Problem> rows_of_id(store::Queries& queries,
                                                           const UndoQuestion& question) {
    auto row = TRY(queries.change_with(question.apex, *question.id));
    if (!row) return fail(no_such_step(queries, question));
    if (row->is_merged()) return fail(not_single(question, *row));
    return parts_of(queries, *std::move(row));
}

Result<std::vector<store::JournalRow>, Problem> rows_of_serial(store::Queries& queries,
                                                               const UndoQuestion& question) {
    std::vector<store::JournalRow> found;
    std::size_t octets = 0;
    std::int64_t before = 0;
    for (std::size_t seen = 0; seen < kMostRowsToStep; seen += kUndoPageRows) {
        auto rows = TRY(queries.journal_page(question.apex, kUndoPageRows, before));
        const bool is_last = rows.size() < kUndoPageRows;
        if (!rows.empty()) before = rows.back().id;
        for (store::JournalRow& row : rows) {
            const bool leads_there = row.serial_after == question.serial;
            const bool is_within =
                leads_there || (zones::serial_greater(row.serial_after, question.serial) &&
                                zones::serial_greater(question.serial, row.serial_before));
            if (row.is_merged() && is_within) return fail(not_single(question, row));
            if (!leads_there && !found.empty()) return found;
            if (!leads_there) continue;
            octets += row.difference.size();
            if (octets > kMostStepOctets)
                return fail(
                    Problem(ProblemType::TooLarge, "the change is too large to be undone at once"));
            found.push_back(std::move(row));
        }
        if (!is_last) continue;
        if (found.empty()) return fail(no_such_step(queries, question));
        return found;
    }
    return fail(Problem(ProblemType::TooLarge, "too much has changed since then"));
}

Result<Step, Problem> read_step(ApiContext& context, const UndoQuestion& question) {
    store::Queries& queries = *TRY(history_of(context));
    // Rows move on while others are read (store/condensing.hpp).
    const auto snapshot = TRY(store::Snapshot::begin(queries.database()));
    const auto rows =
        TRY(question.id ? rows_of_id(queries, question) : rows_of_serial(queries, question));
    std::vector<std::vector<zones::RRsetDifference>> differences;
    for (const store::JournalRow& row : rows) {
        const bool is_content =
            row.action == zones::ZoneAction::Edit || row.action == zones::ZoneAction::Replace;
        if (!is_content)
            return fail(Problem(
                ProblemType::Conflict,
                question.text() + " made or removed the whole zone: that is not undone here"));
        differences.push_back(TRY(store::decode_difference(row.difference, row.zone_apex)));
    }
    return Step{rows.front().id, undoing(std::move(differences))};
}

std::string told(const store::JournalRow& row) {
    const zones::Actor& actor = row.actor;
    return "changed " + to_rfc3339(row.at) + " by " + actor.kind + " " + actor.id +
           (actor.source.empty() ? "" : " from " + actor.source) + " over " + actor.door +
           " (change " + std::to_string(row.id) + ": " + log_text(row.reason) + ")";
}

bool is_about(const Reversal& rrsets, const zones::RRsetDifference& one) {
    return std::any_of(rrsets.begin(), rrsets.end(), [&](const zones::RRsetDifference& each) {
        return each.owner == one.owner && each.type == one.type;
    });
}

/// Notes `row` as the author of those conflicts that it is about and that have none yet.
/// @return How many.
Result<std::size_t> note_author(const store::JournalRow& row, const Reversal& conflicts,
                                std::vector<FieldError>& errors) {
    const auto rrsets = TRY(store::decode_difference(row.difference, row.zone_apex));
    std::size_t noted = 0;
    for (std::size_t at = 0; at < conflicts.size(); ++at) {
        if (!errors[at].detail.empty() || !is_about(rrsets, conflicts[at])) continue;
        errors[at].detail = told(row);
        ++noted;
    }
    return noted;
}

/// Fills in who changed `conflicts` in the rows behind the step, as far as that is found.
Result<void> find_authors(store::Queries& queries, const zones::Name& apex, std::int64_t last_id,
                          const Reversal& conflicts, std::vector<FieldError>& errors) {
    std::size_t open = conflicts.size();
    std::int64_t before = 0;
    for (std::size_t seen = 0; seen < kMostRowsToStep && open > 0; seen += kUndoPageRows) {
        const auto rows = TRY(queries.journal_page(apex, kUndoPageRows, before));
        for (const store::JournalRow& row : rows) {
            if (row.id <= last_id) return {};
            open -= TRY(note_author(row, conflicts, errors));
        }
        if (rows.size() < kUndoPageRows) return {};
        before = rows.back().id;
    }
    return {};
}

/// Why the step cannot be undone: what was changed since, and by whom.
Problem explained(ApiContext& context, const UndoQuestion& question, std::int64_t last_id,
                  Reversal conflicts) {
    Problem problem(ProblemType::Conflict, std::to_string(conflicts.size()) + " RRsets of " +
                                               question.text() +
                                               " were changed since: nothing was undone");
    if (conflicts.size() > kMostConflictsTold) conflicts.resize(kMostConflictsTold);
    for (const zones::RRsetDifference& each : conflicts)
        problem.errors.push_back({each.owner.text() + " " + zones::type_text(each.type), {}});
    if (context.bulk_reader) {
        const auto found =
            find_authors(**context.bulk_reader, question.apex, last_id, conflicts, problem.errors);
        // Who it was is a courtesy: that they were changed is certain.
        if (!found) problem.detail += " (by whom cannot be read right now)";
    }
    for (FieldError& each : problem.errors)
        if (each.detail.empty()) each.detail = "changed since";
    return problem;
}

void explain_conflict(Api& api, std::shared_ptr<Exchange> exchange, const UndoQuestion& question,
                      std::int64_t last_id, Reversal conflicts) {
    ApiContext& context = api.context();
    const bool is_posted = context.bulk.post([back = api.way_back(), exchange, question, last_id,
                                              conflicts = std::move(conflicts), &context] {
        auto problem = std::make_shared<Problem>(explained(context, question, last_id, conflicts));
        back.post([exchange, problem](Api& self) { self.respond(*exchange, *problem); });
    });
    if (!is_posted) api.respond(*exchange, too_much_history());
}

Write undo_write(const ApiOptions& options, const Exchange& exchange, const UndoQuestion& question,
                 Step step) {
    const std::int64_t last_id = step.last_id;
    auto overtaken = std::make_shared<Reversal>();
    Write write = reversal_write(
        options,
        {question.apex, std::move(step.reversal), WriteConditions::of(exchange.call.request),
         "zone.undo", "undo of " + question.text(), question.is_dry_run},
        overtaken);
    write.on_conflict = [question, last_id, overtaken](Api& api, std::shared_ptr<Exchange> asked,
                                                       const Problem& problem) {
        if (overtaken->empty()) return api.respond(*asked, problem);
        explain_conflict(api, std::move(asked), question, last_id, std::move(*overtaken));
    };
    return write;
}

Result<UndoQuestion, Problem> undo_question(Api& api, const Call& call) {
    UndoQuestion question;
    question.apex = TRY(apex_argument(call));
    const JsonValue value = TRY(json_body(call));
    std::vector<FieldError> errors;
    ObjectReader body(value, "", errors);
    question.id = body.number("id", 1, INT64_MAX - 1);
    const auto serial = body.number("serial", 1, UINT32_MAX);
    question.is_dry_run = body.truth("dry_run").value_or(false) || TRY(asks_for_dry_run(call));
    body.finish();
    if (errors.empty() && question.id.has_value() == serial.has_value())
        body.refuse("id", "give either id or serial");
    if (!errors.empty()) return fail(to_problem(std::move(errors)));
    question.serial = static_cast<std::uint32_t>(serial.value_or(0));
    if (api.zones()->find(question.apex) == nullptr)
        return fail(not_found("zone " + question.apex.text()));
    return question;
}

}  // namespace

void post_zone_undo(Api& api, std::shared_ptr<Exchange> exchange) {
    auto question = undo_question(api, exchange->call);
    if (!question) return api.respond(*exchange, question.error());
    ApiContext& context = api.context();
    const bool is_posted = context.bulk.post([back = api.way_back(), exchange,
                                              question = *std::move(question), &context] {
        auto step = std::make_shared<Result<Step, Problem>>(read_step(context, question));
        back.post([exchange, question, step](Api& self) {
            if (!*step) return self.respond(*exchange, step->error());
            self.submit(exchange,
                        undo_write(self.context().options, *exchange, question, *std::move(*step)));
        });
    });
    if (!is_posted) api.respond(*exchange, too_much_history());
}

}  // namespace hairpin::admin
