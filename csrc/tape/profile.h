// What the profiler hears of operations: while it is on, each notes its name, its time and its operands. Off, that is one
// branch. Draws no conclusions: tables, FLOPs and traces are made in tinygrad_ext/profiler.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "tape/mode.h"

namespace tg::tape {

struct Node;

// Read by every operation.
extern bool g_profiling;

namespace profile {

enum class Kind : uint8_t { op, inplace, rule, engine, module, label };

// A tensor, a list of them, or what is neither.
struct Operands {
  const Tensor* first = nullptr;
  size_t count = 0;
};
inline Operands operands(const Tensor& t) { return {&t, 1}; }
inline Operands operands(const TensorList& list) { return {list.data(), list.size()}; }
template <class A>
Operands operands(const A&) {
  return {};
}

struct Track;  // what one thread notes

// One event: from here to the end of the block, or to end().
class Scope {
 public:
  // The name outlives the process, or comes from keep().
  Scope(Kind kind, const char* name) {
    if (g_profiling) [[unlikely]]
      begin(kind, name);
  }
  // A node's gradient rule. What it runs belongs to the module that the node was recorded in.
  explicit Scope(const Node& n) {
    if (g_profiling) [[unlikely]]
      begin_rule(n);
  }
  // A call of the module with this number.
  explicit Scope(uint32_t module) {
    if (!g_profiling) return;
    enter(module);
    begin(Kind::module, "");
  }
  ~Scope() {
    if (track_) [[unlikely]]
      close();
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // What was read and written; a result that looks at an operand's memory moved nothing, unless written in place.
  void end(std::initializer_list<Operands> inputs, Operands output) {
    if (track_) [[unlikely]]
      note(inputs, output);
  }
  void end(int64_t bytes) {
    if (track_) note_bytes(bytes);
  }
  void end_rule(const Node& n, const Tensor& dy) {
    if (track_) [[unlikely]]
      note_rule(n, dy);
  }

 private:
  void begin(Kind kind, const char* name);
  void begin_rule(const Node& n);
  void enter(uint32_t module);
  bool stop_clock();
  void note(std::initializer_list<Operands> inputs, Operands output);
  void note_bytes(int64_t bytes);
  void note_rule(const Node& n, const Tensor& dy);
  void close();

  Track* track_ = nullptr;  // null while nothing is noted
  const char* name_;
  uint32_t index_, session_, module_before_;
  Kind kind_;
  bool entered_ = false;  // a module, to be left at the end
};

// One event as it is kept, and as Python reads it.
struct Event {
  int64_t begin, end;  // nanoseconds since the start
  uint32_t parent;     // in the same thread, kNone for none
  uint32_t site;       // what was run on what
  uint32_t module;
  Kind kind;
  bool backward;  // inside a backward pass
  uint16_t unused;
};
inline constexpr uint32_t kNone = ~0U;

// Everything that events of one kind, name and operands have in common.
struct Site {
  struct Operand {
    bool present;
    DType dtype;
    Shape shape;
  };
  const char* name;
  Kind kind;
  int64_t bytes;
  std::vector<Operand> inputs, outputs;
};

struct Recording {
  struct Thread {
    unsigned long id;
    std::vector<Event> events;  // in the order in which they began
  };
  std::vector<Thread> threads;
  std::vector<Site> sites;
  int64_t duration = 0, missed = 0;  // nanoseconds; events after the limit
};

// A copy of the name that stays.
const char* keep(const std::string& name);

// Throws when it is on already.
void start(int64_t limit);
// Throws when it is off.
Recording stop();

}  // namespace profile
}  // namespace tg::tape
