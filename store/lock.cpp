#include "store/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace hairpin::store {
namespace {

constexpr int kAttempts = 3;  // A lock file that is removed while we take it is taken anew.

Error lock_file_error(const std::string& path) {
    Error error = system_error(path, errno);
    error.code = ErrorCode::Unavailable;
    return error;
}

// The number that the owner wrote; empty where it has not come to that yet.
std::string owner(const Fd& file) {
    std::array<char, 20> octets{};
    const ssize_t size = ::pread(file.get(), octets.data(), octets.size(), 0);
    const std::string_view text(octets.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto is_digit = [](char each) { return each >= '0' && each <= '9'; };
    return {text.begin(), std::find_if_not(text.begin(), text.end(), is_digit)};
}

Error in_use(const std::string& database_path, const Fd& file) {
    const std::string pid = owner(file);
    return {ErrorCode::Conflict, database_path,
            "another hairpind is using this database" + (pid.empty() ? "" : " (pid " + pid + ")")};
}

// Whether the file that we locked is still the one that others would lock.
bool is_in_place(const Fd& file, const std::string& path) {
    struct stat ours {};
    struct stat found {};
    return ::fstat(file.get(), &ours) == 0 && ::stat(path.c_str(), &found) == 0 &&
           ours.st_dev == found.st_dev && ours.st_ino == found.st_ino;
}

Result<void> write_owner(const Fd& file, const std::string& path) {
    const std::string text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.get(), 0) != 0) return fail(lock_file_error(path));
    // On a full disk the lock holds all the same; only the number is then not there to be read.
    const ssize_t written = ::pwrite(file.get(), text.data(), text.size(), 0);
    if (written < 0 && errno != ENOSPC && errno != EDQUOT) return fail(lock_file_error(path));
    return {};
}

}  // namespace

Result<StoreLock> StoreLock::acquire(const std::string& database_path) {
    const std::string path = database_path + ".lock";
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file) return fail(lock_file_error(path));
        if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
            return fail(errno == EWOULDBLOCK ? in_use(database_path, file) : lock_file_error(path));
        if (!is_in_place(file, path)) continue;
        TRY(write_owner(file, path));
        return StoreLock(std::move(file));
    }
    return fail(Error{ErrorCode::Unavailable, path, "the file is being removed again and again"});
}

}  // namespace hairpin::store
