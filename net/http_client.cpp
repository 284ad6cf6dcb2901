#include "net/http_client.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <unordered_map>
#include <utility>

#include "core/handle.hpp"

namespace hairpin::net {
namespace {

using EasyHandle = Handle<CURL, curl_easy_cleanup>;
using MultiHandle = Handle<CURLM, curl_multi_cleanup>;
using ListHandle = Handle<curl_slist, curl_slist_free_all>;

struct Transfer {
    ClientRequest request;
    HttpClient::Callback callback;
    EasyHandle easy;
    ListHandle headers;
    ClientResponse response;
    std::size_t max_response = 0;
    std::size_t head_octets = 0;
    bool too_large = false;
    const std::function<bool(const IpAddress&)>* may_connect = nullptr;  // Of the options.
    std::optional<IpAddress> refused;                                    // The last it refused.
    std::array<char, CURL_ERROR_SIZE> reason{};
};

bool is_one_line(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// "https://host:port": paths and queries may hold secrets, errors must not.
std::string origin_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == url.npos) return "URL";
    const auto rest = url.substr(scheme + 3);
    auto authority = rest.substr(0, rest.find_first_of("/?#"));
    if (const auto at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
    return std::string(url.substr(0, scheme + 3)) + std::string(authority);
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::size_t on_body(const char* octets, std::size_t /*one*/, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (size > transfer.max_response - transfer.response.body.size()) {
        transfer.too_large = true;
        return 0;
    }
    transfer.response.body.append(octets, size);
    return size;
}

std::size_t on_header(const char* octets, std::size_t /*one*/, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::string_view line(octets, size);
    transfer.head_octets += size;
    if (transfer.head_octets > transfer.max_response) {
        transfer.too_large = true;
        return 0;
    }
    if (line.substr(0, 5) == "HTTP/") {
        transfer.response.headers.clear();  // What came before was an interim response.
        return size;
    }
    const auto colon = line.find(':');
    if (colon == line.npos) return size;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    transfer.response.headers.push_back(
        {std::move(name), std::string(trim(line.substr(colon + 1)))});
    return size;
}

std::optional<IpAddress> address_of(const curl_sockaddr& target) {
    // Declared as the smallest address, and as large as this one says in `addrlen`.
    const auto* const octets =
        reinterpret_cast<const std::uint8_t*>(&target) + offsetof(curl_sockaddr, addr);
    if (target.family == AF_INET && target.addrlen >= sizeof(sockaddr_in))
        return IpAddress::from_octets({octets + offsetof(sockaddr_in, sin_addr), sizeof(in_addr)});
    if (target.family == AF_INET6 && target.addrlen >= sizeof(sockaddr_in6))
        return IpAddress::from_octets(
            {octets + offsetof(sockaddr_in6, sin6_addr), sizeof(in6_addr)});
    return std::nullopt;
}

// In place of libcurl's own socket(): names are resolved by now, and what is refused here is never
// sent an octet.
curl_socket_t on_open(void* user, curlsocktype /*purpose*/, curl_sockaddr* target) {
    auto& transfer = *static_cast<Transfer*>(user);
    const auto address = address_of(*target);
    if (!address || !(*transfer.may_connect)(address->unmapped())) {
        transfer.refused = address;
        return CURL_SOCKET_BAD;
    }
    return ::socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

Error error_of(const Transfer& transfer, CURLcode code) {
    const auto make = [&](ErrorCode kind) {
        const char* reason =
            transfer.reason.front() != '\0' ? transfer.reason.data() : curl_easy_strerror(code);
        return Error{kind, origin_of(transfer.request.url), reason};
    };
    if (transfer.too_large) {
        return {ErrorCode::Limit, origin_of(transfer.request.url),
                "the answer is larger than allowed"};
    }
    if (code == CURLE_COULDNT_CONNECT && transfer.refused)
        return {ErrorCode::Denied, origin_of(transfer.request.url),
                "its address " + transfer.refused->text() + " may not be connected to"};
    switch (code) {
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
            return make(ErrorCode::Invalid);
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_HTTP2:  // The peer went away within an answer; this one, and the next.
        case CURLE_HTTP2_STREAM:
        case CURLE_PARTIAL_FILE:
            return make(ErrorCode::Unavailable);
        default:
            return make(ErrorCode::Protocol);
    }
}

bool append_line(ListHandle& list, const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    static_cast<void>(list.release());
    list.reset(longer);
    return true;
}

Result<void> add_headers(Transfer& transfer) {
    bool has_type = false;
    for (const auto& [name, value] : transfer.request.headers) {
        if (name.empty() || !is_one_line(name) || !is_one_line(value) ||
            name.find(':') != name.npos) {
            return fail(Error{ErrorCode::Invalid, "request header", "it is not a single line"});
        }
        has_type = has_type || name == "content-type" || name == "Content-Type";
        // libcurl wants a semicolon where a value is empty on purpose.
        std::string line = name;
        line += value.empty() ? ";" : ": ";
        line += value;
        if (!append_line(transfer.headers, line)) {
            return fail(Error{ErrorCode::Unavailable, "request header", "out of memory"});
        }
    }
    // What libcurl would add on its own.
    const bool added = append_line(transfer.headers, "Expect:") &&
                       (has_type || append_line(transfer.headers, "Content-Type:"));
    if (!added) return fail(Error{ErrorCode::Unavailable, "request header", "out of memory"});
    return {};
}

template <typename Value>
bool set(Transfer& transfer, CURLoption option, Value value) {
    return curl_easy_setopt(transfer.easy.get(), option, value) == CURLE_OK;
}

bool set_method(Transfer& transfer) {
    const auto& request = transfer.request;
    if (request.method == "HEAD") return set(transfer, CURLOPT_NOBODY, 1L);
    if (request.method == "GET" && request.body.empty()) return set(transfer, CURLOPT_HTTPGET, 1L);
    const bool has_body = !request.body.empty() || request.method == "POST" ||
                          request.method == "PUT" || request.method == "PATCH";
    if (has_body && !(set(transfer, CURLOPT_POST, 1L) &&
                      set(transfer, CURLOPT_POSTFIELDS, request.body.data()) &&
                      set(transfer, CURLOPT_POSTFIELDSIZE_LARGE,
                          static_cast<curl_off_t>(request.body.size())))) {
        return false;
    }
    return set(transfer, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

bool set_guard(Transfer& transfer, const ClientOptions& options) {
    if (!options.may_connect) return true;
    transfer.may_connect = &options.may_connect;
    return set(transfer, CURLOPT_OPENSOCKETFUNCTION, on_open) &&
           set(transfer, CURLOPT_OPENSOCKETDATA, &transfer) && set(transfer, CURLOPT_PROXY, "");
}

Result<void> prepare(Transfer& transfer, const ClientOptions& options) {
    const auto& request = transfer.request;
    transfer.easy.reset(curl_easy_init());
    if (!transfer.easy) return fail(Error{ErrorCode::Unavailable, "libcurl", "no handle"});
    transfer.max_response = options.max_response;
    TRY(add_headers(transfer));
    const auto& ca_file = request.ca_file.empty() ? options.ca_file : request.ca_file;
    const long version =
        request.version == HttpVersion::Http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS;
    const bool is_set =
        set(transfer, CURLOPT_PROTOCOLS_STR, "https") && set(transfer, CURLOPT_NOSIGNAL, 1L) &&
        set(transfer, CURLOPT_ERRORBUFFER, transfer.reason.data()) &&
        set(transfer, CURLOPT_HTTPHEADER, transfer.headers.get()) &&
        set(transfer, CURLOPT_USERAGENT, options.user_agent.c_str()) &&
        set(transfer, CURLOPT_CONNECTTIMEOUT_MS,
            static_cast<long>(options.connect_timeout.count())) &&
        set(transfer, CURLOPT_TIMEOUT_MS,
            static_cast<long>(request.timeout.value_or(options.timeout).count())) &&
        set(transfer, CURLOPT_HTTP_VERSION, version) && set(transfer, CURLOPT_PIPEWAIT, 1L) &&
        set(transfer, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
        (ca_file.empty() || set(transfer, CURLOPT_CAINFO, ca_file.c_str())) &&
        set(transfer, CURLOPT_WRITEFUNCTION, on_body) &&
        set(transfer, CURLOPT_WRITEDATA, &transfer) &&
        set(transfer, CURLOPT_HEADERFUNCTION, on_header) &&
        set(transfer, CURLOPT_HEADERDATA, &transfer) && set(transfer, CURLOPT_PRIVATE, &transfer) &&
        set_guard(transfer, options) && set_method(transfer);
    if (!is_set) return fail(Error{ErrorCode::Unavailable, "libcurl", "it refuses an option"});
    if (!set(transfer, CURLOPT_URL, request.url.c_str())) {
        return fail(Error{ErrorCode::Invalid, origin_of(request.url), "not a URL"});
    }
    return {};
}

void take_status(Transfer& transfer) {
    long status = 0;
    long version = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_HTTP_VERSION, &version);
    transfer.response.status = static_cast<int>(status);
    transfer.response.version = version == CURL_HTTP_VERSION_2_0   ? 20
                                : version == CURL_HTTP_VERSION_1_0 ? 10
                                                                   : 11;
}

}  // namespace

std::optional<std::string_view> ClientResponse::header(std::string_view name) const noexcept {
    for (const auto& each : headers) {
        if (each.name == name) return each.value;
    }
    return std::nullopt;
}

class HttpClient::State : public std::enable_shared_from_this<HttpClient::State> {
public:
    State(Loop& loop, ClientOptions options) : loop_(loop), options_(std::move(options)) {}

    [[nodiscard]] bool set_up() {
        static const bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        if (!is_ready) return false;
        multi_.reset(curl_multi_init());
        timer_ = loop_.add_timer(Milliseconds(0), Milliseconds(0),
                                 [this] { act(CURL_SOCKET_TIMEOUT, 0); });
        timer_.pause();
        auto* multi = multi_.get();
        return multi != nullptr &&
               curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this) == CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout) == CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this) == CURLM_OK &&
               curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                                 static_cast<long>(options_.max_in_flight)) == CURLM_OK;
    }

    void request(ClientRequest request, Callback callback) {
        auto transfer = std::make_unique<Transfer>();
        transfer->request = std::move(request);
        transfer->callback = std::move(callback);
        if (waiting_.size() >= options_.max_waiting) {
            Error error{ErrorCode::Limit, origin_of(transfer->request.url),
                        "too many requests are waiting"};
            return answer_later(std::move(transfer), std::move(error));
        }
        waiting_.push_back(std::move(transfer));
        start_waiting();
    }

    void cancel() {
        if (std::exchange(cancelled_, true)) return;
        waiting_.clear();
        for (const auto& [easy, transfer] : running_)
            curl_multi_remove_handle(multi_.get(), easy);
        running_.clear();
        multi_.reset();  // Closes its connections, each of which takes its Poll away through
                         // on_socket.
        polls_.clear();
        timer_.reset();
    }

    [[nodiscard]] std::size_t pending() const noexcept { return running_.size() + waiting_.size(); }

private:
    static int on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* user,
                         void* /*per_socket*/) {
        auto& self = *static_cast<State*>(user);
        if (what == CURL_POLL_REMOVE) {
            self.polls_.erase(fd);
            return 0;
        }
        const auto interest = what == CURL_POLL_IN    ? Interest::Read
                              : what == CURL_POLL_OUT ? Interest::Write
                                                      : Interest::ReadWrite;
        if (const auto found = self.polls_.find(fd); found != self.polls_.end()) {
            found->second.set(interest);
            return 0;
        }
        auto poll = self.loop_.add_poll(fd, interest, [&self, fd](PollEvents events) {
            const int ready = (events.readable ? CURL_CSELECT_IN : 0) |
                              (events.writable ? CURL_CSELECT_OUT : 0) |
                              (events.failed ? CURL_CSELECT_ERR : 0);
            self.act(fd, ready);
        });
        if (!poll) return -1;  // libcurl fails the transfer.
        self.polls_.emplace(fd, std::move(poll));
        return 0;
    }

    static int on_timeout(CURLM* /*multi*/, long milliseconds, void* user) {
        auto& timer = static_cast<State*>(user)->timer_;
        if (milliseconds < 0) {
            timer.pause();
        } else {
            timer.again(Milliseconds(milliseconds));
        }
        return 0;
    }

    void act(curl_socket_t fd, int ready) {
        const auto keep = shared_from_this();
        int running = 0;
        curl_multi_socket_action(multi_.get(), fd, ready, &running);
        collect();
    }

    void collect() {
        int left = 0;
        while (!cancelled_) {
            const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
            if (message == nullptr) break;
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            auto node = running_.extract(message->easy_handle);
            curl_multi_remove_handle(multi_.get(), node.key());
            const auto transfer = std::move(node.mapped());
            start_waiting();
            if (code == CURLE_OK) {
                take_status(*transfer);
                transfer->callback(std::move(transfer->response));
            } else {
                transfer->callback(fail(error_of(*transfer, code)));
            }
        }
    }

    void start_waiting() {
        while (!waiting_.empty() && running_.size() < options_.max_in_flight) {
            auto transfer = std::move(waiting_.front());
            waiting_.pop_front();
            if (auto ready = prepare(*transfer, options_); !ready) {
                answer_later(std::move(transfer), std::move(ready).error());
                continue;
            }
            auto* easy = transfer->easy.get();
            if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
                answer_later(std::move(transfer),
                             {ErrorCode::Unavailable, "libcurl", "it refuses a transfer"});
                continue;
            }
            running_.emplace(easy, std::move(transfer));
        }
    }

    void answer_later(std::unique_ptr<Transfer> failed, Error error) {
        const std::shared_ptr<Transfer> transfer = std::move(failed);  // std::function copies.
        loop_.post([weak = weak_from_this(), transfer, error = std::move(error)] {
            const auto self = weak.lock();
            if (self != nullptr && !self->cancelled_) transfer->callback(fail(error));
        });
    }

    Loop& loop_;
    const ClientOptions options_;
    MultiHandle multi_;
    Timer timer_;
    std::unordered_map<curl_socket_t, Poll> polls_;
    std::unordered_map<CURL*, std::unique_ptr<Transfer>> running_;
    std::deque<std::unique_ptr<Transfer>> waiting_;
    bool cancelled_ = false;
};

HttpClient::HttpClient(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

HttpClient::~HttpClient() {
    state_->cancel();
}

Result<std::unique_ptr<HttpClient>> HttpClient::create(Loop& loop, ClientOptions options) {
    auto state = std::make_shared<State>(loop, std::move(options));
    if (!state->set_up()) return fail(Error{ErrorCode::Unavailable, "libcurl", "cannot be set up"});
    struct Constructible : HttpClient {
        explicit Constructible(std::shared_ptr<State> made) noexcept
            : HttpClient(std::move(made)) {}
    };
    return std::unique_ptr<HttpClient>(std::make_unique<Constructible>(std::move(state)));
}

void HttpClient::request(ClientRequest request, Callback callback) {
    state_->request(std::move(request), std::move(callback));
}

std::size_t HttpClient::pending() const noexcept {
    return state_->pending();
}

}  // namespace hairpin::net
