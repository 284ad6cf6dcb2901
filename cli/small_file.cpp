#include "cli/small_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/fd.hpp"

namespace hairpin::cli {
namespace {

constexpr std::size_t kMaxSecretOctets = 65'536;

Result<void> write_all(const Fd& file, const std::string& path, std::string_view text) {
    while (!text.empty()) {
        const ssize_t octets = ::write(file.get(), text.data(), text.size());
        if (octets < 0 && errno != EINTR) return fail(system_error(path, errno));
        if (octets > 0) text.remove_prefix(static_cast<std::size_t>(octets));
    }
    if (::fsync(file.get()) != 0) return fail(system_error(path, errno));
    return {};
}

}  // namespace

Result<std::string> read_secret_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(path, errno));
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return fail(system_error(path, errno));
    if ((facts.st_mode & 007) != 0)
        return fail(Error{ErrorCode::Denied, path, "anybody can read the secret: chmod 600 it"});
    std::string text(kMaxSecretOctets + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t octets = ::read(file.get(), text.data() + size, text.size() - size);
        if (octets < 0 && errno != EINTR) return fail(system_error(path, errno));
        if (octets == 0) break;
        if (octets > 0) size += static_cast<std::size_t>(octets);
    }
    if (size > kMaxSecretOctets)
        return fail(Error{ErrorCode::Limit, path, "it is far too large for a secret"});
    text.resize(size);
    return text;
}

Result<void> write_file(const std::string& path, std::string_view text) {
    const std::string beside = path + ".new";
    const Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return fail(system_error(beside, errno));
    auto written = write_all(file, beside, text);
    if (written && ::rename(beside.c_str(), path.c_str()) != 0)
        written = fail(system_error(path, errno));
    if (!written) static_cast<void>(::unlink(beside.c_str()));
    return written;
}

}  // namespace hairpin::cli
