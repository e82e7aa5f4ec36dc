// A copy that leaves the cache to others: stores go straight to memory, without reading first what they overwrite.
#include "kernels/fill.h"
#include "kernels/simd.h"

namespace tg::kernels {
namespace {

#if defined(__AVX512F__)
inline void store_past(char* to, const char* from) {
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), _mm512_loadu_si512(from));
}
#elif defined(__AVX2__)
inline void store_past(char* to, const char* from) {
  for (int i = 0; i < 64; i += 32)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to + i), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i)));
}
#endif

void stream(void* to_void, const void* from_void, int64_t bytes) {
#if defined(__AVX2__)
  char* to = static_cast<char*>(to_void);
  const char* from = static_cast<const char*>(from_void);
  for (; bytes >= 64; bytes -= 64, to += 64, from += 64) store_past(to, from);
  for (; bytes > 0; --bytes) *to++ = *from++;
  _mm_sfence();  // before another thread is told that the result is there
#else
  __builtin_memcpy(to_void, from_void, static_cast<__SIZE_TYPE__>(bytes));
#endif
}

}  // namespace

namespace TG_ISA {
void fill_stream(ElementwiseTable& t) { t.stream = stream; }
}  // namespace TG_ISA

}  // namespace tg::kernels
