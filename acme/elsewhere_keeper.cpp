#include "acme/elsewhere_keeper.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/log.hpp"

namespace hairpin::acme {
namespace {

constexpr Milliseconds kUpdatePatience{10'000};
constexpr Milliseconds kBetweenRemovals{60'000};
constexpr Milliseconds kFirstRest{1'000};
constexpr Milliseconds kLongestRest{3600 * 1000};
constexpr int kRestDoublings = 12;
constexpr std::size_t kRowsAtOnce = 1'000;
constexpr Milliseconds kGiveUpAfter{30LL * 24 * 3600 * 1000};

std::string place_key(const zones::Name& owner, std::string_view value) {
    return owner.lower().text() + " " + std::string(value);
}

}  // namespace

ElsewhereKeeper::ElsewhereKeeper(net::Loop& loop, const Clock& clock,
                                 std::span<const ElsewhereZone> zones, store::Database& database,
                                 Commit commit)
    : loop_(loop), clock_(clock), zones_(zones), database_(database), commit_(std::move(commit)) {}

void ElsewhereKeeper::start() {
    timer_ = loop_.add_timer(Milliseconds(0), kBetweenRemovals, [this] { look(); });
}

void ElsewhereKeeper::stop() {
    timer_.reset();
    puts_.clear();
    removal_.reset();
}

void ElsewhereKeeper::look_soon() {
    timer_.again(Milliseconds(0));
}

void ElsewhereKeeper::put(const ElsewhereZone& zone, const std::vector<TxtQuestion>& values,
                          Then then) {
    std::vector<std::string> keys;
    for (const TxtQuestion& each : values)
        keys.push_back(place_key(each.owner, each.value));
    if (std::any_of(keys.begin(), keys.end(),
                    [&](const std::string& key) { return leaving_.contains(key); }))
        return loop_.post([then = std::move(then)] {
            then(fail(ServerRefusal{ServerRefusal::Kind::Passing,
                                    "is just taking the same value away again"}));
        });
    putting_.insert(keys.begin(), keys.end());
    const std::uint64_t number = next_put_++;
    puts_[number] = SignedAsk::start(
        loop_, clock_, zone, txt_update(0, zone, TxtEffect::Add, values), kUpdatePatience,
        [this, number, zone, keys, then = std::move(then)](Result<Octets, ServerRefusal> answer) {
            // Not from inside of the exchange, which goes.
            loop_.post([this, number, zone, keys, then, answer = std::move(answer)] {
                puts_.erase(number);
                for (const std::string& key : keys)
                    putting_.erase(putting_.find(key));
                then(answer ? read_update_answer(*answer, zone)
                            : Result<void, ServerRefusal>(fail(answer.error())));
            });
        });
}

/// One zone at a time: whatever else is left is seen to when that is done.
void ElsewhereKeeper::look() {
    if (is_busy_) return;
    const auto rows = store::left_elsewhere(database_, kRowsAtOnce);
    if (!rows) {
        log::logger("acme").error("what is left of challenges elsewhere cannot be read: {}",
                                  rows.error().text());
        return;
    }
    if (give_up_old(*rows)) return;
    Milliseconds next = kBetweenRemovals;
    for (const store::ElsewhereRow& row : *rows) {
        const MonotonicTime now = clock_.monotonic();
        if (const auto found = rests_.find(row.apex);
            found != rests_.end() && found->second.until > now) {
            next = std::min(next, std::chrono::ceil<Milliseconds>(found->second.until - now));
            continue;
        }
        if (putting_.contains(place_key(row.owner, row.value))) continue;
        const ElsewhereZone* zone = elsewhere_zone(zones_, row.apex);
        if (zone != nullptr) return take_away(*zone, *rows);
        rest(row.apex, "it is not in [acme] elsewhere any more");
    }
    timer_.again(next);
}

void ElsewhereKeeper::take_away(const ElsewhereZone& zone, std::vector<store::ElsewhereRow> rows) {
    std::erase_if(rows, [&](const store::ElsewhereRow& each) {
        return !(each.apex == zone.apex) || putting_.contains(place_key(each.owner, each.value));
    });
    if (rows.size() > kMostInUpdate) rows.resize(kMostInUpdate);
    std::vector<TxtQuestion> values;
    for (const store::ElsewhereRow& each : rows) {
        values.push_back({each.owner, each.value});
        leaving_.insert(place_key(each.owner, each.value));
    }
    is_busy_ = true;
    removal_ = SignedAsk::start(
        loop_, clock_, zone, txt_update(0, zone, TxtEffect::Remove, values), kUpdatePatience,
        [this, &zone, rows = std::move(rows)](Result<Octets, ServerRefusal> answer) {
            loop_.post([this, &zone, rows, answer = std::move(answer)] {
                removal_.reset();
                leaving_.clear();
                taken_away(zone, rows, answer);
            });
        });
}

void ElsewhereKeeper::taken_away(const ElsewhereZone& zone,
                                 const std::vector<store::ElsewhereRow>& rows,
                                 const Result<Octets, ServerRefusal>& answer) {
    const auto done = answer ? read_update_answer(*answer, zone)
                             : Result<void, ServerRefusal>(fail(answer.error()));
    if (!done) {
        is_busy_ = false;
        rest(zone.apex, server_text(zone) + " " + done.error().text);
        return look();
    }
    rests_.erase(zone.apex);
    log::logger("acme").debug("{} values were taken out of {}", rows.size(), zone.apex.text());
    erase(rows);
}

void ElsewhereKeeper::rest(const zones::Name& apex, const std::string& why) {
    Rest& rest = rests_[apex];
    if (rest.failures == 0)
        log::logger("acme").warn(
            "TXT values of challenges stay in {} for now, it is tried again: {}",
            apex.text_without_dot(), why);
    const int doublings = std::min(rest.failures++, kRestDoublings);
    rest.until = clock_.monotonic() + std::min(kFirstRest * (1 << doublings), kLongestRest);
}

/// It is known that they are gone, or nothing more is done about them.
void ElsewhereKeeper::erase(std::vector<store::ElsewhereRow> rows) {
    is_busy_ = true;
    store::Work work;
    work.rows = [rows = std::move(rows)](store::Writer& writer, zones::Change&) -> Result<void> {
        for (const store::ElsewhereRow& each : rows)
            TRY(store::erase_elsewhere(writer, each));
        return {};
    };
    commit_(std::move(work), [this](const std::string& failure) {
        is_busy_ = false;
        if (failure.empty()) return look();
        log::logger("acme").warn("values elsewhere that are gone are not forgotten yet: {}",
                                 failure);
        timer_.again(kFirstRest);
    });
}

/// Whether there were some.
bool ElsewhereKeeper::give_up_old(const std::vector<store::ElsewhereRow>& rows) {
    std::vector<store::ElsewhereRow> old;
    const WallTime since = clock_.now() - kGiveUpAfter;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(old),
                 [&](const store::ElsewhereRow& each) { return each.noted_at < since; });
    if (old.empty()) return false;
    for (const store::ElsewhereRow& each : old)
        log::logger("acme").warn("the TXT value {} at {} is given up: remove it there by hand",
                                 each.value, each.owner.text_without_dot());
    erase(std::move(old));
    return true;
}

}  // namespace hairpin::acme
