#include "admin/transfer_door.hpp"

#include <utility>

#include "admin/authentication.hpp"
#include "admin/credential_check.hpp"
#include "admin/edit_door.hpp"
#include "zones/permission.hpp"

namespace hairpin::admin {
namespace {

constexpr const char* kTransferDoor = "transfer";

/// On the commit thread: always an error, of which the audit is told.
Problem why_refused(ApiContext& context, const RefusedTransfer& refused, store::Writer& writer,
                    zones::Change& change) {
    auto identity = writer.read().identity(refused.credential_id);
    if (!identity) return identity.error();
    if (!*identity) return {ProblemType::Unauthorized, "refused: the credential was revoked"};
    change.actor = actor_of(**identity, refused.source, kTransferDoor);
    auto judged = judge_transfer(writer.read(), **identity, refused.apex, refused.source,
                                 writer.now(), context.options.addresses);
    return judged ? Problem(ProblemType::Forbidden, kTransferNeedsTls) : std::move(judged).error();
}

}  // namespace

Result<std::string, Problem> judge_transfer(store::Queries& queries,
                                            const store::Identity& identity,
                                            const zones::Name& apex, const IpAddress& source,
                                            WallTime now, const zones::AddressRules& rules) {
    zones::PermissionQuestion question;
    question.operation = zones::Operation::Transfer;
    question.apex = question.owner = apex;
    question.is_whole_zone = true;
    question.source = source;
    return judge(queries, identity, question, now, rules);
}

void audit_refused_transfer(ApiContext& context, const RefusedTransfer& refused) {
    store::CredentialRow credential;
    credential.id = refused.credential_id;
    if (over_rate(context, credential)) return;  // It is counted, and that is all.
    store::Work work;
    work.audit = {kTransferDoor, refused.apex.text()};
    work.change.actor = {"tsig", refused.key, refused.source.text(), kTransferDoor};
    work.rows = [&context, refused](store::Writer& writer, zones::Change& change) -> Result<void> {
        return fail(to_error(why_refused(context, refused, writer, change)));
    };
    context.committer.submit(std::move(work), [](const auto&) {});
}

}  // namespace hairpin::admin
