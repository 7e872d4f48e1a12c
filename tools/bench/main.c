/* eagercl-bench: how fast the library is, beside the best that is known, in one process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "child.h"
#include "measure.h"
#include "records.h"

static const char usage[] =
    "usage: eagercl-bench [AREA ...] [options]\n"
    "Times the library beside references: raw OpenCL, OpenMP C, OpenBLAS, oneDNN, memcpy.\n"
    "  --device NAME  the device (default: the default device)\n"
    "  --row TEXT     only rows whose name contains TEXT\n"
    "  --quick        smaller inputs and shorter samples\n"
    "  --check        run and compare everything once, time nothing\n"
    "  --json FILE    write all figures to FILE\n"
    "  --svg FILE     draw them: a roofline, and the ratios as bars\n"
    "  --list         the areas\n"
    "  --help         this text\n"
    "A ratio is the other side's time over ours: above 1 we are faster.\n"
    "Exit status: 0 when every result was right, 1 when one was wrong or failed.\n";

typedef struct options {
  const char *device, *row, *json, *svg;
  const char *areas[32];
  size_t area_count;
  bool quick, check, list, help;
} bench_options;

struct bench {
  const bench_options *options;
  const char *device;
  const bench_area *area;
  bench_records records;
  uint64_t random;
  int failures;
};

/* --- What areas ask for --- */

bool bench_quick(const bench *b) {
  return b->options->quick || b->options->check;
}

const char *bench_device(const bench *b) {
  return b->device;
}

uint64_t bench_random(bench *b) {
  /* splitmix64: https://prng.di.unimi.it/splitmix64.c */
  uint64_t z = b->random += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

bool bench_wants(const bench *b, const char *name) {
  return !b->options->row || strstr(name, b->options->row);
}

bool bench_fail(bench *b, const char *name, const char *text) {
  printf("%-13s %s: FAILED: %s\n", b->area->name, name,
         text ? text : eager_error_message());
  b->failures++;
  return false;
}

void bench_skip(bench *b, const char *name, const char *why) {
  if (bench_wants(b, name)) printf("%-13s %-42s skipped: %s\n", b->area->name, name, why);
}

static void keep(bench *b, bench_record *record) {
  snprintf(record->area, sizeof record->area, "%s", b->area->name);
  if (!bench_records_add(&b->records, record)) bench_fail(b, record->name, "out of memory");
  bench_print_record(&b->records, record);
}

void bench_figure(bench *b, const char *name, double value, const char *unit, double goal) {
  if (!bench_wants(b, name)) return;
  bench_record record = {.value = value, .goal = goal};
  snprintf(record.name, sizeof record.name, "%s", name);
  snprintf(record.unit, sizeof record.unit, "%s", unit);
  keep(b, &record);
}

static bool run_once(const bench_side *side, void *state) {
  return !side->once || (side->once(state) && (!side->finish || side->finish(state)));
}

void bench_run(bench *b, const bench_row *row) {
  if (!bench_wants(b, row->name)) return;
  if (b->options->check) {
    if (!run_once(&row->ours, row->state) || !run_once(&row->other, row->state))
      bench_fail(b, row->name, NULL);
    else
      printf("%-13s %-42s right\n", b->area->name, row->name);
    return;
  }
  bench_record record = {.bytes = row->bytes, .flops = row->flops, .goal = row->goal};
  snprintf(record.name, sizeof record.name, "%s", row->name);
  snprintf(record.reference, sizeof record.reference, "%s",
           row->reference ? row->reference : "");
  snprintf(record.note, sizeof record.note, "%s", row->note ? row->note : "");
  if (!bench_measure(row, b->options->quick, &record)) {
    bench_fail(b, row->name, NULL);
    return;
  }
  keep(b, &record);
  if (row->cost_goal <= 0) return;
  bench_spread seconds;
  if (!bench_measure_cost(row, b->options->quick, &seconds)) {
    bench_fail(b, row->name, NULL);
    return;
  }
  double scale = 1e6 / (row->cost_parts > 0 ? row->cost_parts : 1);
  bench_record cost = {
      .value = seconds.median * scale, .unit = "us", .goal = row->cost_goal * 1e6};
  snprintf(cost.name, sizeof cost.name, "%s: own cost", row->name);
  snprintf(cost.note, sizeof cost.note, "half of the pairs from %.3f to %.3f",
           seconds.least * scale, seconds.most * scale);
  keep(b, &cost);
}

/* --- The run --- */

static bool takes_value(const char *argument, const char *name, const char **out,
                        const char *value, int *index) {
  if (strcmp(argument, name) != 0 || !value) return false;
  *out = value;
  ++*index;
  return true;
}

static bool known_area(const char *name) {
  for (size_t i = 0; i < bench_area_count; i++)
    if (strcmp(bench_areas[i].name, name) == 0) return true;
  return false;
}

static bool read_options(int count, char **arguments, bench_options *out) {
  for (int i = 1; i < count; i++) {
    const char *argument = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
    if (takes_value(argument, "--device", &out->device, value, &i) ||
        takes_value(argument, "--row", &out->row, value, &i) ||
        takes_value(argument, "--json", &out->json, value, &i) ||
        takes_value(argument, "--svg", &out->svg, value, &i))
      continue;
    if (strcmp(argument, "--quick") == 0)
      out->quick = true;
    else if (strcmp(argument, "--check") == 0)
      out->check = true;
    else if (strcmp(argument, "--list") == 0)
      out->list = true;
    else if (strcmp(argument, "--help") == 0)
      out->help = true;
    else if (known_area(argument) && out->area_count < 32)
      out->areas[out->area_count++] = argument;
    else
      return fprintf(stderr, "eagercl-bench: what is '%s'? See --help\n", argument), false;
  }
  return true;
}

static bool wants_area(const bench_options *options, const char *name) {
  for (size_t i = 0; i < options->area_count; i++)
    if (strcmp(options->areas[i], name) == 0) return true;
  return options->area_count == 0;
}

static int run(const bench_options *options) {
  eager_config config = {.default_device = options->device};
  if (eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_ASYNC) !=
      EAGER_OK)
    return fprintf(stderr, "%s\n", eager_error_message()), 1;
  eager_tensor *probe = NULL;
  if (eager_scalar(1.0f, &probe) != EAGER_OK)
    return fprintf(stderr, "%s\n", eager_error_message()), 1;

  bench b = {.options = options, .random = 1};
  const eager_device_info *info;
  b.device = eager_device_find(eager_tensor_device(probe), &info) == EAGER_OK
                 ? info->short_name
                 : "CPU:0";
  eager_tensor_release(probe);
  if (!options->check) {
    bench_describe_machine(b.device, &b.records.machine);
    bench_measure_limits(b.device, &b.records.limits);
    bench_print_heading(&b.records);
  }
  for (size_t i = 0; i < bench_area_count; i++) {
    b.area = &bench_areas[i];
    if (wants_area(options, b.area->name)) b.area->run(&b);
  }
  b.area = &(bench_area){"report", NULL};
  if (options->json && !bench_write_json(&b.records, options->json))
    bench_fail(&b, options->json, "cannot be written");
  if (options->svg && !bench_write_svg(&b.records, options->svg))
    bench_fail(&b, options->svg, "cannot be written");
  free(b.records.items);
  if (eager_shutdown() != EAGER_OK) bench_fail(&b, "shutdown", NULL);
  if (b.failures) printf("%d failed\n", b.failures);
  return b.failures ? 1 : 0;
}

/* Read by libraries before main: so the program starts itself once more with them set.
 * OpenBLAS 0.3.21 takes Haswell's kernels on processors it is older than, and what a shell
 * says of it is often older still; its idle threads spin for 2^26 ticks, through whatever
 * is measured next, or 2^24. PoCL compiles kernels again for every size of work-group and
 * large grids. */
static void set_environment(char **arguments) {
  static const char specialization[] = "POCL_WORK_GROUP_SPECIALIZATION";
  if (getenv(CHILD_STARTED)) return;
  setenv(CHILD_STARTED, "", 1);
  setenv("OPENBLAS_THREAD_TIMEOUT", "24", 1);
  if (!getenv(specialization)) {
    setenv(specialization, "0", 1);
    setenv(CHILD_STARTED, specialization, 1);
  }
#if defined __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
    unsetenv("OPENBLAS_L2_SIZE");
  }
#endif
  execv("/proc/self/exe", arguments);
}

int main(int count, char **arguments) {
  bench_options options = {0};
  set_environment(arguments);
  if (!read_options(count, arguments, &options)) return 2;
  if (options.help) return printf("%s", usage), 0;
  if (options.list) {
    for (size_t i = 0; i < bench_area_count; i++) printf("%s\n", bench_areas[i].name);
    return 0;
  }
  return run(&options);
}
