/* ctest: devices=all labels=threaded timeout=400 */
/* The same programs, four at once on shared devices: what one thread does must not show in
 * another's. What belongs to the process (copy statistics, the memory account, the answer
 * of eager_synchronize) is looked at when all are done, or not at all. The environment is
 * that of test_programs.c. */
#include "random/supervise.h"

static void threads_do_not_disturb_each_other(void **state) {
  (void)state;
  rp_test(RP_EAGERLY, test_is_slow() ? 2 : 4, 4);
}

int main(int argc, char **argv) {
  rp_serve(argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(threads_do_not_disturb_each_other)};
  return test_main("random/programs_threads", tests, sizeof tests / sizeof *tests);
}
