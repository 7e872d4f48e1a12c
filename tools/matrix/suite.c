/* The tests of every linked file, in the order of their names. In this program test_main
 * registers what a test's own program would run. */
#include "across.h"
#include "matrix.h"
#include "quirk.h"
#include "suite_list.h"
#include "victims.h"

group *groups;
int group_count;

/* What --quick leaves out: tests whose ops and dtypes others have, too, and that make a
 * driver compile many kernels of their own, or take long to see what happens at once. */
static bool is_too_long(const char *name) {
  static const char *const names[] = {"api/doors",        "ops/conv_bounds",
                                      "ops/matmul_paths", "ops/metamorphic",
                                      "runtime/async",    "runtime/stress"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

static void add(const char *name, const struct CMUnitTest *tests, size_t count, bool each) {
  if (the_options->quick && the_options->test == NULL && is_too_long(name)) return;
  group *more = realloc(groups, (size_t)(group_count + 1) * sizeof *groups);
  struct CMUnitTest *copy = calloc(count + 1, sizeof *copy);
  if (more == NULL || copy == NULL) abort();
  groups = more;
  memcpy(copy, tests, count * sizeof *copy);
  group *g = &groups[group_count++];
  *g = (group){.tests = copy, .count = count, .each = each};
  snprintf(g->name, sizeof g->name, "%s", name);
}

int test_main(const char *name, const struct CMUnitTest *tests, size_t count) {
  add(name, tests, count, false);
  return 0;
}

int test_main_each(const char *name, const struct CMUnitTest *tests, size_t count) {
  add(name, tests, count, true);
  return 0;
}

static const char *section_of(const char *name) {
  if (strcmp(name, "ops/ulp") == 0) return "numerics";
  if (strcmp(name, "ops/metamorphic") == 0) return "promises";
  if (strcmp(name, "runtime/pairs") == 0) return "migration";
  if (strncmp(name, "quirks/", 7) == 0) return "quirks";
  if (strncmp(name, "across/", 7) == 0) return "across";
  return strncmp(name, "ops/", 4) == 0 ? "ops" : "promises";
}

static void register_all(void) {
  for (size_t i = 0; i < sizeof suite_mains / sizeof *suite_mains; i++) suite_mains[i]();
  quirk_arguments();
  quirk_events();
  quirk_values();
  quirk_functions();
  quirk_constructs();
  quirk_binaries();
  if (the_options->across) across_register();
}

void suite_load(void) {
  unsetenv("EAGERCL_FAULT_LAYER"); /* some would load it into this process */
  const char *victims = getenv("EAGERCL_MATRIX_VICTIMS");
  if (victims != NULL && strcmp(victims, "1") == 0)
    victims_register();
  else
    register_all();
  for (int i = 0; i < group_count; i++) groups[i].section = section_of(groups[i].name);
}
