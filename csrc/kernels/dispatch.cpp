// Chooses the instruction-set level once, when the module is imported.
#include "kernels/dispatch.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels/bfloat16.h"

namespace tg::kernels {

#if defined(__x86_64__)
namespace avx2 {
void fill(Table&);
void fill_bfloat16(Bfloat16Table&);
}  // namespace avx2
namespace avx512 {
void fill(Table&);
void fill_bfloat16(Bfloat16Table&);
}  // namespace avx512
#endif
namespace baseline {
void fill(Table&);
void fill_bfloat16(Bfloat16Table&);
}  // namespace baseline

namespace {

struct Level {
  const char* name;
  bool (*supported)();
  void (*fill)(Table&);
  void (*fill_bfloat16)(Bfloat16Table&);
};

// Best last.
const Level kLevels[] = {
    {"baseline", [] { return true; }, baseline::fill, baseline::fill_bfloat16},
#if defined(__x86_64__)
    {"avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"); },
     avx2::fill, avx2::fill_bfloat16},
    {"avx512",
     [] {
       return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
     },
     avx512::fill, avx512::fill_bfloat16},
#endif
};

Table g_table;
Bfloat16Table g_bfloat16_table;

}  // namespace

const Table& table() { return g_table; }
const Bfloat16Table& bfloat16_table() { return g_bfloat16_table; }

std::vector<std::string> supported_levels() {
  std::vector<std::string> names;
  for (const Level& level : kLevels)
    if (level.supported()) names.emplace_back(level.name);
  return names;
}

void choose_level(const char* wanted) {
  const Level* chosen = nullptr;
  for (const Level& level : kLevels)
    if (level.supported() && (!wanted || std::string(wanted) == level.name)) chosen = &level;
  if (!chosen) {
    std::string known;
    for (const std::string& name : supported_levels()) known += (known.empty() ? "" : ", ") + name;
    throw std::invalid_argument("TINYGRAD_EXT_ISA=" + std::string(wanted) + " is not a level of this machine; it has: " + known);
  }
  chosen->fill(g_table);
  chosen->fill_bfloat16(g_bfloat16_table);
  g_table.isa = chosen->name;
}

}  // namespace tg::kernels
