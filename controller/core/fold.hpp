#pragma once
// All functions that change the facts.

#include "core/fold_containers.hpp"
#include "core/fold_networks.hpp"
