// tests/support/temporary_folder.hpp - a folder of the test's own, gone when the test is.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace hairpin::tests {

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string made = (std::filesystem::temp_directory_path() / "hairpin-XXXXXX").string();
        if (::mkdtemp(made.data()) == nullptr) throw std::runtime_error("mkdtemp " + made);
        path_ = made;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace hairpin::tests
