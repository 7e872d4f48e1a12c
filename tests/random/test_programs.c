/* ctest: devices=all timeout=400 */
/* Random programs, one thread: random/random_program.h tells how they are made and judged.
 * By default as many as fit into some seconds, the same ones every time.
 *
 *   EAGERCL_RANDOM_PROGRAMS=100000   so many instead, however long they take: the nightly
 *   EAGERCL_TEST_SEED=n              others
 *   EAGERCL_RANDOM_PROGRAM=seed      that one alone, as a failure's report names it
 *   EAGERCL_RANDOM_SHRINK=seconds    for how long a failing one is cut down (90) */
#include "random/ops.h"
#include "random/supervise.h"

/* What the interpreter takes an op's dtypes for is what the registry says. */
static void rows_agree_with_the_registry(void **state) {
  (void)state;
  for (int i = 0; i < rp_op_count(); i++) {
    const rp_op *op = rp_op_at(i);
    eager_op_description about;
    assert_ok(eager_op_describe(op->name, &about));
    uint32_t dtypes = 0;
    for (int d = 0; d < TEST_DTYPES; d++) {
      char word[24], all[160];
      snprintf(word, sizeof word, " %s ", eager_dtype_name(test_dtypes[d]));
      snprintf(all, sizeof all, " %s ", about.dtypes);
      if (strstr(all, word) != NULL) dtypes |= RP_BIT(test_dtypes[d]);
    }
    if (dtypes != 0 && dtypes != op->dtypes)
      fail_msg("%s takes %s, bits %x, and the row says %x", op->name, about.dtypes, dtypes,
               op->dtypes);
  }
}

static void programs_give_what_the_host_does(void **state) {
  (void)state;
  rp_test(RP_EAGERLY, test_is_slow() ? 4 : 12, 1);
}

int main(int argc, char **argv) {
  rp_serve(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_agree_with_the_registry),
      cmocka_unit_test(programs_give_what_the_host_does),
  };
  return test_main("random/programs", tests, sizeof tests / sizeof *tests);
}
