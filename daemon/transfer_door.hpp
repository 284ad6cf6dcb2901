// daemon/transfer_door.hpp - what is kept of transfers that were asked for with a key: when the
// credential was last used, and an audit row of each refusal.
//
// Neither waits for anything: the last use lands where all of them do (store/seen.hpp), and a
// refusal is queued as any work is, as often as the credential may write.
//
// Threads   open() the main thread; asked() any.

#pragma once

#include <atomic>

#include "admin/context.hpp"
#include "dnsd/transfer_witness.hpp"

namespace hairpin::daemon {

class TransferDoor final : public dnsd::TransferWitness {
public:
    /// Until then nothing is kept. It outlives the name server's threads.
    void open(admin::ApiContext& context) noexcept { context_.store(&context); }
    void asked(const dnsd::TransferAsked& request) override;

private:
    std::atomic<admin::ApiContext*> context_{nullptr};
};

}  // namespace hairpin::daemon
