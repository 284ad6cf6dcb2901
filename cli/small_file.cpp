#include "cli/small_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/fd.hpp"

namespace hairpin::cli {
namespace {

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
