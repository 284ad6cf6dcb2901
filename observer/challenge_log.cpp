#include "observer/challenge_log.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "dnsd/code_names.hpp"
#include "dnsd/codes.hpp"
#include "observer/message_facts.hpp"
#include "zones/wire.hpp"

namespace hairpin::observer {
namespace {

constexpr std::size_t kAnswerCountAt = 6;  // RFC 1035 section 4.1.1, ANCOUNT.

WallTime wall_time(dnsd::ExactTime time) {
    return from_unix_milliseconds(
        std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count());
}

}  // namespace

void ChallengeLog::see(const dnsd::Exchange& exchange) {
    const auto question = question_of(exchange.query);
    if (!question) return;
    ChallengeQuery query;
    query.at = wall_time(exchange.received);
    query.client = exchange.client;
    query.server = exchange.server;
    query.transport = exchange.transport;
    query.owner = question->name;
    query.type = question->type;
    if (const auto header = header_of(exchange.response)) {
        query.rcode = dnsd::rcode_name(header->rcode());
        query.records = zones::read_u16(&exchange.response[kAnswerCountAt]);
        query.is_truncated = (header->flags & dnsd::kFlagTruncated) != 0;
    }
    queries_.with([&](auto& queries) {
        if (queries.size() == kMost) queries.pop_front();
        queries.push_back(std::move(query));
    });
}

std::vector<ChallengeQuery> ChallengeLog::since(WallTime at) const {
    auto found = queries_.with([&](const auto& queries) {
        std::vector<ChallengeQuery> kept;
        for (const ChallengeQuery& each : queries)
            if (each.at >= at) kept.push_back(each);
        return kept;
    });
    // They come worker by worker.
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& left, const auto& right) { return left.at < right.at; });
    return found;
}

}  // namespace hairpin::observer
