#include "dnsd/update_memory.hpp"

#include <algorithm>
#include <cstring>

namespace hairpin::dnsd {

std::size_t UpdateMemory::MarkHash::operator()(const Mark& mark) const noexcept {
    // A MAC is as good as random, and only who has the key could choose one.
    std::size_t hash = 0;
    std::memcpy(&hash, mark.mac.data(), sizeof hash);
    return hash;
}

UpdateMemory::Mark UpdateMemory::mark_of(std::int64_t key, const Endpoint& client, std::uint16_t id,
                                         OctetView mac) noexcept {
    Mark mark{key, client, id, {}};
    std::copy_n(mac.begin(), std::min(mac.size(), mark.mac.size()), mark.mac.begin());
    return mark;
}

std::optional<OctetView> UpdateMemory::find(const Mark& mark, MonotonicTime now) {
    drop_old(now);
    const auto known = entries_.find(mark);
    if (known == entries_.end()) return std::nullopt;
    return OctetView(known->second);
}

void UpdateMemory::begin(const Mark& mark) {
    entries_.try_emplace(mark);
}

void UpdateMemory::answered(const Mark& mark, OctetView answer, MonotonicTime now) {
    const auto known = entries_.find(mark);
    if (known == entries_.end()) return;
    known->second.assign(answer.begin(), answer.end());
    answered_.push_back({mark, now + kKept});
    drop_old(now);
}

void UpdateMemory::forget(const Mark& mark) {
    entries_.erase(mark);
}

void UpdateMemory::drop_old(MonotonicTime now) {
    while (!answered_.empty() &&
           (answered_.front().until <= now || answered_.size() > kMostAnswers)) {
        entries_.erase(answered_.front().mark);
        answered_.pop_front();
    }
}

}  // namespace hairpin::dnsd
