// admin/json_writer.hpp - core/json_writer.hpp under the name that the API's sources know it by.
//
// Threads   A value.

#pragma once

#include "core/json_writer.hpp"

namespace hairpin::admin {

using hairpin::JsonWriter;

}  // namespace hairpin::admin
