// The worker pool. Work is cut into chunks by its size alone, so results do not depend on the number of threads;
// which thread runs a chunk may vary. Knows nothing of tensors or Python.
#pragma once
#include <cstdint>

namespace tg {

int num_threads();
void set_num_threads(int n);  // n >= 1

namespace parallel {
using ChunkFn = void (*)(const void* context, int64_t chunk);
void run(int64_t chunks, ChunkFn fn, const void* context);
void init_from_environment();  // TINYGRAD_EXT_NUM_THREADS
}  // namespace parallel

// Calls f(0) ... f(chunks - 1), each once, on any thread, and returns when all are done. f must not throw.
template <class F>
void parallel_for(int64_t chunks, const F& f) {
  if (chunks <= 1 || num_threads() == 1) {
    for (int64_t i = 0; i < chunks; ++i) f(i);
    return;
  }
  parallel::run(chunks, [](const void* context, int64_t chunk) { (*static_cast<const F*>(context))(chunk); }, &f);
}

// Cuts [0, n) into ranges of about `grain` and calls f(begin, end) for each.
template <class F>
void parallel_ranges(int64_t n, int64_t grain, const F& f) {
  if (n <= 0) return;
  const int64_t step = grain > 0 ? grain : 1;
  const int64_t chunks = (n + step - 1) / step;
  parallel_for(chunks, [&](int64_t i) { f(i * step, i * step + step < n ? i * step + step : n); });
}

}  // namespace tg
