#include "admin/report_row.hpp"

#include <utility>

namespace hairpin::admin {

Result<void, Problem> write_report_row(store::Writer& writer, store::SeenUpdate update) {
    writer.touch_server(update.server_id);
    store::SeenBuffer::Batch batch;
    batch.servers.push_back(std::move(update));
    const std::size_t broken = TRY(store::write_seen(writer.database(), batch));
    if (broken == 0) return {};
    return fail(Problem(ProblemType::Internal, "the report does not fit its row"));
}

}  // namespace hairpin::admin
