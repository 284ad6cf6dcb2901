// tests/unit/net/h2_client.hpp - nghttp2's client, in memory, for the tests of the HTTP/2 codec.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/handle.hpp"
#include "core/octets.hpp"

namespace hairpin::net::tests {

using SessionHandle = Handle<nghttp2_session, nghttp2_session_del>;
using CallbacksHandle = Handle<nghttp2_session_callbacks, nghttp2_session_callbacks_del>;
using OptionHandle = Handle<nghttp2_option, nghttp2_option_del>;
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Answer {
    Fields fields;
    std::string body;
    bool complete = false;
    std::optional<std::uint32_t> reset;

    [[nodiscard]] std::string field(std::string_view name) const {
        for (const auto& [each, value] : fields) {
            if (each == name) return value;
        }
        return {};
    }
};

struct Body {
    std::string octets;
    std::size_t done = 0;
    bool hangs = false;  // Never ends.
};

/// nghttp2's own client, in memory. It sends what it is told, malformed or not.
class Client {
public:
    enum class Windows { Automatic, ByHand };

    /// @param windows  Whether what was received is made up for with WINDOW_UPDATE at once.
    explicit Client(Windows windows = Windows::Automatic) {
        nghttp2_session_callbacks* table = nullptr;
        REQUIRE(nghttp2_session_callbacks_new(&table) == 0);
        const CallbacksHandle owner(table);
        nghttp2_session_callbacks_set_on_header_callback(table, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, on_chunk);
        nghttp2_session_callbacks_set_on_frame_recv_callback(table, on_frame);
        nghttp2_session_callbacks_set_on_stream_close_callback(table, on_close);
        nghttp2_option* made_option = nullptr;
        REQUIRE(nghttp2_option_new(&made_option) == 0);
        const OptionHandle option(made_option);
        nghttp2_option_set_no_auto_window_update(made_option, windows == Windows::ByHand ? 1 : 0);
        nghttp2_session* made = nullptr;
        REQUIRE(nghttp2_session_client_new2(&made, table, this, made_option) == 0);
        session.reset(made);
        nghttp2_submit_settings(made, 0, nullptr, 0);
    }

    std::int32_t submit(const Fields& fields, Body* body = nullptr) {
        std::vector<nghttp2_nv> list;
        for (const auto& [name, value] : fields) {
            const auto octets = [](const std::string& text) {
                return const_cast<std::uint8_t*>(as_octets(text).data());
            };
            list.push_back(
                {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
        }
        nghttp2_data_provider provider{};
        provider.source.ptr = body;
        provider.read_callback = on_read;
        const auto id = nghttp2_submit_request(session.get(), nullptr, list.data(), list.size(),
                                               body != nullptr ? &provider : nullptr, nullptr);
        REQUIRE(id > 0);
        return id;
    }

    SessionHandle session;
    std::map<std::int32_t, Answer> answers;
    bool goaway = false;

private:
    static Client& self(void* user) { return *static_cast<Client*>(user); }
    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t, void* user) {
        self(user).answers[frame->hd.stream_id].fields.emplace_back(as_text({name, name_size}),
                                                                    as_text({value, value_size}));
        return 0;
    }
    static int on_chunk(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* octets,
                        std::size_t size, void* user) {
        self(user).answers[id].body.append(as_text({octets, size}));
        return 0;
    }
    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type == NGHTTP2_GOAWAY) self(user).goaway = true;
        const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            self(user).answers[frame->hd.stream_id].complete = true;
        }
        if (frame->hd.type == NGHTTP2_RST_STREAM) {
            self(user).answers[frame->hd.stream_id].reset = frame->rst_stream.error_code;
        }
        return 0;
    }
    static int on_close(nghttp2_session*, std::int32_t, std::uint32_t, void*) { return 0; }
    static ssize_t on_read(nghttp2_session*, std::int32_t, std::uint8_t* room, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
        auto& body = *static_cast<Body*>(source->ptr);
        const auto step = std::min(size, body.octets.size() - body.done);
        std::copy_n(body.octets.data() + body.done, step, room);
        body.done += step;
        if (body.done == body.octets.size()) {
            if (body.hangs && step == 0) return NGHTTP2_ERR_DEFERRED;
            if (!body.hangs) *flags |= NGHTTP2_DATA_FLAG_EOF;
        }
        return static_cast<ssize_t>(step);
    }
};

}  // namespace hairpin::net::tests
