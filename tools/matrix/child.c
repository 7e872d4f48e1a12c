#include "across.h"
#include "child.h"

#include <fcntl.h>
#include <unistd.h>

#include "harness.h"

static void set(const char *name, const char *value) {
  if (value == NULL || *value == '\0')
    unsetenv(name);
  else
    setenv(name, value, 1);
}

/* What a user has set for programs must not choose for the tests; what is set for the
 * kernels (EAGERCL_KERNEL_DIR, EAGERCL_GEMM, EAGERCL_TUNING) is what shall be tested. */
static void set_environment(const child_plan *plan) {
  static const char *const dropped[] = {"EAGERCL_VISIBLE_DEVICES", "EAGERCL_DEFAULT_DEVICE",
                                        "EAGERCL_DEVICE_POLICY",   "EAGERCL_EXECUTION_MODE",
                                        "EAGERCL_LOG_LEVEL",       "EAGERCL_TEST_ERRORS",
                                        "EAGERCL_TEST_ONLY",       "EAGERCL_TEST_VERBOSE"};
  char seed[32];
  for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) unsetenv(dropped[i]);
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)the_options->seed);
  set("EAGERCL_TEST_DEVICE", the_machine->devices[plan->job->device].name);
  set("EAGERCL_TEST_MODE", plan->job->mode);
  set("EAGERCL_TEST_SEED", seed);
  set("EAGERCL_TEST_OP", the_options->op);
  set("EAGERCL_TEST_DTYPE", the_options->dtype);
  set("EAGERCL_TEST_AVOID", plan->avoid);
  set("EAGERCL_TEST_FULL", the_options->full ? "1" : NULL);
  set("EAGERCL_TEST_SAMPLE", the_options->quick ? "few" : "each");
  /* PoCL's own handler hides divisions by zero in this process; quirks are to show it. */
  bool is_quirk = strcmp(plan->job->group->section, "quirks") == 0;
  set("POCL_SIGFPE_HANDLER", is_quirk ? "1" : "0");
}

_Noreturn void child_become(const child_plan *plan) {
  int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  dup2(plan->output, STDOUT_FILENO);
  dup2(plan->output, STDERR_FILENO);
  setvbuf(stdout, NULL, _IOLBF, 0); /* what a crashing test printed is not lost */
  set_environment(plan);
  watch_begin(plan->page);
  across_enter(plan->job->device);
  test_child_run(plan->job->group->name, plan->tests, plan->begin, plan->end, plan->pipe);
}
