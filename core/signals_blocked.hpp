// core/signals_blocked.hpp - no signal reaches the threads that are made while this lives.
//
// Signals are for the main thread (daemon/): a new thread inherits the mask of its maker.
//
// Threads   The one that made it.

#pragma once

#include <pthread.h>

#include <csignal>

namespace hairpin {

class SignalsBlocked {
public:
    SignalsBlocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace hairpin
