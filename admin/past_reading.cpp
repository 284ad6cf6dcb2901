#include "admin/past_reading.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "admin/json_value.hpp"

namespace hairpin::admin {
namespace {

using store::Moment;
using store::NoPast;
using store::Past;
using store::PastQuestion;

constexpr Milliseconds kRestOfSecond{999};

Problem to_problem(const NoPast& none, const zones::Name& apex) {
    switch (none.why) {
        case NoPast::Why::NotThere:
            return not_found("zone " + apex.text() + " at that moment, or with that serial");
        case NoPast::Why::OutOfReach:
            return {ProblemType::Gone, none.reaches_to
                                           ? "what is known reaches back to " +
                                                 to_rfc3339(*none.reaches_to + kRestOfSecond) +
                                                 " (store.condensed_days in the configuration)"
                                           : "nothing is known of what was before"};
        case NoPast::Why::Merged:
            return {ProblemType::Gone, "it lies among " + merged_text(*none.merged)};
        case NoPast::Why::TooLarge:
            return {ProblemType::TooLarge,
                    "too much has changed since then; ask for one name, or a later moment"};
        case NoPast::Why::Unavailable:
            break;
    }
    return {ProblemType::Unavailable, "the history cannot be read right now"};
}

}  // namespace

std::string merged_text(const store::JournalRow& row) {
    return std::to_string(row.changes) + " changes that are kept as one, from serial " +
           std::to_string(row.serial_before) + " to " + std::to_string(row.serial_after) +
           ", made " + to_rfc3339(row.began_at) + " to " + to_rfc3339(row.at) +
           ": ask for either serial, or for a time outside";
}

std::string place_text(const zones::Name& owner, zones::RType type) {
    return std::to_string(to_number(type)) + " " + owner.text();
}

Result<std::optional<store::RRsetPlace>, Problem> place_of(const Page& page) {
    if (page.after.empty()) return std::optional<store::RRsetPlace>();
    const Problem wrong = invalid_field("?cursor", "must be a \"next\" of the page before");
    std::uint16_t type = 0;
    const char* last = page.after.data() + page.after.size();
    const auto [end, error] = std::from_chars(page.after.data(), last, type);
    if (error != std::errc() || end == last || *end != ' ') return fail(wrong);
    const auto owner = zones::Name::parse({end + 1, static_cast<std::size_t>(last - end - 1)});
    if (!owner) return fail(wrong);
    return std::optional(store::RRsetPlace{*owner, zones::RType{type}});
}

Result<bool, Problem> asks_for_dry_run(const Call& call) {
    const auto text = call.request.query_parameter("dry_run");
    if (!text || *text == "false") return false;
    if (*text == "true") return true;
    return fail(invalid_field("?dry_run", "must be true or false"));
}

Result<Moment, Problem> read_time(std::string_view text, const char* pointer, WallTime now) {
    const auto time = from_rfc3339(text);
    if (!time)
        return fail(invalid_field(pointer, "must be a time such as \"2026-11-17T14:05:00Z\""));
    if (*time > now) return fail(invalid_field(pointer, "lies in the future"));
    return Moment(*time + kRestOfSecond);
}

Result<Moment, Problem> read_serial(std::string_view text, const char* pointer) {
    std::uint32_t serial = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), serial);
    if (error != std::errc() || end != text.data() + text.size())
        return fail(invalid_field(pointer, "must be a serial, 0 to 4294967295"));
    return Moment(serial);
}

Result<Moment, Problem> read_moment(std::string_view text, const char* pointer, WallTime now) {
    const bool is_serial = text.find_first_not_of("0123456789") == std::string_view::npos;
    return is_serial ? read_serial(text, pointer) : read_time(text, pointer, now);
}

Result<store::Queries*, Problem> history_of(ApiContext& context) {
    if (!context.bulk_reader)
        return fail(Problem(ProblemType::Unavailable, "the history cannot be read here"));
    return &**context.bulk_reader;
}

Result<Past, Problem> read_past(ApiContext& context, const PastQuestion& question) {
    auto past = store::read_past(*TRY(history_of(context)), question);
    if (!past) return fail(to_problem(past.error(), question.apex));
    return *std::move(past);
}

Problem too_much_history() {
    Problem problem(ProblemType::Unavailable, "too much history is being read");
    problem.retry_after = Seconds(2);
    return problem;
}

}  // namespace hairpin::admin
