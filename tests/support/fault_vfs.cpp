#include "tests/support/fault_vfs.hpp"

#include <sqlite3.h>

#include <cstring>
#include <new>
#include <stdexcept>

namespace hairpin::tests {

struct FaultVfs::State {
    sqlite3_vfs vfs{};
    sqlite3_vfs* real = nullptr;
    std::string name;
    std::atomic<bool> armed{false};
    std::atomic<Fault> fault{Fault::DiskFull};
    std::atomic<std::int64_t> left{0};
    std::atomic<std::int64_t> failures{0};
    std::atomic<std::int64_t> octets{0};

    // SQLITE_OK, or the failure that this operation meets.
    int judge(bool is_sync) {
        if (!armed.load()) return SQLITE_OK;
        const Fault kind = fault.load();
        if (is_sync != (kind == Fault::SyncError)) return SQLITE_OK;
        if (left.fetch_sub(1) > 0) return SQLITE_OK;
        ++failures;
        switch (kind) {
            case Fault::DiskFull:
                return SQLITE_FULL;
            case Fault::WriteError:
                return SQLITE_IOERR_WRITE;
            case Fault::SyncError:
                return SQLITE_IOERR_FSYNC;
        }
        return SQLITE_OK;
    }
};

namespace {

// What SQLite allocates for us: our head, and the real VFS's file right behind it.
struct FaultFile {
    sqlite3_file base;
    FaultVfs::State* state;
    bool counts;  // The database or its log, not a temporary file.
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile* ours(sqlite3_file* file) {
    return reinterpret_cast<FaultFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
    return ours(file)->real();
}
const sqlite3_io_methods* methods(sqlite3_file* file) {
    return real(file)->pMethods;
}

int close_file(sqlite3_file* file) {
    return methods(file)->xClose(real(file));
}
int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
    return methods(file)->xRead(real(file), into, size, offset);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    if (ours(file)->counts) {
        if (const int code = ours(file)->state->judge(false); code != SQLITE_OK) return code;
        ours(file)->state->octets += size;
    }
    return methods(file)->xWrite(real(file), from, size, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    if (ours(file)->counts)
        if (const int code = ours(file)->state->judge(false); code != SQLITE_OK) return code;
    return methods(file)->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
    if (ours(file)->counts)
        if (const int code = ours(file)->state->judge(true); code != SQLITE_OK) return code;
    return methods(file)->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return methods(file)->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) {
    return methods(file)->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
    return methods(file)->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* held) {
    return methods(file)->xCheckReservedLock(real(file), held);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
    return methods(file)->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
    return methods(file)->xSectorSize(real(file));
}
int characteristics(sqlite3_file* file) {
    return methods(file)->xDeviceCharacteristics(real(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** into) {
    return methods(file)->xShmMap(real(file), page, size, extend, into);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    return methods(file)->xShmLock(real(file), offset, count, flags);
}
void barrier(sqlite3_file* file) {
    methods(file)->xShmBarrier(real(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
    return methods(file)->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods kMethods = {2,
                                         close_file,
                                         read_file,
                                         write_file,
                                         truncate_file,
                                         sync_file,
                                         file_size,
                                         lock_file,
                                         unlock_file,
                                         check_lock,
                                         control_file,
                                         sector_size,
                                         characteristics,
                                         map_shared,
                                         lock_shared,
                                         barrier,
                                         unmap_shared,
                                         nullptr,
                                         nullptr};

int open_file(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags,
              int* out_flags) {
    auto* state = static_cast<FaultVfs::State*>(vfs->pAppData);
    auto* fault_file = new (file) FaultFile{};
    fault_file->state = state;
    fault_file->counts = (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0;
    std::memset(static_cast<void*>(fault_file->real()), 0,
                static_cast<std::size_t>(state->real->szOsFile));
    const int code = state->real->xOpen(state->real, path, fault_file->real(), flags, out_flags);
    fault_file->base.pMethods = fault_file->real()->pMethods == nullptr ? nullptr : &kMethods;
    return code;
}

std::atomic<int> made{0};

}  // namespace

FaultVfs::FaultVfs() : state_(std::make_unique<State>()) {
    state_->real = sqlite3_vfs_find(nullptr);
    state_->name = "fault-" + std::to_string(++made);
    state_->vfs = *state_->real;  // Everything about paths, time and randomness is the real one's.
    state_->vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + state_->real->szOsFile;
    state_->vfs.pNext = nullptr;
    state_->vfs.zName = state_->name.c_str();
    state_->vfs.pAppData = state_.get();
    state_->vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&state_->vfs, 0) != SQLITE_OK)
        throw std::runtime_error("sqlite3_vfs_register");
}

FaultVfs::~FaultVfs() {
    sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FaultVfs::name() const noexcept {
    return state_->name;
}

void FaultVfs::arm(Fault fault, std::int64_t operations) {
    state_->fault = fault;
    state_->left = operations;
    state_->armed = true;
}

void FaultVfs::heal() {
    state_->armed = false;
}
std::int64_t FaultVfs::failures() const noexcept {
    return state_->failures.load();
}
std::int64_t FaultVfs::octets_written() const noexcept {
    return state_->octets.load();
}

}  // namespace hairpin::tests
