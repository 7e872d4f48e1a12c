#include "bench.h"

void bench_gather(bench *b) {
  bench_skip(b, "everything", "not written yet");
}
