// What a zone held at an earlier moment, and how two moments differ: /v1/zones/{zone}/at and /diff.
//
// The journal is walked backwards on the bulk worker, with its own reader: it can take seconds.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/handlers.hpp"
#include "admin/history_json.hpp"
#include "admin/names.hpp"
#include "admin/paging.hpp"
#include "admin/past_reading.hpp"
#include "admin/rrset_json.hpp"
#include "store/past.hpp"
#include "zones/presentation.hpp"

namespace hairpin::admin {
namespace {

using store::Moment;
using store::Past;
using store::PastQuestion;

/// Of `at`: one of `time` and `serial`.
Result<Moment, Problem> moment_of(const net::Request& request, WallTime now) {
    const auto time = request.query_parameter("time");
    const auto serial = request.query_parameter("serial");
    if (time.has_value() == serial.has_value())
        return fail(invalid_field("?time", "give either time or serial"));
    return time ? read_time(*time, "?time", now) : read_serial(*serial, "?serial");
}

/// Of `diff`: a serial where it has digits only.
Result<Moment, Problem> end_of(const net::Request& request, const char* name, WallTime now) {
    const auto text = request.query_parameter(name);
    const std::string pointer = std::string("?") + name;
    if (!text || text->empty()) return fail(invalid_field(pointer, "must be a time or a serial"));
    return read_moment(*text, pointer.c_str(), now);
}

/// What both calls ask in common; the moment is not filled in.
Result<PastQuestion, Problem> question_of(Api& api, const Call& call) {
    PastQuestion question;
    question.apex = TRY(apex_argument(call));
    question.now = api.zones()->share(question.apex);
    if (const auto text = call.request.query_parameter("name")) {
        auto owner = parse_owner(*text, question.apex);
        if (!owner) return fail(invalid_field("?name", owner.error()));
        question.owner = *std::move(owner);
    }
    if (const auto text = call.request.query_parameter("type")) {
        const auto type = zones::type_from_text(*text);
        if (!type) return fail(invalid_field("?type", "is no type of records"));
        question.type = *type;
    }
    return question;
}

/// The change that made an RRset what it was at the later of two moments.
const store::JournalRow* author_of(const Past& from, const Past& to,
                                   const zones::RRsetDifference& each) {
    for (const Past* past : {&from, &to}) {
        const auto found = past->authors.find({each.owner, each.type});
        if (found != past->authors.end()) return found->second.get();
    }
    return nullptr;
}

Result<net::Response, Problem> answer_at(ApiContext& context, const PastQuestion& question,
                                         const Page& page) {
    const auto after = TRY(place_of(page));
    const Past past = TRY(read_past(context, question));
    const auto rrsets = store::content_of(question, past, after, page.wanted());
    const std::size_t count = std::min(rrsets.size(), page.limit);
    JsonWriter json;
    json.begin_object();
    json.member("zone", shown(question.apex));
    json.member("serial", past.serial);
    write_changed_by(json, past.changed_by ? &*past.changed_by : nullptr);
    json.key("rrsets").begin_array();
    for (std::size_t each = 0; each < count; ++each) {
        json.begin_object();
        write_rrset(json, rrsets[each].owner, *rrsets[each].rrset);
        json.end_object();
    }
    json.end_array();
    write_next(json, rrsets.size() > count,
               count == 0 ? "" : place_text(rrsets[count - 1].owner, rrsets[count - 1].type));
    json.end_object();
    return json_response(200, json);
}

Result<net::Response, Problem> answer_diff(ApiContext& context, PastQuestion question,
                                           const std::pair<Moment, Moment>& ends,
                                           const Page& page) {
    const auto after = TRY(place_of(page));
    question.moment = ends.first;
    question.authors_until = ends.second;
    const Past from = TRY(read_past(context, question));
    question.moment = ends.second;
    question.authors_until = ends.first;
    const Past to = TRY(read_past(context, question));
    const auto all = store::difference_of(question.now, from, to);
    JsonWriter json;
    json.begin_object();
    json.member("zone", shown(question.apex));
    json.member("serial_from", from.serial);
    json.member("serial_to", to.serial);
    json.key("changes").begin_array();
    std::size_t count = 0;
    std::string last;
    bool has_more = false;
    for (const zones::RRsetDifference& each : all) {
        const bool is_behind =
            !after || store::comes_before(after->owner, after->type, each.owner, each.type);
        if (!is_behind) continue;
        has_more = count == page.limit;
        if (has_more) break;
        json.begin_object();
        write_difference_members(json, each);
        write_changed_by(json, author_of(from, to, each));
        json.end_object();
        last = place_text(each.owner, each.type);
        ++count;
    }
    json.end_array();
    json.member("changes_in_all", all.size());
    write_next(json, has_more, last);
    json.end_object();
    return json_response(200, json);
}

/// Runs `job` on the bulk worker and answers with what comes of it.
template <typename Job>
void answer_in_bulk(Api& api, std::shared_ptr<Exchange> exchange, Job job) {
    ApiContext& context = api.context();
    const bool is_posted =
        context.bulk.post([back = api.way_back(), exchange, job = std::move(job), &context] {
            auto answer = std::make_shared<Result<net::Response, Problem>>(job(context));
            back.post([exchange, answer](Api& self) {
                if (!*answer) return self.respond(*exchange, answer->error());
                self.respond(*exchange, *std::move(*answer));
            });
        });
    if (is_posted) return;
    api.respond(*exchange, too_much_history());
}

Result<PastQuestion, Problem> at_question(Api& api, const Call& call) {
    PastQuestion question = TRY(question_of(api, call));
    question.moment = TRY(moment_of(call.request, api.now()));
    return question;
}

Result<std::pair<Moment, Moment>, Problem> diff_ends(Api& api, const Call& call) {
    const WallTime now = api.now();
    Moment from = TRY(end_of(call.request, "from", now));
    Moment to = TRY(end_of(call.request, "to", now));
    return std::pair(from, to);
}

}  // namespace

void get_zone_at(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto page = Page::of(exchange->call.request);
    if (!page) return api.respond(*exchange, page.error());
    auto question = at_question(api, exchange->call);
    if (!question) return api.respond(*exchange, question.error());
    answer_in_bulk(api, std::move(exchange),
                   [question = *std::move(question), page = *page](ApiContext& context) {
                       return answer_at(context, question, page);
                   });
}

void get_zone_diff(Api& api, std::shared_ptr<Exchange> exchange) {
    const auto page = Page::of(exchange->call.request);
    if (!page) return api.respond(*exchange, page.error());
    auto question = question_of(api, exchange->call);
    if (!question) return api.respond(*exchange, question.error());
    const auto ends = diff_ends(api, exchange->call);
    if (!ends) return api.respond(*exchange, ends.error());
    answer_in_bulk(api, std::move(exchange),
                   [question = *std::move(question), ends = *ends, page = *page](
                       ApiContext& context) { return answer_diff(context, question, ends, page); });
}

}  // namespace hairpin::admin
