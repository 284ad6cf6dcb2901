#include "cli/zone_notes.hpp"

#include <cstddef>

#include "core/ip_address.hpp"
#include "zones/address_rules.hpp"
#include "zones/presentation.hpp"

namespace hairpin::cli {
namespace {

using zones::Name;
using zones::RType;

struct Seen {
    std::size_t records = 0;
    std::string first;  // "www.example.net. A 10.0.0.1"
};

void count(Seen& seen, const Name& owner, const zones::RRset& rrset, OctetView rdata) {
    if (seen.records++ != 0) return;
    const std::string type = zones::type_text(rrset.type());
    seen.first = owner.text() + " " + type + " " + zones::rdata_text(rrset.type(), rdata);
}

// What stands at a zone cut with authority is NS and DS; below it, addresses may be glue.
bool is_occluded(RType type, bool is_at_cut) {
    if (is_at_cut) return type != RType::NS && type != RType::DS;
    return type != RType::A && type != RType::AAAA;
}

// Owners come in canonical order: what is below a name follows it at once.
class Walk {
public:
    explicit Walk(const zones::Zone& zone) : apex_(zone.apex()) {}

    void visit(const Name& owner, const zones::Node& node) {
        const bool is_below = top_ && owner.is_within(*top_);
        if (!is_below) begin(owner, node);
        for (const zones::RRsetRef& rrset : node.rrsets())
            look_at(owner, *rrset, is_below);
    }
    [[nodiscard]] const Seen& occluded() const noexcept { return occluded_; }
    [[nodiscard]] const Seen& special() const noexcept { return special_; }

private:
    void begin(const Name& owner, const zones::Node& node) {
        top_.reset();
        is_cut_ = owner != apex_ && node.find(RType::NS) != nullptr;
        if (is_cut_ || node.find(RType::DNAME) != nullptr) top_ = owner;
    }
    void look_at(const Name& owner, const zones::RRset& rrset, bool is_below) {
        const bool is_at_cut = !is_below && is_cut_ && top_;
        const bool is_hidden = is_at_cut
                                   ? is_occluded(rrset.type(), true)
                                   : is_below && (!is_cut_ || is_occluded(rrset.type(), false));
        const bool is_address = rrset.type() == RType::A || rrset.type() == RType::AAAA;
        for (const OctetView rdata : rrset.rdatas()) {
            if (is_hidden) count(occluded_, owner, rrset, rdata);
            const auto address = is_address ? IpAddress::from_octets(rdata) : std::nullopt;
            if (address && zones::special_range(*address)) count(special_, owner, rrset, rdata);
        }
    }

    const Name apex_;
    std::optional<Name> top_;  // The zone cut or DNAME that hides what is below it.
    bool is_cut_ = false;
    Seen occluded_;
    Seen special_;
};

std::string name_servers(const zones::Zone& zone) {
    std::string text;
    for (const OctetView rdata : zone.ns().rdatas())
        text += (text.empty() ? "" : ", ") + zones::rdata_text(RType::NS, rdata);
    return text;
}

}  // namespace

void append_zone_notes(const zones::Zone& zone, std::vector<std::string>& notes) {
    notes.push_back("its name servers stay as the source has them: " + name_servers(zone) +
                    "; change the apex NS and the parent's delegation when the zone moves");
    Walk walk(zone);
    zone.for_each([&walk](const Name& owner, const zones::Node& node) {
        walk.visit(owner, node);
        return true;
    });
    if (walk.occluded().records != 0)
        notes.push_back(std::to_string(walk.occluded().records) +
                        " records stand at or below a delegation or a DNAME, taken but never "
                        "answered; the first: " +
                        walk.occluded().first);
    if (walk.special().records != 0)
        notes.push_back(std::to_string(walk.special().records) +
                        " addresses are not reachable from the internet, taken as they are; the "
                        "first: " +
                        walk.special().first);
}

}  // namespace hairpin::cli
