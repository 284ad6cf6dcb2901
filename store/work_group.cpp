#include "store/work_group.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "store/reader.hpp"
#include "store/telling.hpp"
#include "store/zone_rows.hpp"
#include "zones/catalog.hpp"
#include "zones/wire.hpp"

namespace hairpin::store {
namespace {

using zones::Zone;
using zones::ZoneAction;
using zones::ZoneChange;
using zones::ZoneReceipt;
using zones::ZoneRef;

constexpr std::size_t kMaxSubjectOctets = 512;

WorkRefusal refusal(Error error) {
    return error;
}

std::string default_subject(const zones::Change& change) {
    std::string subject;
    for (const ZoneChange& zone : change.zones) {
        if (subject.size() > kMaxSubjectOctets) return subject + " ..";
        if (!subject.empty()) subject += ' ';
        subject += zone.apex.text();
    }
    return subject;
}

// The SOA's RDATA in the content of a new zone; null when it has none (which zones::apply refuses).
Octets* soa_rdata(ZoneChange& change) {
    for (zones::Edit& edit : change.edits)
        if (edit.type == zones::RType::SOA && edit.owner == change.apex &&
            edit.rdatas.size() == 1 && edit.rdatas[0].size() > zones::kSoaNumbersOctets)
            return &edit.rdatas[0];
    return nullptr;
}

}  // namespace

Result<WorkReceipt, WorkRefusal> WorkGroup::run(Work& work) {
    auto savepoint = Savepoint::begin(database_);
    if (!savepoint) {
        give_up(savepoint.error());
        return fail(refusal(savepoint.error()));
    }
    Attempt attempt;
    attempt.table = table_;
    auto performed = perform(work, attempt);
    if (performed && database_.has_broken_references())
        performed = fail(refusal(Error{ErrorCode::Conflict, work.audit.subject,
                                       "something refers to it that would be missing"}));
    if (performed) {
        if (const auto kept = savepoint->keep(); !kept) performed = fail(refusal(kept.error()));
    } else if (const auto undone = savepoint->undo(); !undone) {
        give_up(undone.error());
    }
    if (database_.has_failed() || !database_.in_transaction())
        give_up(performed ? Error{ErrorCode::Unavailable, database_.path(), "the transaction ended"}
                          : to_error(performed.error()));
    if (!performed) {
        if (!failure_) refuse(work, performed.error());
        return fail(std::move(performed).error());
    }
    WorkReceipt receipt = attempt.receipt;
    keep(std::move(attempt));
    return receipt;
}

std::vector<ZoneReceipt> WorkGroup::moved() const {
    std::vector<ZoneReceipt> moved;
    moved.reserve(steps_.size());
    for (const auto& [apex, step] : steps_)
        moved.push_back(step.receipt);
    return moved;
}

Result<void, WorkRefusal> WorkGroup::perform(Work& work, Attempt& attempt) {
    const std::int64_t rows_before = database_.total_changed_rows();
    Writer writer(database_, attempt.table, moment_.now, &attempt.touched, &work.change.actor);
    if (work.rows) {
        if (auto written = work.rows(writer, work.change); !written)
            return fail(refusal(written.error()));
    }
    for (ZoneChange& zone_change : work.change.zones)
        attempt.receipt.zones.push_back(TRY(change_zone(work.change, zone_change, attempt)));
    TRY(list_in_catalog(work.change, attempt));
    if (work.after) {
        if (auto written = work.after(writer, attempt.receipt); !written)
            return fail(refusal(written.error()));
    }
    if (database_.total_changed_rows() == rows_before) return {};  // It all was so already.
    if (auto written = write_audit_row(work, Outcome::Done, work.change.reason); !written)
        return fail(refusal(written.error()));
    return {};
}

Result<ZoneReceipt, WorkRefusal> WorkGroup::change_zone(const zones::Change& change,
                                                        ZoneChange& zone_change, Attempt& attempt) {
    const ZoneRef current = attempt.table.share(zone_change.apex);
    if (zone_change.action == ZoneAction::Create) {
        if (auto continued = continue_serial(zone_change); !continued)
            return fail(refusal(continued.error()));
    }
    zones::EditMoment moment{to_unix_seconds(moment_.now), {}};
    const Zone* seen = published_.find(zone_change.apex);
    if (seen != nullptr) moment.published_serial = seen->serial();
    if (find_step(zone_change.apex, attempt) != nullptr && seen == nullptr)
        moment.published_serial = 0;  // Made by this group: no serial of it was seen yet.
    auto edited = zones::apply(current, zone_change, moment, rules_.edits);
    if (!edited) return fail(WorkRefusal(std::move(edited).error()));
    if (!edited->changed) return ZoneReceipt{zone_change.apex, current->serial(), false};

    const zones::ZoneKind kind = current ? current->kind() : zone_change.kind;
    if (auto written = write_step(change, zone_change, *edited, kind, attempt); !written) {
        // The rows are not what we serve: none of this group may become durable.
        if (written.error().code == ErrorCode::Corrupt) give_up(written.error());
        return fail(refusal(written.error()));
    }
    if (edited->zone) {
        attempt.table.put(edited->zone);
    } else {
        attempt.table.erase(zone_change.apex);
        attempt.touched.transfers.push_back(zone_change.apex);  // Their rows went with the zone.
    }
    return attempt.steps.at(zone_change.apex).receipt;
}

// RFC 9432: a consumer learns of a zone, or that it is gone, by the catalog alone.
Result<void, WorkRefusal> WorkGroup::list_in_catalog(const zones::Change& change,
                                                     Attempt& attempt) {
    if (!rules_.catalog) return {};
    const zones::Name& catalog = *rules_.catalog;
    ZoneChange listed;
    listed.apex = catalog;
    const auto list = [&](std::vector<zones::Edit> edits) {
        std::move(edits.begin(), edits.end(), std::back_inserter(listed.edits));
    };
    for (const ZoneChange& zone : change.zones) {
        if (zone.apex == catalog) continue;
        if (zone.action == ZoneAction::Create)
            list(zones::add_member(catalog, zone.apex,
                                   zones::catalog_group(zone.kind, zone.catalog_group)));
        if (zone.action == ZoneAction::Drop) list(zones::remove_member(catalog, zone.apex));
    }
    for (const zones::Name& apex : attempt.touched.regrouped) {
        const auto row = Queries(database_).zone(apex);
        if (!row) return fail(refusal(row.error()));
        if (!*row || (*row)->kind == zones::ZoneKind::Catalog) continue;
        list(zones::add_member(catalog, apex,
                               zones::catalog_group((*row)->kind, (*row)->catalog_group)));
    }
    if (listed.edits.empty() || attempt.table.find(catalog) == nullptr) return {};
    static_cast<void>(TRY(change_zone(change, listed, attempt)));
    return {};
}

Result<void> WorkGroup::write_step(const zones::Change& change, const ZoneChange& zone_change,
                                   const zones::EditedZone& edited, zones::ZoneKind kind,
                                   Attempt& attempt) {
    const std::uint32_t before = edited.difference.serial_before;
    const std::uint32_t after = edited.zone ? edited.zone->serial() : before;
    const Step* last = find_step(zone_change.apex, attempt);
    // A work that keeps the serial of the one before it belongs to the same step.
    const bool same_step = last != nullptr && edited.zone && before == after;
    const std::uint32_t from = same_step ? last->serial_before : before;

    const ZoneWrite write{zone_change,  edited,        from,       after,
                          change.actor, change.reason, moment_.now};
    attempt.rrset_rows += TRY(write_zone(database_, write));
    put_step(attempt.steps, {from, {zone_change.apex, after, true, edited.newly_crowded}});
    Writer writer(database_, attempt.table, moment_.now, &attempt.touched, &change.actor);
    return tell_of_zone(writer, {zone_change, edited, kind}, rules_.edits.addresses);
}

// A zone's last step stands for all of them, but each RRset that became crowded is told of.
void WorkGroup::put_step(Steps& steps, Step step) {
    Step& last = steps[step.receipt.apex];
    auto crowded = std::move(last.receipt.newly_crowded);
    crowded.insert(crowded.end(), step.receipt.newly_crowded.begin(),
                   step.receipt.newly_crowded.end());
    last = std::move(step);
    last.receipt.newly_crowded = std::move(crowded);
}

// DESIGN invariant 2: a name's serials go forward even when its zone was dropped and is made again.
Result<void> WorkGroup::continue_serial(ZoneChange& zone_change) {
    const auto retired = TRY(retired_zone(database_, zone_change.apex));
    Octets* soa = soa_rdata(zone_change);
    if (!retired || soa == nullptr) return {};
    std::uint8_t* serial = soa->data() + soa->size() - zones::kSoaNumbersOctets;
    if (!zones::serial_greater(zones::read_u32(serial), retired->serial))
        zones::write_u32(serial, zones::next_serial(retired->serial, to_unix_seconds(moment_.now)));
    return {};
}

const WorkGroup::Step* WorkGroup::find_step(const zones::Name& apex, const Attempt& attempt) const {
    const auto own = attempt.steps.find(apex);
    if (own != attempt.steps.end()) return &own->second;
    const auto earlier = steps_.find(apex);
    return earlier == steps_.end() ? nullptr : &earlier->second;
}

Result<void> WorkGroup::write_audit_row(const Work& work, Outcome outcome,
                                        std::string_view reason) {
    if (work.change.actor.kind.empty()) return {};
    AuditRow row;
    row.at = moment_.now;
    row.actor = work.change.actor;
    row.action = work.audit.action;
    row.subject = work.audit.subject.empty() ? default_subject(work.change) : work.audit.subject;
    row.outcome = outcome;
    row.reason = reason;
    return write_audit(database_, row);
}

void WorkGroup::keep(Attempt attempt) {
    table_ = std::move(attempt.table);
    rrset_rows_ += attempt.rrset_rows;
    append(touched_, attempt.touched);
    for (auto& [apex, step] : attempt.steps)
        put_step(steps_, std::move(step));
}

void WorkGroup::refuse(const Work& work, const WorkRefusal& why) {
    if (work.change.actor.kind.empty() || !budget_.take(moment_.monotonic)) return;
    const auto written = write_audit_row(work, Outcome::Refused, to_error(why).text());
    if (!written) give_up(written.error());
}

void WorkGroup::give_up(Error error) {
    if (!failure_) failure_ = std::move(error);
}

void append(Touched& all, const Touched& more) {
    all.tsig_names.insert(all.tsig_names.end(), more.tsig_names.begin(), more.tsig_names.end());
    all.transfers.insert(all.transfers.end(), more.transfers.begin(), more.transfers.end());
    all.servers.insert(all.servers.end(), more.servers.begin(), more.servers.end());
    all.last_event = std::max(all.last_event, more.last_event);
    all.webhooks = all.webhooks || more.webhooks;
}

zones::Refusal not_durable(std::string_view cause) {
    return {zones::RefusalCode::Unavailable, "store", std::string(cause)};
}

}  // namespace hairpin::store
