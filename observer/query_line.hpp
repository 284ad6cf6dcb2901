// observer/query_line.hpp - one exchange as one line of text.
//
//   time=2026-11-24T20:15:04.123456Z transport=udp client=192.0.2.7:41234 server=192.0.2.53:53
//   id=4660 opcode=QUERY name=nur1.example.net. class=IN type=A query_flags=rd,do rcode=NOERROR
//   flags=aa,rd query_octets=45 response_octets=61 microseconds=38
//
// (on one line.) Fifteen fields, always all of them, in this order, separated by one space; more
// may be added at the end of the line, none is changed or taken away. "-" stands for what is not
// there: no question that could be read, no response. What strangers send is in presentation format
// (RFC 1035 section 5.1), where white space and everything outside printable ASCII is \DDD: no name
// can begin a line, or a field.
//
// Standards RFC 1035 sections 4.1.1 and 5.1; RFC 3339; RFC 3597 (types without a name).
// Threads   Pure.

#pragma once

#include <string>

#include "dnsd/exchange.hpp"

namespace hairpin::observer {

/// Appends the line, with its line end.
void append_query_line(std::string& to, const dnsd::Exchange& exchange);

}  // namespace hairpin::observer
