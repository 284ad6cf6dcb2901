// store/alarm_rows.hpp - which alarm of a server's certificate was told of, so that it is told
// once.
//
// What an alarm is, and whether there is one now, is acme/certificate_alarm.hpp's. Errors as in
// sqlite_error.hpp.
//
// Threads   certificate_alarms as its Database; what takes a Writer: the commit thread.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "store/database.hpp"
#include "store/writer.hpp"

namespace hairpin::store {

struct ToldAlarm {
    std::int64_t server_id = 0;
    std::string kind;  // "blocked"
    WallTime since_at{};
};

/// Of the servers with ids over `after` and up to `last`, by id.
[[nodiscard]] Result<std::vector<ToldAlarm>> told_alarms(Database& database, std::int64_t after,
                                                         std::int64_t last);

/// Notes what is told of now; since the commit's time.
[[nodiscard]] Result<void> put_told_alarm(Writer& writer, std::int64_t server_id,
                                          std::string_view kind);
/// No harm where there is none.
[[nodiscard]] Result<void> erase_told_alarm(Writer& writer, std::int64_t server_id);

}  // namespace hairpin::store
