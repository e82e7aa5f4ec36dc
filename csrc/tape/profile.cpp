// Notes events. An operation's name and operands are kept once per combination (a site), so a training loop costs 32 bytes
// per event. All of it runs with Python's lock.
#include "tape/profile.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <unordered_set>

#include "core/errors.h"
#include "tape/node.h"

namespace tg::tape {

bool g_profiling = false;

namespace profile {

// Events in chunks, so that a long run never copies what it has.
struct Track {
  static constexpr uint32_t kChunk = 1 << 14;

  unsigned long thread = PyThread_get_thread_ident();
  std::vector<std::unique_ptr<Event[]>> chunks;
  uint32_t count = 0;
  uint32_t current = kNone;  // the innermost event that has not ended
  uint32_t passes = 0;       // backward passes and rules that have not ended

  Event& operator[](uint32_t i) { return chunks[i / kChunk][i % kChunk]; }
  uint32_t push(const Event& e) {
    if (count % kChunk == 0) chunks.push_back(std::make_unique_for_overwrite<Event[]>(kChunk));
    (*this)[count] = e;
    return count++;
  }
};

namespace {

constexpr size_t kShown = 16;  // operands whose shapes are kept; of a longer list the bytes alone

int64_t wall() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// An event that has not ended has its name, inverted and so negative, in place of the end.
int64_t open_end(const char* name) { return ~reinterpret_cast<int64_t>(name); }
bool is_open(const Event& e) { return e.end < 0; }

// The processor's counter where it runs at one rate, which takes a third of the time that asking the system does.
bool counter_is_steady() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d >> 8 & 1);
#else
  return false;
#endif
}
const bool g_counts = counter_is_steady();

int64_t ticks() {
#if defined(__x86_64__)
  if (g_counts) return int64_t(__rdtsc());
#endif
  return wall();
}

// Sites by what describes them: name, kind, bytes, then operands. The first is of events whose own there was no memory for.
class Sites {
 public:
  Sites() {
    begin("(unknown)", Kind::label);
    find();
  }
  void begin(const char* name, Kind kind) {
    key_.clear();
    key_.push_back(reinterpret_cast<int64_t>(name));
    key_.push_back(int64_t(kind));
    key_.push_back(0);
    shown_ = 0;
  }
  // Of an event that nothing more is known of.
  uint32_t find_named(const Event& e) {
    begin(reinterpret_cast<const char*>(~e.end), e.kind);
    return find();
  }
  void bytes(int64_t n) { key_[2] = n; }
  void operand(const Tensor& t) {
    if (++shown_ > kShown) return;
    if (!t) return key_.push_back(kAbsent);
    key_.push_back(int64_t(t.dtype()) << 8 | t.ndim());
    key_.insert(key_.end(), t->shape, t->shape + t.ndim());
  }
  void outputs() { key_.push_back(kOutputs); }

  uint32_t find() {
    uint64_t hash = 0;
    for (int64_t word : key_) {
      hash = (hash ^ uint64_t(word)) * 0x9E3779B97F4A7C15U;
      hash ^= hash >> 29;
    }
    if (places_.size() >= slots_.size() / 2) grow();
    size_t slot = hash & (slots_.size() - 1);
    for (; slots_[slot] != kNone; slot = (slot + 1) & (slots_.size() - 1)) {
      const Place& p = places_[slots_[slot]];
      if (p.hash == hash && p.length == key_.size() && std::equal(key_.begin(), key_.end(), words_.begin() + p.first))
        return slots_[slot];
    }
    slots_[slot] = uint32_t(places_.size());
    places_.push_back({hash, words_.size(), key_.size()});
    words_.insert(words_.end(), key_.begin(), key_.end());
    return slots_[slot];
  }

  std::vector<Site> all() const {
    std::vector<Site> sites;
    for (const Place& p : places_) {
      const int64_t *w = words_.data() + p.first, *end = w + p.length;
      Site site{reinterpret_cast<const char*>(w[0]), Kind(w[1]), w[2], {}, {}};
      auto* to = &site.inputs;
      for (w += 3; w < end; ++w) {
        if (*w == kOutputs) {
          to = &site.outputs;
        } else if (*w == kAbsent) {
          to->push_back({false, DType::float32, {}});
        } else {
          const size_t ndim = size_t(*w & 0xFF);
          to->push_back({true, DType(*w >> 8), Shape(Span(w + 1, ndim))});
          w += ndim;
        }
      }
      sites.push_back(std::move(site));
    }
    return sites;
  }

 private:
  static constexpr int64_t kAbsent = -1, kOutputs = -2;
  struct Place {
    uint64_t hash;
    size_t first, length;  // in words_
  };

  void grow() {
    slots_.assign(slots_.size() * 2, kNone);
    for (uint32_t i = 0; i < places_.size(); ++i) {
      size_t slot = places_[i].hash & (slots_.size() - 1);
      while (slots_[slot] != kNone) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = i;
    }
  }

  std::vector<int64_t> key_;
  size_t shown_ = 0;
  std::vector<int64_t> words_;
  std::vector<Place> places_;
  std::vector<uint32_t> slots_ = std::vector<uint32_t>(1024, kNone);
};

struct Session {
  int64_t limit, left, missed = 0;
  int64_t first_tick = ticks(), first_time = wall();
  std::vector<std::unique_ptr<Track>> tracks;
  Sites sites;

  explicit Session(int64_t n) : limit(n), left(n) {}
};

std::unique_ptr<Session> g_session;
uint32_t g_session_number = 0;  // of the running session, or of the last one
thread_local Track* t_track = nullptr;
thread_local uint32_t t_track_session = 0;

Track& track_of_thread() {
  if (t_track_session != g_session_number) {
    t_track = g_session->tracks.emplace_back(std::make_unique<Track>()).get();
    t_track_session = g_session_number;
  }
  return *t_track;
}

int64_t size_of(const Tensor& t) { return t ? t.numel() * int64_t(itemsize(t.dtype())) : 0; }

bool writes(Kind kind, std::string_view name) { return kind == Kind::inplace || name.ends_with('_'); }

bool runs_backward(Kind kind) { return kind == Kind::engine || kind == Kind::rule; }

// Ends an event that has not been told its operands.
void cut_off(Event& e, int64_t now) {
  try {
    e.site = g_session->sites.find_named(e);
  } catch (const std::bad_alloc&) {  // possibly on the way out of another exception
  }
  e.end = now;
}

}  // namespace

void Scope::enter(uint32_t module) {
  module_before_ = t_mode.module;
  entered_ = true;
  t_mode.module = module;
}

void Scope::begin(Kind kind, const char* name) {
  Track& track = track_of_thread();
  track_ = &track;
  session_ = g_session_number;
  name_ = name;
  kind_ = kind;
  index_ = kNone;
  if (runs_backward(kind)) ++track.passes;
  if (g_session->left == 0) {
    ++g_session->missed;
    return;
  }
  --g_session->left;
  index_ = track.push({0, open_end(name), track.current, 0, t_mode.module, kind, track.passes != 0, 0});
  track.current = index_;
  track[index_].begin = ticks();  // last, so that the time is the operation's
}

void Scope::begin_rule(const Node& n) {
  if (&n.inputs() != &n) return;  // one output of several only hands its gradient on
  enter(n.module);
  begin(Kind::rule, n.info->name);
}

// Whether there is an event that just ended. Whatever began inside it and has not ended does so now.
bool Scope::stop_clock() {
  const int64_t now = ticks();
  if (session_ != g_session_number || !g_session || index_ == kNone) return false;
  Track& track = *track_;
  Event& own = track[index_];
  if (!is_open(own)) return false;
  for (uint32_t i = track.current; i != index_; i = track[i].parent) cut_off(track[i], now);
  own.end = now;
  track.current = own.parent;
  return true;
}

void Scope::note(std::initializer_list<Operands> inputs, Operands output) {
  if (!stop_clock()) return;
  Sites& sites = g_session->sites;
  sites.begin(name_, kind_);
  const Storage* result = output.count && *output.first ? (*output.first)->storage : nullptr;
  int64_t bytes = 0;
  bool shares = false;
  for (const Operands& list : inputs)
    for (size_t i = 0; i < list.count; ++i) {
      const Tensor& t = list.first[i];
      sites.operand(t);
      bytes += size_of(t);
      shares |= t && t->storage == result;
    }
  sites.outputs();
  for (size_t i = 0; i < output.count; ++i) {
    sites.operand(output.first[i]);
    bytes += size_of(output.first[i]);
  }
  sites.bytes(shares && result && !writes(kind_, name_) ? 0 : bytes);
  (*track_)[index_].site = sites.find();
}

void Scope::note_bytes(int64_t bytes) {
  if (!stop_clock()) return;
  g_session->sites.begin(name_, kind_);
  g_session->sites.bytes(bytes);
  (*track_)[index_].site = g_session->sites.find();
}

// A rule's inputs are the gradient it is given and the operation's own.
void Scope::note_rule(const Node& n, const Tensor& dy) {
  if (!stop_clock()) return;
  Sites& sites = g_session->sites;
  sites.begin(name_, kind_);
  sites.operand(dy);
  for (uint32_t i = 0; i < n.num_edges; ++i) {
    TensorImpl* const input = n.edges[i].node ? n.edges[i].node->output : n.edges[i].leaf;
    sites.operand(Tensor::view_handle(input));
  }
  (*track_)[index_].site = sites.find();
}

void Scope::close() {
  if (entered_) t_mode.module = module_before_;
  if (session_ != g_session_number || !g_session) return;
  if (runs_backward(kind_)) --track_->passes;
  if (!stop_clock()) return;
  Event& own = (*track_)[index_];  // ended by an exception, or has no operands
  const int64_t now = std::exchange(own.end, open_end(name_));
  cut_off(own, now);
}

const char* keep(const std::string& name) {
  static std::unordered_set<std::string> names;
  return names.insert(name).first->c_str();
}

void start(int64_t limit) {
  if (g_session) fail<RuntimeError>("profile: a profile is being taken already; there is one at a time");
  ++g_session_number;
  g_session = std::make_unique<Session>(limit);
  g_profiling = true;
}

Recording stop() {
  if (!g_session) fail<RuntimeError>("profile: no profile is being taken");
  g_profiling = false;
  const int64_t last_tick = ticks(), duration = wall() - g_session->first_time;
  for (const auto& track : g_session->tracks)
    for (uint32_t i = track->current; i != kNone; i = (*track)[i].parent) cut_off((*track)[i], last_tick);
  const std::unique_ptr<Session> s = std::move(g_session);
  const double scale = double(duration) / double(std::max<int64_t>(1, last_tick - s->first_tick));
  const auto time = [&](int64_t tick) { return int64_t(double(tick - s->first_tick) * scale); };
  Recording r;
  r.duration = duration;
  r.missed = s->missed;
  for (const auto& track : s->tracks) {
    auto& thread = r.threads.emplace_back(Recording::Thread{track->thread, {}});
    thread.events.reserve(track->count);
    for (uint32_t i = 0; i < track->count; ++i) {
      Event e = (*track)[i];
      e.begin = time(e.begin);
      e.end = std::max(e.begin, time(e.end));
      thread.events.push_back(e);
    }
  }
  r.sites = s->sites.all();
  return r;
}

}  // namespace profile
}  // namespace tg::tape
