/* ctest: devices=all timeout=300 */
/* The main job as a user runs it, held to its double-precision reference; and the example
 * of a library. The reference and the limits of 1e-4 and 2 digits are the program's own
 * (--check-reference): here its word is read, not taken from its exit status alone. */
#include "test.h"

#include <math.h>

#include "program.h"

enum { SECONDS = 110, TEST_DIGITS = 364, COMPARED_LOSSES = 50 };
enum { EPOCHS = 30, FEW_EPOCHS = 3 }; /* three have 69 steps, so all compared losses */

static const char *const policies[] = {"explicit", "warn", "silent", "silent_for_int32"};
static const char *const modes[] = {"sync", "async"};

static bool is_full(void) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  return full != NULL && strcmp(full, "1") == 0;
}

typedef struct verdict {
  double accuracy; /* percent */
  int losses, right, reference_right;
  double worst;
} verdict;

static verdict train(const char *mode, const char *policy, int seed, int epochs) {
  char seed_text[16], epochs_text[16];
  snprintf(seed_text, sizeof seed_text, "--seed=%d", seed);
  snprintf(epochs_text, sizeof epochs_text, "--epochs=%d", epochs);
  const char *words[] = {"digits",
                         "--device",
                         test_device(),
                         "--mode",
                         mode,
                         "--policy",
                         policy,
                         seed_text,
                         epochs_text,
                         "--quiet",
                         "--check-reference",
                         NULL};
  program_result r = program_run(SECONDS, words);
  verdict v = {0};
  int read = sscanf(r.out,
                    "test accuracy: %lf %%\n"
                    "reference: %d losses within %lf, %d test digits right against %d\n",
                    &v.accuracy, &v.losses, &v.worst, &v.right, &v.reference_right);
  print_message("%s %s %s %s on %s: %s", mode, policy, seed_text, epochs_text,
                test_device(), r.out);
  if (r.status != 0 || read != 5)
    fail_msg("status %d, on its standard error: %s", r.status, r.err);
  assert_int_equal(v.losses, COMPARED_LOSSES);
  assert_true(v.worst <= 1e-4);
  assert_in_range(v.right - v.reference_right + 2, 0, 4);
  assert_true(fabs(v.accuracy - 100.0 * v.right / TEST_DIGITS) <= 0.0500001);
  return v;
}

/* Where a step takes minutes there is no main job; the kernels have their own tests. */
static void begin(void) {
  if (test_is_slow()) test_skip("690 steps would take hours on %s", test_device());
  test_time_limit(SECONDS * 20);
}

/* One policy a mode, and few epochs in the second mode; or everything. Drawn so that three
 * neighbouring devices take all four policies. */
static void learns_in_every_mode_under_every_policy(void **state) {
  (void)state;
  begin();
  int64_t drawn = test_random_int(0, 3) + atoi(strchr(test_device(), ':') + 1);
  for (int64_t m = 0; m < 2; m++) {
    for (int64_t p = 0; p < 4; p++) {
      if (!is_full() && p != (drawn + 2 * m) % 4) continue;
      int epochs = is_full() || m == drawn % 2 ? EPOCHS : FEW_EPOCHS;
      verdict v = train(modes[m], policies[p], 0, epochs);
      assert_true(v.accuracy >= (epochs == EPOCHS ? 97.0 : 90.0));
    }
  }
}

static void learns_from_ten_seeds(void **state) {
  (void)state;
  begin();
  if (!is_full() && strstr(test_device_info()->platform, "rusticl") != NULL)
    test_skip("a launch takes 0.4 ms there: once is enough without EAGERCL_TEST_FULL=1");
  int64_t drawn = test_random_int(1, 9);
  for (int seed = 0; seed < 10; seed++) {
    if (!is_full() && seed != drawn) continue;
    verdict v = train(modes[test_random_int(0, 1)], "silent", seed, EPOCHS);
    assert_true(v.accuracy >= 95.5);
  }
}

static void check_npy(const char *name, const char *shape) {
  size_t size;
  FILE *file = fopen(program_path(name), "rb");
  assert_non_null(file);
  char header[129] = {0};
  size = fread(header, 1, 128, file);
  assert_int_equal(size, 128);
  assert_memory_equal(header, "\x93NUMPY", 6);
  char *dictionary = header + 10;
  if (strstr(dictionary, shape) == NULL || strstr(dictionary, "'<f4'") == NULL)
    fail_msg("%s: %s, not %s", name, dictionary, shape);
  float weight, largest = 0;
  while (fread(&weight, sizeof weight, 1, file) == 1) {
    assert_true(isfinite(weight));
    largest = fmaxf(largest, fabsf(weight));
    size += sizeof weight;
  }
  fclose(file);
  assert_true(largest > 0);
  long rows, columns = 1;
  assert_true(sscanf(shape, "(%ld, %ld", &rows, &columns) >= 1);
  assert_int_equal(size, 128 + 4 * rows * columns);
}

static void saves_four_weights(void **state) {
  (void)state;
  begin();
  program_folder_make();
  const char *words[] = {"digits",         "--device",   test_device(),
                         "--mode=async",   "--epochs=1", "--save",
                         program_folder(), "--quiet",    NULL};
  program_result r = program_run(SECONDS, words);
  if (r.status != 0) fail_msg("status %d: %s", r.status, r.err);
  assert_int_equal(program_file_count(), 4);
  check_npy("w1.npy", "(64, 128)");
  check_npy("b1.npy", "(128,)");
  check_npy("w2.npy", "(128, 10)");
  check_npy("b2.npy", "(10,)");
  program_folder_remove();
}

enum { WEIGHTS = 4, MOST_BYTES = 40000 };

static void train_and_read(const char *graph, unsigned char bytes[WEIGHTS][MOST_BYTES],
                           size_t sizes[WEIGHTS]) {
  static const char *const files[WEIGHTS] = {"w1.npy", "b1.npy", "w2.npy", "b2.npy"};
  const char *words[] = {
      "digits", "--device",       test_device(), "--mode=async",      "--epochs=2",
      "--save", program_folder(), "--quiet",     "--check-reference", graph,
      NULL};
  program_result r = program_run(SECONDS, words);
  if (r.status != 0) fail_msg("status %d: %s", r.status, r.err);
  for (int i = 0; i < WEIGHTS; i++) {
    FILE *file = fopen(program_path(files[i]), "rb");
    assert_non_null(file);
    sizes[i] = fread(bytes[i], 1, MOST_BYTES, file);
    fclose(file);
  }
}

/* The bits of the weights do not depend on whether the step was recorded. */
static void a_recorded_step_learns_the_same(void **state) {
  (void)state;
  static unsigned char eager[WEIGHTS][MOST_BYTES], graph[WEIGHTS][MOST_BYTES];
  size_t eager_sizes[WEIGHTS], graph_sizes[WEIGHTS];
  begin();
  program_folder_make();
  train_and_read(NULL, eager, eager_sizes);
  train_and_read("--graph", graph, graph_sizes);
  for (int i = 0; i < WEIGHTS; i++) {
    assert_in_range(eager_sizes[i], 128, MOST_BYTES - 1);
    assert_int_equal(eager_sizes[i], graph_sizes[i]);
    assert_memory_equal(eager[i], graph[i], eager_sizes[i]);
  }
  program_folder_remove();
}

static void a_library_works_with_and_without_eager_tensors(void **state) {
  (void)state;
  assert_int_equal(setenv("EAGERCL_DEFAULT_DEVICE", test_device(), 1), 0);
  program_result r = program_run(SECONDS, (const char *const[]){"library", NULL});
  if (r.status != 0) fail_msg("status %d: %s", r.status, r.err);
  assert_string_equal(r.out, "distance in plain C: 7\ndistance with eager tensors: 7\n");
  assert_int_equal(unsetenv("EAGERCL_DEFAULT_DEVICE"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(learns_in_every_mode_under_every_policy),
      cmocka_unit_test(learns_from_ten_seeds),
      cmocka_unit_test(saves_four_weights),
      cmocka_unit_test(a_recorded_step_learns_the_same),
      cmocka_unit_test(a_library_works_with_and_without_eager_tensors),
  };
  return test_main("api/digits", tests, sizeof tests / sizeof *tests);
}
