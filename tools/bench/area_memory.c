#include "bench.h"

void bench_memory(bench *b) {
  bench_skip(b, "everything", "not written yet");
}
