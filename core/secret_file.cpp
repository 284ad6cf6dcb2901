#include "core/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/fd.hpp"

namespace hairpin {
namespace {

constexpr std::size_t kMaxSecretOctets = 65'536;

}  // namespace

Result<std::string> read_secret_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(path, errno));
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return fail(system_error(path, errno));
    if ((facts.st_mode & 007) != 0)
        return fail(Error{ErrorCode::Denied, path,
                          "anybody can read the secret: chmod 600 it, or 640 for a group"});
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

}  // namespace hairpin
