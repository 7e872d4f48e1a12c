#include "drive.h"

enum { MOST_TESTS = 80, SECONDS = 100 };

static const fault_kind *kind;
static fault_progress *current;

fault_progress *fault_current(void) {
  return current;
}

/* ---- One attempt ---- */

/* How many calls, or what the kind counts, there were. */
static int attempt(fault_attempt *a, fault_progress *p, int nth, int code) {
  fault_attempt_init(a, p->scenario, p->mode, a->layer);
  a->layer->reset();
  if (p->scenario->prepare != NULL) p->scenario->prepare(a);
  kind->arm(a, nth, code);
  p->scenario->act(a);
  int count = kind->disarm(a);
  if (p->scenario->after != NULL) p->scenario->after(a);
  (p->scenario->finish != NULL ? p->scenario->finish : fault_finish)(a);
  return count;
}

/* Without fault all must be well. */
static int attempt_clean(fault_attempt *a, fault_progress *p, const char *when) {
  int count = attempt(a, p, 0, 0);
  if (a->status != EAGER_OK)
    fault_process_fail(p, "%s, without fault: %s: %s", when, eager_status_name(a->status),
                       a->text);
  if (a->wrong[0] != '\0') fault_process_fail(p, "%s, without fault: %s", when, a->wrong);
  return count;
}

/* ---- Which faults ---- */

static bool is_full(void) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  return full != NULL && strcmp(full, "1") == 0;
}

static bool is_taken(const fault_progress *p, int code) {
  if (is_full()) return true;
  uint64_t x = (uint64_t)p->nth * 131 + (uint64_t)-code;
  for (const char *c = p->scenario->name; *c != '\0'; c++) x = x * 31 + (unsigned char)*c;
  x = (x + (uint64_t)p->mode + test_seed()) * UINT64_C(0x9e3779b97f4a7c15);
  bool is_costly = p->scenario->once || kind->is_costly(p, p->nth, code);
  return (x >> 32) % (uint64_t)(is_costly ? kind->one_in_costly : kind->one_in) == 0;
}

/* The next one from p->nth, p->choice on that is taken; its code, or 0 at the end. */
static int next_fault(fault_progress *p) {
  for (; p->nth <= p->call_count; p->nth++, p->choice = 0) {
    const int *codes = kind->codes(p, p->nth);
    for (; codes[p->choice] != 0; p->choice++)
      if (is_taken(p, codes[p->choice])) return codes[p->choice];
  }
  return 0;
}

/* The end of the library cannot be refused; anything else can fail. */
static void be_done(fault_progress *p) {
  p->done = true;
  bool any =
      p->counts.told + p->counts.lost > 0 || (p->counts.injected == 0 && kind->may_be_none);
  if (is_full() && !any && p->scenario->stage != FAULT_ENDING)
    fault_process_fail(p, "every fault was survived");
}

/* ---- A process ---- */

static fault_outcome judge(fault_attempt *a, fault_progress *p, int code) {
  p->counts.injected++;
  fault_outcome outcome = kind->judge(a, p, code);
  p->counts.told += outcome == FAULT_TOLD;
  p->counts.survived += outcome == FAULT_SURVIVED;
  p->counts.lost += outcome == FAULT_LOST;
  if (outcome == FAULT_LOST && p->scenario->finish == NULL) {
    fault_works_elsewhere(a, code);
    if (a->wrong[0] != '\0') fault_process_fail(p, "after the loss: %s", a->wrong);
  } else if (!p->scenario->once) {
    attempt_clean(a, p, "afterwards");
  }
  return outcome;
}

/* True while this process can take another fault. Behind what was counted, for later runs
 * may need a little more, one code of each is tried until none is met. */
static bool take_fault(fault_attempt *a, fault_progress *p) {
  enum { CODE_OF_ALL = -6 };
  int code = next_fault(p);
  bool is_behind = code == 0;
  int count = attempt(a, p, p->nth, is_behind ? CODE_OF_ALL : code);
  bool can_go_on = !p->scenario->once;
  if (kind->was_met()) {
    can_go_on = judge(a, p, is_behind ? CODE_OF_ALL : code) != FAULT_LOST && can_go_on;
  } else {
    if (a->status != EAGER_OK || a->wrong[0] != '\0')
      fault_process_fail(p, "without a fault: %s %s", a->text, a->wrong);
    if (is_behind && count < p->nth) be_done(p);
  }
  p->nth += is_behind;
  p->choice += !is_behind;
  return can_go_on && !p->done;
}

static void process(fault_progress *p) {
  current = p;
  fault_attempt a = {.layer = fault_process_begin(p)};
  fault_attempt_init(&a, p->scenario, p->mode, a.layer);
  const char *lacks = p->scenario->lacks != NULL ? p->scenario->lacks(&a) : NULL;
  if (lacks != NULL) fault_process_skip(p, lacks);
  if (!p->scenario->enables && fault_enable(&a) != EAGER_OK)
    fault_process_fail(p, "enabling: %s", eager_error_message());
  if (!p->scenario->once) attempt_clean(&a, p, "first");
  bool can_go_on = true;
  if (!p->is_counted) {
    p->call_count = attempt_clean(&a, p, "counting");
    if (p->call_count > FAULT_MOST_CALLS) fault_process_fail(p, "too many calls");
    p->is_counted = true;
    can_go_on = !p->scenario->once;
  }
  while (can_go_on) can_go_on = take_fault(&a, p);
  fault_end(&a);
  if (a.wrong[0] != '\0') fault_process_fail(p, "at the end: %s", a.wrong);
}

/* ---- The tests ---- */

typedef struct test_case {
  const fault_scenario *scenario;
  eager_execution_mode mode;
} test_case;

static void every_one_in_turn(void **state) {
  const test_case *c = *state;
  fault_processes_run(c->scenario, c->mode, process, kind->name, SECONDS);
}

/* A default run takes each scenario in one mode. */
static int picked_mode(int scenario) {
  uint64_t x = ((uint64_t)scenario + test_seed()) * UINT64_C(0x9e3779b97f4a7c15);
  return (x >> 40) & 1 ? EAGER_ASYNC : EAGER_SYNC;
}

int fault_main(const char *group, const fault_kind *of) {
  static test_case cases[MOST_TESTS];
  static char names[MOST_TESTS][64];
  static struct CMUnitTest tests[MOST_TESTS];
  int count = 0;
  kind = of;
  for (int i = 0; i < fault_scenario_count; i++)
    for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
      const fault_scenario *scenario = &fault_scenarios[i];
      if (mode == EAGER_ASYNC && scenario->is_sync) continue;
      if (scenario->only_full && !is_full()) continue;
      if (!is_full() && !scenario->is_sync && mode != picked_mode(i)) continue;
      cases[count] = (test_case){scenario, (eager_execution_mode)mode};
      snprintf(names[count], sizeof names[count], "%s_%s", scenario->name,
               mode == EAGER_SYNC ? "sync" : "async");
      tests[count] = (struct CMUnitTest){.name = names[count],
                                         .test_func = every_one_in_turn,
                                         .initial_state = &cases[count]};
      count++;
    }
  fault_processes_prepare();
  return test_main(group, tests, (size_t)count);
}
