#include "bench.h"

void bench_softmax(bench *b) {
  bench_skip(b, "everything", "not written yet");
}
