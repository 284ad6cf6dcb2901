// store/statement.hpp - one prepared statement: bind, step, read columns.
//
//   Statement find = TRY(database.statement("SELECT serial FROM zones WHERE apex = ?1"));
//   find.bind(apex_text);
//   if (TRY(find.step())) use(find.integer(0));
//
// A Statement is borrowed from its Database's cache and goes back, reset and without bindings, when
// it is destroyed. Binding cannot fail but by our own mistake (asserted); stepping can, and says
// why.
//
// Threads   As its Database, which outlives it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/clock.hpp"
#include "core/octets.hpp"
#include "core/result.hpp"

struct sqlite3_stmt;

namespace hairpin::store {

class Database;

class Statement {
public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&&) = delete;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    /// Binds ?1, ?2, .. in order: integers, times, text, octets, and optionals of these. Of an enum
    /// pass the text. Text and octets are copied.
    template <typename... Values>
    Statement& bind(const Values&... values) {
        reset();
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }

    /// True: there is a row. False: done. Errors: see sqlite_error.hpp.
    [[nodiscard]] Result<bool> step();
    /// Steps a statement that gives no rows to its end.
    [[nodiscard]] Result<void> run();

    // Columns of the current row, from 0. Views are valid until the next step() or bind().
    [[nodiscard]] bool is_null(int column) const noexcept;
    [[nodiscard]] std::int64_t integer(int column) const noexcept;
    [[nodiscard]] std::string_view text(int column) const noexcept;
    [[nodiscard]] OctetView octets(int column) const noexcept;
    [[nodiscard]] std::string string(int column) const { return std::string(text(column)); }
    [[nodiscard]] Octets copy_octets(int column) const;
    [[nodiscard]] WallTime time(int column) const noexcept;
    [[nodiscard]] std::optional<WallTime> optional_time(int column) const noexcept;

private:
    friend class Database;
    Statement(Database& database, sqlite3_stmt* statement) noexcept
        : database_(&database), statement_(statement) {}

    void reset() noexcept;
    template <typename T>
    void bind_one(int index, const T& value) {
        if constexpr (std::is_integral_v<T>) {
            static_assert(sizeof(T) < 8 || std::is_signed_v<T>);
            bind_integer(index, static_cast<std::int64_t>(value));
        } else if constexpr (std::is_same_v<T, WallTime>) {
            bind_integer(index, to_unix_milliseconds(value));
        } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
            bind_text(index, value);
        } else if constexpr (std::is_convertible_v<const T&, OctetView>) {
            bind_octets(index, value);
        } else if constexpr (std::is_same_v<T, std::nullopt_t>) {
            bind_null(index);
        } else {
            // An optional of any of the above.
            if (value) {
                bind_one(index, *value);
            } else {
                bind_null(index);
            }
        }
    }
    void bind_integer(int index, std::int64_t value);
    void bind_text(int index, std::string_view value);
    void bind_octets(int index, OctetView value);
    void bind_null(int index);

    Database* database_;
    sqlite3_stmt* statement_;
};

}  // namespace hairpin::store
