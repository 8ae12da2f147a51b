#pragma once
// All changes to the facts.

#include "core/fold_containers.hpp"
#include "core/fold_networks.hpp"
