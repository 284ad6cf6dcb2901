// observer/sink_counters.hpp - what came of the exchanges that one sink was shown.
//
// Threads   The watching thread counts; anybody may read.

#pragma once

#include "dnsd/counter.hpp"

namespace hairpin::observer {

struct SinkCounters {
    dnsd::Counter written;  // Taken by the kernel, whole.
    dnsd::Counter dropped;
};

}  // namespace hairpin::observer
