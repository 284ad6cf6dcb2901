#include "admin/certificate_waits.hpp"

#include <utility>
#include <vector>

namespace hairpin::admin {

CertificateWaits::CertificateWaits(net::Loop& loop, std::size_t most, std::size_t most_per_server)
    : loop_(loop),
      most_(most),
      most_per_server_(most_per_server),
      timer_(loop.add_timer(kTick, kTick, [this] { tick(); })) {
    timer_.pause();
}

bool CertificateWaits::add(std::int64_t server_id, Wait wait) {
    if (waits_.size() >= most_ || waits_.count(server_id) >= most_per_server_) return false;
    if (waits_.empty()) timer_.again(kTick);
    waits_.emplace(server_id, std::move(wait));
    return true;
}

void CertificateWaits::news(std::int64_t server_id) {
    std::vector<Wait> woken;
    const auto [first, last] = waits_.equal_range(server_id);
    for (auto at = first; at != last; ++at)
        woken.push_back(std::move(at->second));
    waits_.erase(first, last);
    if (waits_.empty()) timer_.pause();
    for (Wait& wait : woken)
        wait.wake();
}

void CertificateWaits::tick() {
    std::vector<Wait> due;
    for (auto at = waits_.begin(); at != waits_.end();) {
        if (!at->second.is_open()) {
            at = waits_.erase(at);
        } else if (at->second.deadline <= loop_.now()) {
            due.push_back(std::move(at->second));
            at = waits_.erase(at);
        } else {
            ++at;
        }
    }
    if (waits_.empty()) timer_.pause();
    for (Wait& wait : due)
        wait.wake();
}

}  // namespace hairpin::admin
