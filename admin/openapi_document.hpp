// admin/openapi_document.hpp - docs/api/openapi.yaml as JSON, embedded at build time.
//
// The source is made by admin/embed_openapi.py; nothing is read at run time.
//
// Standards OpenAPI 3.1.
// Threads   Constant.

#pragma once

#include <string_view>

namespace hairpin::admin {

[[nodiscard]] std::string_view openapi_document() noexcept;

}  // namespace hairpin::admin
