/* What is known of every row, dtype, mode and device. */
#include "matrix.h"

const char *const status_names[STATUSES] = {
    [PASS] = "pass",   [FAIL] = "fail", [SKIP] = "skip",
    [CRASH] = "crash", [HANG] = "hang", [QUIRK] = "quirk",
};

result *results;
int result_count;

static int *table; /* result + 1, open addressing; never more than half full */
static uint32_t table_size, capacity;

static uint32_t hash_of(const char *section, const char *row, eager_dtype dtype, int mode,
                        int device) {
  uint32_t hash = 2166136261u;
  for (const char *c = section; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
  for (const char *c = row; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
  const int numbers[] = {(int)dtype, mode, device};
  for (int i = 0; i < 3; i++) hash = (hash ^ (uint32_t)numbers[i]) * 16777619u;
  return hash;
}

static void put(int which) {
  const result *r = &results[which];
  uint32_t at =
      hash_of(r->section, r->row, r->dtype, r->mode, r->device) & (table_size - 1);
  while (table[at] != 0) at = (at + 1) & (table_size - 1);
  table[at] = which + 1;
}

static void grow(void) {
  capacity = capacity ? 2 * capacity : 1024;
  table_size = 2 * capacity;
  result *more = allocated(capacity * sizeof *more);
  if (results != NULL) memcpy(more, results, (size_t)result_count * sizeof *more);
  free(results);
  free(table);
  results = more;
  table = allocated(table_size * sizeof *table);
  for (int i = 0; i < result_count; i++) put(i);
}

result *result_of(const char *section, const char *row, eager_dtype dtype, int mode,
                  int device) {
  if ((uint32_t)result_count == capacity) grow();
  uint32_t at = hash_of(section, row, dtype, mode, device) & (table_size - 1);
  for (; table[at] != 0; at = (at + 1) & (table_size - 1)) {
    result *r = &results[table[at] - 1];
    if (r->dtype == dtype && r->mode == mode && r->device == device &&
        strcmp(r->section, section) == 0 && strcmp(r->row, row) == 0)
      return r;
  }
  result *made = &results[result_count++];
  *made = (result){.section = section, .dtype = dtype, .mode = mode, .device = device};
  made->status = SKIP;
  snprintf(made->row, sizeof made->row, "%s", row);
  put(result_count - 1);
  return made;
}

static int badness(outcome s) {
  static const int order[STATUSES] = {
      [SKIP] = 0, [PASS] = 1, [QUIRK] = 2, [FAIL] = 3, [HANG] = 4, [CRASH] = 5};
  return order[s];
}

void result_add(result *to, outcome status, const char *text, const char *test) {
  bool first = to->test[0] == '\0', worse = badness(status) > badness(to->status);
  if (!first && !worse) return;
  to->status = status;
  snprintf(to->test, sizeof to->test, "%s", test);
  free(to->text);
  to->text = text != NULL && *text != '\0' ? copied(text) : NULL;
}

bool result_is_bad(const result *r) {
  if (r->status == FAIL) return true;
  return (r->status == CRASH || r->status == HANG) && strcmp(r->section, "quirks") != 0;
}

bool results_are_good(void) {
  for (int i = 0; i < result_count; i++)
    if (result_is_bad(&results[i])) return false;
  return true;
}

static int by_key(const void *a, const void *b) {
  const result *x = a, *y = b;
  int order = strcmp(x->section, y->section);
  if (order == 0) order = strcmp(x->row, y->row);
  if (order == 0) order = (int)x->dtype - (int)y->dtype;
  if (order == 0) order = x->mode - y->mode;
  return order != 0 ? order : x->device - y->device;
}

void results_sort(void) {
  if (result_count > 0) qsort(results, (size_t)result_count, sizeof *results, by_key);
}
