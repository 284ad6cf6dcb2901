// daemon/privileges.hpp - from root to an ordinary user, keeping the right to bind low ports for as
// long as it takes.
//
//   become_user() -> load zones -> bind listeners -> drop_capabilities() -> threads
//
// Files are so made and read as the user that will go on using them, and no zone is unloaded when
// the first listener opens.
//
// Standards capabilities(7), prctl(2). Threads   Before any other thread is started.

#pragma once

#include <string>

#include "core/result.hpp"

namespace hairpin::daemon {

/// Becomes `user` with all its groups, keeping CAP_NET_BIND_SERVICE alone. Nothing happens when
/// `user` is empty. Errors: Invalid no such user, or it is root; Denied we are neither root nor
/// that user; Io.
[[nodiscard]] Result<void> become_user(const std::string& user);

/// Makes a directory (mode 0700) that belongs to `user`, or hands over one that is there and empty;
/// nothing is handed over when `user` is empty or we are not root. Errors: Invalid `path` is
/// something else, or there is no such user; Io.
[[nodiscard]] Result<void> make_directory_for(const std::string& path, const std::string& user);

/// Gives up every capability and the way to get one back (no_new_privs). As root without a `user`
/// this keeps root's files but logs a warning: a container's root is sometimes all there is.
[[nodiscard]] Result<void> drop_capabilities();

}  // namespace hairpin::daemon
