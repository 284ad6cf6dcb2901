// daemon/update_door.hpp - UPDATEs on their way from the name server to the committer.
//
// Who may, and what an UPDATE of a twin name or of a challenge means, is the same as at every door
// (admin/edit_door.hpp); this turns what came of it into an RCODE. Permission is asked inside of
// the commit, before the prerequisites: a credential that was revoked in the commit before changes
// nothing any more, and who may not change a zone is not told what is in it.
//
// Standards RFC 2136 sections 3.2 to 3.4 (order), 2.2 (RCODEs).
// Threads   open() the main thread; submit() any.

#pragma once

#include <atomic>

#include "admin/context.hpp"
#include "admin/edit_door.hpp"
#include "dnsd/update_request.hpp"

namespace hairpin::daemon {

class UpdateDoor final : public dnsd::UpdateSink {
public:
    /// Where changes go; it outlives all that was submitted. Until then: SERVFAIL.
    void open(admin::ApiContext& context) noexcept { context_.store(&context); }
    void submit(dnsd::UpdateRequest request, Done done) override;

private:
    std::atomic<admin::ApiContext*> context_{nullptr};
};

/// What a refused request is answered with.
[[nodiscard]] dnsd::UpdateVerdict verdict_of(const admin::DoorRefusal& refusal);

}  // namespace hairpin::daemon
