#pragma once
// Owns a file descriptor and closes it.

#include <unistd.h>

#include <utility>

namespace bgplb::io {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  bool isOpen() const { return fd_ >= 0; }
  // Passes ownership of the descriptor to the caller.
  int release() { return std::exchange(fd_, -1); }
  // Closes the descriptor and takes ownership of another one. Ignores an error of close(2), because
  // Linux releases the descriptor even then.
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace bgplb::io
