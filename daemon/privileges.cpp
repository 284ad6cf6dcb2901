#include "daemon/privileges.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/log.hpp"

namespace hairpin::daemon {
namespace {

// libcap would be one more library for this one system call.
Result<void> set_capabilities(std::uint32_t mask) {
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    std::array<__user_cap_data_struct, 2> sets{};
    sets[0].effective = mask;
    sets[0].permitted = mask;
    if (syscall(SYS_capset, &header, sets.data()) != 0) return fail(system_error("capset", errno));
    return {};
}

struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
};

Result<Account> find_account(const std::string& user) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16'384> text{};
    const int error = getpwnam_r(user.c_str(), &entry, text.data(), text.size(), &found);
    if (error != 0) return fail(system_error(user, error));
    if (found == nullptr)
        return fail(Error{ErrorCode::Invalid, user,
                          "there is no such user; make it with adduser --system"});
    if (entry.pw_uid == 0) return fail(Error{ErrorCode::Invalid, user, "must not be root"});
    return Account{entry.pw_uid, entry.pw_gid};
}

}  // namespace

Result<void> become_user(const std::string& user) {
    if (user.empty()) return {};
    const Account account = TRY(find_account(user));
    if (geteuid() == account.uid) return {};
    if (geteuid() != 0)
        return fail(Error{ErrorCode::Denied, user,
                          "only root can become another user; start as root or leave `user` out"});

    if (prctl(PR_SET_KEEPCAPS, 1) != 0) return fail(system_error("prctl", errno));
    if (initgroups(user.c_str(), account.gid) != 0 ||
        setresgid(account.gid, account.gid, account.gid) != 0 ||
        setresuid(account.uid, account.uid, account.uid) != 0)
        return fail(system_error(user, errno));
    return set_capabilities(1u << CAP_NET_BIND_SERVICE);
}

Result<void> make_directory_for(const std::string& path, const std::string& user) {
    const bool is_new = ::mkdir(path.c_str(), 0700) == 0;
    if (!is_new && errno != EEXIST) return fail(system_error(path, errno));
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return fail(system_error(path, errno));
    if (!S_ISDIR(facts.st_mode))
        return fail(Error{ErrorCode::Invalid, path, "data_dir is not a directory"});
    if (user.empty() || geteuid() != 0) return {};
    const Account account = TRY(find_account(user));
    // What root left behind in a directory with files is for a person to look at.
    std::error_code error;
    if (!is_new && !std::filesystem::is_empty(path, error)) return {};
    if (::chown(path.c_str(), account.uid, account.gid) != 0)
        return fail(system_error(path, errno));
    return {};
}

Result<void> drop_capabilities() {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(system_error("prctl", errno));
    if (geteuid() == 0) {
        log::logger("daemon").warn(
            "running as root: set `user` in the configuration, so that a fault stays small");
        return {};
    }
    return set_capabilities(0);
}

}  // namespace hairpin::daemon
