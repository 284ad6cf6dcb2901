// tests/support/fault_vfs.hpp - a SQLite VFS that fails on order: full disk, failing write, failing
// fsync.
//
// Wraps the system's VFS and passes everything on, but for writes, truncations and syncs of the
// database and its write-ahead log once a fault is armed. Registered while the object lives, under
// name().
//
// Threads   arm() and heal() from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace hairpin::tests {

class FaultVfs {
public:
    enum class Fault {
        DiskFull,    // SQLITE_FULL from a write.
        WriteError,  // SQLITE_IOERR_WRITE.
        SyncError,   // SQLITE_IOERR_FSYNC: what was written before is there, perhaps.
    };

    FaultVfs();
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    [[nodiscard]] const std::string& name() const noexcept;
    /// The first `operations` operations of the fault's kind succeed, every later one fails until
    /// heal().
    void arm(Fault fault, std::int64_t operations = 0);
    void heal();
    /// Operations that failed since the object was made.
    [[nodiscard]] std::int64_t failures() const noexcept;
    /// Octets written to database and log since the object was made.
    [[nodiscard]] std::int64_t octets_written() const noexcept;

    struct State;

private:
    std::unique_ptr<State> state_;
};

}  // namespace hairpin::tests
