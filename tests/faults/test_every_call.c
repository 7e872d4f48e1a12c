/* ctest: devices=pocl-pthread,pocl-basic,rusticl labels=faults timeout=300 */
/* For each scenario and mode: the first call of the driver fails, whatever it is for, with
 * each code it may fail with; then the second one, and so on until nothing is left to fail.
 * Every time exactly what expected.c says comes of it, inputs and results are right,
 * nothing is held back, and the next attempt goes on as if nothing had been (or tells that
 * the device was lost, while the others work).
 *
 * The default run takes a sample by the seed; EAGERCL_TEST_FULL=1 takes all. */
#include <stdatomic.h>

#include "cl/error.h"
#include "expected.h"
#include "processes.h"

/* ---- The fault, as the layer asks for it ---- */

static struct {
  int nth, code;      /* the plan; 0: none */
  atomic_int hit;     /* call number + 1 of what failed */
  atomic_int reached; /* calls asked for */
  fault_progress *recording;
} plan;

static int choose(const char *call, uint64_t nth) {
  int number = fault_call_number(call);
  atomic_fetch_add(&plan.reached, 1);
  if (plan.recording != NULL) {
    if (nth <= FAULT_MOST_CALLS) plan.recording->calls[nth - 1] = (int16_t)number;
    return 0;
  }
  if (plan.nth == 0 || nth != (uint64_t)plan.nth || number < 0) return 0;
  const int *codes = fault_codes(call);
  for (int i = 0; codes[i] != 0; i++)
    if (codes[i] == plan.code) {
      atomic_store(&plan.hit, number + 1);
      return plan.code;
    }
  return 0;
}

/* ---- One attempt ---- */

static void attempt(fault_attempt *a, fault_progress *p, int nth, int code) {
  const eager_layer *layer = a->layer;
  fault_attempt_init(a, p->scenario, p->mode, layer);
  if (p->scenario->prepare != NULL) p->scenario->prepare(a);
  plan.nth = nth;
  plan.code = code;
  atomic_store(&plan.hit, 0);
  atomic_store(&plan.reached, 0);
  layer->reset();
  layer->ask(choose);
  p->scenario->act(a);
  layer->ask(NULL);
  (p->scenario->finish != NULL ? p->scenario->finish : fault_finish)(a);
}

/* Without fault all must be well. */
static void attempt_clean(fault_attempt *a, fault_progress *p, const char *when) {
  attempt(a, p, 0, 0);
  if (a->status != EAGER_OK)
    fault_process_fail(p, "%s, without fault: %s: %s", when, eager_status_name(a->status),
                       a->text);
  if (a->wrong[0] != '\0') fault_process_fail(p, "%s, without fault: %s", when, a->wrong);
}

static bool text_is_right(const fault_attempt *a, int code) {
  char number[16];
  snprintf(number, sizeof number, "%d", code);
  bool has_code =
      strstr(a->text, number) != NULL || strncmp(a->text, "out of memory on ", 17) == 0;
  const char *subject = a->scenario->subject;
  bool has_subject = subject == NULL || strstr(a->text, subject) != NULL ||
                     (a->status == EAGER_UNAVAILABLE && strstr(a->text, " was lost: "));
  bool has_device = strstr(a->text, a->here) != NULL ||
                    (a->there != NULL && strstr(a->text, a->there) != NULL) ||
                    (a->beside != NULL && strstr(a->text, a->beside) != NULL);
  return has_code && has_subject && has_device;
}

static bool status_is_right(const fault_attempt *a, const fault_expectation *row,
                            fault_outcome outcome, int code) {
  if (outcome == FAULT_LOST) return a->status == EAGER_UNAVAILABLE;
  if (row->status == FAULT_EITHER)
    return a->status == EAGER_RESOURCE_EXHAUSTED || a->status == EAGER_INTERNAL;
  if (row->status != EAGER_OK) return a->status == (eager_status)row->status;
  return a->status == (eager__cl_is_allocation_failure(code) ? EAGER_RESOURCE_EXHAUSTED
                                                             : EAGER_INTERNAL);
}

static fault_outcome judge(const fault_attempt *a, fault_progress *p, const char *call,
                           int code) {
  fault_outcome outcome = a->status == EAGER_OK            ? FAULT_SURVIVED
                          : a->status == EAGER_UNAVAILABLE ? FAULT_LOST
                                                           : FAULT_TOLD;
  const fault_expectation *row = fault_expected(call, p->scenario->stage, code);
  char what[2 * FAULT_TEXT];
  snprintf(what, sizeof what, "%s gave %d: %s, %s (%d): %s", call, code,
           fault_outcome_name(outcome), eager_status_name(a->status), a->code, a->text);
  if (row == NULL) fault_process_fail(p, "no row expects it: %s", what);
  if (a->wrong[0] != '\0') fault_process_fail(p, "%s; %s", what, a->wrong);
  if ((row->outcomes & (unsigned)outcome) == 0)
    fault_process_fail(p, "not expected: %s", what);
  if (outcome == FAULT_SURVIVED) {
    if (p->scenario->finish == NULL && fault_any_lost())
      fault_process_fail(p, "a device was lost and nobody told: %s", what);
    return outcome;
  }
  if (!status_is_right(a, row, outcome, code) || a->code != code || !text_is_right(a, code))
    fault_process_fail(p, "told wrongly: %s", what);
  return outcome;
}

/* ---- Which faults ---- */

static bool is_full(void) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  return full != NULL && strcmp(full, "1") == 0;
}

/* A fault that costs a process is taken more seldom. */
static bool is_taken(const fault_progress *p, const char *call, int code) {
  if (is_full()) return true;
  uint64_t x = (uint64_t)p->nth * 131 + (uint64_t)-code;
  for (const char *c = p->scenario->name; *c != '\0'; c++) x = x * 31 + (unsigned char)*c;
  x = (x + (uint64_t)p->mode + test_seed()) * UINT64_C(0x9e3779b97f4a7c15);
  const fault_expectation *row = fault_expected(call, p->scenario->stage, code);
  bool is_costly = p->scenario->once || row == NULL || (row->outcomes & FAULT_LOST) != 0;
  return (x >> 32) % (is_costly ? 64 : 6) == 0;
}

/* The next one after p->nth, p->choice that is taken; its code, or 0 at the end. */
static int next_fault(fault_progress *p) {
  for (; p->nth <= p->call_count; p->nth++, p->choice = 0) {
    int number = p->calls[p->nth - 1];
    if (number < 0) fault_process_fail(p, "a call that no table knows");
    const char *call = fault_call_name(number);
    const int *codes = fault_codes(call);
    for (; codes[p->choice] != 0; p->choice++)
      if (is_taken(p, call, codes[p->choice])) return codes[p->choice];
  }
  return 0;
}

/* Behind what was counted in the first run: later runs may make a call more. */
static int fault_behind(fault_progress *p) {
  p->choice = 0;
  return -6; /* of every call */
}

static void count_calls(fault_attempt *a, fault_progress *p) {
  plan.recording = p;
  attempt_clean(a, p, "counting");
  plan.recording = NULL;
  p->call_count = atomic_load(&plan.reached);
  if (p->call_count > FAULT_MOST_CALLS) fault_process_fail(p, "too many calls");
  p->is_counted = true;
}

/* ---- A process ---- */

/* The end of the library cannot be refused; anything else can fail. */
static void be_done(fault_progress *p) {
  p->done = true;
  bool any = p->counts.told + p->counts.lost > 0;
  if (is_full() && !any && p->scenario->stage != FAULT_ENDING)
    fault_process_fail(p, "every fault was survived");
}

/* True while this process can take another fault. */
static bool take_fault(fault_attempt *a, fault_progress *p) {
  int code = next_fault(p);
  bool is_behind = code == 0;
  if (is_behind) code = fault_behind(p);
  attempt(a, p, p->nth, code);
  int hit = atomic_load(&plan.hit);
  bool was_reached = atomic_load(&plan.reached) >= p->nth;
  if (hit == 0) {
    if (a->status != EAGER_OK || a->wrong[0] != '\0')
      fault_process_fail(p, "without a fault: %s %s", a->text, a->wrong);
    if (is_behind && !was_reached) be_done(p);
    if (is_behind)
      p->nth++;
    else
      p->choice++;
    return !p->done && !p->scenario->once;
  }
  p->counts.injected++;
  fault_outcome outcome = judge(a, p, fault_call_name(hit - 1), code);
  p->counts.told += outcome == FAULT_TOLD;
  p->counts.survived += outcome == FAULT_SURVIVED;
  p->counts.lost += outcome == FAULT_LOST;
  if (outcome == FAULT_LOST && p->scenario->finish == NULL) {
    fault_works_elsewhere(a, code);
    if (a->wrong[0] != '\0') fault_process_fail(p, "after the loss: %s", a->wrong);
  } else if (!p->scenario->once) {
    attempt_clean(a, p, "afterwards");
  }
  if (is_behind)
    p->nth++;
  else
    p->choice++;
  return outcome != FAULT_LOST && !p->scenario->once;
}

static void process(fault_progress *p) {
  fault_attempt a;
  const eager_layer *layer = fault_process_begin(p);
  fault_attempt_init(&a, p->scenario, p->mode, layer);
  const char *lacks = p->scenario->lacks != NULL ? p->scenario->lacks(&a) : NULL;
  if (lacks != NULL) fault_process_skip(p, lacks);
  if (!p->scenario->enables && fault_enable(&a) != EAGER_OK)
    fault_process_fail(p, "enabling: %s", eager_error_message());
  if (!p->scenario->once) attempt_clean(&a, p, "first");
  if (!p->is_counted) {
    count_calls(&a, p);
    if (!p->scenario->once)
      while (take_fault(&a, p)) continue;
  } else {
    while (take_fault(&a, p)) continue;
  }
  fault_end(&a);
  if (a.wrong[0] != '\0') fault_process_fail(p, "at the end: %s", a.wrong);
}

/* ---- The tests ---- */

enum { MOST_TESTS = 80, SECONDS = 100 };

typedef struct test_case {
  const fault_scenario *scenario;
  eager_execution_mode mode;
} test_case;

static void every_call_in_turn_fails(void **state) {
  const test_case *c = *state;
  fault_processes_run(c->scenario, c->mode, process, SECONDS);
}

int main(void) {
  static test_case cases[MOST_TESTS];
  static char names[MOST_TESTS][64];
  static struct CMUnitTest tests[MOST_TESTS];
  int count = 0;
  for (int i = 0; i < fault_scenario_count; i++)
    for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
      if (mode == EAGER_ASYNC && fault_scenarios[i].is_sync) continue;
      cases[count] = (test_case){&fault_scenarios[i], (eager_execution_mode)mode};
      snprintf(names[count], sizeof names[count], "%s_%s", fault_scenarios[i].name,
               mode == EAGER_SYNC ? "sync" : "async");
      tests[count] = (struct CMUnitTest){.name = names[count],
                                         .test_func = every_call_in_turn_fails,
                                         .initial_state = &cases[count]};
      count++;
    }
  fault_processes_prepare();
  return test_main("faults/every_call", tests, (size_t)count);
}
