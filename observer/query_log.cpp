#include "observer/query_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "core/error.hpp"
#include "core/log.hpp"
#include "observer/query_line.hpp"

namespace hairpin::observer {
namespace {

/// Written in one go.
constexpr std::size_t kBlockOctets = 64 * 1024;
constexpr Milliseconds kOpenAgain{1'000};
/// For the service's group: logrotate, and who reads logs. The umask has no say.
constexpr mode_t kMode = 0640;

constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK;

/// -1 with errno, as open(2).
int open_log(const char* path) noexcept {
    const int existing = ::open(path, kFlags);
    if (existing >= 0 || errno != ENOENT) return existing;
    const int made = ::open(path, kFlags | O_CREAT, kMode);
    if (made >= 0) static_cast<void>(::fchmod(made, kMode));
    return made;
}

std::uint64_t count_lines(std::string_view text) noexcept {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

void QueryLog::set(const std::string& path, MonotonicTime now) {
    flush(now);
    file_.reset();
    is_torn_ = false;
    if (path != path_) is_out_ = false;
    path_ = path;
    try_again_ = {};
    if (!path_.empty()) open(now);
}

void QueryLog::see(const dnsd::Exchange& exchange, MonotonicTime now) {
    append_query_line(waiting_, exchange);
    ++waiting_lines_;
    if (waiting_.size() >= kBlockOctets) flush(now);
}

void QueryLog::flush(MonotonicTime now) {
    if (waiting_lines_ == 0) return;
    if (!file_ && now >= try_again_) open(now);
    if (file_) write();
    counters_.dropped.add(waiting_lines_);
    lost_ += waiting_lines_;
    waiting_lines_ = 0;
    waiting_.clear();
}

void QueryLog::open(MonotonicTime now) {
    file_ = Fd(open_log(path_.c_str()));
    if (file_) return;
    try_again_ = now + kOpenAgain;
    lose("open", errno);
}

/// Leaves those lines waiting that could not be written.
void QueryLog::write() {
    if (is_torn_) waiting_.insert(0, 1, '\n');
    const std::uint64_t ends_before = is_torn_ ? 1 : 0;
    std::string_view left = waiting_;
    while (!left.empty()) {
        const ssize_t count = ::write(file_.get(), left.data(), left.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            lose("write", count < 0 ? errno : ENOSPC);
            break;
        }
        left.remove_prefix(static_cast<std::size_t>(count));
    }
    const std::string_view taken(waiting_.data(), waiting_.size() - left.size());
    if (!taken.empty()) is_torn_ = taken.back() != '\n';
    const std::uint64_t ends = count_lines(taken);
    const std::uint64_t written = ends - std::min(ends, ends_before);
    counters_.written.add(written);
    waiting_lines_ -= written;
    if (left.empty()) recover();
}

/// Told once for each trouble.
void QueryLog::lose(const char* call, int error_number) {
    if (is_out_) return;
    is_out_ = true;
    log::logger("observer")
        .warn("the query log cannot be written, lines are dropped until it can: {}",
              Error{ErrorCode::Io, path_, system_error(call, error_number).text()}.text());
}

void QueryLog::recover() {
    if (is_out_)
        log::logger("observer")
            .info("the query log {} is written again; {} lines were dropped", path_, lost_);
    is_out_ = false;
    lost_ = 0;
}

}  // namespace hairpin::observer
