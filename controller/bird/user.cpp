#include "bird/user.hpp"

#include "base/capabilities.hpp"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace bgplb::bird {

std::optional<User> birdUser() {
  return ::geteuid() == 0 ? std::optional(kBirdUser) : std::nullopt;
}

io::Access readableByBird() {
  const auto user = birdUser();
  return user ? io::Access(0640, user->gid) : io::Access(0600);
}

bool becomeUser(const User& user) {
  // The result is not checked: the call fails without CAP_SETPCAP, and no_new_privs has the same
  // effect on BIRD.
  (void)capabilities::limitBoundingSet(capabilities::kBird);
  return ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && ::setgroups(0, nullptr) == 0 &&
         ::setresgid(user.gid, user.gid, user.gid) == 0 &&
         ::setresuid(user.uid, user.uid, user.uid) == 0 &&
         capabilities::limit(capabilities::kBird, capabilities::kBird) &&
         capabilities::passInheritable() && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

}  // namespace bgplb::bird
