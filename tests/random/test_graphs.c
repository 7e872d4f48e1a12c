/* ctest: devices=all timeout=400 */
/* Random programs whose ops run as graphs: random/execute_graph.c tells what is asked of
 * them. By default as many as fit into some seconds, the same ones every time; 10,000 and
 * more by EAGERCL_RANDOM_PROGRAMS, and the rest of the environment of test_programs.c. */
#include "random/supervise.h"

static void graphs_give_what_the_host_does(void **state) {
  (void)state;
  rp_test(RP_AS_GRAPHS, test_is_slow() ? 1 : 2, 1);
}

int main(int argc, char **argv) {
  rp_serve(argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(graphs_give_what_the_host_does)};
  return test_main("random/graphs", tests, sizeof tests / sizeof *tests);
}
