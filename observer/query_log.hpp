// observer/query_log.hpp - the file of the query log: lines in, appended in large pieces.
//
// What a line says is observer/query_line.hpp's. A file that cannot be opened or written loses
// lines, which are counted, and is tried again; the first failure is told, once, and so is the end
// of the trouble. A line that was torn by a full disk is ended before the next one begins.
//
//   set() --> Closed -- first line, or a second later --> Open -- set() --> Closed
//                ^--------------- cannot be opened ---------'
//
// Standards open(2): O_APPEND, and O_NONBLOCK so that a FIFO that nobody reads holds up nothing.
// Threads   The watching one.

#pragma once

#include <cstddef>
#include <string>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "dnsd/exchange.hpp"
#include "observer/sink_counters.hpp"

namespace hairpin::observer {

class QueryLog {
public:
    /// Off. The counters outlive it.
    explicit QueryLog(SinkCounters& counters) noexcept : counters_(counters) {}

    /// Appends to `path` from now on, opened anew even where it is the same as before (logrotate);
    /// empty: off. Lines that wait are written first.
    void set(const std::string& path, MonotonicTime now);
    /// One line more. Only while on.
    void see(const dnsd::Exchange& exchange, MonotonicTime now);
    /// Writes the lines that wait.
    void flush(MonotonicTime now);

private:
    void open(MonotonicTime now);
    void write();
    void lose(const char* call, int error_number);
    void recover();

    SinkCounters& counters_;
    std::string path_;
    Fd file_;
    std::string waiting_;
    std::uint64_t waiting_lines_ = 0;
    MonotonicTime try_again_{};  // Not opened before.
    bool is_torn_ = false;       // The file ends in the middle of a line.
    bool is_out_ = false;        // The trouble was told.
    std::uint64_t lost_ = 0;     // Lines of this trouble.
};

}  // namespace hairpin::observer
