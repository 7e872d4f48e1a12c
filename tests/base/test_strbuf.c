/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strbuf.h"

static int allocations_off(void **state) {
  (void)state;
  eager__alloc_fail_after(-1);
  return 0;
}

static void an_empty_buffer_reads_as_an_empty_text(void **state) {
  (void)state;
  eager__strbuf buffer = {0};
  assert_string_equal(eager__strbuf_text(&buffer), "");
  eager__strbuf_add(&buffer, "");
  assert_string_equal(eager__strbuf_text(&buffer), "");
  eager__strbuf_free(&buffer);
  char *text = eager__strbuf_take(&buffer);
  assert_string_equal(text, "");
  eager__free(text);
}

static void pieces_are_joined(void **state) {
  (void)state;
  eager__strbuf buffer = {0};
  eager__strbuf_add(&buffer, "Tensor(");
  eager__strbuf_format(&buffer, "%d, shape=%s", 42, "()");
  eager__strbuf_add_bytes(&buffer, ")...", 1);
  assert_string_equal(eager__strbuf_text(&buffer), "Tensor(42, shape=())");
  assert_int_equal(buffer.size, 20);
  char *text = eager__strbuf_take(&buffer);
  assert_string_equal(text, "Tensor(42, shape=())");
  assert_null(buffer.text);
  assert_int_equal(buffer.size, 0);
  eager__free(text);
}

static void long_texts_grow_the_buffer(void **state) {
  (void)state;
  eager__strbuf buffer = {0};
  for (int i = 0; i < 20000; i++) eager__strbuf_format(&buffer, "%05d", i);
  assert_int_equal(buffer.size, 100000);
  const char *text = eager__strbuf_text(&buffer);
  assert_int_equal(strlen(text), 100000);
  for (int i = 0; i < 20000; i++) {
    char expected[16];
    snprintf(expected, sizeof expected, "%05d", i);
    assert_memory_equal(text + 5 * i, expected, 5);
  }
  eager__strbuf_free(&buffer);
  assert_null(buffer.text);
}

static void bytes_may_hold_zeros(void **state) {
  (void)state;
  eager__strbuf buffer = {0};
  eager__strbuf_add_bytes(&buffer, "a\0b", 3);
  assert_int_equal(buffer.size, 3);
  assert_memory_equal(buffer.text, "a\0b", 4);
  eager__strbuf_free(&buffer);
}

static void short_memory_is_kept_until_the_end(void **state) {
  (void)state;
  for (long count = 1; count <= 2; count++) {
    eager__strbuf buffer = {0};
    eager__alloc_fail_after(count);
    for (int i = 0; i < 10; i++) eager__strbuf_add(&buffer, "0123456789abcdef");
    assert_true(buffer.failed);
    assert_null(eager__strbuf_take(&buffer));
    assert_false(buffer.failed);
    assert_null(buffer.text);
    eager__strbuf_add(&buffer, "works again");
    assert_string_equal(eager__strbuf_text(&buffer), "works again");
    eager__strbuf_free(&buffer);
  }
  eager__strbuf buffer = {0};
  eager__alloc_fail_after(1);
  assert_null(eager__strbuf_take(&buffer));
}

static void impossible_sizes_fail(void **state) {
  (void)state;
  eager__strbuf buffer = {0};
  eager__strbuf_add(&buffer, "x");
  eager__strbuf_add_bytes(&buffer, "", SIZE_MAX - 1);
  assert_true(buffer.failed);
  assert_string_equal(eager__strbuf_text(&buffer), "x");
  eager__strbuf_free(&buffer);
}

static void the_nth_allocation_fails_and_only_that(void **state) {
  (void)state;
  eager__alloc_fail_after(3);
  void *blocks[5];
  for (int i = 0; i < 5; i++) blocks[i] = eager__alloc(4);
  for (int i = 0; i < 5; i++) assert_int_equal(blocks[i] == NULL, i == 2);
  for (int i = 0; i < 5; i++) eager__free(blocks[i]);
  eager__alloc_fail_after(1);
  assert_null(eager__strdup("text"));
  char *text = eager__strdup("text");
  assert_string_equal(text, "text");
  eager__alloc_fail_after(1);
  assert_null(eager__realloc(text, 100));
  assert_string_equal(text, "text");
  eager__free(text);
  assert_null(eager__strdup(NULL));
  void *empty = eager__alloc(0);
  assert_non_null(empty);
  eager__free(empty);
}

static void reserve_grows_by_half_and_keeps_what_is_there(void **state) {
  (void)state;
  int *values = NULL;
  size_t capacity = 0;
  for (int i = 0; i < 1000; i++) {
    size_t before = capacity;
    assert_int_equal(eager__reserve(&values, &capacity, (size_t)i + 1, sizeof *values), 0);
    assert_true(capacity == before || capacity >= before + before / 2);
    values[i] = i;
  }
  for (int i = 0; i < 1000; i++) assert_int_equal(values[i], i);

  int *old = values;
  size_t old_capacity = capacity;
  eager__alloc_fail_after(1);
  assert_int_equal(eager__reserve(&values, &capacity, 1000000, sizeof *values),
                   EAGER_RESOURCE_EXHAUSTED);
  assert_string_equal(eager_error_message(),
                      "out of host memory: 4000000 bytes could not be allocated");
  assert_ptr_equal(values, old);
  assert_int_equal(capacity, old_capacity);
  assert_int_equal(eager__reserve(&values, &capacity, SIZE_MAX / 2, sizeof *values),
                   EAGER_RESOURCE_EXHAUSTED);
  assert_ptr_equal(values, old);
  eager__free(values);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_buffer_reads_as_an_empty_text),
      cmocka_unit_test(pieces_are_joined),
      cmocka_unit_test(long_texts_grow_the_buffer),
      cmocka_unit_test(bytes_may_hold_zeros),
      cmocka_unit_test_teardown(short_memory_is_kept_until_the_end, allocations_off),
      cmocka_unit_test(impossible_sizes_fail),
      cmocka_unit_test_teardown(the_nth_allocation_fails_and_only_that, allocations_off),
      cmocka_unit_test_teardown(reserve_grows_by_half_and_keeps_what_is_there,
                                allocations_off),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
