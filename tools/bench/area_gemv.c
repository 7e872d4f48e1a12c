#include "bench.h"

void bench_gemv(bench *b) {
  bench_skip(b, "everything", "not written yet");
}
