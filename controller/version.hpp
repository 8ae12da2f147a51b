#pragma once

namespace bgplb {

inline constexpr const char* kVersion = BGPLB_VERSION;  // version of project() in CMakeLists.txt

}  // namespace bgplb
