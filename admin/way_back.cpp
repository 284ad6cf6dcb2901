#include "admin/way_back.hpp"

#include "admin/api.hpp"

namespace hairpin::admin {

void WayBack::post(std::function<void(Api&)> work) const {
    // The Api is only ever locked on its own thread: nobody else may be the last to let go of it.
    std::function<void()> letter = [api = api_, work = std::move(work)] {
        if (const auto alive = api.lock()) work(*alive);
    };
    // Loop::post never runs the letter itself, so that nothing of ours runs under the lock.
    gate_->with([&](net::Loop* loop) {
        if (loop != nullptr) loop->post(std::move(letter));
    });
}

void WayBack::close() const {
    gate_->with([](net::Loop*& loop) { loop = nullptr; });
}

}  // namespace hairpin::admin
