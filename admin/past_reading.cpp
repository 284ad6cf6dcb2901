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
                                                 to_rfc3339(*none.reaches_to) +
                                                 " (store.journal_days in the configuration)"
                                           : "nothing is known of what was before"};
        case NoPast::Why::TooLarge:
            return {ProblemType::TooLarge,
                    "too much has changed since then; ask for one name, or a later moment"};
        case NoPast::Why::Unavailable:
            break;
    }
    return {ProblemType::Unavailable, "the history cannot be read right now"};
}

}  // namespace

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
