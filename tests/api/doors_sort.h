/* Doors of sorting, searching and what depends on data. */
#ifndef EAGER_TESTS_DOORS_SORT_H
#define EAGER_TESTS_DOORS_SORT_H

#include "doors.h"

static eager_status sort_down(eager_tensor *const *in, eager_tensor **out) {
  return eager_sort(in[0], 0, "DESCENDING", out);
}
static eager_status sort_up(eager_tensor *const *in, eager_tensor **out) {
  return eager_sort(in[0], -1, NULL, out);
}
static eager_status argsort(eager_tensor *const *in, eager_tensor **out) {
  return eager_argsort(in[0], 1, "ASCENDING", out);
}
static eager_status top_k(eager_tensor *const *in, eager_tensor **out) {
  return eager_top_k(in[0], 2, &out[0], &out[1]);
}
static eager_status nth_element(eager_tensor *const *in, eager_tensor **out) {
  return eager_nth_element(in[0], 1, true, out);
}
static eager_status search_left(eager_tensor *const *in, eager_tensor **out) {
  return eager_searchsorted(in[0], in[1], "left", EAGER_INT64, out);
}
static eager_status search_right(eager_tensor *const *in, eager_tensor **out) {
  return eager_searchsorted(in[0], in[1], "right", EAGER_INT32, out);
}
static eager_status bucketize(eager_tensor *const *in, eager_tensor **out) {
  return eager_bucketize(in[0], (double[]){1.5, 3, 4.5}, 3, out);
}
static eager_status in_top_k(eager_tensor *const *in, eager_tensor **out) {
  return eager_in_top_k(in[1], in[0], 2, out);
}
static eager_status where_indices(eager_tensor *const *in, eager_tensor **out) {
  return eager_where_indices(in[0], out);
}
static eager_status boolean_mask(eager_tensor *const *in, eager_tensor **out) {
  return eager_boolean_mask(in[0], in[1], 1, out);
}
static eager_status unique(eager_tensor *const *in, eager_tensor **out) {
  return eager_unique(in[0], EAGER_INT64, &out[0], &out[1]);
}
static eager_status unique_with_counts(eager_tensor *const *in, eager_tensor **out) {
  return eager_unique_with_counts(in[0], EAGER_INT32, &out[0], &out[1], &out[2]);
}

static const row sort_rows[] = {
    {"Sort",
     sort_down,
     {{EAGER_FLOAT32, {2, {5, 3}}}},
     {{"axis", EAGER_ATTR_INT, 1, {0}},
      {"direction", EAGER_ATTR_STRING, 1, {0}, "DESCENDING"}}},
    {"Sort", sort_up, {{EAGER_INT8, {2, {5, 3}}}}, {{0}}},
    {"Argsort",
     argsort,
     {{EAGER_INT64, {2, {2, 9}}}},
     {{"axis", EAGER_ATTR_INT, 1, {1}}, {"stable", EAGER_ATTR_BOOL, 1, {true}}}},
    {"TopKV2", top_k, {{EAGER_FLOAT16, {2, {3, 5}}}}, {{"k", EAGER_ATTR_INT, 1, {2}}}, 2},
    {"NthElement",
     nth_element,
     {{EAGER_FLOAT32, {2, {3, 5}}}},
     {{"n", EAGER_ATTR_INT, 1, {1}}, {"reverse", EAGER_ATTR_BOOL, 1, {true}}}},
    {"LowerBound",
     search_left,
     {{EAGER_INT32, {2, {1, 4}}, (const double[]){1, 2, 2, 5}}, {EAGER_INT32, {2, {1, 6}}}},
     {{"out_type", EAGER_ATTR_DTYPE, 1, {EAGER_INT64}}}},
    {"UpperBound",
     search_right,
     {{EAGER_INT32, {2, {1, 4}}, (const double[]){1, 2, 2, 5}}, {EAGER_INT32, {2, {1, 6}}}},
     {{0}}},
    {"SearchSorted",
     search_right,
     {{EAGER_INT32, {2, {1, 4}}, (const double[]){1, 2, 2, 5}}, {EAGER_INT32, {2, {1, 6}}}},
     {{"side", EAGER_ATTR_STRING, 1, {0}, "right"}}},
    {"SearchSorted",
     search_left,
     {{EAGER_INT32, {2, {1, 4}}, (const double[]){1, 2, 2, 5}}, {EAGER_INT32, {2, {1, 6}}}},
     {{"out_type", EAGER_ATTR_DTYPE, 1, {EAGER_INT64}}}},
    {"Bucketize",
     bucketize,
     {{EAGER_FLOAT32, {1, {9}}}},
     {{"boundaries", EAGER_ATTR_FLOAT_LIST, 3, {1.5, 3, 4.5}}}},
    {"InTopKV2",
     in_top_k,
     {{EAGER_FLOAT32, {2, {3, 8}}}, {EAGER_INT32, {1, {3}}}},
     {{"k", EAGER_ATTR_INT, 1, {2}}}},
    {"Where", where_indices, {{EAGER_BOOL, {2, {3, 4}}}}, {{0}}},
    {"BooleanMask",
     boolean_mask,
     {{EAGER_FLOAT32, {2, {2, 5}}}, {EAGER_BOOL, {1, {5}}}},
     {{"axis", EAGER_ATTR_INT, 1, {1}}}},
    {"Unique",
     unique,
     {{EAGER_INT32, {1, {19}}}},
     {{"out_idx", EAGER_ATTR_DTYPE, 1, {EAGER_INT64}}},
     2},
    {"UniqueWithCounts", unique_with_counts, {{EAGER_UINT8, {1, {19}}}}, {{0}}, 3},
};

#endif
