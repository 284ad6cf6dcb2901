// zones/change.hpp - what somebody wants to change, and who takes it.
//
// A Change is a set of RRset edits with prerequisites, an actor and a reason: the only way in which
// a zone changes. It may touch several zones; it happens whole or not at all. It is a plain value:
// zones/edit.hpp applies it to snapshots, store/committer.hpp makes it durable and publishes it.
//
// Standards RFC 2136 sections 2.4 and 2.5, whose forms are all expressible here.
// Threads   Values. ChangeSink::submit may be called from any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/octets.hpp"
#include "core/result.hpp"
#include "zones/name.hpp"
#include "zones/rrset.hpp"
#include "zones/rtype.hpp"

namespace hairpin::zones {

enum class EditKind : std::uint8_t {
    ReplaceRRset,   // The RRset becomes exactly `rdatas` with `ttl`; with no RDATA it is removed.
    AddRecords,     // `rdatas` are added; the set takes `ttl` (RFC 2136 section 3.4.2.2).
    DeleteRecords,  // `rdatas` are removed; what is not there is no error.
    DeleteRRset,    // The RRset is removed, if it is there.
    DeleteOwner,    // Every RRset at `owner` is removed; at the apex all but SOA and NS.
};

struct Edit {
    EditKind kind = EditKind::ReplaceRRset;
    Name owner;  // Absolute, within the zone.
    RType type = RType::A;
    Ttl ttl = 0;
    std::vector<Octets> rdatas;  // Uncompressed wire form, valid for the type.
    friend bool operator==(const Edit&, const Edit&) = default;
};

enum class PrerequisiteKind : std::uint8_t {
    OwnerInUse,     // RFC 2136 section 2.4.4; an empty non-terminal is not in use.
    OwnerNotInUse,  // 2.4.5
    RRsetExists,    // 2.4.1
    RRsetAbsent,    // 2.4.3
    RRsetIs,        // 2.4.2: exactly `rdatas`, whatever the TTL.
    SerialIs,       // The zone still has `serial` (If-Match over REST).
};

struct Prerequisite {
    PrerequisiteKind kind = PrerequisiteKind::RRsetExists;
    Name owner;
    RType type = RType::A;
    std::vector<Octets> rdatas;
    std::uint32_t serial = 0;
    friend bool operator==(const Prerequisite&, const Prerequisite&) = default;
};

enum class ZoneAction : std::uint8_t {
    Edit,     // `edits` on an existing zone.
    Create,   // A new zone whose whole content is `edits` (ReplaceRRset only), SOA and NS among
              // them.
    Replace,  // The whole content of an existing zone becomes `edits`, as in Create.
    Drop,     // The zone is gone.
};

/// What becomes of an edit that what is there does not allow: a record beside a CNAME, the SOA
/// taken from its apex.
enum class Conflicts : std::uint8_t {
    Refuse,  // The change is refused and says why.
    Ignore,  // The record is left out, as RFC 2136 section 3.4.2 has it (zones/update_rules.hpp).
};

/// What sort of zone it is; twin-name rules (address_rules.hpp) hold in licence zones only.
/// Catalog: the list of the others (zones/catalog.hpp), which only we change and not everybody may
/// see.
enum class ZoneKind : std::uint8_t { Plain, Licence, Catalog };

struct ZoneChange {
    Name apex;
    ZoneAction action = ZoneAction::Edit;
    ZoneKind kind = ZoneKind::Plain;  // For Create.
    std::vector<Prerequisite> prerequisites;
    std::vector<Edit> edits;
    std::string catalog_group = {};  // For Create (zones/catalog.hpp); empty: that of its kind.
    Conflicts conflicts = Conflicts::Refuse;  // For Edit.
    friend bool operator==(const ZoneChange&, const ZoneChange&) = default;
};

/// Who asks, for the journal and the audit. Never a secret.
struct Actor {
    std::string kind;             // "operator", "server", "acme", "system".
    std::string id;               // Credential label, server name, ..
    std::string source;           // Address it came from; empty for ourselves.
    std::string door;             // "rest", "heartbeat", "acme", "zonefile", ..
    std::int64_t credential = 0;  // The number of the credential that was shown; 0: none.
    friend bool operator==(const Actor&, const Actor&) = default;
};

struct Change {
    std::vector<ZoneChange> zones;
    Actor actor;
    std::string reason;
};

/// An RRset of more than kMostRecordsEverywhere records.
struct CrowdedRRset {
    Name owner;
    RType type = RType::A;
    std::size_t records = 0;
    friend bool operator==(const CrowdedRRset&, const CrowdedRRset&) = default;
};

/// What came of one zone of a change.
struct ZoneReceipt {
    Name apex;
    std::uint32_t serial =
        0;                 // The serial that holds the change (the old one when nothing changed).
    bool changed = false;  // False: the zone already was as asked.
    std::vector<CrowdedRRset> newly_crowded = {};  // That were not before.
};

struct Receipt {
    std::vector<ZoneReceipt> zones;  // In the order of Change::zones.
};

/// Why a change was refused, in the order of RFC 2136 section 3 where it has a word for it.
enum class RefusalCode : std::uint8_t {
    NoSuchZone,    // NOTAUTH / 404
    ZoneExists,    // Create of a zone that is there / 409
    NotZone,       // An owner outside of the zone / NOTZONE
    OwnerExists,   // YXDOMAIN
    OwnerMissing,  // NXDOMAIN
    RRsetExists,   // YXRRSET
    RRsetMissing,  // NXRRSET
    SerialMoved,   // Precondition failed
    Rule,          // Breaks a rule of zones or of addresses; `cause` says which.
    TooLarge,      // A bound would be passed.
    /// Not acknowledged: disk full, database lost, stopping. Nothing was changed, but for a sync
    /// that failed right before a crash: then the change may be found durable.
    Unavailable,
};

struct Refusal {
    RefusalCode code = RefusalCode::Rule;
    std::string subject;  // "nur1.pl-acme.example.net. A"
    std::string cause;    // A sentence for a person.
};

/// Takes changes and answers each exactly once, when it is durable and published, or refused.
class ChangeSink {
public:
    using Done = std::function<void(const Result<Receipt, Refusal>&)>;
    virtual ~ChangeSink() = default;
    /// `done` runs on the committer's thread (or on the caller's, when the queue is full: Refusal
    /// Unavailable) and must only hand the result on.
    virtual void submit(Change change, Done done) = 0;
};

}  // namespace hairpin::zones
