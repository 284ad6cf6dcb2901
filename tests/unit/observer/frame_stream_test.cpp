#include "observer/frame_stream.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"
#include "zones/wire.hpp"

namespace hairpin::observer {
namespace {

constexpr std::string_view kType = "protobuf:test";
constexpr std::size_t kMaxFrame = 1'000;

constexpr MonotonicTime at(int milliseconds) {
    return MonotonicTime(Milliseconds(1'000'000 + milliseconds));
}

/// The reader's side, one step at a time.
class Reader {
public:
    explicit Reader(const std::string& path) : path_(path) { listen(); }
    void listen() {
        ::unlink(path_.c_str());
        listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.data(), path_.size());
        if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_.get(), 5) != 0)
            throw std::runtime_error("listen");
    }
    void accept() {
        socket_ = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        received_.clear();
        taken_ = 0;
    }
    void say(const Octets& octets) {
        if (::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL) < 0)
            throw std::runtime_error("send");
    }
    /// What came and was not taken off yet.
    OctetView hear() {
        for (;;) {
            const ssize_t count = ::recv(socket_.get(), piece_.data(), piece_.size(), MSG_DONTWAIT);
            if (count <= 0) return OctetView(received_).subspan(taken_);
            received_.insert(received_.end(), piece_.begin(), piece_.begin() + count);
        }
    }
    /// The control frame at the front of what was heard, taken off.
    std::optional<ControlType> take_control() {
        const auto read = read_control(hear(), kType);
        if (!read.frame) return std::nullopt;
        taken_ += read.frame->octets;
        const bool names_type = read.frame->type != ControlType::Stop;
        if (names_type && !read.frame->takes_content_type) return std::nullopt;
        return read.frame->type;
    }
    /// The same of a frame.
    std::optional<Octets> take_frame() {
        OctetView heard = OctetView(received_).subspan(taken_);
        if (!holds_frame(heard)) heard = hear();
        if (!holds_frame(heard)) return std::nullopt;
        const OctetView frame = heard.subspan(4, zones::read_u32(heard.data()));
        taken_ += 4 + frame.size();
        return Octets(frame.begin(), frame.end());
    }
    void hang_up() { socket_.reset(); }
    void go_away() {
        hang_up();
        listener_.reset();
        ::unlink(path_.c_str());
    }

private:
    static bool holds_frame(OctetView octets) {
        if (octets.size() < 4) return false;
        const std::size_t length = zones::read_u32(octets.data());
        return length != 0 && octets.size() >= 4 + length;
    }
    std::string path_;
    Fd listener_;
    Fd socket_;
    Octets received_;
    std::size_t taken_ = 0;  // Of received_.
    Octets piece_ = Octets(65'536);
};

struct Streaming {
    void agree(int milliseconds = 0) {
        stream.advance(at(milliseconds));
        reader.accept();
        REQUIRE(reader.take_control() == ControlType::Ready);
        reader.say(encode_control(ControlType::Accept, kType));
        stream.advance(at(milliseconds));
        REQUIRE(stream.is_running());
        REQUIRE(reader.take_control() == ControlType::Start);
    }
    /// Whether there was room for a frame of that many octets.
    bool put(std::size_t octets, std::uint8_t with) {
        const auto room = stream.room();
        if (room.empty()) return false;
        REQUIRE(room.size() >= kMaxFrame);
        std::memset(room.data(), with, octets);
        stream.commit(octets);
        return true;
    }
    hairpin::tests::TemporaryFolder folder;
    const std::string path = folder.file("dnstap.sock");
    Reader reader{path};
    SinkCounters counters;
    FrameStream stream{path, kType, kMaxFrame, counters};
};

TEST_CASE("Reader and writer agree, frames come whole, and the end is told", "[observer][dnstap]") {
    Streaming streaming;
    CHECK(streaming.stream.room().empty());
    streaming.agree();
    CHECK(streaming.put(100, 1));
    CHECK(streaming.put(1'000, 2));
    CHECK(streaming.counters.written.value() == 0);
    streaming.stream.advance(at(10));
    CHECK(streaming.counters.written.value() == 2);
    CHECK(streaming.reader.take_frame() == Octets(100, 1));
    CHECK(streaming.reader.take_frame() == Octets(1'000, 2));

    CHECK(streaming.put(7, 3));
    std::thread reader([&] {
        for (int each = 0; each < 1'000; ++each) {
            if (streaming.reader.hear().size() >= 11 + 12) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        streaming.reader.say(encode_control(ControlType::Finish));
    });
    streaming.stream.close(Milliseconds(5'000));
    reader.join();
    CHECK(streaming.reader.take_frame() == Octets(7, 3));
    CHECK(streaming.reader.take_control() == ControlType::Stop);
    CHECK(streaming.counters.written.value() == 3);
    CHECK(streaming.counters.dropped.value() == 0);
}

TEST_CASE("Who does not agree gets nothing, and the reason is kept", "[observer][hostile]") {
    struct Case {
        const char* why;
        Octets said;
        const char* trouble;
    };
    Octets endless = encode_control(ControlType::Accept, kType);
    endless[4] = 0xff;
    const auto each = GENERATE_COPY(values<Case>({
        {"another content type", encode_control(ControlType::Accept, "protobuf:other"),
         "does not take protobuf:test"},
        {"another control frame", encode_control(ControlType::Finish), "does not take"},
        {"no control frame", Octets(20, 'x'), "does not speak"},
        {"a control frame that does not end", endless, "does not speak"},
    }));
    INFO(each.why);
    Streaming streaming;
    streaming.stream.advance(at(0));
    streaming.reader.accept();
    streaming.reader.say(each.said);
    streaming.stream.advance(at(10));
    CHECK_FALSE(streaming.stream.is_running());
    CHECK(streaming.stream.trouble().find(each.trouble) != std::string::npos);
    CHECK(streaming.stream.room().empty());
}

TEST_CASE("An ACCEPT of every content type is one of ours", "[observer][dnstap]") {
    const auto read = read_control(encode_control(ControlType::Accept), kType);
    REQUIRE(read.frame);
    CHECK(read.frame->type == ControlType::Accept);
    CHECK(read.frame->takes_content_type);
}

TEST_CASE("An ACCEPT may come octet by octet", "[observer][dnstap]") {
    Streaming streaming;
    streaming.stream.advance(at(0));
    streaming.reader.accept();
    int now = 0;
    for (const std::uint8_t octet : encode_control(ControlType::Accept, kType)) {
        CHECK_FALSE(streaming.stream.is_running());
        streaming.reader.say({octet});
        streaming.stream.advance(at(++now));
    }
    CHECK(streaming.stream.is_running());
}

TEST_CASE("A reader that says nothing is let go after a while", "[observer][hostile]") {
    Streaming streaming;
    streaming.stream.advance(at(0));
    streaming.reader.accept();
    streaming.stream.advance(at(4'999));
    CHECK(streaming.stream.trouble().empty());
    streaming.stream.advance(at(5'000));
    CHECK(streaming.stream.trouble() == "the reader says nothing");
}

TEST_CASE("Who is not there is asked again, and found when he comes", "[observer][dnstap]") {
    Streaming streaming;
    streaming.reader.go_away();
    for (int now = 0; now <= 60'000; now += 100)
        streaming.stream.advance(at(now));
    CHECK(streaming.stream.trouble().find("No such file") != std::string::npos);
    // By now the pause is the longest; a reader that comes is found after that at the latest.
    streaming.reader.listen();
    streaming.agree(60'100 + static_cast<int>(FrameStream::kLongestPause.count()));
    CHECK(streaming.stream.trouble().empty());
}

TEST_CASE(
    "What a reader that goes away has not taken is counted, and a new one begins with a whole "
    "frame",
    "[observer][dnstap]") {
    Streaming streaming;
    streaming.agree();
    std::uint64_t taken = 0;
    while (streaming.put(1'000, 4)) {
        ++taken;
        streaming.stream.advance(at(10));
    }
    CHECK(streaming.stream.has_waiting());
    CHECK(streaming.counters.written.value() < taken);
    streaming.reader.hang_up();
    streaming.stream.advance(at(20));
    CHECK_FALSE(streaming.stream.is_running());
    CHECK(streaming.counters.written.value() + streaming.counters.dropped.value() == taken);
    CHECK_FALSE(streaming.put(10, 5));

    streaming.agree(20 + static_cast<int>(FrameStream::kFirstPause.count()));
    CHECK(streaming.put(10, 6));
    streaming.stream.advance(at(1'000));
    CHECK(streaming.reader.take_frame() == Octets(10, 6));
}

TEST_CASE("A reader that dawdles gets every frame that there was room for, in order",
          "[observer][dnstap]") {
    Streaming streaming;
    streaming.agree();
    std::uint64_t put = 0;
    std::uint64_t read = 0;
    for (int now = 1; now < 400; ++now) {
        for (int each = 0; each < 40; ++each)
            if (streaming.put(1 + put % 1'000, static_cast<std::uint8_t>(put))) ++put;
        streaming.stream.advance(at(now));
        if (now % 50 != 0) continue;
        while (const auto frame = streaming.reader.take_frame()) {
            if (*frame != Octets(1 + read % 1'000, static_cast<std::uint8_t>(read)))
                FAIL("another frame");
            ++read;
        }
    }
    while (streaming.stream.has_waiting() || read < put) {
        streaming.stream.advance(at(1'000));
        while (streaming.reader.take_frame())
            ++read;
    }
    CHECK(read == put);
    CHECK(streaming.counters.written.value() == put);
    CHECK(streaming.counters.dropped.value() == 0);
}

TEST_CASE("A reader that never reads delays the end by no more than is granted",
          "[observer][hostile]") {
    Streaming streaming;
    streaming.agree();
    while (streaming.put(1'000, 7))
        streaming.stream.advance(at(10));
    const auto before = std::chrono::steady_clock::now();
    streaming.stream.close(Milliseconds(100));
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(3));
    CHECK(streaming.counters.dropped.value() > 0);
    CHECK_FALSE(streaming.stream.is_running());
}

TEST_CASE("A path that no socket can have is a trouble like others", "[observer][dnstap]") {
    SinkCounters counters;
    FrameStream stream("/" + std::string(200, 'x'), kType, kMaxFrame, counters);
    stream.advance(at(0));
    CHECK(stream.trouble().find("too long") != std::string::npos);
}

}  // namespace
}  // namespace hairpin::observer
