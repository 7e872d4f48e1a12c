/* eagercl-tune's command line and the search in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tune.h"

static const char usage[] =
    "usage: eagercl-tune [--device NAME] [--budget SECONDS] [--show | --forget | "
    "--dry-run]\n"
    "Tries sizes of kernels on a device, checks every result, and keeps what is faster "
    "for\n"
    "this device and driver, beside the kernel cache. Programs started later use it.\n"
    "  --device NAME     the device (default: the default device)\n"
    "  --budget SECONDS  stop trying after so long (default 300)\n"
    "  --show            only print what is in force\n"
    "  --forget          go back to the built-in sizes\n"
    "  --dry-run         try, but keep nothing\n"
    "EAGERCL_DETERMINISTIC=1 makes a program keep to the built-in sizes.\n";

typedef struct tuner {
  const char *program, *device; /* device: "" for the default one */
  double end;
} tuner;

static double left(void *user) {
  return ((const tuner *)user)->end - tune_now();
}

static void say(void *user, const char *line) {
  (void)user;
  printf("%s\n", line);
  fflush(stdout);
}

/* The first line that is no figure: what went wrong. */
static void complaint(const char *text, char *out, size_t size) {
  while (strncmp(text, "case ", 5) == 0 && strchr(text, '\n'))
    text = strchr(text, '\n') + 1;
  snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
}

enum { TRIAL_SECONDS = 120, OUTPUT = 16384 };

static bool run_trial(void *user, const char *area, const char *values, tune_times *out,
                      char *why, size_t why_size) {
  const tuner *t = user;
  char output[OUTPUT];
  tune_command command = {
      t->program, {"--trial", area, t->device, NULL}, values, TRIAL_SECONDS};
  bool fine = tune_child(&command, output, sizeof output);
  tune_read_times(output, out);
  if (!fine) complaint(output, why, why_size);
  return fine;
}

/* The tunables as the device has them with `values` in force; NULL: what is saved. */
static int describe(const tuner *t, const char *values, tune_tunable *out) {
  char output[OUTPUT];
  tune_command command = {
      t->program, {"--describe", t->device, NULL, NULL}, values, TRIAL_SECONDS};
  if (!tune_child(&command, output, sizeof output))
    return fprintf(stderr, "eagercl-tune: %s\n", output), 0;
  return tune_read_tunables(output, out, TUNE_TUNABLES);
}

static bool save(const tuner *t, const char *values) {
  char output[OUTPUT];
  tune_command command = {
      t->program, {"--save", t->device, values, NULL}, NULL, TRIAL_SECONDS};
  if (tune_child(&command, output, sizeof output)) return true;
  return fprintf(stderr, "eagercl-tune: %s\n", output), false;
}

static int show(const tuner *t) {
  tune_tunable tunables[TUNE_TUNABLES];
  int count = describe(t, NULL, tunables);
  if (!count) return 1;
  printf("%-24s %-14s %8s %9s  choices\n", "name", "area", "value", "built in");
  for (int i = 0; i < count; i++) {
    const tune_tunable *each = &tunables[i];
    printf("%-24s %-14s %8d %9d ", each->name, each->area, each->value, each->builtin);
    for (int k = 0; k < each->choice_count; k++) printf(" %d", each->choices[k]);
    printf("\n");
  }
  return 0;
}

static int tune(tuner *t, double budget, bool dry_run) {
  tune_tunable tunables[TUNE_TUNABLES];
  char values[TUNE_TEXT];
  int count = describe(t, NULL, tunables);
  if (!count) return 1;
  t->end = tune_now() + budget;
  tune_search search = {run_trial, left, t, say};
  if (!tune_find(&search, tunables, count))
    return fprintf(stderr, "eagercl-tune: nothing could be tried\n"), 1;
  tune_values(tunables, count, values, sizeof values);
  if (left(t) <= 0) printf("the budget of %.0f s is used up\n", budget);
  printf("best: %s\n", *values ? values : "the built-in sizes");
  if (dry_run) return 0;
  if (!save(t, values)) return 1;
  printf(*values ? "kept for this device and driver\n" : "nothing to keep\n");
  return 0;
}

int main(int count, char **arguments) {
  tuner t = {.program = "/proc/self/exe", .device = ""};
  double budget = 300;
  bool only_show = false, forget = false, dry_run = false;
  if (count == 4 && strcmp(arguments[1], "--trial") == 0)
    return tune_run_trial(arguments[2], arguments[3]);
  if (count == 3 && strcmp(arguments[1], "--describe") == 0)
    return tune_describe(arguments[2]);
  if (count == 4 && strcmp(arguments[1], "--save") == 0)
    return tune_save(arguments[2], arguments[3]);
  for (int i = 1; i < count; i++) {
    if (strcmp(arguments[i], "--device") == 0 && i + 1 < count)
      t.device = arguments[++i];
    else if (strcmp(arguments[i], "--budget") == 0 && i + 1 < count)
      budget = atof(arguments[++i]);
    else if (strcmp(arguments[i], "--show") == 0)
      only_show = true;
    else if (strcmp(arguments[i], "--forget") == 0)
      forget = true;
    else if (strcmp(arguments[i], "--dry-run") == 0)
      dry_run = true;
    else if (strcmp(arguments[i], "--help") == 0)
      return printf("%s", usage), 0;
    else
      return fprintf(stderr, "eagercl-tune: what is '%s'? See --help\n", arguments[i]), 2;
  }
  if (only_show) return show(&t);
  if (forget) return save(&t, "") ? 0 : 1;
  return tune(&t, budget, dry_run);
}
