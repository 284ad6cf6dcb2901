#include "store/statement.hpp"

#include <sqlite3.h>

#include "core/assert.hpp"
#include "store/database.hpp"

namespace hairpin::store {

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement::~Statement() {
    if (statement_ != nullptr) database_->give_back(statement_);
}

// What sqlite3_reset() returns is the failure of the last step, which step() has reported.
void Statement::reset() noexcept {
    static_cast<void>(sqlite3_reset(statement_));
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return fail(database_->error(code));
}

Result<void> Statement::run() {
    while (TRY(step())) {
    }
    return {};
}

bool Statement::is_null(int column) const noexcept {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const noexcept {
    return sqlite3_column_int64(statement_, column);
}

std::string_view Statement::text(int column) const noexcept {
    const unsigned char* text = sqlite3_column_text(statement_, column);
    if (text == nullptr) return {};
    return {reinterpret_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

OctetView Statement::octets(int column) const noexcept {
    const void* octets = sqlite3_column_blob(statement_, column);
    if (octets == nullptr) return {};
    return {static_cast<const std::uint8_t*>(octets),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Octets Statement::copy_octets(int column) const {
    const OctetView view = octets(column);
    return {view.begin(), view.end()};
}

WallTime Statement::time(int column) const noexcept {
    return from_unix_milliseconds(integer(column));
}

std::optional<WallTime> Statement::optional_time(int column) const noexcept {
    if (is_null(column)) return std::nullopt;
    return time(column);
}

void Statement::bind_integer(int index, std::int64_t value) {
    HAIRPIN_ASSERT(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK);
}

void Statement::bind_text(int index, std::string_view value) {
    // A null pointer would bind NULL instead of the empty text.
    const char* text = value.data() == nullptr ? "" : value.data();
    HAIRPIN_ASSERT(sqlite3_bind_text64(statement_, index, text, value.size(), SQLITE_TRANSIENT,
                                       SQLITE_UTF8) == SQLITE_OK);
}

void Statement::bind_octets(int index, OctetView value) {
    const int code = value.empty() ? sqlite3_bind_zeroblob(statement_, index, 0)
                                   : sqlite3_bind_blob64(statement_, index, value.data(),
                                                         value.size(), SQLITE_TRANSIENT);
    HAIRPIN_ASSERT(code == SQLITE_OK);
}

void Statement::bind_null(int index) {
    HAIRPIN_ASSERT(sqlite3_bind_null(statement_, index) == SQLITE_OK);
}

}  // namespace hairpin::store
