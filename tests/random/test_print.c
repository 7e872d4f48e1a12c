/* ctest: devices=pocl-pthread */
/* A program as C is compiled against the public headers and run: it does what it says, and
 * where the library does something else it shows that. */
#include "program.h"
#include "random/generate.h"
#include "random/print.h"
#include "random/world.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

typedef void (*printer)(FILE *file, const rp_program *program, const rp_world *world,
                        const char *problem);

/* The exit status of the printed program. */
static int run(printer print, const rp_program *program, const rp_world *world) {
  FILE *file = fopen(program_path("printed.c"), "w");
  assert_non_null(file);
  print(file, program, world, "printed by a test: */ is no end");
  assert_int_equal(fclose(file), 0);
  const char *command = test_text(
      "cd %s && cc -std=c11 -Wall -Wextra -Werror -I%s/include printed.c -o printed "
      "-L%s -leagercl -Wl,-rpath,%s && ./printed > out.txt",
      program_folder(), getenv("EAGERCL_TEST_SOURCES"), getenv("EAGERCL_TEST_PROGRAMS"),
      getenv("EAGERCL_TEST_PROGRAMS"));
  return system(command) / 256;
}

static void printed_programs_do_what_they_say(void **state) {
  (void)state;
  if (IS_SANITIZED) test_skip("a plain program cannot load a library with a sanitizer");
  if (getenv("EAGERCL_TEST_SOURCES") == NULL || getenv("EAGERCL_TEST_PROGRAMS") == NULL)
    test_skip("EAGERCL_TEST_SOURCES or EAGERCL_TEST_PROGRAMS is not set; ctest sets them");
  if (system("cc --version > /dev/null 2>&1") != 0) test_skip("there is no cc here");
  rp_program *program = test_alloc(sizeof *program);
  rp_world *world = test_alloc(sizeof *world);
  assert_true(rp_world_enter(world));
  program_folder_make();
  rp_generate(1, RP_MIXED, world, program);
  assert_int_equal(run(rp_print_c, program, world), 0);
  rp_world other = *world; /* where devices are called otherwise */
  for (int i = 0; i < other.device_count; i++) strcat(other.devices[i].full_name, "9");
  assert_int_equal(run(rp_print_c, program, &other), 1);
  rp_generate(1, RP_CHAINS, world, program);
  assert_int_equal(run(rp_print_graph_c, program, world), 0);
  assert_int_equal(run(rp_print_graph_c, program, &other), 1);
  program_folder_remove();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(printed_programs_do_what_they_say)};
  return test_main("random/print", tests, sizeof tests / sizeof *tests);
}
