/* Writes docs/ops.md: every op of the registry, and the largest errors measured.
 *
 *   eagercl-ops-table ERRORS > docs/ops.md
 *   eagercl-ops-table --names                 the ops, one a line
 *
 * ERRORS has lines "op dtype lane ulps share", as tests/errors.c writes them; lines of one
 * op, dtype and lane may stand there more than once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "eagercl/eagercl.h"

enum { LANES = 4, FLOATS = 4, MOST_ROWS = 65536 };

static const char *const lanes[LANES] = {"pocl-basic", "pocl-pthread", "rusticl",
                                         "oclgrind"};
static const eager_dtype floats[FLOATS] = {EAGER_FLOAT32, EAGER_FLOAT64, EAGER_FLOAT16,
                                           EAGER_BFLOAT16};

typedef struct error {
  char op[64], dtype[16], lane[32];
  double ulps, share;
} error;

static error *errors;
static int error_count;

static int read_errors(const char *path) {
  FILE *file = fopen(path, "r");
  errors = calloc(MOST_ROWS, sizeof *errors);
  if (file == NULL || errors == NULL) {
    fprintf(stderr, "ops_table: cannot read %s\n", path);
    return 1;
  }
  while (error_count < MOST_ROWS) {
    error *e = &errors[error_count];
    if (fscanf(file, "%63s %15s %31s %lf %lf", e->op, e->dtype, e->lane, &e->ulps,
               &e->share) != 5)
      break;
    error_count++;
  }
  fclose(file);
  return 0;
}

/* False when it was not measured. */
static bool find_error(const char *op, const char *dtype, const char *lane, double *ulps,
                       double *share) {
  bool found = false;
  *ulps = *share = 0;
  for (int i = 0; i < error_count; i++) {
    const error *e = &errors[i];
    if (strcmp(e->op, op) != 0 || strcmp(e->lane, lane) != 0) continue;
    if (strcmp(e->dtype, dtype) != 0) continue;
    if (e->ulps > *ulps) *ulps = e->ulps;
    if (e->share > *share) *share = e->share;
    found = true;
  }
  return found;
}

static void print_error(const char *op, const char *dtype, const char *lane) {
  double ulps, share;
  if (!find_error(op, dtype, lane, &ulps, &share)) {
    printf("-");
    return;
  }
  if (ulps > 0 || share == 0) printf("%.2g", ulps);
  if (share > 0) printf("%s%.0f%%", ulps > 0 ? ", " : "", share < 0.01 ? 1 : share * 100);
}

static bool has_dtype(const eager_op_description *op, eager_dtype dtype) {
  char wanted[24], all[160];
  snprintf(wanted, sizeof wanted, " %s ", eager_dtype_name(dtype));
  snprintf(all, sizeof all, " %s ", op->dtypes);
  return strstr(all, wanted) != NULL;
}

static const struct {
  uint32_t dtypes;
  const char *name;
} sets[] = {
    {EAGER__ANY, "any"},
    {EAGER__NUMBERS, "numbers"},
    {EAGER__FLOATS, "floats"},
    {EAGER__INTEGERS, "integers"},
    {EAGER__FLOATS | EAGER__INTEGERS, "numbers"},
};

static void print_dtypes(const eager_op_description *op) {
  uint32_t dtypes = 0;
  for (int d = 1; d < EAGER__DTYPE_END; d++)
    if (eager_dtype_size((eager_dtype)d) > 0 && has_dtype(op, (eager_dtype)d))
      dtypes |= EAGER__BIT(d);
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    if (sets[i].dtypes == dtypes) {
      printf("%s", sets[i].name);
      return;
    }
  printf("%s", op->dtypes);
}

static void print_list(const char *comma_separated) {
  const char *at = comma_separated;
  while (*at != '\0') {
    size_t size = strcspn(at, ", ");
    if (size > 0) printf("%s`%.*s`", at == comma_separated ? "" : " ", (int)size, at);
    at += size;
    at += strspn(at, ", ");
  }
}

static void print_attrs(const eager_op_description *op) {
  for (int i = 0; i < op->attr_count; i++) {
    const eager_attr_description *attr = &op->attrs[i];
    printf("%s`%s`", i > 0 ? ", " : "", attr->name);
    if (attr->required)
      printf(" (required)");
    else if (attr->default_text[0] != '\0' && strcmp(attr->default_text, "[]") != 0)
      printf(" = %s", attr->default_text);
  }
}

static void print_inputs(const eager_op_description *op) {
  for (int i = 0; i < op->input_count; i++)
    printf("%s%s%s", i > 0 ? ", " : "", op->input_names[i],
           i == op->variadic_input ? "..." : "");
}

/* float32 / float64 / float16 / bfloat16, those the op takes and a lane has measured. */
static void print_lane(const eager_op_description *op, const char *lane) {
  double ulps, share;
  bool any = false;
  for (int i = 0; i < FLOATS; i++)
    any = any || find_error(op->name, eager_dtype_name(floats[i]), lane, &ulps, &share);
  if (!any) return;
  for (int i = 0; i < FLOATS; i++) {
    if (i > 0) printf(" / ");
    print_error(op->name, eager_dtype_name(floats[i]), lane);
  }
}

static const char head[] =
    "# The ops\n"
    "\n"
    "Made by `tools/measure-ops` from the registry and runs of the tests; do not edit.\n"
    "\n"
    "By name an op is called as its first column says, its attributes as the fourth; the "
    "typed\n"
    "functions are documented in `include/eagercl/ops_*.h`. \"any\" are all thirteen "
    "dtypes, "
    "\"numbers\"\n"
    "all but bool, \"floats\" float32, float64, float16 and bfloat16.\n"
    "\n"
    "Under each device stands the largest error the tests saw, in units in the last place "
    "of\n"
    "the result, for float32 / float64 / float16 / bfloat16, against a reference in "
    "double\n"
    "precision or better that was not rounded: 0.5 is a result rounded correctly. A "
    "percentage "
    "is\n"
    "said of sums that may cancel: how much of the error bound derived in the op's test "
    "was "
    "used.\n"
    "\"-\": not measured there (no float64 arithmetic on rusticl, for one). An empty cell: "
    "no\n"
    "floats are computed; integers, bool and moved bits are compared exactly.\n"
    "\n";

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--names") == 0) {
    for (size_t i = 0; i < eager_op_count(); i++) printf("%s\n", eager_op_name(i));
    return 0;
  }
  if (argc != 2 || read_errors(argv[1]) != 0) {
    fprintf(stderr, "usage: ops_table ERRORS\n");
    return 2;
  }
  printf("%s%zu ops.\n\n", head, eager_op_count());
  printf("| op | typed | inputs | attributes | dtypes |");
  for (int i = 0; i < LANES; i++) printf(" %s |", lanes[i]);
  printf("\n|---|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < eager_op_count(); i++) {
    eager_op_description op;
    if (eager_op_describe(eager_op_name(i), &op) != EAGER_OK) return 1;
    printf("| `%s` | ", op.name);
    print_list(op.typed_names);
    printf(" | ");
    print_inputs(&op);
    printf(" | ");
    print_attrs(&op);
    printf(" | ");
    print_dtypes(&op);
    for (int lane = 0; lane < LANES; lane++) {
      printf(" | ");
      print_lane(&op, lanes[lane]);
    }
    printf(" |\n");
  }
  free(errors);
  return 0;
}
