#pragma once
// Combines lambdas into one visitor for std::visit.

namespace bgplb {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace bgplb
