// bench/load/bare_orders.hpp - ACME orders with nothing around them: a ceiling to measure against.
//
// The same HTTP client, signatures and messages as acme/ has, the fewest requests that an order
// needs, and a name server that answers from a table in memory. No store, no state machine, no
// check of what came; nothing outlives a crash.
//
// Threads   One.

#pragma once

#include "bench/load/order_options.hpp"

namespace hairpin::bench {

/// Orders `licences` certificates, `at_once` at the same time; prints the figures. 0: all went
/// well.
[[nodiscard]] int order_bare(const OrderOptions& options);

}  // namespace hairpin::bench
