#include "bench/load/dns_window.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hairpin::bench {
namespace {

constexpr std::size_t kHeaderOctets = 12;
constexpr std::size_t kMaxAnswerOctets = 4096;
constexpr int kSocketBuffer = 4 << 20;
constexpr auto kPatience = std::chrono::milliseconds(250);

unsigned number_at(OctetView octets, std::size_t offset) {
    return static_cast<unsigned>(octets[offset] << 8 | octets[offset + 1]);
}

}  // namespace

std::size_t Tally::percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(answered) * share);
    std::uint64_t below = 0;
    for (std::size_t time = 0; time < microseconds.size(); ++time) {
        below += microseconds[time];
        if (below >= wanted && below > 0) return time;
    }
    return 0;
}

DnsWindow::DnsWindow(Fd socket, std::size_t in_flight, Checking checking)
    : socket_(std::move(socket)), checking_(checking), slots_(in_flight) {
    for (std::size_t slot = 0; slot < in_flight; ++slot)
        free_.push_back(static_cast<std::uint16_t>(slot));
    for (auto& buffer : received_)
        buffer.resize(kMaxAnswerOctets);
}

Result<DnsWindow> DnsWindow::open(const Endpoint& server, std::size_t in_flight,
                                  Checking checking) {
    sockaddr_storage address{};
    const socklen_t size = server.to_sockaddr(address);
    Fd socket(::socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return fail(system_error("socket", errno));
    for (const int option : {SO_RCVBUF, SO_SNDBUF})
        if (setsockopt(socket.get(), SOL_SOCKET, option, &kSocketBuffer, sizeof kSocketBuffer) != 0)
            return fail(system_error("setsockopt", errno));
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
        return fail(system_error(server.text(), errno));
    return DnsWindow(std::move(socket), in_flight, checking);
}

bool DnsWindow::receive(Tally& tally) {
    if (free_.size() == slots_.size()) return false;
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> parts{};
    for (std::size_t index = 0; index < kBatch; ++index) {
        parts[index] = {received_[index].data(), received_[index].size()};
        messages[index].msg_hdr.msg_iov = &parts[index];
        messages[index].msg_hdr.msg_iovlen = 1;
    }
    const int count = recvmmsg(socket_.get(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return false;
    const Instant now = std::chrono::steady_clock::now();
    for (std::size_t index = 0; index < static_cast<std::size_t>(count); ++index)
        take(OctetView(received_[index]).first(messages[index].msg_len), now, tally);
    return true;
}

void DnsWindow::take(OctetView answer, Instant now, Tally& tally) {
    const unsigned id = answer.size() >= kHeaderOctets ? number_at(answer, 0) : 0;
    const std::size_t slot = id % kMaxInFlight;
    if (answer.size() < kHeaderOctets || slot >= slots_.size() ||
        slots_[slot].question == nullptr || slots_[slot].id != id) {
        ++tally.stray;
        return;
    }
    const auto waited =
        std::chrono::duration_cast<std::chrono::microseconds>(now - slots_[slot].sent).count();
    ++tally.microseconds[std::min(static_cast<std::size_t>(waited), Tally::kSlowest)];
    ++tally.answered;
    tally.octets += answer.size();
    if (!is_right(*slots_[slot].question, answer)) ++tally.wrong;
    slots_[slot].question = nullptr;
    free_.push_back(static_cast<std::uint16_t>(slot));
}

bool DnsWindow::is_right(const Question& question, OctetView answer) const {
    const bool is_answer = (answer[2] & 0x80) != 0;
    if (checking_ == Checking::EchoOnly || !is_answer) return is_answer;
    const OctetView asked = question.message.subspan(kHeaderOctets, question.question_size);
    return answer.size() >= kHeaderOctets + asked.size() &&
           std::equal(asked.begin(), asked.end(), answer.begin() + kHeaderOctets) &&
           (answer[3] & 0x0F) == question.rcode && number_at(answer, 6) >= question.least_answers;
}

bool DnsWindow::send(const Questions& questions, std::size_t& next) {
    const std::size_t count = std::min(kBatch, slots_.size());
    if (free_.size() < count) return false;
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> parts{};
    const Instant now = std::chrono::steady_clock::now();
    ++generation_;
    for (std::size_t index = 0; index < count; ++index) {
        const Question& question = questions[next];
        next = next + 1 == questions.size() ? 0 : next + 1;
        const std::uint16_t slot = free_.back();
        free_.pop_back();
        const auto id = static_cast<std::uint16_t>(generation_ * kMaxInFlight + slot);
        slots_[slot] = {&question, now, id};
        auto& out = outgoing_[index];
        std::memcpy(out.data(), question.message.data(), question.message.size());
        out[0] = static_cast<std::uint8_t>(id >> 8);
        out[1] = static_cast<std::uint8_t>(id & 0xFF);
        parts[index] = {out.data(), question.message.size()};
        messages[index].msg_hdr.msg_iov = &parts[index];
        messages[index].msg_hdr.msg_iovlen = 1;
    }
    // What the kernel does not take is found by expire() and counted as lost.
    return sendmmsg(socket_.get(), messages.data(), static_cast<unsigned>(count), 0) > 0;
}

void DnsWindow::expire(Instant now, Tally& tally) {
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
        if (slots_[slot].question == nullptr || now - slots_[slot].sent < kPatience) continue;
        slots_[slot].question = nullptr;
        free_.push_back(static_cast<std::uint16_t>(slot));
        ++tally.lost;
    }
}

}  // namespace hairpin::bench
