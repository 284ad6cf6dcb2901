#include "admin/event_readers.hpp"

#include <algorithm>
#include <utility>

#include "admin/api.hpp"
#include "admin/json_writer.hpp"
#include "core/log.hpp"

namespace hairpin::admin {
namespace {

constexpr std::size_t kEventsAtOnce = 100;  // Of one chunk.
constexpr int kChunksAtOnce = 4;            // Of one stream, in one turn of the loop.
constexpr int kStreamStatus = 200;

std::string frame_of(const store::EventRow& row) {
    // JSON of ours has no line ends.
    return "id: " + std::to_string(row.id) + "\nevent: " + row.kind +
           "\ndata: " + store::to_json(row) + "\n\n";
}

/// Errors: its credential ended, or what it speaks for.
Result<void, Problem> check_still_good(Api& api, const EventReader& reader) {
    const auto& shown = reader.exchange->call.caller->credential;
    const auto identity = TRY(api.queries().identity(shown.id));
    if (!identity)
        return fail(Problem(ProblemType::Unauthorized, "the credential of this stream is gone"));
    return check_standing(*identity, api.now());
}

net::Response page_response(const store::EventPage& page, std::int64_t oldest) {
    JsonWriter json;
    json.begin_object().key("events").begin_array();
    for (const store::EventRow& each : page.rows)
        json.json(store::to_json(each));
    json.end_array();
    json.member("last", page.looked_at);
    json.member("more", page.has_more);
    json.member("oldest", oldest);
    json.end_object();
    return {
        200, {{"content-type", "application/json"}, {"cache-control", "no-store"}}, json.take()};
}

}  // namespace

EventReaders::EventReaders(Api& api, net::Loop& loop)
    : api_(api), loop_(loop), timer_(loop.add_timer(kTick, kTick, [this] { tick(); })) {
    timer_.pause();
}

Result<void, Problem> EventReaders::check_room(const EventReader& reader) const {
    if (is_ended_) return fail(Problem(ProblemType::Unavailable, "the server is stopping"));
    const ApiOptions& options = api_.context().options;
    const std::int64_t credential = reader.exchange->call.caller->credential.id;
    const auto of_it = std::count_if(readers_.begin(), readers_.end(), [&](const auto& each) {
        return each->exchange->call.caller->credential.id == credential;
    });
    const bool is_full =
        readers_.size() >= options.max_event_readers ||
        static_cast<std::size_t>(of_it) >= options.max_event_readers_per_credential;
    if (!is_full) return {};
    Problem problem(ProblemType::TooManyRequests, "too many follow the events already");
    problem.retry_after = Seconds(5);
    return fail(std::move(problem));
}

Result<void, Problem> EventReaders::add(EventReader reader) {
    TRY(check_room(reader));
    if (readers_.empty()) timer_.again(kTick);
    const auto kept = std::make_shared<EventReader>(std::move(reader));
    readers_.push_back(kept);
    ++api_.context().counters.event_readers_open;
    if (kept->form == EventForm::Stream) begin_stream(kept);
    attend(kept);
    sweep();
    return {};
}

void EventReaders::begin_stream(const ReaderRef& reader) {
    net::Responder& responder = reader->exchange->responder;
    ApiCounters::add(api_.context().counters.responses[kStreamStatus / 100]);
    // A proxy in between that collects what it passes on would make a stream useless.
    responder.begin({kStreamStatus,
                     {{"content-type", "text/event-stream"},
                      {"cache-control", "no-store"},
                      {"x-accel-buffering", "no"}},
                     "retry: 3000\n\n"});
    responder.on_writable(
        [weak = std::weak_ptr(reader), api = api_.weak_from_this(), readers = this] {
            const auto alive = api.lock();
            const auto waiting = weak.lock();
            if (!alive || !waiting) return;
            waiting->is_full = false;
            readers->attend(waiting);
        });
    reader->deadline = loop_.now() + kKeepAlive;
    const auto oldest = store::EventQueries(api_.queries().database()).oldest();
    if (oldest && reader->after > 0 && reader->after + 1 < *oldest)
        write(*reader, "event: events.lost\ndata: {\"after\":" + std::to_string(reader->after) +
                           ",\"oldest\":" + std::to_string(*oldest) + "}\n\n");
}

void EventReaders::attend(const ReaderRef& reader) {
    if (reader->is_over) return;
    if (!reader->exchange->responder.is_open()) return finish(*reader);
    if (const auto good = check_still_good(api_, *reader); !good) {
        if (reader->form == EventForm::Poll) api_.respond(*reader->exchange, good.error());
        return finish(*reader);
    }
    if (reader->form == EventForm::Poll) return answer_poll(*reader);
    feed_stream(*reader);
}

void EventReaders::answer_poll(EventReader& reader) {
    store::EventQueries events(api_.queries().database());
    const auto page = events.after(reader.after, reader.filter, reader.limit);
    const auto oldest = page ? events.oldest() : Result<std::int64_t>(fail(page.error()));
    if (!oldest) {
        api_.respond(*reader.exchange, Problem(oldest.error()));
        return finish(reader);
    }
    reader.after = page->looked_at;
    const bool is_due = loop_.now() >= reader.deadline;
    if (page->rows.empty() && !is_due) {
        if (page->has_more) news_soon();
        return;
    }
    api_.respond(*reader.exchange, page_response(*page, *oldest));
    finish(reader);
}

void EventReaders::feed_stream(EventReader& reader) {
    for (int chunk = 0; chunk < kChunksAtOnce && !reader.is_full && !reader.is_over; ++chunk) {
        const auto page = store::EventQueries(api_.queries().database())
                              .after(reader.after, reader.filter, kEventsAtOnce);
        if (!page) {
            log::logger("admin").warn("a stream of events was ended, they cannot be read: {}",
                                      page.error().text());
            return finish(reader);
        }
        std::string text;
        for (const store::EventRow& each : page->rows)
            text += frame_of(each);
        reader.after = page->looked_at;
        if (!text.empty()) write(reader, std::move(text));
        if (!page->has_more) return;
    }
    if (!reader.is_full) news_soon();  // Others come in between.
}

void EventReaders::write(EventReader& reader, std::string text) {
    reader.deadline = loop_.now() + kKeepAlive;
    // First, for there may be room again before write() returns.
    reader.is_full = true;
    if (reader.exchange->responder.write(std::move(text))) reader.is_full = false;
}

void EventReaders::finish(EventReader& reader) {
    if (reader.is_over) return;
    reader.is_over = true;
    --api_.context().counters.event_readers_open;
    if (reader.form == EventForm::Stream && reader.exchange->responder.is_open())
        reader.exchange->responder.end();
}

void EventReaders::news() {
    const auto readers = readers_;  // One that is attended to may add or end others.
    for (const ReaderRef& each : readers)
        if (!each->is_full) attend(each);
    sweep();
}

void EventReaders::news_soon() {
    if (std::exchange(is_news_due_, true)) return;
    loop_.post([this, api = api_.weak_from_this()] {
        const auto alive = api.lock();
        if (!alive) return;
        is_news_due_ = false;
        news();
    });
}

void EventReaders::end() {
    is_ended_ = true;
    for (const ReaderRef& each : readers_) {
        if (each->form == EventForm::Poll && !each->is_over) {
            each->deadline = loop_.now();
            answer_poll(*each);
        }
        finish(*each);
    }
    sweep();
}

void EventReaders::tick() {
    const MonotonicTime now = loop_.now();
    const auto readers = readers_;
    for (const ReaderRef& each : readers) {
        if (!each->exchange->responder.is_open()) {
            finish(*each);
        } else if (now >= each->deadline && each->form == EventForm::Poll) {
            attend(each);
        } else if (now >= each->deadline) {
            write(*each, ":\n\n");
            if (!each->is_full) attend(each);  // Whether its credential still holds.
        }
    }
    sweep();
}

void EventReaders::sweep() {
    std::erase_if(readers_, [](const ReaderRef& each) { return each->is_over; });
    if (readers_.empty()) timer_.pause();
}

}  // namespace hairpin::admin
