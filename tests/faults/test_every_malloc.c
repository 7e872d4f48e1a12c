/* ctest: devices=pocl-basic,rusticl labels=faults timeout=300 */
/* For each scenario and mode: the library's first allocation of host memory fails, then the
 * second one, and so on. Every time it is told as RESOURCE_EXHAUSTED, or done without and
 * the results are right; nothing is lost or held back, and the next attempt goes on as if
 * nothing had been. All memory of the library's comes from base/alloc.
 *
 * The default run takes a sample by the seed; EAGERCL_TEST_FULL=1 takes all. */
#include <limits.h>

#include "base/alloc.h"
#include "base/small.h"
#include "drive.h"

static bool is_met;

/* Blocks that this thread keeps would hide who asks for them. */
static void arm(const fault_attempt *a, int nth, int code) {
  (void)a, (void)code;
  eager__small_trim();
  eager__alloc_fail_after(nth > 0 ? nth : LONG_MAX);
}

static int disarm(const fault_attempt *a) {
  (void)a;
  const fault_progress *p = fault_current();
  long left = eager__alloc_fail_after(-1);
  is_met = left <= 0;
  if (is_met) return p->nth;
  return left > INT_MAX ? (int)(LONG_MAX - left) : (int)(p->nth - left);
}

static bool was_met(void) {
  return is_met;
}

static const int *codes(const fault_progress *p, int nth) {
  static const int one[] = {1, 0};
  (void)p, (void)nth;
  return one;
}

static const char *name(const fault_progress *p, int nth) {
  (void)p, (void)nth;
  return "an allocation";
}

static bool is_costly(const fault_progress *p, int nth, int code) {
  (void)p, (void)nth, (void)code;
  return false;
}

static fault_outcome judge(const fault_attempt *a, fault_progress *p, int code) {
  (void)code;
  bool survived = a->status == EAGER_OK;
  if (a->wrong[0] != '\0') fault_process_fail(p, "%s; %s", a->text, a->wrong);
  if (!survived && (a->status != EAGER_RESOURCE_EXHAUSTED || a->code != 0 ||
                    strstr(a->text, "memory") == NULL))
    fault_process_fail(p, "told wrongly: %s (%d): %s", eager_status_name(a->status),
                       a->code, a->text);
  if (p->scenario->finish == NULL && fault_any_lost())
    fault_process_fail(p, "a device was lost");
  return survived ? FAULT_SURVIVED : FAULT_TOLD;
}

int main(void) {
  static const fault_kind allocations = {
      .arm = arm,
      .disarm = disarm,
      .was_met = was_met,
      .codes = codes,
      .name = name,
      .judge = judge,
      .one_in = 6,
      .one_in_costly = 32,
      .may_be_none = true, /* a read */
      .is_costly = is_costly,
  };
  return fault_main("faults/every_malloc", &allocations);
}
