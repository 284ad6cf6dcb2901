// daemon/update_door.hpp - UPDATEs on their way from the name server to the committer.
//
// Says who asks (an Actor, the door "update"), asks the authority whether he may, and turns what
// came of it into an RCODE. Permission is asked inside of the commit, before the prerequisites: a
// credential that was revoked in the commit before changes nothing any more, and who may not change
// a zone is not told what is in it.
//
// Standards RFC 2136 sections 3.2 to 3.4 (order), 2.2 (RCODEs).
// Threads   open() before the name server starts; submit() any. The authority is asked on the
// commit
//           thread.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/ip_address.hpp"
#include "dnsd/update_request.hpp"
#include "store/committer.hpp"
#include "store/reader.hpp"
#include "zones/change.hpp"
#include "zones/name.hpp"

namespace hairpin::daemon {

struct UpdateDecision {
    std::optional<zones::Actor> actor;  // Who it is, in the journal's words; nullopt: refused.
    std::string cause;                  // Why it is refused, a sentence for the audit.
};

/// Who may change what. This is the one place where an UPDATE is permitted.
class UpdateAuthority {
public:
    virtual ~UpdateAuthority() = default;
    /// @param store   What this commit finds.
    /// @param key_id  Of the credential whose key signed the request.
    /// @param edits   None: the question is whether the credential may change the zone at all.
    [[nodiscard]] virtual UpdateDecision decide(store::Queries& store, std::int64_t key_id,
                                                const zones::Name& apex,
                                                std::span<const zones::Edit> edits,
                                                const IpAddress& source) = 0;
};

/// Until credentials have permissions.
class NobodyMayUpdate final : public UpdateAuthority {
public:
    [[nodiscard]] UpdateDecision decide(store::Queries& store, std::int64_t key_id,
                                        const zones::Name& apex, std::span<const zones::Edit> edits,
                                        const IpAddress& source) override;
};

class UpdateDoor final : public dnsd::UpdateSink {
public:
    /// It outlives this.
    explicit UpdateDoor(UpdateAuthority& authority) noexcept : authority_(authority) {}
    /// Where changes go; it outlives all that was submitted.
    void open(store::Committer& committer) noexcept { committer_ = &committer; }
    void submit(dnsd::UpdateRequest request, Done done) override;

private:
    UpdateAuthority& authority_;
    store::Committer* committer_ = nullptr;
};

/// What a work that was refused is answered with.
[[nodiscard]] dnsd::UpdateVerdict verdict_of(const store::WorkRefusal& refusal);

}  // namespace hairpin::daemon
