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
#include "drive.h"

/* ---- The fault, as the layer asks for it ---- */

static struct {
  int nth, code;      /* 0: none */
  atomic_int hit;     /* number + 1 of the call that failed */
  atomic_int reached; /* calls there were */
} plan;

static int choose(const char *call, uint64_t nth) {
  int number = fault_call_number(call);
  fault_progress *p = fault_current();
  atomic_fetch_add(&plan.reached, 1);
  if (!p->is_counted && nth <= FAULT_MOST_CALLS) p->calls[nth - 1] = (int16_t)number;
  if (plan.nth == 0 || nth != (uint64_t)plan.nth || number < 0) return 0;
  const int *codes = fault_codes(call);
  for (int i = 0; codes[i] != 0; i++)
    if (codes[i] == plan.code) {
      atomic_store(&plan.hit, number + 1);
      return plan.code;
    }
  return 0;
}

static void arm(const fault_attempt *a, int nth, int code) {
  plan.nth = nth;
  plan.code = code;
  atomic_store(&plan.hit, 0);
  atomic_store(&plan.reached, 0);
  a->layer->reset();
  a->layer->ask(choose);
}

static int disarm(const fault_attempt *a) {
  a->layer->ask(NULL);
  return atomic_load(&plan.reached);
}

static bool was_met(void) {
  return atomic_load(&plan.hit) != 0;
}

static const char *name(const fault_progress *p, int nth) {
  int number = nth >= 1 && nth <= p->call_count ? p->calls[nth - 1] : -1;
  return number >= 0 ? fault_call_name(number) : "a call that no table knows";
}

static const int *codes(const fault_progress *p, int nth) {
  const int *known = fault_codes(name(p, nth));
  if (known == NULL) fault_process_fail(fault_current(), "%s", name(p, nth));
  return known;
}

static bool is_costly(const fault_progress *p, int nth, int code) {
  const fault_expectation *row = fault_expected(name(p, nth), p->scenario->stage, code);
  return row == NULL || (row->outcomes & FAULT_LOST) != 0;
}

/* ---- What came of it ---- */

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

static fault_outcome judge(const fault_attempt *a, fault_progress *p, int code) {
  const char *call = fault_call_name(atomic_load(&plan.hit) - 1);
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

int main(void) {
  static const fault_kind calls = {
      .arm = arm,
      .disarm = disarm,
      .was_met = was_met,
      .codes = codes,
      .name = name,
      .judge = judge,
      .one_in = 8,
      .one_in_costly = 96,
      .is_costly = is_costly,
  };
  return fault_main("faults/every_call", &calls);
}
