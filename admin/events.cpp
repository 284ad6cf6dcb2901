// What happened, as it happens: GET /v1/events, as a stream or page by page.

#include <charconv>
#include <utility>

#include "admin/event_readers.hpp"
#include "admin/granted.hpp"
#include "admin/handlers.hpp"

namespace hairpin::admin {
namespace {

constexpr std::int64_t kLongestEventWait = 60;  // Seconds.
constexpr std::int64_t kMostEvents = 500;       // Of one page.
constexpr std::int64_t kUsualEvents = 100;

Result<std::int64_t, Problem> number_of(const net::Request& request, std::string_view name,
                                        std::int64_t otherwise, std::int64_t most) {
    const auto text = request.query_parameter(name);
    if (!text) return otherwise;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool is_whole = error == std::errc() && end == text->data() + text->size();
    if (is_whole && number >= 0 && number <= most) return number;
    return fail(invalid_field("?" + std::string(name),
                              "must be a number from 0 to " + std::to_string(most)));
}

bool wants_stream(const net::Request& request) {
    if (request.method != net::Method::Get) return false;  // HEAD has no end to wait for.
    const auto accept = request.header("accept");
    return accept && accept->find("text/event-stream") != accept->npos;
}

/// Where to begin: what the client says, the end of what is there for a stream that says nothing,
/// and the beginning for a page.
Result<std::int64_t, Problem> start_of(Api& api, const net::Request& request, EventForm form) {
    auto said = request.query_parameter("after");
    if (!said) {
        // A browser that comes back says it this way, and it is newer than the URL.
        if (const auto last = request.header("last-event-id")) said = std::string(*last);
    }
    if ((!said && form == EventForm::Stream) || said == "now")
        return TRY(store::EventQueries(api.queries().database()).newest());
    if (!said) return std::int64_t{0};
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(said->data(), said->data() + said->size(), id);
    if (error == std::errc() && end == said->data() + said->size() && id >= 0) return id;
    return fail(invalid_field("?after", "must be the id of an event, or \"now\""));
}

Result<std::vector<std::string>, Problem> kinds_of(const net::Request& request) {
    std::vector<std::string> kinds;
    const auto text = request.query_parameter("kind");
    if (!text) return kinds;
    for (std::string_view rest = *text; !rest.empty();) {
        const std::size_t size = std::min(rest.find(','), rest.size());
        kinds.emplace_back(rest.substr(0, size));
        rest.remove_prefix(std::min(size + 1, rest.size()));
    }
    if (const auto fault = fault_of_kinds(kinds)) return fail(invalid_field("?kind", *fault));
    return kinds;
}

/// Whose events: an operator's choice, or the caller's own licence.
Result<std::string, Problem> licence_of(Api& api, const Call& call) {
    const std::string asked = call.request.query_parameter("licence").value_or("");
    const store::Identity& caller = *call.caller;
    if (caller.credential.kind == store::CredentialKind::Operator) return asked;
    // What a server's or the operator's token may do is about names, not about a licence.
    if (caller.credential.licence.empty() || !caller.licence)
        return fail(Problem(ProblemType::Forbidden,
                            "refused: events are for operators, and for a licence's own tokens"));
    const zones::Name& apex = caller.licence->zone_apex;
    TRY(check_readable(api, call, apex, apex, zones::RType::SOA));
    if (!asked.empty() && asked != caller.credential.licence)
        return fail(Problem(ProblemType::Forbidden,
                            "refused: this token reads the events of its own licence only"));
    return caller.credential.licence;
}

Result<EventReader, Problem> reader_of(Api& api, const std::shared_ptr<Exchange>& exchange) {
    const Call& call = exchange->call;
    EventReader reader;
    reader.exchange = exchange;
    reader.form = wants_stream(call.request) ? EventForm::Stream : EventForm::Poll;
    reader.filter.licence = TRY(licence_of(api, call));
    reader.filter.kinds = TRY(kinds_of(call.request));
    reader.after = TRY(start_of(api, call.request, reader.form));
    reader.limit = static_cast<std::size_t>(std::max<std::int64_t>(
        1, TRY(number_of(call.request, "limit", kUsualEvents, kMostEvents))));
    const std::int64_t wait = TRY(number_of(call.request, "wait", 0, kLongestEventWait));
    reader.deadline = api.loop().now() + Seconds(wait);
    return reader;
}

}  // namespace

std::optional<std::string> fault_of_kinds(const std::vector<std::string>& kinds) {
    if (kinds.size() > store::EventFilter::kMostPatterns)
        return "has more than " + std::to_string(store::EventFilter::kMostPatterns) + " patterns";
    for (const std::string& each : kinds) {
        bool is_known = false;
        for (std::size_t kind = 0; kind < store::kEventKinds && !is_known; ++kind)
            is_known = store::matches_kind(each, to_string(static_cast<store::EventKind>(kind)));
        if (!store::is_kind_pattern(each) || !is_known)
            return "names no type of event: write certificate.issued, certificate.* or *";
    }
    return std::nullopt;
}

void get_events(Api& api, std::shared_ptr<Exchange> exchange) {
    auto reader = reader_of(api, exchange);
    if (!reader) return api.respond(*exchange, reader.error());
    const auto added = api.event_readers().add(*std::move(reader));
    if (!added) api.respond(*exchange, added.error());
}

}  // namespace hairpin::admin
