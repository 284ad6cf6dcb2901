// observer/sink_counters.hpp - what came of the exchanges that one sink was shown.
//
// Threads   The watching thread counts; anybody may read.

#pragma once

#include "core/counter.hpp"

namespace hairpin::observer {

struct SinkCounters {
    Counter written;  // Taken by the kernel, whole.
    Counter dropped;
};

}  // namespace hairpin::observer
