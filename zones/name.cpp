#include "zones/name.hpp"

#include <algorithm>

#include "zones/label_starts.hpp"

namespace hairpin::zones {

/// Puts a name together label by label; every append checks both limits.
class NameBuilder {
public:
    [[nodiscard]] bool start_label() noexcept {
        if (size_ + 1u >= kMaxNameOctets) return false;
        label_at_ = size_++;
        return true;
    }
    [[nodiscard]] bool append(std::uint8_t octet) noexcept {
        if (size_ + 1u >= kMaxNameOctets) return false;  // One octet is kept for the root label.
        name_.wire_[size_++] = octet;
        return true;
    }
    [[nodiscard]] bool append(OctetView octets) noexcept {
        if (size_ + octets.size() + 1 > kMaxNameOctets) return false;
        std::copy(octets.begin(), octets.end(), name_.wire_.begin() + size_);
        size_ = static_cast<std::uint8_t>(size_ + octets.size());
        return true;
    }
    [[nodiscard]] std::size_t label_octets() const noexcept { return size_ - label_at_ - 1u; }
    void end_label() noexcept {
        name_.wire_[label_at_] = static_cast<std::uint8_t>(label_octets());
    }
    [[nodiscard]] Name finish() noexcept {
        name_.wire_[size_] = 0;
        name_.size_ = static_cast<std::uint8_t>(size_ + 1);
        return name_;
    }

private:
    Name name_;
    std::uint8_t size_ = 0;
    std::uint8_t label_at_ = 0;
};

namespace {

// RFC 1035 section 5.1: "\X" stands for X, "\DDD" for the octet with that decimal value.
std::optional<std::uint8_t> take_escape(std::string_view text, std::size_t& at) noexcept {
    if (at + 1 >= text.size()) return std::nullopt;
    if (!is_digit(text[at + 1])) {
        at += 2;
        return static_cast<std::uint8_t>(text[at - 1]);
    }
    if (at + 3 >= text.size() || !is_digit(text[at + 2]) || !is_digit(text[at + 3]))
        return std::nullopt;
    const int value = (text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 + (text[at + 3] - '0');
    if (value > 255) return std::nullopt;
    at += 4;
    return static_cast<std::uint8_t>(value);
}

void append_escaped(std::string& text, std::uint8_t octet) {
    constexpr std::string_view kSpecial = ".\\\"();@$";
    if (octet <= 0x20 || octet >= 0x7f) {
        text += '\\';
        text += static_cast<char>('0' + octet / 100);
        text += static_cast<char>('0' + octet / 10 % 10);
        text += static_cast<char>('0' + octet % 10);
        return;
    }
    if (kSpecial.find(static_cast<char>(octet)) != std::string_view::npos) text += '\\';
    text += static_cast<char>(octet);
}

}  // namespace

std::string_view to_string(NameError error) noexcept {
    switch (error) {
        case NameError::Empty:
            return "the name is empty";
        case NameError::EmptyLabel:
            return "a label is empty (two dots, or one in front)";
        case NameError::LabelTooLong:
            return "a label is longer than 63 octets";
        case NameError::NameTooLong:
            return "the name is longer than 255 octets";
        case NameError::BadEscape:
            return "a backslash is not followed by a character or three digits up to 255";
    }
    return "bad name";
}

Result<Name, NameError> Name::parse(std::string_view text) noexcept {
    if (text.empty()) return fail(NameError::Empty);
    if (text == ".") return Name();

    NameBuilder builder;
    std::size_t at = 0;
    while (at < text.size()) {
        if (!builder.start_label()) return fail(NameError::NameTooLong);
        while (at < text.size() && text[at] != '.') {
            std::uint8_t octet = static_cast<std::uint8_t>(text[at]);
            if (text[at] == '\\') {
                const auto escaped = take_escape(text, at);
                if (!escaped) return fail(NameError::BadEscape);
                octet = *escaped;
            } else {
                ++at;
            }
            if (builder.label_octets() == kMaxLabelOctets) return fail(NameError::LabelTooLong);
            if (!builder.append(octet)) return fail(NameError::NameTooLong);
        }
        if (builder.label_octets() == 0) return fail(NameError::EmptyLabel);
        builder.end_label();
        if (at < text.size()) ++at;  // The dot.
    }
    return builder.finish();
}

std::optional<Name> Name::from_wire(OctetView wire) noexcept {
    if (wire.empty() || wire.size() > kMaxNameOctets) return std::nullopt;
    std::size_t at = 0;
    while (wire[at] != 0) {
        if (wire[at] > kMaxLabelOctets) return std::nullopt;
        at += wire[at] + 1u;
        if (at >= wire.size()) return std::nullopt;
    }
    if (at + 1 != wire.size()) return std::nullopt;
    Name name;
    std::copy(wire.begin(), wire.end(), name.wire_.begin());
    name.size_ = static_cast<std::uint8_t>(wire.size());
    return name;
}

std::size_t Name::labels() const noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; wire_[at] != 0; at += wire_[at] + 1u)
        ++count;
    return count;
}

std::string Name::text() const {
    if (is_root()) return ".";
    std::string text;
    text.reserve(size_);
    for (std::size_t at = 0; wire_[at] != 0; at += wire_[at] + 1u) {
        for (std::size_t octet = 1; octet <= wire_[at]; ++octet)
            append_escaped(text, wire_[at + octet]);
        text += '.';
    }
    return text;
}

std::string Name::text_without_dot() const {
    std::string absolute = text();
    if (!is_root()) absolute.pop_back();
    return absolute;
}

Name Name::lower() const noexcept {
    Name lowered;
    lowered.size_ = size_;
    for (std::size_t at = 0; at < size_; ++at)
        lowered.wire_[at] = zones::lower(wire_[at]);
    return lowered;
}

bool Name::is_within(const Name& ancestor) const noexcept {
    if (size_ < ancestor.size_) return false;
    const std::size_t skip = static_cast<std::size_t>(size_ - ancestor.size_);
    std::size_t at = 0;
    while (at < skip)
        at += wire_[at] + 1u;  // The suffix must begin at a label.
    return at == skip && equal_ignoring_case(wire().subspan(skip), ancestor.wire());
}

Name Name::without_labels(std::size_t count) const noexcept {
    std::size_t at = 0;
    while (count-- > 0 && wire_[at] != 0)
        at += wire_[at] + 1u;
    Name rest;
    rest.size_ = static_cast<std::uint8_t>(size_ - at);
    std::copy(wire_.begin() + static_cast<std::ptrdiff_t>(at), wire_.begin() + size_,
              rest.wire_.begin());
    return rest;
}

std::optional<Name> Name::join(OctetView labels, const Name& suffix) noexcept {
    if (labels.size() + suffix.size_ > kMaxNameOctets) return std::nullopt;
    Name joined;
    std::copy(labels.begin(), labels.end(), joined.wire_.begin());
    std::copy_n(suffix.wire_.begin(), suffix.size_,
                joined.wire_.begin() + static_cast<std::ptrdiff_t>(labels.size()));
    joined.size_ = static_cast<std::uint8_t>(labels.size() + suffix.size_);
    return joined;
}

std::optional<Name> Name::child(std::string_view label, const Name& suffix) noexcept {
    if (label.empty() || label.size() > kMaxLabelOctets) return std::nullopt;
    std::array<std::uint8_t, kMaxLabelOctets + 1> labels{};
    labels[0] = static_cast<std::uint8_t>(label.size());
    std::transform(label.begin(), label.end(), labels.begin() + 1,
                   [](char letter) { return static_cast<std::uint8_t>(letter); });
    return join(OctetView(labels).first(label.size() + 1), suffix);
}

bool operator==(const Name& a, const Name& b) noexcept {
    return equal_ignoring_case(a.wire(), b.wire());
}

bool equal_ignoring_case(OctetView a, OctetView b) noexcept {
    if (a.size() != b.size()) return false;
    if (std::equal(a.begin(), a.end(), b.begin())) return true;
    for (std::size_t at = 0; at < a.size(); ++at)
        if (lower(a[at]) != lower(b[at])) return false;
    return true;
}

std::size_t NameHash::operator()(const Name& name) const noexcept {
    // FNV-1a; callers with hostile names bound the container's size.
    std::uint64_t hash = 14695981039346656037u;
    for (const std::uint8_t octet : name.wire())
        hash = (hash ^ lower(octet)) * 1099511628211u;
    return static_cast<std::size_t>(hash);
}

bool canonical_less(const Name& a, const Name& b) noexcept {
    const LabelStarts ours(a.wire());
    const LabelStarts theirs(b.wire());
    for (std::size_t back = 1; back <= ours.count && back <= theirs.count; ++back) {
        const std::uint8_t* x = a.wire().data() + ours.at[ours.count - back];
        const std::uint8_t* y = b.wire().data() + theirs.at[theirs.count - back];
        const bool less =
            std::lexicographical_compare(x + 1, x + 1 + *x, y + 1, y + 1 + *y,
                                         [](auto p, auto q) { return lower(p) < lower(q); });
        if (less) return true;
        if (*x != *y || !std::equal(x + 1, x + 1 + *x, y + 1,
                                    [](auto p, auto q) { return lower(p) == lower(q); }))
            return false;
    }
    return ours.count < theirs.count;
}

}  // namespace hairpin::zones
