#pragma once
// The user that BIRD runs as. BIRD reads what the network sends, so it has neither the rights of
// root nor access to Docker's socket (docs/decisions/0018). Daemon starts BIRD as this user and
// gives it the files it needs; the command `no-delay` becomes this user.

#include "io/file.hpp"

#include <sys/types.h>

#include <optional>

namespace bgplb::bird {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  friend bool operator==(const User&, const User&) = default;
};

// A number, because the plugin's file system has no user database. No distribution assigns it: it
// is between systemd's dynamic users (up to 65519) and nobody (65534). Below 65536, because user
// namespaces usually map that many.
inline constexpr User kBirdUser{65521, 65521};

// The user of the next BIRD. None: this process is not root, and BIRD runs as the same user.
std::optional<User> birdUser();

// The access to a file that BIRD only reads: root writes it, and no other user reads it.
io::Access readableByBird();

// Makes the calling process, which has one thread, an unprivileged process of that user: no
// supplementary groups, only the capabilities of capabilities::kBird, also after exec(3), and
// no_new_privs. Async-signal-safe. False: errno has the cause, and the process must not continue.
bool becomeUser(const User& user);

}  // namespace bgplb::bird
