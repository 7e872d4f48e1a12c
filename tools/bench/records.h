/* What a run has measured, for the reports. */
#pragma once

#include "bench.h"

typedef struct bench_spread {
  double median, least, most;
} bench_spread;

typedef struct bench_record {
  char area[24], name[96], reference[48], unit[16], note[160];
  bench_spread ours, other; /* seconds an execution; other.median 0: nobody */
  bench_spread ratio;       /* of pairs measured next to each other */
  double bytes, flops, goal;
  double value; /* of a figure: its unit is not "" */
} bench_record;

/* The most the device was seen to do, by raw OpenCL kernels written for it. */
typedef struct bench_limits {
  double bytes_per_second;        /* 256 MB read and as much written */
  double cached_bytes_per_second; /* the same within 1 MB */
  double flops_per_second;        /* float32, a multiply-add counted as two */
  double launch_seconds;          /* a one-work-group kernel in a stream of them */
} bench_limits;

typedef struct bench_machine {
  char processor[96], device[160], driver[160], date[32], compiler[64], peers[160];
  int threads;
} bench_machine;

typedef struct bench_records {
  bench_machine machine;
  bench_limits limits;
  bench_record *items;
  size_t count, room;
} bench_records;

bool bench_records_add(bench_records *all, const bench_record *record);
/* The larger of the two shares of the limits that a record reaches, in (0, 1]; 0: unknown.
 */
double bench_share(const bench_records *all, const bench_record *record);
/* Measures the limits on `device` with kernels of its own. False: they stay zero. */
bool bench_measure_limits(const char *device, bench_limits *out);
void bench_describe_machine(const char *device, bench_machine *out);

void bench_print_heading(const bench_records *all);
void bench_print_record(const bench_records *all, const bench_record *record);
bool bench_write_json(const bench_records *all, const char *path);
bool bench_write_svg(const bench_records *all, const char *path);
