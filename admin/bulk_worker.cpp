#include "admin/bulk_worker.hpp"

namespace hairpin::admin {

BulkWorker::BulkWorker(std::size_t capacity)
    : jobs_(capacity), thread_([this] {
          for (;;) {
              const auto jobs = jobs_.wait_all();
              if (jobs.empty()) return;
              for (const auto& job : jobs)
                  job();
          }
      }) {}

void BulkWorker::stop() {
    jobs_.close();
    if (thread_.joinable()) thread_.join();
}

}  // namespace hairpin::admin
