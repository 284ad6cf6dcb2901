// admin/secondaries.hpp - the "secondaries" of a zone: read from a body, checked, stored, shown.
//
//   {"secondaries": [{"address": "192.0.2.53:53", "tsig": "upd."}]}
//
// Threads   The functions on a Writer on the commit thread; the others are pure.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "admin/json_value.hpp"
#include "admin/json_writer.hpp"
#include "admin/problem.hpp"
#include "core/result.hpp"
#include "store/transfer_rows.hpp"
#include "store/writer.hpp"
#include "zones/name.hpp"

namespace hairpin::admin {

inline constexpr std::size_t kMaxSecondaries = 32;

/// nullopt: the member is absent, or wrong (an error of `errors`, the body's).
[[nodiscard]] std::optional<std::vector<store::SecondaryRow>> read_secondaries(
    ObjectReader& body, std::vector<FieldError>& errors);

/// The zone has exactly these. Errors: InvalidRequest one names a key that is none of an
/// operator's; NotFound there is no such zone.
[[nodiscard]] Result<void, Problem> store_secondaries(
    store::Writer& writer, const zones::Name& apex,
    const std::vector<store::SecondaryRow>& secondaries);

/// The member of an object that is open.
void write_secondaries(JsonWriter& json, const std::vector<store::SecondaryRow>& secondaries);
/// All of them in one text, for an ETag; empty: none.
[[nodiscard]] std::string secondaries_text(const std::vector<store::SecondaryRow>& secondaries);

}  // namespace hairpin::admin
