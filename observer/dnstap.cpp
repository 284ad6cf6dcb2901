#include "observer/dnstap.hpp"

#include "core/log.hpp"
#include "observer/message_facts.hpp"

namespace hairpin::observer {
namespace {

constexpr Milliseconds kPaceWarningInterval{60'000};

OctetView zone_of(const dnsd::Exchange& exchange, const zones::ZoneTable& zones) noexcept {
    const auto question = question_of(exchange.query);
    if (!question || question->rclass != zones::RClass::IN) return {};
    const zones::Zone* zone = zones.closest_enclosing(question->name);
    return zone == nullptr ? OctetView() : zone->apex().wire();
}

}  // namespace

void Dnstap::set(const DnstapOptions& options) {
    const bool is_same_reader = options.is_on() && options.socket == options_.socket;
    if (!is_same_reader) close();
    options_ = options;
    speaker_ = {options.identity, "hairpin " HAIRPIN_VERSION};
    if (!options_.is_on() || stream_) return;
    stream_.emplace(options_.socket, kDnstapContentType, kMaxDnstapOctets, counters_);
    is_out_ = false;
}

void Dnstap::see(const dnsd::Exchange& exchange, const zones::ZoneTable& zones) {
    const OctetView zone = zone_of(exchange, zones);
    if (options_.queries) put(exchange, Half::Query, zone);
    if (options_.responses && !exchange.response.empty()) put(exchange, Half::Response, zone);
}

void Dnstap::put(const dnsd::Exchange& exchange, Half half, OctetView zone) {
    const auto room = stream_->room();
    const std::size_t octets =
        room.empty() ? 0 : encode_dnstap(exchange, half, zone, speaker_, room);
    if (octets != 0) return stream_->commit(octets);
    counters_.dropped.add();
    if (stream_->is_running()) ++no_room_;
}

bool Dnstap::advance(MonotonicTime now) {
    if (!stream_) return false;
    stream_->advance(now);
    tell_of_reader();
    tell_of_pace(now);
    return stream_->has_waiting();
}

void Dnstap::tell_of_reader() {
    auto& log = log::logger("observer");
    if (stream_->is_running()) {
        if (is_out_)
            log.info("dnstap: a reader is at {}; {} frames were dropped", options_.socket,
                     counters_.dropped.value() - dropped_before_);
        is_out_ = false;
        return;
    }
    if (is_out_ || stream_->trouble().empty()) return;
    is_out_ = true;
    dropped_before_ = counters_.dropped.value();
    log.warn("no dnstap reader at {}, frames are dropped until there is one: {}", options_.socket,
             stream_->trouble());
}

void Dnstap::tell_of_pace(MonotonicTime now) {
    if (no_room_ == no_room_told_) return;
    const bool is_first = told_of_pace_ == MonotonicTime{};
    if (!is_first && now - told_of_pace_ < kPaceWarningInterval) return;
    log::logger("observer")
        .warn(
            "the dnstap reader at {} does not keep up: {} frames were dropped since the last such "
            "line",
            options_.socket, no_room_ - no_room_told_);
    told_of_pace_ = now;
    no_room_told_ = no_room_;
}

void Dnstap::close() {
    if (stream_) stream_->close(kGoodbye);
    stream_.reset();
}

}  // namespace hairpin::observer
