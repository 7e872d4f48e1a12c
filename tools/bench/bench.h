/* What an area of eagercl-bench is made of: rows, each with two sides timed in turns.
 *
 * An area makes its inputs, checks that both sides give the same, hands the row over and
 * frees what it made. A body does the work of one execution and says whether it went well;
 * `finish` waits until all executions so far are done. Nothing here is a test: no time
 * passes or fails. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/eagercl.h>

typedef struct bench bench;

typedef struct bench_side {
  bool (*once)(void *state);
  bool (*finish)(void *state); /* NULL: nothing to wait for */
} bench_side;

typedef struct bench_row {
  const char *name;      /* what is done, on which shape; unique within its area */
  const char *reference; /* who the other side is, "OpenMP C"; NULL: nobody */
  bench_side ours, other;
  void *state;         /* given to all four bodies */
  double bytes, flops; /* moved and computed by one execution; 0: says nothing */
  double goal;         /* the ratio aimed at; 0: none */
  double cost_goal;    /* seconds our side may add to the other's; 0: not asked */
  int cost_parts;      /* the goal and the cost are those of one of so many; 0: the whole */
  const char *note;    /* printed behind the row; NULL: nothing */
} bench_row;

/* Times `row`, unless the user wants other rows. Ratios are the other side's time over
 * ours. With a cost_goal the figure "<name>: own cost" follows, ours less the other's. */
void bench_run(bench *b, const bench_row *row);
/* Whether the user wants the row of this name: areas skip costly inputs with it. */
bool bench_wants(const bench *b, const char *name);
/* Prints "<name>: skipped: <why>". */
void bench_skip(bench *b, const char *name, const char *why);
/* Reports a failure (the library's message, or `text`) and counts it; always false. */
bool bench_fail(bench *b, const char *name, const char *text);
/* A figure without two sides, such as a count or a share. */
void bench_figure(bench *b, const char *name, double value, const char *unit, double goal);

bool bench_quick(const bench *b);         /* smaller sizes, fewer samples */
const char *bench_device(const bench *b); /* "CPU:0" */
uint64_t bench_random(bench *b);          /* the same numbers in every run */
void bench_random_floats(bench *b, float *values, size_t count, float low, float high);
double bench_now(void);                            /* seconds */
double bench_median(double *values, size_t count); /* sorts them */

/* Whether `got` holds `count` float32 values within `tolerance` (relative to 1 +
 * |expected|); counts a failure otherwise. */
bool bench_same(bench *b, const char *name, const eager_tensor *got, const float *expected,
                size_t count, double tolerance);

/* Whether `got` holds exactly the bytes at `expected`; counts a failure otherwise. */
bool bench_same_bytes(bench *b, const char *name, const eager_tensor *got,
                      const void *expected);

/* 64-byte aligned; NULL when memory is short. */
void *bench_alloc(size_t size);
void bench_free(void *memory);
/* A float32 tensor of `rank` dims from host values. */
eager_tensor *bench_tensor(bench *b, const float *values, int rank, const int64_t *dims);
/* Releases what our side has made; false: it made nothing. */
bool bench_made(eager_tensor *out);
/* Waits for everything on the device. The usual `finish` of our side. */
bool bench_synchronize(void *state);

/* The areas, one file each; areas.c lists them in the order they run. */
void bench_graph(bench *b);
void bench_dispatch(bench *b);
void bench_memory(bench *b);
void bench_transfer(bench *b);
void bench_elementwise(bench *b);
void bench_math(bench *b);
void bench_broadcast(bench *b);
void bench_reduce(bench *b);
void bench_softmax(bench *b);
void bench_transpose(bench *b);
void bench_gather(bench *b);
void bench_gemm(bench *b);
void bench_gemm_batched(bench *b);
void bench_gemv(bench *b);
void bench_conv(bench *b);
void bench_startup(bench *b);
void bench_train(bench *b);

typedef struct bench_area {
  const char *name;
  void (*run)(bench *b);
} bench_area;
extern const bench_area bench_areas[];
extern const size_t bench_area_count;
