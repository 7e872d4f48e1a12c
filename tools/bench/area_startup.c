/* The first result of a new process: programs of their own, from their start to the result.
 *
 * With cold caches every execution has a new folder for everything that is compiled, ours
 * and the driver's. */
#include <stdio.h>

#include "bench.h"
#include "child.h"

typedef struct startup {
  child ours, raw;
  char folder[256]; /* of the warm caches */
  bool cold;
} startup;

static bool run_in_new_folder(child of) {
  char folder[256];
  if (!child_make_folder(folder, sizeof folder)) return false;
  of.caches = folder;
  bool fine = child_run(&of);
  child_remove_folder(folder);
  return fine;
}

static bool run_child(const startup *s, const child *of) {
  return s->cold ? run_in_new_folder(*of) : child_run(of);
}

static bool run_ours(void *state) {
  const startup *s = state;
  return run_child(s, &s->ours);
}

static bool run_raw(void *state) {
  const startup *s = state;
  return run_child(s, &s->raw);
}

static void run_row(bench *b, startup *s, const char *name, double goal, const char *note) {
  if (!bench_wants(b, name)) return;
  bench_run(b, &(bench_row){
                   .name = name,
                   .reference = "raw OpenCL, one kernel",
                   .ours = {run_ours, NULL},
                   .other = {run_raw, NULL},
                   .state = s,
                   .goal = goal,
                   .note = note,
               });
}

void bench_startup(bench *b) {
  const eager_device_info *info;
  startup s = {0};
  if (eager_device_find(bench_device(b), &info) != EAGER_OK ||
      !child_make_folder(s.folder, sizeof s.folder)) {
    bench_fail(b, "startup", NULL);
    return;
  }
  s.raw = (child){"bench-first-raw", {info->platform, info->device}, s.folder};
  s.ours = (child){"bench-first-ours", {info->short_name}, s.folder};
  run_row(b, &s, "first result, warm cache", 1 / 1.3, NULL);
  s.cold = true;
  run_row(b, &s, "first result, cold cache", 0, "goal: 2 s");
  s.ours.program = "bench-first-digits";
  s.cold = false;
  run_row(b, &s, "first digits step, warm cache", 0, NULL);
  s.cold = true;
  run_row(b, &s, "first digits step, cold cache", 0, "goal: 3 s");
  child_remove_folder(s.folder);
}
