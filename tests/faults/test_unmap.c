/* ctest: devices=pocl-pthread,rusticl labels=faults timeout=120 */
/* Two things go wrong: what a buffer was mapped for fails, and then unmapping it. Told is
 * the first; the second is tried once more, for what stays mapped is never freed. */
#include "placing.h"
#include "test_layer.h"

enum { LARGE = 1 << 18 }; /* floats: is mapped for a copy to another context */

static const eager_layer *layer;

static eager_tensor *begin(void) {
  layer = test_layer();
  placing_begin(EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  eager_tensor *t;
  const int64_t large = LARGE;
  float *data = test_alloc(LARGE * sizeof *data);
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 1, &large, data, &t));
  return t;
}

static void expect_told(eager_status status, eager_status expected, const char *part,
                        int code) {
  assert_fails_like(status, expected, part);
  assert_null(strstr(eager_error_message(), "clEnqueueUnmapMemObject"));
  assert_int_equal(eager_error_cl_code(), code);
}

/* Through a view of the source, which is written, or of the target, into which is read. */
static eager_status copy_away(eager_tensor *t) {
  eager_tensor *copy = NULL;
  eager_status status = eager_tensor_copy_to_device(t, test_device_other_context(), &copy);
  if (status != EAGER_OK) assert_null(copy);
  eager_tensor_release(copy);
  return status;
}

static void refuse_to_move(void) {
  layer->refuse("clEnqueueWriteBuffer", 0, -4);
  layer->refuse("clEnqueueReadBuffer", 0, -4);
}

/* The copy is tried twice, the second time after making room, and unmapping behind that
 * fails. */
static void a_copy_fails_and_so_does_the_unmap(void **state) {
  (void)state;
  eager_tensor *t = begin();
  assert_ok(copy_away(t)); /* both are open */
  layer->reset();
  refuse_to_move();
  layer->refuse("clEnqueueUnmapMemObject", 2, -6);
  expect_told(copy_away(t), EAGER_RESOURCE_EXHAUSTED, "Buffer failed on ", -4);
  assert_int_equal(
      layer->count("clEnqueueWriteBuffer") + layer->count("clEnqueueReadBuffer"), 2);
  assert_int_equal(layer->count("clEnqueueUnmapMemObject"), 3);
  layer->reset();
  assert_ok(copy_away(t));
  eager_tensor_release(t);
}

/* The device is lost, by the map. */
static void a_map_fails_and_so_does_the_unmap(void **state) {
  (void)state;
  const void *view;
  eager_tensor *t = begin();
  layer->fail_command(1, -14);
  layer->refuse("clEnqueueUnmapMemObject", 0, -36);
  expect_told(eager_tensor_map(t, &view), EAGER_UNAVAILABLE, "at or after a map", -14);
  assert_null(view);
  layer->reset();
  eager_tensor_release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_copy_fails_and_so_does_the_unmap),
      cmocka_unit_test(a_map_fails_and_so_does_the_unmap),
  };
  test_layer_load();
  return test_main("faults/unmap", tests, sizeof tests / sizeof *tests);
}
