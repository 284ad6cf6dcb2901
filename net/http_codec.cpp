#include "net/http_codec.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "core/log.hpp"

namespace hairpin::net {
namespace {

constexpr std::array<std::string_view, 7> kOwnFields{
    "content-length", "date",    "connection",      "transfer-encoding",
    "keep-alive",     "upgrade", "proxy-connection"};

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) noexcept {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kOthers.find(c) != kOthers.npos;
    });
}

bool is_field_value(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
}

bool is_own(std::string_view name) noexcept {
    return std::find(kOwnFields.begin(), kOwnFields.end(), name) != kOwnFields.end();
}

}  // namespace

Response refusal_response(Refusal refusal, HttpCounters& counters) {
    auto response = problem_response(refusal.status, refusal.detail);
    if (refusal.status == 503) response.headers.push_back({"retry-after", "10"});
    normalise(response, counters);
    return response;
}

HeldBody::HeldBody(HeldBody&& other) noexcept
    : environment_(other.environment_), size_(std::exchange(other.size_, 0)) {}

HeldBody& HeldBody::operator=(HeldBody&& other) noexcept {
    if (this == &other) return *this;
    release();
    environment_ = other.environment_;
    size_ = std::exchange(other.size_, 0);
    return *this;
}

bool HeldBody::has_room_for(std::size_t octets, std::size_t others) const noexcept {
    if (others + size_ + octets <= ServerOptions::kSmallBodies) return true;
    const auto limit = environment_->options.max_bodies_in_flight;
    const auto held = environment_->bodies_in_flight;
    return held <= limit && octets <= limit - held;
}

void HeldBody::add(std::size_t octets) noexcept {
    size_ += octets;
    environment_->bodies_in_flight += octets;
}

void HeldBody::release() noexcept {
    environment_->bodies_in_flight -= std::exchange(size_, 0);
}

Refusal refuse_body(CodecEnvironment& environment) noexcept {
    HttpCounters::add(environment.counters.bodies_refused);
    return {503, "too many large requests at once; try again later"};
}

void OutputQueue::push(std::string&& chunk) {
    if (chunk.empty()) return;
    size_ += chunk.size();
    chunks_.push_back(std::move(chunk));
}

std::size_t OutputQueue::fill(std::span<std::uint8_t> room) noexcept {
    std::size_t filled = 0;
    while (size_ > 0 && filled < room.size()) {
        auto& chunk = chunks_[front_];
        const std::size_t step = std::min(room.size() - filled, chunk.size() - offset_);
        std::memcpy(room.data() + filled, chunk.data() + offset_, step);
        filled += step;
        offset_ += step;
        size_ -= step;
        if (offset_ < chunk.size()) break;
        chunk = {};  // Large bodies are given back as soon as they are through.
        offset_ = 0;
        ++front_;
    }
    if (size_ == 0) {
        clear();
    } else if (front_ >= 64) {
        chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(front_));
        front_ = 0;
    }
    return filled;
}

void SendPace::begin(const ServerOptions& options, MonotonicTime now) noexcept {
    if (!due_) due_ = now + options.write_stall_time;
}

void SendPace::moved(const ServerOptions& options, std::size_t octets, MonotonicTime now) noexcept {
    if (!due_) return;
    const auto earned = octets * 1000 / std::max<std::size_t>(options.min_write_rate, 1);
    due_ = std::min(*due_ + Milliseconds(static_cast<Milliseconds::rep>(earned)),
                    now + options.write_stall_time);
}

void OutputQueue::clear() noexcept {
    chunks_.clear();
    front_ = offset_ = size_ = 0;
}

void normalise(Response& response, HttpCounters& counters) {
    auto& headers = response.headers;
    for (auto& header : headers) {
        std::transform(header.name.begin(), header.name.end(), header.name.begin(), lower);
    }
    headers.erase(std::remove_if(headers.begin(), headers.end(),
                                 [](const Header& header) { return is_own(header.name); }),
                  headers.end());
    const bool is_sound = response.status >= 200 && response.status <= 599 &&
                          std::all_of(headers.begin(), headers.end(), [](const Header& header) {
                              return is_token(header.name) && is_field_value(header.value);
                          });
    if (!is_sound) {
        log::logger("net").error(
            "a handler's response (status {}) is malformed and was replaced by 500",
            response.status);
        response = problem_response(500);
    }
    if (has_no_content(response.status)) response.body.clear();
    HttpCounters::add(counters.responses[static_cast<std::size_t>(response.status / 100)]);
}

bool is_authority(std::string_view text) noexcept {
    // RFC 3986 section 3.2 without userinfo: what remains are host and port.
    constexpr std::string_view kOthers = "-._~%!$&'()*+;=:[]";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
               kOthers.find(c) != kOthers.npos;
    });
}

std::string to_http_date(WallTime time) {
    static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = to_unix_seconds(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    static_cast<void>(
        std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                      kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                      parts.tm_hour, parts.tm_min, parts.tm_sec));
    return text.data();
}

MonotonicTime body_deadline(const ServerOptions& options, MonotonicTime since,
                            std::size_t received) noexcept {
    const auto earned = received * 1000 / std::max<std::size_t>(options.min_body_rate, 1);
    return since + options.body_time + Milliseconds(static_cast<Milliseconds::rep>(earned));
}

}  // namespace hairpin::net
