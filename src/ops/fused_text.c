#include "ops/fused_text.h"

#include <stdio.h>

#include "base/dtype.h"
#include "ops/fused_edges.h"
#include "ops/fused_values.h"

enum { PLACE = 64 };

/* Numbers and dtypes are single characters, from '0' and '@' on. */
static void add_char(eager__strbuf *out, int c) {
  eager__strbuf_add_bytes(out, &(char){(char)c}, 1);
}

void eager__fused_describe(const eager__fused_kernel *kernel, eager__strbuf *out) {
  const eager__fused *fused = kernel->fused;
  add_char(out, '@' + (int)fused->dtype);
  add_char(out, '0' + (int)kernel->form);
  for (int k = 0; k < fused->input_count; k++) {
    add_char(out, '@' + (int)fused->inputs[k]);
    add_char(out, (int)kernel->reach[k]);
  }
  for (int s = 0; s < fused->step_count; s++) {
    const eager__fused_step *step = &fused->steps[s];
    add_char(out, ' ');
    add_char(out, '@' + (int)step->dtype);
    eager__strbuf_add(out, step->op->name);
    for (int i = 0; i < eager__op_input_count(step->op); i++)
      add_char(out, '0' + step->operands[i]);
  }
  add_char(out, ' ');
  for (int i = 0; i < fused->output_count; i++) add_char(out, '0' + fused->outputs[i]);
}

/* --- Operands --- */

typedef struct writer {
  const eager__fused_kernel *kernel;
  const eager__fused *fused;
  eager__strbuf *source;
  int partials; /* inputs that repeat along some dimensions */
  int number;
} writer;

static int output_operand(const eager__fused *fused, int i) {
  return fused->input_count + fused->outputs[i];
}

/* What its loads and stores are called by. */
static const char *kind_of(const eager__fused *fused, int operand) {
  eager_dtype dtype = eager__fused_operand_dtype(fused, operand);
  return dtype == fused->dtype && dtype != EAGER_BOOL ? "plain" : eager_dtype_name(dtype);
}

static const char *stored_type(const eager__fused *fused, int operand) {
  return eager__dtype(eager__fused_operand_dtype(fused, operand))->stored;
}

static bool is_partial(const writer *w, int input) {
  eager__fused_reach reach = w->kernel->reach[input];
  return reach == EAGER__FUSED_ROW || reach == EAGER__FUSED_COLUMN;
}

/* `i<k> = ` the element of input k in all lanes. */
static void write_single(const writer *w, int k, const char *at) {
  eager__strbuf_format(w->source, "%s i%d = %s_one(in_%d, %s);\n",
                       eager__fused_value_type(w->fused, k), k, kind_of(w->fused, k), k,
                       at);
}

static void write_singles(const writer *w) {
  for (int k = 0; k < w->fused->input_count; k++) {
    if (w->kernel->reach[k] != EAGER__FUSED_SINGLE) continue;
    eager__strbuf_add(w->source, "  ");
    write_single(w, k, "0");
  }
}

/* V lanes of input k from element `at` on, or `count` where it is not NULL. */
static void write_load(const writer *w, int k, const char *from, const char *at,
                       const char *count) {
  eager__strbuf_format(w->source, "%s_%s(%s_%d, %s%s%s)", kind_of(w->fused, k),
                       count ? "any" : "all", from, k, at, count ? ", " : "",
                       count ? count : "");
}

/* Calls `name` with inputs that are loaded `whole_at`, in ROWS rows at `row_at`, and short
 * rows from what was found at `row_at`. */
static void write_use(const writer *w, const char *name, const char *whole_at,
                      const char *row_at, const char *count, const char *result) {
  eager__strbuf_format(w->source, "%s(%s", name,
                       eager__fused_parameter_count(w->fused) > 0 ? "p, " : "");
  for (int k = 0; k < w->fused->input_count; k++) {
    eager__fused_reach reach = w->kernel->reach[k];
    if (reach == EAGER__FUSED_WHOLE)
      write_load(w, k, "in", whole_at, count);
    else if (reach == EAGER__FUSED_ROW && w->kernel->form == EAGER__FUSED_ROWS)
      write_load(w, k, "row", row_at, count);
    else if (reach == EAGER__FUSED_ROW && w->kernel->form == EAGER__FUSED_SHORT)
      eager__strbuf_format(w->source, "%s_found(found_%d + %s)", kind_of(w->fused, k), k,
                           row_at);
    else
      eager__strbuf_format(w->source, "i%d", k);
    eager__strbuf_add(w->source, ", ");
  }
  eager__strbuf_format(w->source, "&%s);\n", result);
}

/* `count` NULL: V lanes, by stream_<i>. */
static void write_puts(const writer *w, const char *indent, const char *at,
                       const char *count, const char *values) {
  for (int i = 0; i < w->fused->output_count; i++) {
    eager__strbuf_format(w->source, "%sput_%s%s(out_%d, %s, ", indent, count ? "any_" : "",
                         kind_of(w->fused, output_operand(w->fused, i)), i, at);
    if (count)
      eager__strbuf_add(w->source, count);
    else
      eager__strbuf_format(w->source, "stream_%d", i);
    eager__strbuf_format(w->source, ", %s.o%d);\n", values, i);
  }
}

/* --- The kernels --- */

static void write_head(const writer *w) {
  const eager__fused *fused = w->fused;
  eager__strbuf *source = w->source;
  eager__strbuf_format(source, "__kernel void fused_%d(", w->number);
  for (int i = 0; i < fused->output_count; i++)
    eager__strbuf_format(source, "__global %s *out_%d, long out_%d_offset, ",
                         stored_type(fused, output_operand(fused, i)), i, i);
  for (int k = 0; k < fused->input_count; k++)
    eager__strbuf_format(source, "const __global %s *in_%d, long in_%d_offset, ",
                         stored_type(fused, k), k, k);
  bool parameters = eager__fused_parameter_count(fused) > 0;
  eager__strbuf_format(source, "%slong n, long chunk, %s) {\n",
                       parameters ? "fused_parameters parameters, " : "",
                       w->partials ? "fused_shape shape" : "int stream");
  if (parameters) eager__strbuf_add(source, "  fused_parameters p = parameters;\n");
  for (int i = 0; i < fused->output_count; i++)
    eager__strbuf_format(source, "  out_%d += out_%d_offset;\n", i, i);
  for (int k = 0; k < fused->input_count; k++)
    eager__strbuf_format(source, "  in_%d += in_%d_offset;\n", k, k);
  eager__strbuf_add(source, "  size_t i = get_global_id(0) * (size_t)chunk;\n"
                            "  size_t end = AT_MOST(i + (size_t)chunk, (size_t)n);\n");
  if (w->partials) /* a copy: rusticl dies of arguments read at an index it does not know */
    eager__strbuf_add(source, "  fused_shape walk = shape;\n");
  eager__strbuf_add(source, "  if (i >= end) return;\n");
  if (w->partials)
    eager__strbuf_format(source,
                         "  fused_place at;\n"
                         "  fused_begin(&walk, %d, i, &at);\n",
                         w->partials);
  write_singles(w);
}

static void write_streams(const writer *w, const char *indent, const char *wanted) {
  for (int i = 0; i < w->fused->output_count; i++)
    eager__strbuf_format(w->source,
                         "%sint stream_%d = %s && IS_ALIGNED(out_%d + i, *out_%d);\n",
                         indent, i, wanted, i, i);
}

static void write_flat(const writer *w) {
  write_streams(w, "  ", "stream");
  eager__strbuf_add(w->source, "  for (; i + V <= end; i += V) {\n"
                               "    fused_values x;\n    ");
  write_use(w, "values", "i", "i", NULL, "x");
  write_puts(w, "    ", "i", NULL, "x");
  eager__strbuf_add(w->source, "  }\n"
                               "  if (i < end) {\n"
                               "    int count = (int)(end - i);\n"
                               "    fused_values x;\n    ");
  write_use(w, "values_apart", "i", "i", "count", "x");
  write_puts(w, "    ", "i", "count", "x");
  eager__strbuf_add(w->source, "  }\n}\n");
}

/* The end of a row is the last V elements of it, made first and stored last: an output may
 * lie where a whole input does. */
static void write_row_run(const writer *w) {
  eager__strbuf_add(w->source,
                    "      long rest = at.run % V, last = at.run < V ? 0 : at.run - V;\n"
                    "      int count = (int)AT_MOST(at.run, (long)V);\n"
                    "      fused_values x, y;\n"
                    "      if (rest) ");
  write_use(w, "values_apart", "i + last", "last", "count", "y");
  write_streams(w, "      ", "walk.stream && !rest");
  eager__strbuf_add(w->source,
                    "      for (long j = 0; j + V <= at.run; j += V) {\n        ");
  write_use(w, "values", "i + j", "j", NULL, "x");
  write_puts(w, "        ", "i + j", NULL, "x");
  eager__strbuf_add(w->source, "      }\n"
                               "      if (!rest) continue;\n");
  write_puts(w, "      ", "i + last", "count", "y");
}

static void write_rows(const writer *w) {
  eager__strbuf_add(w->source, "  while (i < end) {\n"
                               "    fused_rows(&walk, end - i, LONG_MAX, &at);\n"
                               "    for (long r = 0; r < at.rows; r++, i += at.run) {\n");
  for (int k = 0, p = 0; k < w->fused->input_count; k++) {
    if (!is_partial(w, k)) continue;
    char at[PLACE];
    snprintf(at, sizeof at, "at.base[%d] + r * at.strides[%d + walk.rank]", p, 8 * p - 2);
    p++;
    eager__strbuf_add(w->source, "      ");
    if (w->kernel->reach[k] == EAGER__FUSED_COLUMN)
      write_single(w, k, at);
    else
      eager__strbuf_format(w->source, "const __global %s *row_%d = in_%d + %s;\n",
                           stored_type(w->fused, k), k, k, at);
  }
  write_row_run(w);
  eager__strbuf_format(w->source, "    }\n    fused_next(&walk, %d, &at);\n  }\n}\n",
                       w->partials);
}

static void write_found(const writer *w, const char *size) {
  for (int k = 0; k < w->fused->input_count; k++)
    if (is_partial(w, k)) eager__strbuf_format(w->source, "  A found_%d[%s];\n", k, size);
}

/* V rows are whole vectors, so what was found for them fits the next V rows, too. */
static void write_short(const writer *w) {
  write_found(w, "V * V");
  eager__strbuf_format(w->source,
                       "  long columns = walk.dims[walk.rank - 1];\n"
                       "  long most = fused_rows_most(&walk, %d, &at);\n"
                       "  while (i < end) {\n"
                       "    fused_rows(&walk, end - i, most, &at);\n",
                       w->partials);
  for (int k = 0, p = 0; k < w->fused->input_count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(
          w->source, "    %s_find(in_%d, %d, walk.rank - 1, columns, &at, found_%d);\n",
          kind_of(w->fused, k), k, p++, k);
  write_streams(w, "    ", "walk.stream");
  eager__strbuf_add(w->source,
                    "    size_t behind = i + at.rows * columns;\n"
                    "    fused_values x;\n"
                    "    while (i + V <= behind) {\n"
                    "      long part = AT_MOST((long)(behind - i), V * columns), j = 0;\n"
                    "      for (; j + V <= part; j += V, i += V) {\n        ");
  write_use(w, "values", "i", "j", NULL, "x");
  write_puts(w, "        ", "i", NULL, "x");
  eager__strbuf_add(w->source, "      }\n"
                               "    }\n"
                               "    if (i < behind) {\n"
                               "      int rest = (int)(behind - i);\n"
                               "      long j = at.rows * columns % (V * columns) - rest;\n"
                               "      ");
  write_use(w, "values_apart", "i", "j", "rest", "x");
  write_puts(w, "      ", "i", "rest", "x");
  eager__strbuf_format(w->source,
                       "      i = behind;\n"
                       "    }\n"
                       "    fused_next(&walk, %d, &at);\n"
                       "  }\n}\n",
                       w->partials);
}

/* Lane by lane where the V elements are not of one row. */
static void write_partials(const writer *w) {
  eager__strbuf *source = w->source;
  int count = w->fused->input_count;
  for (int k = 0; k < count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(source, "  %s i%d;\n", eager__fused_value_type(w->fused, k), k);
  eager__strbuf_add(source, "  int inner = walk.rank - 1;\n"
                            "  if (count == V && at.column + V <= walk.dims[inner]) {\n");
  for (int k = 0, p = 0; k < count; k++)
    if (is_partial(w, k)) {
      const char *kind = kind_of(w->fused, k);
      eager__strbuf_format(source,
                           "    if (at.strides[%d + inner])\n"
                           "      i%d = %s_all(in_%d, at.base[%d]);\n"
                           "    else\n"
                           "      i%d = %s_one(in_%d, at.base[%d]);\n",
                           8 * p, k, kind, k, p, k, kind, k, p);
      p++;
    }
  eager__strbuf_add(source, "  } else {\n");
  write_found(w, "V");
  eager__strbuf_add(source, "    at.rows = at.run = 1;\n"
                            "    for (int j = 0; j < V; j++) {\n");
  for (int k = 0, p = 0; k < count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(source, "      found_%d[j] = %s_first(in_%d, at.base[%d]);\n", k,
                           kind_of(w->fused, k), k, p++);
  eager__strbuf_format(source,
                       "      if (j + 1 < count) fused_next(&walk, %d, &at);\n"
                       "    }\n",
                       w->partials);
  for (int k = 0; k < count; k++)
    if (is_partial(w, k))
      eager__strbuf_format(source, "    i%d = %s_found(found_%d);\n", k,
                           kind_of(w->fused, k), k);
  eager__strbuf_add(source, "  }\n");
}

static void write_lanes(const writer *w) {
  eager__strbuf_add(w->source, "  int count = (int)(end - i);\n");
  if (w->partials)
    write_partials(w);
  else
    eager__strbuf_add(w->source, "  (void)stream;\n");
  eager__strbuf_add(w->source, "  fused_values x;\n  ");
  write_use(w, "values", "i", "i", "count", "x");
  write_puts(w, "  ", "i", "count", "x");
  eager__strbuf_add(w->source, "}\n");
}

/* The one for inputs of each kind that repeat. */
static void write_finds(const writer *w) {
  uint32_t done = 0;
  for (int k = 0; k < w->fused->input_count; k++) {
    if (!is_partial(w, k) || done & EAGER__BIT(w->fused->inputs[k])) continue;
    done |= EAGER__BIT(w->fused->inputs[k]);
    eager__fused_write_once("FIND", kind_of(w->fused, k), w->source);
    eager__strbuf_format(w->source, "FUSED_FIND(%s, %s)\n#endif\n", kind_of(w->fused, k),
                         stored_type(w->fused, k));
  }
}

/* The names that each kernel has for itself. */
static void write_names(int number, eager__strbuf *source) {
  static const char *const own[] = {"fused_values", "fused_parameters", "values",
                                    "values_apart"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    eager__strbuf_format(source, "#undef %s\n#define %s %s_%d\n", own[i], own[i], own[i],
                         number);
}

void eager__fused_write(const eager__fused_kernel *kernel, int number,
                        eager__strbuf *source) {
  writer w = {kernel, kernel->fused, source, 0, number};
  for (int k = 0; k < w.fused->input_count; k++) w.partials += is_partial(&w, k);
  write_names(number, source);
  eager__fused_write_edges(w.fused, source);
  eager__fused_write_values(w.fused, source);
  if (kernel->form != EAGER__FUSED_LANES) eager__fused_write_apart(w.fused, source);
  if (kernel->form == EAGER__FUSED_SHORT) write_finds(&w);
  write_head(&w);
  switch (kernel->form) {
  case EAGER__FUSED_FLAT:
    write_flat(&w);
    break;
  case EAGER__FUSED_ROWS:
    write_rows(&w);
    break;
  case EAGER__FUSED_SHORT:
    write_short(&w);
    break;
  case EAGER__FUSED_LANES:
    write_lanes(&w);
    break;
  }
}
