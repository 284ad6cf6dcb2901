// core/handle.hpp - ownership of a C library's object: one pointer, freed by one function.
//
//   using BioHandle = Handle<BIO, BIO_free_all>;
//
// The alias decides once, in one place, which of a library's free functions is meant (shallow or
// deep). libuv handles are the exception: closing them is asynchronous, so net/loop owns them.
//
// Threads   As the library says of the object.

#pragma once

#include <memory>

namespace hairpin {

template <auto free_function>
struct FreeWith {
    template <typename T>
    void operator()(T* object) const noexcept {
        static_cast<void>(free_function(object));
    }
};

template <typename T, auto free_function>
using Handle = std::unique_ptr<T, FreeWith<free_function>>;

}  // namespace hairpin
