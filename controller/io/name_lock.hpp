#pragma once
// A name that one process in a network namespace holds: an abstract unix socket (unix(7)), which
// exists until its last descriptor is closed, however the process ends. A managed plugin is in the
// host's network namespace, so two plugins see each other's names, although their files and
// processes are hidden from each other. Used by the composition root (hold_instance.cpp).
//
// Every user may bind an abstract name. A name that is not held by root is therefore no reason to
// wait: a user could keep the plugin from starting.

#include "base/result.hpp"
#include "io/descriptor.hpp"

#include <string>

namespace bgplb::io {

class NameLock {
 public:
  // Holds the name until this object ends. Waits at most 100 ms.
  // Conflict: a process of root holds the name. Unavailable: the name is in use, but not by a
  // process of root that listens; or the kernel refuses the socket.
  Result<void> take(const std::string& name);

 private:
  Descriptor socket_;
};

// A connection to the process of root that holds the name; closed: there is none.
Descriptor connectToHolder(const std::string& name);
// Whether the process at the other end has ended.
bool hasEnded(const Descriptor& connection);

}  // namespace bgplb::io
