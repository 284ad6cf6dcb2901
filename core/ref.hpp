// core/ref.hpp - a pointer that counts its owners inside the object: eight octets, one allocation.
//
// For the nodes of persistent trees, where a std::shared_ptr's second word and control block would
// double the memory of a million small objects. The object derives from RefCounted<T> and is made
// by its own create().
//
// Threads   The count is atomic: owners may live on any thread. The object itself is immutable once
// shared;
//           `is_shared()` lets its only owner edit it before that.

#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace hairpin {

/// Base of a counted object. T provides `static void destroy(T*) noexcept`.
template <typename T>
class RefCounted {
public:
    void retain() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
    void release() const noexcept {
        if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            T::destroy(const_cast<T*>(static_cast<const T*>(this)));
    }
    /// Whether somebody else owns this too.
    [[nodiscard]] bool is_shared() const noexcept {
        return count_.load(std::memory_order_acquire) != 1;
    }

protected:
    RefCounted() noexcept = default;
    ~RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;

private:
    mutable std::atomic<std::uint32_t> count_{1};
};

template <typename T>
class Ref {
public:
    Ref() noexcept = default;
    /// Takes over the one count that a new object starts with.
    [[nodiscard]] static Ref adopt(T* object) noexcept {
        Ref ref;
        ref.object_ = object;
        return ref;
    }
    /// One more owner of an object that is owned elsewhere.
    [[nodiscard]] static Ref share(T* object) noexcept {
        if (object != nullptr) object->retain();
        return adopt(object);
    }
    Ref(const Ref& other) noexcept : object_(other.object_) {
        if (object_ != nullptr) object_->retain();
    }
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_ != nullptr) object_->release();
    }

    [[nodiscard]] T* get() const noexcept { return object_; }
    [[nodiscard]] T& operator*() const noexcept { return *object_; }
    [[nodiscard]] T* operator->() const noexcept { return object_; }
    [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
    /// Gives the count away without releasing it.
    [[nodiscard]] T* detach() noexcept { return std::exchange(object_, nullptr); }

private:
    T* object_ = nullptr;
};

}  // namespace hairpin
