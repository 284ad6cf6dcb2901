#include "dnsd/transfer_choice.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

using zones::RRsetDifference;
using zones::RType;

std::uint32_t serial_of(const zones::RRset& soa) {
    const OctetView rdata = *soa.rdatas().begin();
    return zones::read_u32(rdata.data() + rdata.size() - zones::kSoaNumbersOctets);
}

bool leads_to(const RRsetDifference& difference, const zones::Zone& zone) {
    const zones::RRset* held = zone.find(difference.owner, difference.type);
    if (held == nullptr || !difference.after) return held == nullptr && !difference.after;
    return held->same_as(*difference.after);
}

bool is_right(const zones::ZoneDifference& difference, const zones::Zone& zone,
              std::uint32_t from) {
    const auto& rrsets = difference.rrsets;
    const auto soa = std::find_if(rrsets.begin(), rrsets.end(), [](const RRsetDifference& each) {
        return each.type == RType::SOA;
    });
    if (soa == rrsets.end() || !soa->before || serial_of(*soa->before) != from) return false;
    return std::all_of(rrsets.begin(), rrsets.end(),
                       [&](const RRsetDifference& each) { return leads_to(each, zone); });
}

std::size_t octets(const TransferRecords& records) {
    constexpr std::size_t kPointerOctets = 2;  // The owner's suffix is there already, as a rule.
    return records.owner().first_label().size() + kPointerOctets + records.record().size();
}

/// Walks the zone no further than the difference is long.
bool is_shorter(const DifferenceRef& difference, const zones::ZoneRef& zone) {
    std::size_t least = 0;
    for (TransferRecords records(zone, difference); !records.at_end(); records.advance())
        least += octets(records);
    std::size_t most = 0;
    for (TransferRecords records(zone); !records.at_end(); records.advance()) {
        most += octets(records);
        if (most > least) return true;
    }
    return false;
}

/// Owners in the case that the zone has them, as a whole transfer sends them; an edit may have used
/// another.
void take_case_of(const zones::Zone& zone, zones::ZoneDifference& difference) {
    for (RRsetDifference& each : difference.rrsets) {
        const zones::Node* node = zone.find(each.owner);
        if (node == nullptr) continue;
        if (const auto owner = zones::Name::join(node->owner(), zone.apex())) each.owner = *owner;
    }
}

}  // namespace

DifferenceRef choose_difference(zones::HistorySource::Answer history, const zones::ZoneRef& zone,
                                std::uint32_t from) {
    if (!history || !is_right(*history, *zone, from)) return nullptr;
    take_case_of(*zone, *history);
    auto difference = std::make_shared<const zones::ZoneDifference>(*std::move(history));
    if (!is_shorter(difference, zone)) return nullptr;
    return difference;
}

}  // namespace hairpin::dnsd
