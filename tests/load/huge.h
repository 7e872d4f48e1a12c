/* Tensors of more than 2^31 elements: memory for them, and values that the host can tell
 * for any element. Skips where there is no room. */
#ifndef EAGER_TESTS_LOAD_HUGE_H
#define EAGER_TESTS_LOAD_HUGE_H

#include <sys/mman.h>
#include <unistd.h>

#include "test_values.h"

/* 2^31 and a bit: 65537 rows of 32769, no factor of which is a power of two. */
enum { HUGE_ROWS = 65537, HUGE_COLUMNS = 32769 };
static const int64_t huge_dims[] = {HUGE_ROWS, HUGE_COLUMNS};
static const int64_t huge_count = (int64_t)HUGE_ROWS * HUGE_COLUMNS; /* 2147581953 */

static const double huge_gib = 1073741824.0;

static inline void huge_need_memory(double gib, int64_t largest_size) {
  double there = (double)sysconf(_SC_AVPHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  const eager_device_info *info = test_device_info();
  if (info->max_allocation < (uint64_t)largest_size)
    test_skip("the largest allocation is %llu bytes, not %lld",
              (unsigned long long)info->max_allocation, (long long)largest_size);
  if (there < (gib * 1.2 + 0.5) * huge_gib)
    test_skip("%.1f GiB are free, %.1f are used", there / huge_gib, gib);
}

static inline void huge_enable(void) {
  const eager_config config = {.memory_limit = (size_t)13 << 30};
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
}

/* And enables. */
static inline void huge_need_full(double gib, int64_t largest_size) {
  const char *full = getenv("EAGERCL_TEST_FULL");
  if (full == NULL || strcmp(full, "1") != 0)
    test_skip("%.1f GiB of memory and minutes: EAGERCL_TEST_FULL=1", gib);
  huge_need_memory(gib, largest_size);
  test_time_limit(120); /* ten times as long in full runs */
  huge_enable();
}

/* Zeros of which only those pages exist that are written. */
static inline uint8_t *huge_pages(int64_t size) {
  void *pages = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(pages != MAP_FAILED);
  return pages;
}

static inline void huge_unmap(void *pages, void *user) {
  munmap(pages, *(size_t *)user);
}

/* Used in place. */
static inline eager_tensor *huge_adopt(eager_dtype dtype, int rank, const int64_t *dims,
                                       void *pages) {
  eager_tensor *t;
  size_t *size = test_alloc(sizeof *size);
  *size = eager_dtype_size(dtype);
  for (int i = 0; i < rank; i++) *size *= (size_t)dims[i];
  assert_ok(eager_tensor_adopt_host(dtype, rank, dims, pages, *size, huge_unmap, size, &t));
  return t;
}

/* A byte for every element, which no stride and no power of two leaves as it is. */
static inline uint8_t huge_byte(int64_t i) {
  return (uint8_t)((uint64_t)i * UINT64_C(0x9E3779B97F4A7C15) >> 56);
}

/* Element i is huge_byte(i). */
static inline eager_tensor *huge_bytes(int rank, const int64_t *dims) {
  int64_t count = 1;
  for (int i = 0; i < rank; i++) count *= dims[i];
  uint8_t *pages = huge_pages(count);
  for (int64_t i = 0; i < count; i++) pages[i] = huge_byte(i);
  return huge_adopt(EAGER_UINT8, rank, dims, pages);
}

/* The elements [begin, begin + count) of the tensor, flat. */
static inline void huge_expect_window(eager_tensor *flat, int64_t begin, int64_t count,
                                      double (*value)(int64_t i), const char *what) {
  eager_tensor *few;
  assert_ok(eager_slice(flat, &begin, &count, &few));
  const double *got = test_read(few);
  for (int64_t i = 0; i < count; i++)
    if (!(got[i] == value(begin + i)))
      fail_msg("%s: element %lld is %.9g, not %.9g", what, (long long)(begin + i), got[i],
               value(begin + i));
  eager_tensor_release(few);
}

/* Looks at the start, on both sides of where an index, a size in bytes or half of one is
 * 2^31, at the end, and at places of chance between. The tensor goes. */
static inline void huge_expect(eager_tensor *t, double (*value)(int64_t i),
                               const char *what) {
  enum { WINDOW = 64, CHANCES = 16 };
  eager_tensor *flat;
  int64_t count = eager_tensor_num_elements(t);
  assert_ok(eager_reshape(t, 1, &count, &flat));
  const int64_t places[] = {
      0, INT64_C(1) << 29, INT64_C(1) << 30, INT64_C(1) << 31, INT64_C(1) << 32, count};
  for (size_t i = 0; i < CHANCES + sizeof places / sizeof *places; i++) {
    int64_t begin = i < CHANCES ? test_random_int(0, count) : places[i - CHANCES];
    begin -= WINDOW / 2;
    if (begin > count) continue;
    if (begin > count - WINDOW) begin = count - WINDOW;
    if (begin < 0) begin = 0;
    huge_expect_window(flat, begin, count < WINDOW ? count : WINDOW, value, what);
  }
  eager_tensor_release(flat);
  eager_tensor_release(t);
  assert_ok(eager_trim_memory(NULL));
  printf("  huge: %s: %lld elements\n", what, (long long)count);
}

#endif
