#include "errors.h"

#include "tensor/tensor.h"

enum { MOST = 4096 };

static struct {
  const char *op;
  eager_dtype dtype;
  double ulps, share;
} rows[MOST];
static int count;

const test_listener *test_listens;

bool test_errors_wanted(void) {
  return test_listens != NULL || getenv("EAGERCL_TEST_ERRORS") != NULL;
}

void test_errors_note(const eager_tensor *t, double ulps, double share) {
  const char *op = t->origin.op;
  eager_dtype dtype = t->dtype;
  if (test_listens != NULL) test_listens->errors(t, ulps, share);
  int i = 0;
  while (i < count && (rows[i].dtype != dtype || strcmp(rows[i].op, op) != 0)) i++;
  if (i == MOST) return;
  if (i == count) {
    rows[i].op = op;
    rows[i].dtype = dtype;
    count++;
  }
  if (ulps > rows[i].ulps) rows[i].ulps = ulps;
  if (share > rows[i].share) rows[i].share = share;
}

bool test_checked(const char *row, eager_dtype dtype, eager_execution_mode mode,
                  const char *wrong) {
  return test_listens != NULL && test_listens->checked(row, dtype, mode, wrong);
}

bool test_noted_wrong(const eager_tensor *t, const char *text) {
  return test_listens != NULL && test_listens->wrong(t, text);
}

void test_errors_write(void) {
  const char *folder = getenv("EAGERCL_TEST_ERRORS"), *lane = getenv("EAGERCL_TEST_DEVICE");
  if (folder == NULL || lane == NULL || count == 0) return;
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.txt", folder, lane);
  FILE *file = fopen(path, "a");
  if (file == NULL) return;
  setvbuf(file, NULL, _IOLBF, 512); /* a line is one write: other tests append, too */
  for (int i = 0; i < count; i++)
    fprintf(file, "%s %s %s %.3g %.3g\n", rows[i].op, eager_dtype_name(rows[i].dtype), lane,
            rows[i].ulps, rows[i].share);
  fclose(file);
}
