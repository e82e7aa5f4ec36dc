// Element types and PyTorch's promotion between them. No storage, no shapes.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <ostream>

namespace tg {

enum class DType : uint8_t { float32, float64, int64, int32, uint8, bool_, bfloat16 };
inline constexpr int kNumDTypes = 7;

// A Python scalar's kind, and the order in which kinds outrank each other.
enum class Category : uint8_t { boolean, integer, floating };

constexpr size_t itemsize(DType t) {
  constexpr size_t sizes[] = {4, 8, 8, 4, 1, 1, 2};
  return sizes[int(t)];
}
constexpr const char* name(DType t) {
  constexpr const char* names[] = {"float32", "float64", "int64", "int32", "uint8", "bool", "bfloat16"};
  return names[int(t)];
}
constexpr bool is_floating(DType t) { return t <= DType::float64 || t == DType::bfloat16; }
constexpr Category category(DType t) {
  return is_floating(t) ? Category::floating : t == DType::bool_ ? Category::boolean : Category::integer;
}
// What Python floats become, and floats made of integers: float32 unless set_default_dtype() says float64.
inline DType g_default_float = DType::float32;
inline DType default_float() { return g_default_float; }
// A Python number has no type of its own: beside tensors of a lower category it becomes this.
inline DType default_dtype(Category c) {
  return c == Category::floating ? default_float() : c == Category::integer ? DType::int64 : DType::bool_;
}

constexpr DType promote(DType a, DType b) {
  if (category(a) != category(b)) return category(a) > category(b) ? a : b;
  if (is_floating(a)) return a == b ? a : a == DType::float64 || b == DType::float64 ? DType::float64 : DType::float32;
  // int64 int32 uint8: the wider one holds both
  return a < b ? a : b;
}

inline std::ostream& operator<<(std::ostream& out, DType t) { return out << name(t); }

// The upper half of a float32: what bfloat16 stores. Nothing is computed in it.
struct bfloat16 {
  uint16_t bits;

  constexpr explicit operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }
  // To the nearest, ties to even; NaN stays NaN.
  static constexpr bfloat16 round(float x) {
    const uint32_t u = std::bit_cast<uint32_t>(x);
    return {uint16_t(x != x ? u >> 16 | 0x40 : (u + 0x7fff + (u >> 16 & 1)) >> 16)};
  }
};

[[noreturn, gnu::cold]] void no_bfloat16();  // throws: the code that asked has no way for these elements

// Calls f with a value of the C++ type that stores `t`; bool is stored as one byte. Not for bfloat16.
template <class F>
decltype(auto) visit(DType t, F&& f) {
  switch (t) {
    case DType::float32:
      return f(float{});
    case DType::float64:
      return f(double{});
    case DType::int64:
      return f(int64_t{});
    case DType::int32:
      return f(int32_t{});
    case DType::uint8:
      return f(uint8_t{});
    case DType::bfloat16:
      no_bfloat16();
    default:
      return f(bool{});
  }
}

}  // namespace tg
