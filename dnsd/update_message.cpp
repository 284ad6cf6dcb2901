#include "dnsd/update_message.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "zones/presentation.hpp"
#include "zones/rdata_wire.hpp"
#include "zones/wire.hpp"

namespace hairpin::dnsd {
namespace {

using zones::Edit;
using zones::EditKind;
using zones::Prerequisite;
using zones::PrerequisiteKind;
using zones::RClass;
using zones::RecordAt;
using zones::RType;

/// Collects what the records of one message come to.
class UpdateReader {
public:
    UpdateReader(OctetView message, const zones::Name& apex) : message_(message) {
        order_.change.apex = apex;
        order_.change.conflicts = zones::Conflicts::Ignore;
    }

    [[nodiscard]] Result<void, Rcode> prerequisite(const RecordAt& record);
    [[nodiscard]] Result<void, Rcode> update(const RecordAt& record);
    [[nodiscard]] UpdateOrder take();

private:
    struct RRsetKey {
        zones::Name owner;
        RType type;
        friend bool operator==(const RRsetKey&, const RRsetKey&) = default;
    };
    struct RRsetKeyHash {
        std::size_t operator()(const RRsetKey& key) const noexcept {
            return zones::NameHash()(key.owner) * 31 + to_number(key.type);
        }
    };

    [[nodiscard]] Result<Octets, Rcode> rdata(const RecordAt& record) const;
    void require(PrerequisiteKind kind, const RecordAt& record);
    void require_value(const RecordAt& record, Octets rdata);
    void edit(EditKind kind, const RecordAt& record, zones::Ttl ttl, std::vector<Octets> rdatas);

    OctetView message_;
    UpdateOrder order_;
    std::vector<Prerequisite> values_;  // Of section 2.4.2, which are compared when all are known.
    std::unordered_map<RRsetKey, std::size_t, RRsetKeyHash> value_of_;
    std::unordered_map<zones::Name, std::size_t, zones::NameHash> last_edit_;  // Of each owner.
};

Result<Octets, Rcode> UpdateReader::rdata(const RecordAt& record) const {
    auto expanded = zones::expanded_rdata(message_, record);
    if (!expanded || !zones::rdata_is_valid(RType{record.type}, *expanded))
        return fail(Rcode::FormErr);
    return *std::move(expanded);
}

void UpdateReader::require(PrerequisiteKind kind, const RecordAt& record) {
    Prerequisite& wanted = order_.change.prerequisites.emplace_back();
    wanted.kind = kind;
    wanted.owner = record.owner;
    wanted.type = RType{record.type};
}

void UpdateReader::require_value(const RecordAt& record, Octets rdata) {
    const auto [known, is_new] =
        value_of_.try_emplace({record.owner, RType{record.type}}, values_.size());
    if (is_new) {
        Prerequisite& wanted = values_.emplace_back();
        wanted.kind = PrerequisiteKind::RRsetIs;
        wanted.owner = record.owner;
        wanted.type = RType{record.type};
    }
    values_[known->second].rdatas.push_back(std::move(rdata));
}

/// RFC 2136 section 3.2.5, in its order.
Result<void, Rcode> UpdateReader::prerequisite(const RecordAt& record) {
    if (record.ttl != 0) return fail(Rcode::FormErr);
    if (!record.owner.is_within(order_.change.apex)) return fail(Rcode::NotZone);
    const bool is_about_owner = RType{record.type} == RType::ANY;
    switch (RClass{record.rclass}) {
        case RClass::ANY:
            if (record.rdlength != 0) return fail(Rcode::FormErr);
            require(is_about_owner ? PrerequisiteKind::OwnerInUse : PrerequisiteKind::RRsetExists,
                    record);
            return {};
        case RClass::NONE:
            if (record.rdlength != 0) return fail(Rcode::FormErr);
            require(
                is_about_owner ? PrerequisiteKind::OwnerNotInUse : PrerequisiteKind::RRsetAbsent,
                record);
            return {};
        case RClass::IN:
            // Of a type that no zone holds it is a value that this zone does not have: NXRRSET.
            require_value(record, TRY(rdata(record)));
            return {};
        case RClass::CH:
        case RClass::HS:
            break;
    }
    return fail(Rcode::FormErr);
}

/// Records that stand together become one edit: a set of thousands is then not copied for each.
/// Edits of different owners do not depend on each other, so that others may stand between.
void UpdateReader::edit(EditKind kind, const RecordAt& record, zones::Ttl ttl,
                        std::vector<Octets> rdatas) {
    std::vector<Edit>& edits = order_.change.edits;
    const auto [last, is_new] = last_edit_.try_emplace(record.owner, edits.size());
    if (!is_new) {
        Edit& before = edits[last->second];
        if (!rdatas.empty() && before.kind == kind && before.type == RType{record.type} &&
            before.ttl == ttl) {
            before.rdatas.push_back(std::move(rdatas.front()));
            return;
        }
        last->second = edits.size();
    }
    edits.push_back({kind, record.owner, RType{record.type}, ttl, std::move(rdatas)});
}

/// RFC 2136 section 3.4.1.3: what each class wants of the rest.
bool has_form_of_class(const RecordAt& record) {
    const RType type{record.type};
    switch (RClass{record.rclass}) {
        case RClass::IN:
            return !is_meta(type);
        case RClass::ANY:
            return record.ttl == 0 && record.rdlength == 0 &&
                   (type == RType::ANY || !is_meta(type));
        case RClass::NONE:
            return record.ttl == 0 && !is_meta(type);
        case RClass::CH:
        case RClass::HS:
            break;
    }
    return false;
}

/// The same section, in its order, and last what nobody may do whatever his permission.
std::optional<Rcode> prescan(const RecordAt& record, const zones::Name& apex) {
    if (!record.owner.is_within(apex)) return Rcode::NotZone;
    if (!has_form_of_class(record)) return Rcode::FormErr;
    if (is_made_by_server(RType{record.type})) return Rcode::Refused;
    return std::nullopt;
}

Result<void, Rcode> UpdateReader::update(const RecordAt& record) {
    const auto wrong = prescan(record, order_.change.apex);
    if (wrong && !order_.prescan) order_.prescan = wrong;
    // What is behind the first one that is wrong is only read.
    const bool is_whole = !wrong && !order_.prescan;
    const auto rclass = RClass{record.rclass};
    const bool has_rdata = rclass == RClass::IN || rclass == RClass::NONE;
    if (has_rdata && !is_meta(RType{record.type})) {
        Octets data = TRY(rdata(record));
        if (!is_whole) return {};
        const bool adds = rclass == RClass::IN;
        // RFC 2181 section 8: a TTL with its most significant bit set "should be treated as zero".
        const zones::Ttl ttl = record.ttl > zones::kMaxTtl ? 0 : record.ttl;
        std::vector<Octets> rdatas;
        rdatas.push_back(std::move(data));
        edit(adds ? EditKind::AddRecords : EditKind::DeleteRecords, record, ttl, std::move(rdatas));
        return {};
    }
    if (!is_whole) return {};
    const bool is_any = RType{record.type} == RType::ANY;
    edit(is_any ? EditKind::DeleteOwner : EditKind::DeleteRRset, record, 0, {});
    return {};
}

UpdateOrder UpdateReader::take() {
    // Section 3.2.5: RRsets are compared behind all other prerequisites.
    for (Prerequisite& wanted : values_)
        order_.change.prerequisites.push_back(std::move(wanted));
    return std::move(order_);
}

}  // namespace

bool is_made_by_server(RType type) noexcept {
    constexpr std::array kTypes = {RType::RRSIG,  RType::NSEC, RType::NSEC3,  RType::NSEC3PARAM,
                                   RType::DNSKEY, RType::CDS,  RType::CDNSKEY};
    return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

Result<UpdateOrder, Rcode> read_update(OctetView message, const Query& query) {
    UpdateReader reader(message, query.qname);
    std::size_t at = zones::kHeaderOctets + query.question.size();
    const std::size_t prerequisites = zones::read_u16(&message[6]);
    const std::size_t updates = zones::read_u16(&message[8]);
    for (std::size_t each = 0; each < prerequisites + updates; ++each) {
        const auto record = zones::read_record(message, at);
        if (!record) return fail(Rcode::FormErr);
        TRY(each < prerequisites ? reader.prerequisite(*record) : reader.update(*record));
        at = record->next;
    }
    return reader.take();
}

}  // namespace hairpin::dnsd
