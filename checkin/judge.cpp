#include "checkin/judge.hpp"

#include <algorithm>

#include "zones/name.hpp"
#include "zones/rtype.hpp"

namespace hairpin::checkin {
namespace {

/// The key that made it; null: none that is valid now.
const CheckInKey* key_of(const Enrolment& enrolment, OctetView octets, WallTime now) {
    const std::size_t count = std::min(enrolment.keys.size(), kMaxKeys);
    for (std::size_t each = 0; each < count; ++each) {
        const CheckInKey& candidate = enrolment.keys[each];
        if (candidate.until > now && is_authentic(octets, candidate.key)) return &candidate;
    }
    return nullptr;
}

bool is_in_time(std::uint64_t milliseconds, WallTime now) {
    const WallTime told = from_unix_milliseconds(static_cast<std::int64_t>(milliseconds));
    return told >= now - kBehind && told <= now + kAhead;
}

/// Whether the public name has that address. The name is looked for where the zone or the source is
/// another than the last time: that is most of what a judgement would cost.
bool is_published(Register::Row& row, const zones::ZoneTable& zones, const IpAddress& source) {
    const Enrolment& enrolment = row.enrolment;
    const OctetView wire = enrolment.public_name;
    const auto apex = zones::Name::from_wire(wire.subspan(enrolment.apex_at));
    const zones::Zone* zone = apex ? zones.find(*apex) : nullptr;
    if (zone == nullptr) return false;
    FoundRight& found = row.found_right[source.is_v4() ? 0 : 1];
    if (found.is_set && found.serial == zone->serial() && found.source == source) return true;
    const auto name = zones::Name::from_wire(wire);
    if (!name) return false;
    const auto type = source.is_v4() ? zones::RType::A : zones::RType::AAAA;
    const zones::RRset* addresses = zone->find(*name, type);
    const bool is_right = addresses != nullptr && addresses->contains(source.octets());
    if (is_right) found = {source, zone->serial(), true};
    return is_right;
}

Outcome weigh(Register::Row& row, const Situation& situation, const Datagram& datagram,
              const IpAddress& source) {
    const Enrolment& enrolment = row.enrolment;
    Progress& progress = row.progress;
    if (enrolment.welcome_until <= situation.now) return Outcome::Suspended;
    if (!is_in_time(datagram.milliseconds, situation.now)) return Outcome::OutOfTime;
    if (datagram.milliseconds < progress.newest) return Outcome::Replayed;
    if (datagram.milliseconds > progress.newest) progress = {datagram.milliseconds, false};
    if (datagram.machine != enrolment.machine) return Outcome::OtherMachine;
    const bool is_right =
        enrolment.reported_from == source || is_published(row, situation.zones, source);
    if (!is_right) return Outcome::Moved;
    if (progress.is_spent) return Outcome::Replayed;
    progress.is_spent = true;
    const auto sure = to_unix_milliseconds(situation.started_at + kAhead);
    return static_cast<std::int64_t>(datagram.milliseconds) > sure ? Outcome::Right
                                                                   : Outcome::Early;
}

/// The credential, where nobody was told for a while that it is used; else 0.
std::int64_t newly_used(Register::Row& row, std::int64_t credential, WallTime now) {
    if (row.used_credential == credential && now - row.used_at < kUsedEvery) return 0;
    row.used_credential = credential;
    row.used_at = now;
    return credential;
}

}  // namespace

Judgement judge(Register& known, const Situation& situation, OctetView octets,
                const IpAddress& source) {
    const auto datagram = read_datagram(octets);
    if (!datagram || datagram->kind != Kind::CheckIn) return {Outcome::Malformed, 0, {}, 0};
    Register::Row* row = known.find(datagram->server);
    if (row == nullptr) return {Outcome::Unknown, datagram->server, {}, 0};
    const CheckInKey* key = key_of(row->enrolment, octets, situation.now);
    if (key == nullptr) return {Outcome::Forged, datagram->server, {}, 0};
    Judgement judgement{weigh(*row, situation, *datagram, source), datagram->server, {}, 0};
    if (judgement.outcome == Outcome::Right)
        judgement.used = newly_used(*row, key->credential, situation.now);
    if (is_challenged(judgement.outcome))
        judgement.challenge = write_datagram(
            {Kind::Challenge, datagram->server, datagram->milliseconds, {}}, key->key);
    return judgement;
}

}  // namespace hairpin::checkin
