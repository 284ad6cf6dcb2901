#include "observer/frame_stream.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "core/assert.hpp"
#include "core/error.hpp"
#include "zones/wire.hpp"

namespace hairpin::observer {
namespace {

constexpr std::size_t kFrameLengthOctets = 4;
constexpr int kSendBufferOctets = 1024 * 1024;  // The kernel caps it at net.core.wmem_max.

enum class Heard : std::uint8_t { Nothing, Octets, End };

/// What the reader has said since, appended.
Heard listen_to(int socket, Octets& to) {
    std::array<std::uint8_t, kMaxControlOctets> piece{};
    const ssize_t count = ::recv(socket, piece.data(), piece.size(), MSG_DONTWAIT);
    if (count > 0) {
        to.insert(to.end(), piece.begin(), piece.begin() + count);
        return Heard::Octets;
    }
    const bool waits = count < 0 && (errno == EAGAIN || errno == EINTR);
    return waits ? Heard::Nothing : Heard::End;
}

/// Waits for the reader to speak or to take more.
void wait_for(int socket, bool to_send, Milliseconds patience) {
    pollfd watched{socket, static_cast<short>(to_send ? POLLIN | POLLOUT : POLLIN), 0};
    static_cast<void>(::poll(&watched, 1, static_cast<int>(patience.count())));
}

/// Octets of the frame at `at`, with what stands before it.
std::size_t frame_octets(const std::uint8_t* at) noexcept {
    const std::size_t length = zones::read_u32(at);
    if (length != 0) return kFrameLengthOctets + length;
    return kControlHeaderOctets + zones::read_u32(at + kFrameLengthOctets);
}

}  // namespace

FrameStream::FrameStream(std::string path, std::string_view content_type, std::size_t max_frame,
                         SinkCounters& counters)
    : path_(std::move(path)),
      content_type_(content_type),
      max_frame_(max_frame),
      counters_(counters),
      state_(Waiting{}),
      buffer_(kBufferOctets) {
    HAIRPIN_ASSERT(2 * (max_frame + kControlHeaderOctets) <= kBufferOctets);
}

void FrameStream::advance(MonotonicTime now) {
    is_full_ = false;
    if (const auto* waiting = std::get_if<Waiting>(&state_); waiting && now >= waiting->until)
        connect(now);
    if (auto* offering = std::get_if<Offering>(&state_)) await_accept(*offering, now);
    if (auto* running = std::get_if<Running>(&state_)) run(*running, now);
}

void FrameStream::connect(MonotonicTime now) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path)
        return fail_with(path_ + " is too long for a socket's path", now);
    std::memcpy(address.sun_path, path_.data(), path_.size());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return fail_with(system_error("socket", errno).text(), now);
    // EAGAIN: its queue is full. As with every other error, later is the time to ask again.
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail_with(system_error("connect", errno).text(), now);
    static_cast<void>(::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBufferOctets,
                                   sizeof kSendBufferOctets));
    state_ = Offering{std::move(socket), now + kHandshake, {}};
    put_control(ControlType::Ready, content_type_);
}

void FrameStream::await_accept(Offering& offering, MonotonicTime now) {
    if (!send(offering.socket.get())) return fail_with("the reader closed the connection", now);
    const Heard heard = listen_to(offering.socket.get(), offering.received);
    const ControlRead read = read_control(offering.received, content_type_);
    if (!read.frame) {
        if (read.is_broken) return fail_with("the reader does not speak Frame Streams", now);
        if (heard == Heard::End) return fail_with("the reader closed the connection", now);
        if (now >= offering.deadline) return fail_with("the reader says nothing", now);
        return;
    }
    if (read.frame->type != ControlType::Accept || !read.frame->takes_content_type)
        return fail_with("the reader does not take " + content_type_, now);
    put_control(ControlType::Start, content_type_);
    pause_ = kFirstPause;
    trouble_.clear();
    state_ = Running{std::move(offering.socket)};
}

void FrameStream::run(Running& running, MonotonicTime now) {
    Octets ignored;
    const bool is_gone = listen_to(running.socket.get(), ignored) == Heard::End;
    if (is_gone || !send(running.socket.get())) fail_with("the reader closed the connection", now);
}

void FrameStream::fail_with(std::string trouble, MonotonicTime now) {
    drop_all();
    trouble_ = std::move(trouble);
    state_ = Waiting{now + pause_};
    pause_ = std::min(2 * pause_, kLongestPause);
}

std::span<std::uint8_t> FrameStream::room() {
    if (!is_running()) return {};
    const std::size_t needed = kFrameLengthOctets + max_frame_;
    if (buffer_.size() - end_ < needed) make_room();
    if (buffer_.size() - end_ < needed) return {};
    return std::span(buffer_).subspan(end_ + kFrameLengthOctets);
}

void FrameStream::commit(std::size_t octets) {
    zones::write_u32(buffer_.data() + end_, static_cast<std::uint32_t>(octets));
    end_ += kFrameLengthOctets + octets;
}

void FrameStream::put_control(ControlType type, std::string_view content_type) {
    const Octets frame = encode_control(type, content_type);
    if (buffer_.size() - end_ < frame.size()) make_room();
    HAIRPIN_ASSERT(buffer_.size() - end_ >= frame.size());
    std::copy(frame.begin(), frame.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(end_));
    end_ += frame.size();
}

bool FrameStream::send(int socket) {
    while (has_waiting() && !is_full_) {
        const ssize_t count =
            ::send(socket, buffer_.data() + sent_, end_ - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN) return false;
        is_full_ = count < 0;
        sent_ += count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    settle_frames();
    return true;
}

/// Counts the frames that the kernel has all of.
void FrameStream::settle_frames() {
    while (frame_ < sent_) {
        const std::uint8_t* at = buffer_.data() + frame_;
        const std::size_t octets = frame_octets(at);
        if (sent_ - frame_ < octets) return;
        frame_ += octets;
        if (zones::read_u32(at) != 0) counters_.written.add();
    }
    if (frame_ == end_) frame_ = sent_ = end_ = 0;
}

/// Sends if that is of any use, and moves what is left to the front.
void FrameStream::make_room() {
    // What breaks here is met again, and told, by the next advance().
    if (const auto* running = std::get_if<Running>(&state_); running && !is_full_)
        static_cast<void>(send(running->socket.get()));
    if (frame_ == 0) return;
    std::memmove(buffer_.data(), buffer_.data() + frame_, end_ - frame_);
    sent_ -= frame_;
    end_ -= frame_;
    frame_ = 0;
}

void FrameStream::drop_all() {
    while (frame_ < end_) {
        const std::uint8_t* at = buffer_.data() + frame_;
        if (zones::read_u32(at) != 0) counters_.dropped.add();
        frame_ += frame_octets(at);
    }
    frame_ = sent_ = end_ = 0;
}

void FrameStream::close(Milliseconds patience) {
    if (auto* running = std::get_if<Running>(&state_)) {
        const SystemClock clock;
        const MonotonicTime deadline = clock.monotonic() + patience;
        const int socket = running->socket.get();
        is_full_ = false;
        make_room();
        // With no room for it, STOP would come in the middle of what never gets there.
        const bool says_stop = buffer_.size() - end_ >= kMaxControlOctets;
        if (says_stop) put_control(ControlType::Stop, {});
        for (MonotonicTime now = clock.monotonic(); now < deadline; now = clock.monotonic()) {
            is_full_ = false;
            Octets received;
            if (!send(socket) || listen_to(socket, received) == Heard::End) break;
            // FINISH, whatever it looks like: after STOP there is nothing else to say.
            if (!has_waiting() && (!received.empty() || !says_stop)) break;
            wait_for(socket, has_waiting(), deadline - now);
        }
    }
    drop_all();
    state_ = Waiting{};
}

}  // namespace hairpin::observer
