#include "store/load.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/journal_format.hpp"
#include "store/row_reading.hpp"
#include "zones/presentation.hpp"

namespace hairpin::store {
namespace {

using zones::Node;
using zones::RRsetRef;
using zones::RType;
using zones::Zone;
using zones::ZoneRef;

constexpr std::string_view kAll =
    "SELECT z.id, z.apex, z.kind, r.owner, r.owner_as_given, r.type, r.ttl, r.rdata"
    " FROM zones z LEFT JOIN rrsets r ON r.zone_id = z.id ORDER BY z.id, r.owner, r.type";
constexpr std::string_view kOne =
    "SELECT z.id, z.apex, z.kind, r.owner, r.owner_as_given, r.type, r.ttl, r.rdata"
    " FROM zones z LEFT JOIN rrsets r ON r.zone_id = z.id WHERE z.apex = ?1 ORDER BY r.owner, "
    "r.type";

// Rows come by zone, owner and type; a node is made when its owner ends, a zone when its rows do.
class ZoneBuilder {
public:
    ZoneBuilder(const zones::Name& apex, zones::ZoneKind kind, WallTime at) {
        zone_.apex = apex;
        zone_.kind = kind;
        zone_.published_at = to_unix_seconds(at);
    }

    Result<void> add(const Statement& row) {
        const OctetView owner = row.octets(3);
        if (!std::equal(owner.begin(), owner.end(), owner_.begin(), owner_.end())) finish_node();
        if (rrsets_.empty()) {
            const OctetView as_given = row.is_null(4) ? owner : row.octets(4);
            if (!absolute_owner(as_given, zone_.apex))
                return fail(corrupt("an owner is not a name"));
            owner_.assign(owner.begin(), owner.end());
            as_given_.assign(as_given.begin(), as_given.end());
        }
        auto rrset =
            decode_rrset(static_cast<RType>(row.integer(5)), row.integer(6), row.octets(7));
        if (!rrset) return fail(corrupt(rrset.error().text()));
        // Nothing reads RDATA past its end, but what a flipped bit made of it shall not be
        // answered.
        for (const OctetView rdata : (*rrset)->rdatas())
            if (!zones::rdata_is_valid((*rrset)->type(), rdata))
                return fail(corrupt("a record is malformed for its type"));
        rrsets_.push_back(*std::move(rrset));
        return {};
    }

    Result<ZoneRef> finish() {
        finish_node();
        const Node* apex = zone_.names.find({}, {});
        const zones::RRset* soa = apex == nullptr ? nullptr : apex->find(RType::SOA);
        if (soa == nullptr || soa->count() != 1 || apex->find(RType::NS) == nullptr)
            return fail(corrupt("the zone has no NS or not one SOA"));
        return Zone::create(std::move(zone_));
    }

private:
    void finish_node() {
        if (rrsets_.empty()) return;
        zone_.put(Node::create(as_given_, rrsets_));
        rrsets_.clear();
    }
    Error corrupt(std::string cause) const {
        return {ErrorCode::Corrupt, zone_.apex.text(), std::move(cause)};
    }

    Zone::Parts zone_;
    Octets owner_;
    Octets as_given_;
    std::vector<RRsetRef> rrsets_;
};

Result<ZoneBuilder> start_zone(const Statement& row, WallTime at) {
    const zones::Name apex = TRY(parse_apex(row.text(1)));
    return ZoneBuilder(apex, TRY(parse_zone_kind(row.text(2))), at);
}

Result<zones::ZoneTable> collect(Statement& rows, WallTime at) {
    zones::ZoneTable table;
    std::optional<ZoneBuilder> zone;
    std::int64_t zone_id = 0;
    while (TRY(rows.step())) {
        if (!zone || rows.integer(0) != zone_id) {
            if (zone) table.put(TRY(zone->finish()));
            zone = TRY(start_zone(rows, at));
            zone_id = rows.integer(0);
        }
        if (!rows.is_null(3)) TRY(zone->add(rows));
    }
    if (zone) table.put(TRY(zone->finish()));
    return table;
}

}  // namespace

Result<zones::ZoneTable> load_zones(Database& database, WallTime at) {
    Statement rows = TRY(database.statement(kAll));
    return collect(rows, at);
}

Result<ZoneRef> load_zone(Database& database, const zones::Name& apex, WallTime at) {
    Statement rows = TRY(database.statement(kOne));
    rows.bind(apex.lower().text());
    const zones::ZoneTable table = TRY(collect(rows, at));
    return table.share(apex);
}

}  // namespace hairpin::store
