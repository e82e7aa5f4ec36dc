// The worker pool: tickets, so that the caller takes the next chunk itself and never waits for a worker that has
// not started. Workers spin a little, then sleep.
#include "core/parallel.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "core/errors.h"

namespace tg {
namespace {

constexpr auto kSpin = std::chrono::microseconds(40);

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

struct Pool {
  std::mutex owner;                // one caller at a time; a second one works alone
  std::atomic<uint32_t> epoch{0};  // raised for every job; workers wait on it
  std::atomic<int> inside{-1};     // workers in the current job; -1: closed
  std::atomic<int64_t> next{0};    // the next ticket
  int64_t chunks = 0;
  parallel::ChunkFn fn = nullptr;
  const void* context = nullptr;
  int workers = 0;

  void take_tickets() {
    for (int64_t i = next.fetch_add(1); i < chunks; i = next.fetch_add(1)) fn(context, i);
  }

  void join_job() {
    int n = inside.load();
    do {
      if (n < 0) return;  // over before this worker woke up
    } while (!inside.compare_exchange_weak(n, n + 1));
    take_tickets();
    inside.fetch_sub(1);
  }

  void work(int id) {
    uint32_t seen = 0;
    while (true) {
      const auto start = std::chrono::steady_clock::now();
      uint32_t now;
      while ((now = epoch.load()) == seen) {
        if (std::chrono::steady_clock::now() - start > kSpin) {
          epoch.wait(seen);
        } else {
          pause();
        }
      }
      seen = now;
      if (id < wanted.load() - 1) join_job();
    }
  }

  std::atomic<int> wanted{1};

  void start_workers() {
    while (workers < wanted.load() - 1) std::thread(&Pool::work, this, workers++).detach();
  }
};

std::atomic<Pool*> g_pool{nullptr};
int g_num_threads = 0;
thread_local bool t_in_chunk = false;

// Workers do not survive fork(): the child starts with a pool of its own. The old one cannot be destroyed,
// since its mutex may have been held.
void make_pool() { g_pool.store(new Pool); }

int default_threads() { return std::max(1, int(std::thread::hardware_concurrency())); }

}  // namespace

int num_threads() {
  if (g_num_threads == 0) g_num_threads = default_threads();
  return g_num_threads;
}

void set_num_threads(int n) {
  if (n < 1) fail<ValueError>("set_num_threads(): the number of threads must be at least 1, got ", n);
  g_num_threads = n;
}

namespace parallel {

void init_from_environment() {
  make_pool();
#if defined(__unix__) || defined(__APPLE__)
  pthread_atfork(nullptr, nullptr, make_pool);
#endif
  if (const char* text = std::getenv("TINYGRAD_EXT_NUM_THREADS"); text && *text) {
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    if (*end || n < 1 || n > 4096) fail<ValueError>("TINYGRAD_EXT_NUM_THREADS=", text, " is not a number of threads (1 to 4096)");
    g_num_threads = int(n);
  }
}

void run(int64_t chunks, ChunkFn fn, const void* context) {
  Pool& pool = *g_pool.load();
  // Inside a chunk, or while another thread has the workers, the caller does all of it.
  std::unique_lock lock(pool.owner, std::defer_lock);
  if (t_in_chunk || !lock.try_lock()) {
    for (int64_t i = 0; i < chunks; ++i) fn(context, i);
    return;
  }
  pool.wanted.store(num_threads());
  pool.start_workers();
  pool.fn = fn;
  pool.context = context;
  pool.chunks = chunks;
  pool.next.store(0);
  pool.inside.store(0);
  pool.epoch.fetch_add(1);
  pool.epoch.notify_all();
  t_in_chunk = true;
  pool.take_tickets();
  t_in_chunk = false;
  for (int none = 0; !pool.inside.compare_exchange_weak(none, -1); none = 0) pause();
}

}  // namespace parallel
}  // namespace tg
