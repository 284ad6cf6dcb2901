// admin/way_back.hpp - how an answer from another thread reaches the Api that asked.
//
// The commit thread, the bulk worker and the thread "acme" answer when they are done, perhaps after
// the client, the Api or its loop has gone. A WayBack is a value that they can keep: what is posted
// through it runs on the Api's loop while the Api lives, and is dropped otherwise.
//
// Threads   post() from any thread; close() on the loop's, before the loop goes.

#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "core/guarded.hpp"
#include "net/loop.hpp"

namespace hairpin::admin {

class Api;

class WayBack {
public:
    explicit WayBack(net::Loop& loop) : gate_(std::make_shared<Guarded<net::Loop*>>(&loop)) {}

    /// Whose thread the work runs on; set once, before anything is posted.
    void lead_to(std::weak_ptr<Api> api) noexcept { api_ = std::move(api); }
    void post(std::function<void(Api&)> work) const;
    /// The loop is not touched any more when this returns.
    void close() const;

private:
    std::shared_ptr<Guarded<net::Loop*>> gate_;  // Null inside: closed.
    std::weak_ptr<Api> api_;
};

}  // namespace hairpin::admin
