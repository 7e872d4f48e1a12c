#include "ops/elementwise_kernel.h"

#include <assert.h>
#include <string.h>

#include "ops/lanes.h"

/* The layout stands once more in cl_kernels/elementwise.cl. */
typedef struct walk_shape {
  int64_t dims[EAGER__MAX_RANK];
  int64_t strides[EAGER__ELEMENTWISE_INPUTS][EAGER__MAX_RANK];
  int32_t rank, unused;
} walk_shape;

static bool is_bool(const eager__elementwise *op, int input) {
  return op->first_is_bool && input == 0;
}

static void write_head(const eager__elementwise *op, const char *name, const char *last,
                       eager__strbuf *source) {
  eager__strbuf_format(source, "__kernel void %s(__global %s *out, long out_offset", name,
                       op->to_bool || op->to_bytes ? "uchar" : "T");
  for (int i = 0; i < op->inputs; i++)
    eager__strbuf_format(source, ", const __global %s *in_%c, long %c_offset",
                         is_bool(op, i) ? "uchar" : "T", "abc"[i], "abc"[i]);
  if (op->bad) eager__strbuf_add(source, ", __global int *cells, int slot");
  if (op->has_parameter) eager__strbuf_add(source, ", A p");
  eager__strbuf_format(source, ", long n, long chunk, %s) {\n", last);
  eager__strbuf_add(source, "  out += out_offset;\n");
  for (int i = 0; i < op->inputs; i++)
    eager__strbuf_format(source, "  in_%c += %c_offset;\n", "abc"[i], "abc"[i]);
  eager__strbuf_add(source, "  size_t begin = get_global_id(0) * (size_t)chunk;\n"
                            "  size_t end = AT_MOST(begin + (size_t)chunk, (size_t)n);\n");
}

static void write_value(const eager__elementwise *op, eager__strbuf *source) {
  if (op->to_bool || op->to_bytes) {
    const char *put = op->to_bool ? "put_bools" : "put_bytes";
    eager__strbuf_format(source, "    %s(out, i, count, %s);\n  }\n}\n", put,
                         op->expression);
    return;
  }
  eager__strbuf_format(source, "    AV value = %s;\n", op->expression);
  if (op->bad)
    eager__strbuf_format(source, "    value = flagged(cells, slot, i, %s, value);\n",
                         op->bad);
  eager__strbuf_add(source, "    put(out, i, count, value);\n  }\n}\n");
}

static const char loop[] = "  for (size_t i = begin; i < end; i += V) {\n"
                           "    int count = (int)AT_MOST(end - i, (size_t)V);\n";

static void write_flat(const eager__elementwise *op, eager__strbuf *source) {
  write_head(op, op->flat, "int repeats", source);
  eager__strbuf_add(source, loop);
  for (int i = 0; i < op->inputs; i++)
    eager__strbuf_format(source, "    %s %c = flat_%s(in_%c, i, count, repeats & %d);\n",
                         is_bool(op, i) ? "UCHARV" : "AV", "abc"[i],
                         is_bool(op, i) ? "bools" : "lanes", "abc"[i], 1 << i);
  write_value(op, source);
}

static void write_walk(const eager__elementwise *op, eager__strbuf *source) {
  write_head(op, op->walk, "walk_shape shape", source);
  /* A copy: rusticl dies of arguments read at an index it does not know. */
  eager__strbuf_format(source,
                       "  walk_shape walk = shape;\n"
                       "  if (begin >= end) return;\n"
                       "  walk_place at;\n"
                       "  walk_to(&walk, %d, begin, &at);\n",
                       op->inputs);
  eager__strbuf_add(source, loop);
  eager__strbuf_format(source, "    walk_read(&walk, %d, %d, count, %s, %s, %s, &at);\n",
                       op->first_is_bool, op->inputs, op->first_is_bool ? "0" : "in_a",
                       op->inputs > 1 ? "in_b" : "0", op->inputs > 2 ? "in_c" : "0");
  if (op->first_is_bool)
    eager__strbuf_add(source, "    UCHARV a = walk_bools(in_a, &at, 0);\n");
  for (int i = op->first_is_bool; i < op->inputs; i++)
    eager__strbuf_format(source, "    AV %c = at.values[%d];\n", "abc"[i], i);
  write_value(op, source);
}

void eager__elementwise_write(const eager__elementwise *op, eager__strbuf *source) {
  assert(op->inputs <= EAGER__ELEMENTWISE_INPUTS);
  write_flat(op, source);
  write_walk(op, source);
}

/* Whether no input needs a walk; `*out_repeats` gets a bit for each that is one element.
 * What broadcasts to n elements and has n of them has them in the same order. */
static bool is_flat(const eager__call *call, int inputs, int64_t n, int *out_repeats) {
  *out_repeats = 0;
  for (int i = 0; i < inputs; i++) {
    int64_t elements = eager__shape_elements(call->inputs[i].shape);
    if (elements == n) continue;
    if (elements != 1) return false;
    *out_repeats |= 1 << i;
  }
  return true;
}

static void fill_walk(const eager__call *call, int inputs, walk_shape *out) {
  eager__shape shapes[EAGER__ELEMENTWISE_INPUTS];
  for (int i = 0; i < inputs; i++) shapes[i] = *call->inputs[i].shape;
  eager__walk walk;
  eager__walk_broadcast(&call->outputs[0].shape, shapes, inputs, &walk);
  memset(out, 0, sizeof *out);
  out->rank = walk.rank;
  memcpy(out->dims, walk.dims, (size_t)walk.rank * sizeof *out->dims);
  for (int i = 0; i < inputs; i++)
    memcpy(out->strides[i], walk.strides[i], (size_t)walk.rank * sizeof *out->dims);
}

eager_status eager__elementwise_launch(eager__commands *commands,
                                       const eager__elementwise *op,
                                       const eager__family *family, eager_dtype dtype) {
  const eager__call *call = commands->call;
  int64_t n = eager__shape_elements(&call->outputs[0].shape);
  int repeats;
  bool flat = is_flat(call, op->inputs, n, &repeats);
  eager__kernel_begin(commands, family, dtype, flat ? op->flat : op->walk);
  eager__arg_output(commands, 0);
  for (int i = 0; i < op->inputs; i++) eager__arg_input(commands, i);
  if (op->bad) eager__arg_cell(commands);
  if (op->has_parameter) eager__arg_scalar(commands, dtype, op->parameter);
  eager__lanes plan = eager__lanes_plan(commands, n);
  eager__arg_long(commands, n);
  eager__arg_long(commands, plan.chunk);
  if (flat) {
    eager__arg_int(commands, repeats);
  } else {
    walk_shape walk;
    fill_walk(call, op->inputs, &walk);
    eager__arg_bytes(commands, &walk, sizeof walk);
  }
  return eager__kernel_end(commands, plan.grid);
}
