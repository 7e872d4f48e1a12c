/* Timing: both sides in turns, so that what disturbs the machine disturbs both. */
#include "measure.h"

#include <stdlib.h>
#include <time.h>

double bench_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Idle threads of OpenMP and OpenBLAS spin for up to 30 ms (main.c sees to that) and would
 * take a core from our side, whose own idle threads sleep. */
static void settle(int milliseconds) {
  nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

enum { BEFORE_OURS = 60 };

static bool sample(const bench_side *side, void *state, int count, double *out_seconds) {
  double begin = bench_now();
  for (int i = 0; i < count; i++)
    if (!side->once(state)) return false;
  if (side->finish && !side->finish(state)) return false;
  *out_seconds = (bench_now() - begin) / count;
  return true;
}

/* How many executions make a sample of `wanted` seconds; the first ones warm up. Threads of
 * the references that wake may come to one processor and wait there for each other, a
 * scheduler's slice each time, 8 ms where 0.1 are needed: so short bodies are repeated
 * until that has passed, and the least time counts. */
static bool calibrate(const bench_side *side, void *state, double wanted, int *out_count) {
  enum { MOST = 1000000 };
  const double long_enough = 0.1;
  double seconds = 0, least = 0;
  int count = 1;
  if (!sample(side, state, 1, &seconds)) return false;
  double begin = bench_now();
  for (;;) {
    if (!sample(side, state, count, &seconds)) return false;
    if (least == 0 || seconds < least) least = seconds;
    if (least * count < wanted / 4 && count < MOST)
      count *= least * count < wanted / 40 ? 10 : 4;
    else if (bench_now() - begin >= long_enough)
      break;
  }
  double fitting = wanted / least;
  *out_count = fitting < 1 ? 1 : fitting > MOST ? MOST : (int)fitting;
  return true;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double bench_median(double *values, size_t count) {
  qsort(values, count, sizeof *values, by_value);
  return values[count / 2];
}

static bench_spread spread_of(double *values, size_t count) {
  double median = bench_median(values, count);
  return (bench_spread){median, values[0], values[count - 1]};
}

/* Processors that have slept are slow at first: one sample to wake them, one to count. */
static bool awake_sample(const bench_side *side, void *state, int count,
                         double *out_seconds) {
  return sample(side, state, count, out_seconds) && sample(side, state, count, out_seconds);
}

bool bench_measure(const bench_row *row, bool quick, bench_record *out) {
  double ours[BENCH_SAMPLES], other[BENCH_SAMPLES], ratios[BENCH_SAMPLES];
  double wanted = quick ? 0.01 : 0.03;
  int our_count = 1, other_count = 1;
  bool paired = row->other.once != NULL;
  settle(BEFORE_OURS);
  if (!calibrate(&row->ours, row->state, wanted, &our_count)) return false;
  if (paired && !calibrate(&row->other, row->state, wanted, &other_count)) return false;
  for (int i = 0; i < BENCH_SAMPLES; i++) {
    if (paired) settle(BEFORE_OURS);
    if (!awake_sample(&row->ours, row->state, our_count, &ours[i])) return false;
    if (!paired) continue;
    if (!awake_sample(&row->other, row->state, other_count, &other[i])) return false;
    ratios[i] = other[i] / ours[i];
  }
  out->ours = spread_of(ours, BENCH_SAMPLES);
  if (paired) {
    out->other = spread_of(other, BENCH_SAMPLES);
    out->ratio = spread_of(ratios, BENCH_SAMPLES);
  }
  return true;
}

/* Many short samples of both sides in turns: what else the machine does meanwhile hits a
 * few pairs, and the median of the differences not at all. */
bool bench_measure_cost(const bench_row *row, bool quick, bench_spread *out) {
  enum { PAIRS = 301 };
  static double costs[PAIRS];
  int our_count = 1, other_count = 1, pairs = quick ? PAIRS / 3 : PAIRS;
  double ours, other;
  if (!calibrate(&row->ours, row->state, 1e-3, &our_count)) return false;
  if (!calibrate(&row->other, row->state, 1e-3, &other_count)) return false;
  settle(BEFORE_OURS);
  for (int i = 0; i < pairs; i++) {
    if (!sample(&row->ours, row->state, our_count, &ours)) return false;
    if (!sample(&row->other, row->state, other_count, &other)) return false;
    costs[i] = ours - other;
  }
  double median = bench_median(costs, (size_t)pairs);
  *out = (bench_spread){median, costs[pairs / 4], costs[pairs * 3 / 4]};
  return true;
}
