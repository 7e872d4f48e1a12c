/* ZIP headers beyond what a test can put on disk: members and archives larger than 4 GiB.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "tensor/zip.h"

static const uint64_t gib = (uint64_t)1 << 30;

static void wide_members_come_back(void **state) {
  (void)state;
  eager__zip_member members[] = {
      {"small.npy", 0, 200, 200, 7, false, false},
      {"large.npy", 250, 5 * gib, 5 * gib, 8, false, false},
      {"far.npy", 6 * gib, 100, 100, 9, false, false},
  };
  uint64_t offset = 7 * gib;
  eager__strbuf end = {0};
  eager__zip_write_end(members, 3, offset, &end);
  eager__zip_end found;
  assert_int_equal(eager__zip_find_end(end.text, end.size, offset + end.size, &found),
                   EAGER_OK);
  assert_true(found.wide_offset > offset);
  assert_int_equal(
      eager__zip_read_wide_end(end.text + (found.wide_offset - offset), &found), EAGER_OK);
  assert_int_equal(found.count, 3);
  assert_int_equal(found.offset, offset);
  eager__zip_member *got;
  assert_int_equal(eager__zip_read_directory(end.text, (size_t)found.size, 3, &got),
                   EAGER_OK);
  for (int i = 0; i < 3; i++) {
    assert_string_equal(got[i].name, members[i].name);
    assert_int_equal(got[i].offset, members[i].offset);
    assert_int_equal(got[i].packed, members[i].packed);
    assert_int_equal(got[i].size, members[i].size);
    assert_int_equal(got[i].crc, members[i].crc);
  }
  eager__zip_free_members(got, 3);
  eager__strbuf local = {0};
  for (int i = 0; i < 3; i++) {
    eager__strbuf_free(&local);
    eager__zip_write_local(&members[i], &local);
    uint64_t length;
    assert_int_equal(eager__zip_local_length(local.text, &length), EAGER_OK);
    assert_int_equal(length, local.size);
  }
  eager__strbuf_free(&local);
  eager__strbuf_free(&end);
}

static void many_members_come_back(void **state) {
  (void)state;
  enum { COUNT = 70000 };
  eager__zip_member *members = eager__alloc(COUNT * sizeof *members), *got;
  for (int i = 0; i < COUNT; i++)
    members[i] = (eager__zip_member){"a.npy", (uint64_t)i * 50, 3, 3, 1, false, false};
  eager__strbuf end = {0};
  eager__zip_write_end(members, COUNT, 0, &end);
  eager__zip_end found;
  size_t tail = end.size < EAGER__ZIP_TAIL ? end.size : EAGER__ZIP_TAIL;
  assert_int_equal(eager__zip_find_end(end.text + end.size - tail, tail, end.size, &found),
                   EAGER_OK);
  assert_int_equal(eager__zip_read_wide_end(end.text + found.wide_offset, &found),
                   EAGER_OK);
  assert_int_equal(found.count, COUNT);
  assert_int_equal(eager__zip_read_directory(end.text, (size_t)found.size, COUNT, &got),
                   EAGER_OK);
  assert_int_equal(got[COUNT - 1].offset, (uint64_t)(COUNT - 1) * 50);
  eager__zip_free_members(got, COUNT);
  assert_int_equal(eager__zip_read_directory(end.text, (size_t)found.size, COUNT + 1, &got),
                   EAGER_DATA_LOSS);
  assert_null(got);
  eager__free(members);
  eager__strbuf_free(&end);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wide_members_come_back),
      cmocka_unit_test(many_members_come_back),
  };
  return cmocka_run_group_tests_name("tensor/zip", tests, NULL, NULL);
}
