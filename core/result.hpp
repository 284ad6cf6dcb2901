// core/result.hpp - the one way in which our functions fail.
//
// A Result holds a value or an error and is [[nodiscard]]: an ignored failure does not compile.
// On wire and lookup code E is a small enum class; elsewhere it is core/error.hpp's Error.
// Not an exception wrapper: third-party throws are turned into an Error at the call.
//
// Threads   A value type; no shared state.

#pragma once

#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

#include "core/error.hpp"

namespace hairpin {

template <typename T, typename E = Error>
class [[nodiscard]] Result : public tl::expected<T, E> {
public:
    using tl::expected<T, E>::expected;
};

/// Makes the failing side of a Result: `return fail(WireError::Truncated);`.
template <typename E>
[[nodiscard]] constexpr auto fail(E error) {
    return tl::unexpected<E>(std::move(error));
}

namespace detail {
template <typename T, typename E>
T take(Result<T, E>&& result) {
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}
}  // namespace detail

/// The value of a Result, or return its error from the function around it. Our only
/// control-flow macro.
#define TRY(expression)                                             \
    __extension__({                                                 \
        auto&& try_result_ = (expression);                          \
        if (!try_result_) [[unlikely]]                              \
            return ::hairpin::fail(std::move(try_result_).error()); \
        ::hairpin::detail::take(std::move(try_result_));            \
    })

}  // namespace hairpin
