// dnsd/key_file.hpp - a TSIG key as operators keep it: in a file, never in an argument.
//
//   key "transfer.example.net." { algorithm hmac-sha256; secret "bWFueSByYW5kb20gb2N0ZXRz"; };
//   hmac-sha256:transfer.example.net:bWFueSByYW5kb20gb2N0ZXRz
//
// The first is what tsig-keygen and keymgr write and `dig -k` and `nsupdate -k` read; the second,
// one line, is what `dig -y` takes. A file with anything else in it is refused whole.
//
// Standards RFC 8945 section 6 (algorithms), RFC 4648 section 4.
// Threads   Pure, but for the file.

#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "dnsd/key_ring.hpp"

namespace hairpin::dnsd {

/// The one key of `text`. Without an algorithm it is hmac-sha256. SHA-1 and MD5 are taken: whoever
/// wrote the file wants them.
/// Errors: Invalid, what is wrong; never with the secret in it.
[[nodiscard]] Result<TsigKeyRef> parse_tsig_key(std::string_view text);

/// The same from a file. Errors: Io it cannot be read; Denied anybody may read it; Invalid.
[[nodiscard]] Result<TsigKeyRef> read_tsig_file(const std::string& path);

}  // namespace hairpin::dnsd
