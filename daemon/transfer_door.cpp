#include "daemon/transfer_door.hpp"

#include "admin/transfer_door.hpp"

namespace hairpin::daemon {

void TransferDoor::asked(const dnsd::TransferAsked& request) {
    admin::ApiContext* context = context_.load();
    if (context == nullptr) return;
    context->committer.used(request.key_id, context->clock.now());
    if (request.is_given) return;
    admin::audit_refused_transfer(*context, {request.key_id, request.key_name.text_without_dot(),
                                             request.apex.lower(), request.client});
}

}  // namespace hairpin::daemon
