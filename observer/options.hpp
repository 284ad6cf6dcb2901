// observer/options.hpp - what is watched, and where it goes. Everything is off unless said
// otherwise.
//
// Threads   Values.

#pragma once

#include <cstdint>
#include <string>

namespace hairpin::observer {

struct DnstapOptions {
    std::string socket;  // The reader's, a path; empty: off.
    bool queries = true;
    bool responses = true;
    std::string identity;  // At most 255 octets; empty: none is told.
    [[nodiscard]] bool is_on() const noexcept { return !socket.empty() && (queries || responses); }
};

struct QueryLogOptions {
    std::string path;          // Empty: off.
    std::uint32_t sample = 0;  // One exchange in so many, by each worker, at random; 0: off.
    [[nodiscard]] bool is_on() const noexcept { return !path.empty() && sample != 0; }
};

struct Options {
    DnstapOptions dnstap;
    QueryLogOptions query_log;
};

}  // namespace hairpin::observer
