// cli/intake.hpp - what of somebody else's zone becomes a zone of ours, and what does not and why.
//
// Records in, a zone and an account of it out. Three things are left out without a loss: what a
// signer makes and ours would make anew (RRSIG and its like), digests over the whole zone, and
// private notes of the source's own software. Anything else that cannot be taken is a loss, which a
// person has to agree to. The rules of zones are zones/zone_rules.hpp's, the very ones that the
// server applies.
//
// Standards RFC 2181 sections 5.2 (one TTL for each RRset) and 8 (TTL over 2^31-1), RFC 4034, 5155,
//           7344, 8976 (what belongs to a signer), RFC 5936 section 3 (occluded names come too).
// Threads   One.

#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/axfr_reader.hpp"
#include "core/result.hpp"
#include "zones/edit.hpp"
#include "zones/name.hpp"
#include "zones/rtype.hpp"
#include "zones/zone.hpp"

namespace hairpin::cli {

enum class Loss : bool { No, Yes };

/// Records of one type that were left out for one reason.
struct LeftOut {
    static constexpr std::size_t kShownOwners = 3;
    zones::RType type = zones::RType::A;
    std::string reason;
    Loss loss = Loss::No;
    std::size_t records = 0;
    std::vector<zones::Name> owners;  // The first few.
};

struct TakenZone {
    zones::ZoneRef zone;
    std::size_t records = 0;
    std::size_t rrsets = 0;
    std::vector<LeftOut> left_out;
    std::vector<std::string> notes;  // What was taken and deserves a person's look: sentences.

    [[nodiscard]] bool has_losses() const noexcept;
};

class Intake {
public:
    explicit Intake(const zones::Name& apex, const zones::EditRules& rules = {});

    /// Takes a record, or notes why not.
    void add(AxfrRecord record);
    /// The zone as a whole. Once, last.
    /// Errors: Invalid it is none: without SOA or NS at its apex, or too large.
    [[nodiscard]] Result<TakenZone> finish();

private:
    using Key = std::pair<zones::Name, zones::RType>;
    struct KeyHash {
        [[nodiscard]] std::size_t operator()(const Key& key) const noexcept {
            return zones::NameHash()(key.first) * 31 + to_number(key.second);
        }
    };
    void leave_out(const zones::Name& owner, zones::RType type, std::size_t records,
                   const std::string& reason, Loss loss);
    [[nodiscard]] std::vector<zones::Edit> good_rrsets();
    [[nodiscard]] std::vector<zones::Edit> of_good_owners(std::vector<zones::Edit> rrsets);
    void add_notes(TakenZone& taken) const;

    zones::Name apex_;
    zones::EditRules rules_;
    std::vector<zones::Edit> rrsets_;
    std::unordered_map<Key, std::size_t, KeyHash> places_;  // In rrsets_.
    std::vector<LeftOut> left_out_;
    std::size_t ttls_over_ = 0;    // Records.
    std::size_t ttls_differ_ = 0;  // Records.
    bool has_dnskey_ = false;
};

}  // namespace hairpin::cli
