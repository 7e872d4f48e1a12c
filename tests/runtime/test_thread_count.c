/* ctest: timeout=240 */
/* semantics.md section 5: the same bits whatever the device's number of threads. Everything
 * that adds up in parts, at sizes that are cut into parts, by this program run again with
 * one and with two threads of PoCL's. */
#include <unistd.h>

#include "enabling.h"
#include "program.h"

enum { SECONDS = 200, INPUTS = 3 };

typedef struct work {
  const char *name;
  eager_status (*run)(eager_tensor *const *in, eager_tensor **out);
  int ranks[INPUTS];
  int64_t dims[INPUTS][4];
} work;

static eager_status sum_all(eager_tensor *const *in, eager_tensor **out) {
  return eager_reduce_sum(in[0], NULL, 0, false, out);
}

static eager_status sum_first(eager_tensor *const *in, eager_tensor **out) {
  const int64_t axis = 0;
  return eager_reduce_sum(in[0], &axis, 1, false, out);
}

static eager_status sum_last(eager_tensor *const *in, eager_tensor **out) {
  const int64_t axis = -1;
  return eager_reduce_sum(in[0], &axis, 1, false, out);
}

static eager_status variance_all(eager_tensor *const *in, eager_tensor **out) {
  return eager_reduce_variance(in[0], NULL, 0, false, out);
}

static eager_status cumsum(eager_tensor *const *in, eager_tensor **out) {
  return eager_cumsum(in[0], -1, false, false, out);
}

static eager_status softmax(eager_tensor *const *in, eager_tensor **out) {
  return eager_softmax(in[0], -1, out);
}

static eager_status layer_norm(eager_tensor *const *in, eager_tensor **out) {
  return eager_layer_norm(in[0], in[1], in[1], 1, 1e-3, out, NULL, NULL);
}

static eager_status bias_grad(eager_tensor *const *in, eager_tensor **out) {
  return eager_bias_add_grad(in[0], NULL, out);
}

static eager_status matmul(eager_tensor *const *in, eager_tensor **out) {
  return eager_matmul(in[0], false, in[1], false, out);
}

static eager_status batch_matmul(eager_tensor *const *in, eager_tensor **out) {
  return eager_batch_matmul(in[0], false, in[1], false, out);
}

static eager_status matmul_transposed(eager_tensor *const *in, eager_tensor **out) {
  return eager_matmul(in[0], true, in[1], true, out);
}

static eager_status conv(eager_tensor *const *in, eager_tensor **out) {
  const eager_conv2d_options options = {.padding = EAGER_PADDING_SAME};
  return eager_conv2d(in[0], in[1], &options, out);
}

static eager_status conv_filter(eager_tensor *const *in, eager_tensor **out) {
  const eager_conv2d_options options = {.padding = EAGER_PADDING_SAME};
  const int64_t sizes[] = {3, 3, 16, 24};
  return eager_conv2d_backprop_filter(in[0], sizes, in[1], &options, out);
}

static eager_status attention(eager_tensor *const *in, eager_tensor **out) {
  return eager_attention(in[0], in[1], in[2], NULL, 0, true, out);
}

static const work works[] = {
    {"sum of all", sum_all, {1}, {{1000003}}},
    {"sum of rows", sum_last, {2}, {{7, 100003}}},
    {"sum of columns", sum_first, {2}, {{5000, 201}}},
    {"variance", variance_all, {1}, {{700001}}},
    {"cumulative sum", cumsum, {2}, {{3, 200003}}},
    {"softmax", softmax, {2}, {{3, 300007}}},
    {"layer norm", layer_norm, {2, 1}, {{5, 100001}, {100001}}},
    {"bias gradient", bias_grad, {2}, {{20001, 37}}},
    {"product", matmul, {2, 2}, {{301, 517}, {517, 203}}},
    {"product, packed", matmul, {2, 2}, {{700, 1100}, {1100, 900}}},
    {"product along a long axis", matmul, {2, 2}, {{3, 200003}, {200003, 5}}},
    {"matrix by vector", matmul, {2, 2}, {{1001, 1003}, {1003, 1}}},
    {"product, transposed", matmul_transposed, {2, 2}, {{517, 301}, {203, 517}}},
    {"batched product", batch_matmul, {3, 3}, {{20, 33, 65}, {20, 65, 40}}},
    {"convolution", conv, {4, 4}, {{2, 29, 31, 16}, {3, 3, 16, 24}}},
    {"filter gradient", conv_filter, {4, 4}, {{2, 29, 31, 16}, {2, 29, 31, 24}}},
    {"attention", attention, {4, 4, 4}, {{1, 2, 40, 32}, {1, 2, 900, 32}, {1, 2, 900, 32}}},
};

/* --- The other process: a line with a name and a hash for each --- */

static bool complain(const char *name) {
  printf("%s: %s\n", name, eager_error_message());
  return false;
}

static eager_tensor *make_input(const work *w, int input, eager_dtype dtype) {
  int64_t count = 1;
  uint64_t state = (uint64_t)input + 1;
  eager_tensor *x = NULL, *typed = NULL;
  for (int d = 0; d < w->ranks[input]; d++) count *= w->dims[input][d];
  float *values = malloc((size_t)count * sizeof *values);
  if (!values) return NULL;
  for (int64_t i = 0; i < count; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    values[i] = (float)(state >> 40) * 0x1p-23f - 1;
  }
  eager_status status =
      eager_tensor_from_host(EAGER_FLOAT32, w->ranks[input], w->dims[input], values, &x);
  free(values);
  if (status == EAGER_OK) status = eager_cast(x, dtype, &typed);
  eager_tensor_release(x);
  return status == EAGER_OK ? typed : NULL;
}

static bool print_hash(const char *name, const eager_tensor *out) {
  size_t size = eager_tensor_byte_size(out);
  unsigned char *bytes = malloc(size);
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  if (!bytes || eager_tensor_to_host(out, bytes, size) != EAGER_OK) return complain(name);
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  free(bytes);
  printf("%s, %s: %016llx\n", name, eager_dtype_name(eager_tensor_dtype(out)),
         (unsigned long long)hash);
  return true;
}

static bool run_work(const work *w, eager_dtype dtype) {
  eager_tensor *in[INPUTS] = {NULL}, *out = NULL;
  bool fine = true;
  for (int i = 0; i < INPUTS && w->ranks[i] && fine; i++)
    fine = (in[i] = make_input(w, i, dtype)) != NULL;
  fine =
      fine && w->run(in, &out) == EAGER_OK ? print_hash(w->name, out) : complain(w->name);
  eager_tensor_release(out);
  for (int i = 0; i < INPUTS; i++) eager_tensor_release(in[i]);
  return fine;
}

static int use_library(void) {
  static const eager_dtype dtypes[] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_BFLOAT16};
  if (!has_device(PTHREAD)) return TEST_SKIPPED;
  if (enable_devices(PTHREAD) != EAGER_OK) return complain("enabling"), 1;
  bool fine = true;
  for (size_t i = 0; fine && i < sizeof works / sizeof *works; i++)
    for (size_t t = 0; fine && t < sizeof dtypes / sizeof *dtypes; t++)
      fine = run_work(&works[i], dtypes[t]);
  return eager_shutdown() == EAGER_OK && fine ? 0 : 1;
}

/* --- */

static char *run_with(const char *threads) {
  assert_int_equal(setenv("POCL_MAX_PTHREAD_COUNT", threads, 1), 0);
  program_result r = program_run(
      SECONDS, (const char *const[]){"tests/test_runtime_thread_count", "run", NULL});
  if (r.status == TEST_SKIPPED) test_skip("no device " PTHREAD " here");
  if (r.status != 0) {
    const char *end = strlen(r.out) > 200 ? r.out + strlen(r.out) - 200 : r.out;
    fail_msg("status %d: ... %s%s", r.status, end, r.err);
  }
  return strdup(r.out);
}

static void results_do_not_depend_on_the_number_of_threads(void **state) {
  (void)state;
  test_time_limit(SECONDS);
  if (sysconf(_SC_NPROCESSORS_ONLN) < 2) test_skip("one processor has one thread");
  program_folder_make();
  char *one = run_with("1"), *two = run_with("2");
  assert_non_null(strstr(one, "attention, bfloat16: "));
  assert_string_equal(one, two);
  free(one);
  free(two);
  program_folder_remove();
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return use_library();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(results_do_not_depend_on_the_number_of_threads),
  };
  return test_main_each("runtime/thread_count", tests, sizeof tests / sizeof *tests);
}
