// The choice of instruction-set level.
#pragma once
#include <string>
#include <vector>

#include "kernels/table.h"

namespace tg::kernels {

// Fills the process's table with the best level, or with `wanted`; throws std::invalid_argument when the machine lacks it.
void choose_level(const char* wanted);
std::vector<std::string> supported_levels();

}  // namespace tg::kernels
