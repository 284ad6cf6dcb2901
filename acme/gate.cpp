#include "acme/gate.hpp"

#include <algorithm>

#include "store/budget_rows.hpp"

namespace hairpin::acme {
namespace {

// Full buckets are kept for a while: a clock that was wrong and is set back must not refill them.
constexpr Milliseconds kKeepFull{24 * 3600 * 1000};

store::BudgetKey key_of(const std::string& directory, const Charge& charge) {
    return {directory, std::string(to_string(charge.limit)), charge.key};
}

Result<WallTime> stored_arrival(store::Writer& writer, const store::BudgetKey& key) {
    return TRY(store::BudgetQueries(writer.database()).bucket(key)).value_or(WallTime());
}

Error corrupt(const std::string& limit) {
    return {ErrorCode::Corrupt, "limit " + limit, "is not one this program knows"};
}

/// @param bucket  That was found to be empty; an empty one: the CA did not say which it was.
Result<void> tell_reached(store::Writer& writer, const store::ParkedRow& row,
                          const store::BudgetKey& bucket) {
    store::Event event{store::EventKind::AcmeLimitReached, "", row.directory, {}};
    const auto or_null = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    event.data.begin_object();
    event.data.member("directory", row.directory);
    event.data.member("limit", or_null(bucket.limit));
    event.data.member("key", or_null(bucket.key));
    event.data.member("class", row.work_class);
    event.data.member("until", row.until_at);
    event.data.member("reason", row.reason);
    event.data.end_object();
    return writer.tell(std::move(event));
}

}  // namespace

WorkClass class_of(const Attempt& attempt) noexcept {
    if (attempt.is_canary()) return WorkClass::Canary;
    if (attempt.incident) return WorkClass::Incident;
    switch (attempt.cause) {
        case store::AttemptCause::First:
            return WorkClass::First;
        case store::AttemptCause::Renewal:
            return WorkClass::Renewal;
        case store::AttemptCause::NewKey:
        case store::AttemptCause::Again:
            return WorkClass::Reissue;
    }
    return WorkClass::Reissue;
}

Result<Budget> load_budget(store::Database& database, const std::string& directory,
                           const Allowances& preset, WallTime now) {
    Budget budget(preset);
    store::BudgetQueries queries(database);
    for (const store::LimitRow& row : TRY(queries.limits(directory))) {
        const auto limit = limit_from_text(row.limit.limit);
        const Allowance allowance{row.count, row.period, row.share};
        if (!limit || !is_usable(allowance)) return fail(corrupt(row.limit.limit));
        budget.set_override(*limit, row.limit.key, allowance, now);
    }
    for (const store::BucketRow& row : TRY(queries.buckets(directory))) {
        const auto limit = limit_from_text(row.bucket.limit);
        if (!limit) return fail(corrupt(row.bucket.limit));
        budget.load({*limit, row.bucket.key}, row.arrival_at);
    }
    return budget;
}

Result<void> write_limit(store::Writer& writer, const std::string& directory,
                         const Allowances& preset, const LimitChange& change) {
    const std::string limit(to_string(change.limit));
    if (change.allowance && !is_usable(*change.allowance))
        return fail(Error{ErrorCode::Invalid, limit, "count, period or share is out of bounds"});
    Budget budget = TRY(load_budget(writer.database(), directory, preset, writer.now()));
    const auto before = budget.arrivals();
    budget.set_override(change.limit, change.key, change.allowance, writer.now());
    for (const auto& [bucket, arrival] : budget.arrivals())
        if (before.at(bucket) != arrival)
            TRY(put_bucket(writer, key_of(directory, bucket), arrival));
    const store::BudgetKey key{directory, limit, change.key};
    if (!change.allowance) return erase_limit(writer, key);
    return put_limit(writer, {key, change.allowance->count, change.allowance->period,
                              change.allowance->share, writer.now()});
}

Result<Gate> Gate::open(store::Database& database, std::string directory,
                        const std::optional<Allowances>& preset, WallTime now) {
    const Preset& known = preset_of(directory);
    Budget budget = TRY(load_budget(database, directory, preset.value_or(known.allowances), now));
    Gate gate(TRY(PublicSuffixes::create()), std::move(directory), std::string(known.name),
              std::move(budget));
    for (const auto& row : TRY(store::BudgetQueries(database).parked(gate.directory_))) {
        const auto work = work_class_from_text(row.work_class);
        if (!work) return fail(corrupt(row.work_class));
        gate.line_.park(*work, row.until_at, row.reason);
    }
    return gate;
}

OrderKeys Gate::keys_of(const Attempt& attempt) const {
    // One that names no predecessor, or only one of another CA, may be the first at this CA.
    const bool is_renewal = attempt.cause == store::AttemptCause::Renewal &&
                            !attempt.replaces.empty() && attempt.known_there;
    return {suffixes_.registered_domain(attempt.public_name),
            attempt.public_name,
            attempt.internal_name,
            attempt.exempt,
            attempt.other_names,
            is_renewal};
}

void Gate::put(const Attempt& attempt, WorkClass work, WallTime due, WallTime now) {
    Waiting waiting;
    waiting.id = attempt.id;
    waiting.server_id = attempt.server_id;
    waiting.name_alone = attempt.name_alone;
    waiting.work = work;
    waiting.is_dead = attempt.failures >= kDeadAfter && !is_fault_of_ca(attempt.problem_type);
    waiting.due = due;
    waiting.since = attempt.created_at;
    waiting.keys = keys_of(attempt);
    line_.put(std::move(waiting), budget_, now);
}

std::optional<WallTime> Gate::held_until(const OrderKeys& keys, WorkClass work,
                                         WallTime now) const {
    WallTime until = budget_.all_open_at(charges_of(keys), now);
    for (const auto& parked : line_.parked(now))
        if (parked.work == work) until = std::max(until, parked.until);
    if (until <= now) return std::nullopt;
    return until;
}

std::vector<std::int64_t> Gate::members() const {
    std::vector<std::int64_t> ids;
    line_.for_each([&](const Waiting& waiting) { ids.push_back(waiting.id); });
    return ids;
}

std::vector<Gate::Rated> Gate::rated(const std::vector<Charge>& charges) const {
    std::vector<Rated> with_rates;
    for (const Charge& each : charges)
        if (const auto allowance = budget_.allowance(each.limit, each.key))
            with_rates.push_back({each, rate_of(*allowance)});
    return with_rates;
}

BudgetRows Gate::taking(std::vector<Rated> charges, WallTime now) const {
    return [directory = directory_, charges = std::move(charges),
            now](store::Writer& writer) -> Result<void> {
        for (const Rated& each : charges) {
            const auto key = key_of(directory, each.charge);
            const WallTime arrival = TRY(stored_arrival(writer, key));
            TRY(put_bucket(writer, key, taken(arrival, each.rate, now)));
        }
        return erase_full_buckets(writer, now - kKeepFull);
    };
}

BudgetRows Gate::reservation(const OrderKeys& keys, WallTime now) const {
    return taking(rated(charges_of(keys)), now);
}

BudgetRows Gate::reserve_again(const OrderKeys& keys, WallTime now) {
    budget_.take(charges_of(keys), now);
    return reservation(keys, now);
}

BudgetRows Gate::return_of(const OrderKeys& keys) {
    const auto charges = charges_of(keys);
    budget_.give_back(charges);
    return
        [directory = directory_, charges = rated(charges)](store::Writer& writer) -> Result<void> {
            for (const Rated& each : charges) {
                const auto key = key_of(directory, each.charge);
                const WallTime arrival = TRY(stored_arrival(writer, key));
                TRY(put_bucket(writer, key, given_back(arrival, each.rate)));
            }
            return {};
        };
}

BudgetRows Gate::failure_of(const OrderKeys& keys, WallTime now) {
    const auto charges = failure_charges_of(keys);
    budget_.take(charges, now);
    return taking(rated(charges), now);
}

BudgetRows Gate::success_of(const OrderKeys& keys) {
    std::vector<Charge> rows;
    for (Charge& each : failure_charges_of(keys))
        if (each.limit == Limit::FailuresInARow) rows.push_back(std::move(each));
    for (const Charge& each : rows)
        budget_.refill(each);
    return [directory = directory_, rows = std::move(rows)](store::Writer& writer) -> Result<void> {
        for (const Charge& each : rows)
            TRY(erase_bucket(writer, key_of(directory, each)));
        return {};
    };
}

BudgetRows Gate::reached(const ReachedLimit& limit, WorkClass work, std::string words) {
    const auto charges = limit.bucket ? rated({*limit.bucket}) : std::vector<Rated>();
    if (charges.empty()) {
        line_.park(work, limit.until, words);
        return [row = store::ParkedRow{directory_, std::string(to_string(work)), limit.until,
                                       std::move(words)}](store::Writer& writer) -> Result<void> {
            TRY(tell_reached(writer, row, {}));
            return put_parked(writer, row);
        };
    }
    budget_.close(charges[0].charge, limit.until);
    return [row = store::ParkedRow{directory_, std::string(to_string(work)), limit.until,
                                   std::move(words)},
            charge = charges[0]](store::Writer& writer) -> Result<void> {
        const auto& [directory, work_class, until, reason] = row;
        const auto key = key_of(directory, charge.charge);
        TRY(tell_reached(writer, row, key));
        const WallTime arrival = TRY(stored_arrival(writer, key));
        return put_bucket(writer, key, closed_until(arrival, charge.rate, until));
    };
}

void Gate::change(const LimitChange& change, WallTime now) {
    budget_.set_override(change.limit, change.key, change.allowance, now);
    line_.look_anew(budget_, now);
}

void Gate::tidy(WallTime now) {
    budget_.forget_full(now - kKeepFull);
}

QueueView Gate::view(WallTime now) const {
    QueueView view = look_at(line_, budget_, now);
    view.directory = directory_;
    view.preset = preset_;
    return view;
}

}  // namespace hairpin::acme
