// tests/support/captured_response.hpp - calls a handler without a server.
//
//   net::Loop loop;
//   const auto captured = tests::CapturedResponse::create();
//   handler(std::move(request), captured->responder(loop));
//   CHECK(captured->response.status == 200);
//
// A streamed response is gathered into `response.body`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/http.hpp"

namespace hairpin::tests {

class CapturedResponse final : public net::ResponseSink,
                               public std::enable_shared_from_this<CapturedResponse> {
public:
    [[nodiscard]] static std::shared_ptr<CapturedResponse> create() {
        return std::make_shared<CapturedResponse>();
    }
    [[nodiscard]] net::Responder responder(net::Loop& loop) { return {loop, weak_from_this(), 1}; }

    net::Response response{0, {}, {}};
    bool is_complete = false;  // By send() or end().
    bool is_abandoned = false;
    bool peer_is_there = true;
    bool is_full = false;  // Each write() says that it is enough.

    /// The first header of that (lower-case) name; empty if there is none.
    [[nodiscard]] std::string header(std::string_view name) const {
        for (const auto& each : response.headers) {
            if (each.name == name) return each.value;
        }
        return {};
    }
    /// The peer goes away.
    void hang_up() {
        peer_is_there = false;
        if (gone_) std::exchange(gone_, {})();
    }

    /// The peer has taken what waited for it.
    void make_room() {
        if (writable_) writable_();
    }

    void respond(net::ExchangeId /*exchange*/, net::Response&& sent) override {
        response = std::move(sent);
        is_complete = true;
    }
    void begin(net::ExchangeId /*exchange*/, net::Response&& head) override {
        response = std::move(head);
    }
    [[nodiscard]] bool write(net::ExchangeId /*exchange*/, std::string&& chunk) override {
        response.body += chunk;
        return peer_is_there && !is_full;
    }
    void end(net::ExchangeId /*exchange*/) override { is_complete = true; }
    void abandon(net::ExchangeId /*exchange*/) override { is_abandoned = true; }
    [[nodiscard]] bool is_open(net::ExchangeId /*exchange*/) const override {
        return peer_is_there && !is_complete;
    }
    void on_writable(net::ExchangeId /*exchange*/, std::function<void()> callback) override {
        writable_ = std::move(callback);
    }
    void on_gone(net::ExchangeId /*exchange*/, std::function<void()> callback) override {
        gone_ = std::move(callback);
    }

private:
    std::function<void()> gone_;
    std::function<void()> writable_;
};

}  // namespace hairpin::tests
