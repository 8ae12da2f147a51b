#pragma once

namespace bgplb {

inline constexpr const char* kVersion = BGPLB_VERSION;  // CMakeLists.txt's project() version

}  // namespace bgplb
