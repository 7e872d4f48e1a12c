#include "processes.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sync.h"

static char lane[64];

/* A folder with nothing but the lane's driver, for processes that need no other one: what
 * takes most of a process's time is the other drivers' start. "": there is none. */
static char alone[64];
static pid_t owner;

static void remove_alone(void) {
  char link[96];
  if (getpid() != owner) return;
  snprintf(link, sizeof link, "%s/lane.icd", alone);
  unlink(link);
  rmdir(alone);
}

static void make_alone(void) {
  const char *vendors = getenv("OCL_ICD_VENDORS");
  bool is_pocl = strncmp(lane, "pocl-", 5) == 0;
  char driver[4096], link[96], folder[] = "/tmp/eagercl-faults-XXXXXX";
  snprintf(driver, sizeof driver, "%s/%s.icd",
           vendors != NULL ? vendors : "/etc/OpenCL/vendors", is_pocl ? "pocl" : lane);
  if (access(driver, R_OK) != 0 || mkdtemp(folder) == NULL) return;
  owner = getpid();
  memcpy(alone, folder, sizeof folder);
  snprintf(link, sizeof link, "%s/lane.icd", alone);
  if (symlink(driver, link) != 0) alone[0] = '\0';
  atexit(remove_alone);
}

void fault_processes_prepare(void) {
  const char *name = getenv("EAGERCL_TEST_DEVICE");
  snprintf(lane, sizeof lane, "%s", name != NULL ? name : "");
  unsetenv("EAGERCL_TEST_DEVICE");
  make_alone();
  test_layer_load();
}

/* ---- In a process ---- */

_Noreturn static void end(int status) {
  fflush(NULL);
  _exit(status);
}

void fault_process_fail(fault_progress *p, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(p->wrong, sizeof p->wrong, format, arguments);
  va_end(arguments);
  end(1);
}

void fault_process_skip(fault_progress *p, const char *why) {
  snprintf(p->wrong, sizeof p->wrong, "%s", why);
  p->skipped = true;
  end(0);
}

/* Whether others are there to see that they go on: where the scenario needs them, and for
 * each fourth fault. */
static bool wants_others(const fault_progress *p) {
  return p->scenario->lacks != NULL || p->nth % 4 == 1 || alone[0] == '\0';
}

const eager_layer *fault_process_begin(fault_progress *p) {
  if (!wants_others(p)) setenv("OCL_ICD_VENDORS", alone, 1);
  if (lane[0] != '\0') setenv("EAGERCL_TEST_DEVICE", lane, 1);
  if (!test_lane_exists()) fault_process_skip(p, "no such device here");
  const eager_layer *layer = test_layer_find();
  if (layer == NULL) fault_process_skip(p, "this OpenCL loader took no layer");
  return layer;
}

/* ---- In the test ---- */

/* NULL, or how it ended badly. */
static const char *run_process(fault_progress *p, void (*body)(fault_progress *p),
                               int seconds) {
  static char how[128];
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) return "fork failed";
  if (child == 0) {
    alarm((unsigned)seconds);
    body(p);
    fflush(NULL);
    exit(0); /* a leak checker makes it its own status */
  }
  p->counts.processes++;
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    snprintf(how, sizeof how, "not done after %d s", seconds);
  else if (WIFSIGNALED(status))
    snprintf(how, sizeof how, "signal %d (%s)", WTERMSIG(status),
             strsignal(WTERMSIG(status)));
  else if (WEXITSTATUS(status) != 0)
    snprintf(how, sizeof how, "status %d", WEXITSTATUS(status));
  else
    return NULL;
  return how;
}

void fault_processes_run(const fault_scenario *scenario, eager_execution_mode mode,
                         void (*body)(fault_progress *p),
                         const char *(*name)(const fault_progress *p, int nth),
                         int seconds) {
  FILE *memory = tmpfile();
  assert_non_null(memory);
  assert_int_equal(ftruncate(fileno(memory), sizeof(fault_progress)), 0);
  fault_progress *p =
      mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(memory), 0);
  fclose(memory);
  assert_true(p != MAP_FAILED);
  p->scenario = scenario;
  p->mode = mode;
  p->nth = 1;
  test_time_limit(600);
  const char *bad = NULL;
  uint64_t began = eager__now();
  while (!p->done && !p->skipped && bad == NULL) bad = run_process(p, body, seconds);
  char text[sizeof p->wrong + 256];
  snprintf(text, sizeof text, "fault %d.%d (%s): %s: %s", p->nth, p->choice,
           name(p, p->nth), bad != NULL ? bad : "", p->wrong);
  bool skipped = p->skipped;
  print_message("faults: %ld injected, %ld told, %ld survived, %ld lost, %ld processes, "
                "%.1f s\n",
                p->counts.injected, p->counts.told, p->counts.survived, p->counts.lost,
                p->counts.processes, (double)(eager__now() - began) * 1e-9);
  munmap(p, sizeof *p);
  if (bad != NULL) fail_msg("%s", text);
  if (skipped) test_skip("%s", strstr(text, "): : ") + 5);
}
